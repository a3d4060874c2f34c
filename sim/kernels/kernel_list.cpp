// One pass over kernels.def.
#include "sim/kernels/kernel_list.h"

namespace mxcheck::kernels {

std::vector<KernelInfo> all_kernels() {
  constexpr const char* kProduct = "wraps modulo 2^32, or range proof";
  constexpr const char* kNone = "none needed, same bits by definition";
  return {
#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs, access, scaling) \
  {#function, "gemm", Isa::isa, kProduct},
#define MXCHECK_PACK_KERNEL(lines, planes, group, bytes, isa) \
  {#lines, "pack", Isa::isa, kNone}, {#planes, "pack", Isa::isa, kNone},
#define MXCHECK_COPY_KERNEL(function, bytes, isa) {#function, "copy", Isa::isa, kNone},
#define MXCHECK_SUM_KERNEL(lines, panel, isa) \
  {#lines, "sum", Isa::isa, kNone}, {#panel, "sum", Isa::isa, kNone},
#define MXCHECK_VECTOR_KERNEL(family, block, function, isa) {#function, #family, Isa::isa, kNone},
#define MXCHECK_CHAIN_KERNEL(function, isa, rows, columns) {#function, "chain", Isa::isa, kNone},
#include "sim/kernels/kernels.def"
#undef MXCHECK_GEMM_KERNEL
#undef MXCHECK_PACK_KERNEL
#undef MXCHECK_COPY_KERNEL
#undef MXCHECK_SUM_KERNEL
#undef MXCHECK_VECTOR_KERNEL
#undef MXCHECK_CHAIN_KERNEL
  };
}

}  // namespace mxcheck::kernels
