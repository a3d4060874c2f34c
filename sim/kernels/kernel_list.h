// All kernels of all families, for `mxcheck info` and the reports.
#pragma once

#include <vector>

#include "sim/kernels/isa.h"

namespace mxcheck::kernels {

struct KernelInfo {
  const char* name = "";
  const char* family = "";  // gemm, pack, ...
  Isa isa = Isa::kScalar;
  const char* licence = "";  // what it takes for the kernel to stand for the model
};
[[nodiscard]] std::vector<KernelInfo> all_kernels();

}  // namespace mxcheck::kernels
