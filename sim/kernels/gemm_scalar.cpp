// The tile in plain C++: the definition every other kernel is held against.
#include "sim/kernels/gemm_kernel.h"

namespace mxcheck::kernels {

// DOT-8, wrapping sums spelled as unsigned.
void gemm_s8s8s32_4x8x4_scalar(const GemmTile& x) {
  constexpr int kColumns = 8, kGroup = 4;
  const auto* lhs = static_cast<const std::int8_t*>(x.lhs);
  const auto* rhs = static_cast<const std::int8_t*>(x.rhs);
  for (int i = 0; i < x.rows; ++i) {
    for (int j = 0; j < x.columns; ++j) {
      auto sum = static_cast<std::uint32_t>(x.init[j]);
      for (std::int64_t s = 0; s < x.steps; ++s) {
        for (int b = 0; b < kGroup; ++b) {
          const std::int32_t product = std::int32_t{lhs[(s * x.rows + i) * kGroup + b]} *
                                       std::int32_t{rhs[(s * kColumns + j) * kGroup + b]};
          sum += static_cast<std::uint32_t>(product);
        }
      }
      x.acc[i * x.stride + j] = static_cast<std::int32_t>(sum);
    }
  }
}

}  // namespace mxcheck::kernels
