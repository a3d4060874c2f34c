// Packing in plain C++: the definition the others are tested against, and what every host has.
#include "sim/kernels/gemm_kernel.h"

namespace mxcheck::kernels {

void pack_lines_x4_scalar(const PackLines& x) {
  for (std::int64_t s = 0; s < x.steps; ++s) {
    for (int i = 0; i < x.count; ++i) {
      for (int b = 0; b < 4; ++b) {
        x.out[(s * x.width + i) * 4 + b] =
            static_cast<std::uint8_t>(x.lines[i][s * 4 + b] ^ x.flip);
      }
    }
  }
}

void pack_planes_x4_scalar(const PackPlanes& x) {
  for (std::int64_t s = 0; s < x.steps; ++s) {
    for (int i = 0; i < x.count; ++i) {
      for (int b = 0; b < 4; ++b) {
        x.out[(s * x.width + i) * 4 + b] =
            static_cast<std::uint8_t>(x.planes[(s * 4 + b) * x.stride + i] ^ x.flip);
      }
    }
  }
}

void copy_lines_scalar(const CopyLines& x) {
  for (int i = 0; i < x.lines; ++i) {
    for (std::int64_t k = 0; k < x.count; ++k) {
      x.out[i * x.count + k] = static_cast<std::uint8_t>(x.codes[i * x.line_stride + k] ^ x.flip);
    }
  }
}

}  // namespace mxcheck::kernels
