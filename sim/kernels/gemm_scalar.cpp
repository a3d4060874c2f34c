// The tile and the sums in plain C++: the definition every other kernel is held against.
#include "sim/kernels/gemm_kernel.h"

namespace mxcheck::kernels {

// DOT-8, wrapping sums spelled as unsigned.
void gemm_s8s8s32_4x8x4_scalar(const GemmStrip& x) {
  constexpr int kColumns = 8, kGroup = 4;
  const std::int64_t panel_bytes = x.segments * x.steps * kColumns * kGroup;
  for (int i = 0; i < x.rows; ++i) {
    for (std::int64_t j = 0; j < x.columns; ++j) {
      auto sum = static_cast<std::uint32_t>(x.row_init[i]);
      if (x.column_init != nullptr) sum += static_cast<std::uint32_t>(x.column_init[j]);
      const std::uint8_t* rhs = x.rhs + j / kColumns * panel_bytes + j % kColumns * kGroup;
      for (std::int64_t g = 0; g < x.segments; ++g) {
        const std::uint8_t* lhs = x.lhs + x.offsets[g] + i * x.row_stride;
        for (std::int64_t s = 0; s < x.steps; ++s) {
          for (int b = 0; b < kGroup; ++b) {
            const std::int32_t product =
                std::int32_t{static_cast<std::int8_t>(lhs[s * x.step_stride + b])} *
                std::int32_t{static_cast<std::int8_t>(rhs[b])};
            sum += static_cast<std::uint32_t>(product);
          }
          rhs += kColumns * kGroup;
        }
      }
      x.acc[i * x.stride + j] = static_cast<std::int32_t>(sum);
    }
  }
}

void sum_lines_scalar(const SumLines& x) {
  for (int line = 0; line < x.lines; ++line) {
    const std::uint8_t* codes = x.codes + line * x.line_stride;
    std::uint32_t sum = 0;
    for (std::int64_t k = 0; k < x.count; ++k) {
      sum += static_cast<std::uint32_t>(
          std::int32_t{static_cast<std::int8_t>(static_cast<std::uint8_t>(codes[k] ^ x.flip))});
    }
    x.out[line] = static_cast<std::int32_t>(static_cast<std::uint32_t>(x.start) +
                                            static_cast<std::uint32_t>(x.factor) * sum);
  }
}

void sum_panel_scalar(const SumPanel& x) {
  for (int i = 0; i < x.width; ++i) {
    std::uint32_t sum = 0;
    for (std::int64_t s = 0; s < x.steps; ++s) {
      for (int b = 0; b < 4; ++b) {
        sum += static_cast<std::uint32_t>(
            std::int32_t{static_cast<std::int8_t>(x.panel[(s * x.width + i) * 4 + b])});
      }
    }
    x.out[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(x.start) +
                                         static_cast<std::uint32_t>(x.factor) * sum);
  }
}

}  // namespace mxcheck::kernels
