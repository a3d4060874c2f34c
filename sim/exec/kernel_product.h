// One product of codes through one SIMD kernel, packing included; with planted faults of place
// `kernel` (sim/fault/faults.def), what a kernel with these faults would give.
#pragma once

#include "sim/fault/fault.h"
#include "sim/kernels/gemm.h"

namespace mxcheck::exec {

struct KernelProduct {
  const kernels::GemmKernel& kernel;
  kernels::Isa isa;
  kernels::CodeMatrix lhs;  // [m, k]
  kernels::CodeMatrix rhs;  // [k, n]
};

// run.acc [m, n]; `packed` is memory that may be used again.
void multiply_on_kernel(const KernelProduct& product, kernels::PackedRhs& packed,
                        const kernels::GemmRun& run, const fault::Faults& faults);

}  // namespace mxcheck::exec
