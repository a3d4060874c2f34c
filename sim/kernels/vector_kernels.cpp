// From lines of kernels.def to one function per family.
#include "sim/kernels/vector_kernels.h"

#include "sim/base/check.h"
#include "sim/numerics/flush.h"

namespace mxcheck::kernels {

const std::vector<VectorKernelInfo>& vector_kernel_list() {
  static const std::vector<VectorKernelInfo> kList = {
#define MXCHECK_VECTOR_KERNEL(family, Block, function, isa) {#family, #function, Isa::isa},
#define MXCHECK_CHAIN_KERNEL(function, isa, rows, columns) {"chain", #function, Isa::isa},
#include "sim/kernels/kernels.def"
#undef MXCHECK_VECTOR_KERNEL
#undef MXCHECK_CHAIN_KERNEL
  };
  return kList;
}

// Lines of a family stand in the order of the instruction sets, so the last one covered is the
// best.
VectorKernels::VectorKernels(Isa chosen) {
#define MXCHECK_VECTOR_KERNEL(family, Block, function, isa) \
  if (covers(chosen, Isa::isa)) family##_ = function;
#define MXCHECK_CHAIN_KERNEL(function, isa, rows, columns) \
  if (covers(chosen, Isa::isa)) chain_ = {function, rows, columns};
#include "sim/kernels/kernels.def"
#undef MXCHECK_VECTOR_KERNEL
#undef MXCHECK_CHAIN_KERNEL
  for (const VectorKernelInfo& line : vector_kernel_list()) {
    if (!covers(chosen, line.isa)) continue;
    std::string* same = nullptr;
    for (std::string& name : names_) {
      if (name.starts_with(std::string(line.family) + "_")) same = &name;
    }
    if (same != nullptr) {
      *same = line.function;
    } else {
      names_.emplace_back(line.function);
    }
  }
}

void VectorKernels::reduce_rows(const ReduceBlock& block) const {
  const numerics::FlushSubnormals flush;
  reduce_rows_(block);
}
void VectorKernels::reduce_columns(const ReduceBlock& block) const {
  const numerics::FlushSubnormals flush;
  reduce_columns_(block);
}
void VectorKernels::quantize_rows(const QuantizeBlock& block) const {
  const numerics::FlushSubnormals flush;
  quantize_rows_(block);
}
void VectorKernels::quantize_columns(const QuantizeBlock& block) const {
  const numerics::FlushSubnormals flush;
  quantize_columns_(block);
}
void VectorKernels::dequantize(const DequantizeBlock& block) const {
  const numerics::FlushSubnormals flush;
  dequantize_(block);
}
void VectorKernels::multiply(const MultiplyBlock& block) const {
  const numerics::FlushSubnormals flush;
  multiply_(block);
}
void VectorKernels::scale_product(const ProductBlock& block) const {
  const numerics::FlushSubnormals flush;
  scale_product_(block);
}
void VectorKernels::noise(const NoiseBlock& block) const {
  const numerics::FlushSubnormals flush;
  noise_(block);
}

const VectorKernels& vector_kernels(Isa chosen) {
  static const std::vector<VectorKernels> kAll = [] {
    std::vector<VectorKernels> out;
    for (const IsaInfo& info : isas()) out.emplace_back(info.here ? info.isa : Isa::kScalar);
    return out;
  }();
  MXCHECK_CHECK(here(chosen), name(chosen));
  return kAll[static_cast<std::size_t>(chosen)];
}

}  // namespace mxcheck::kernels
