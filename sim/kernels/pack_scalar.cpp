// Packing in plain C++: the definition the others are tested against, and what every host has.
#include "sim/kernels/gemm_kernel.h"

namespace mxcheck::kernels {
namespace {

// A code as s16 at place `at` of `out`.
void widen(std::uint8_t code, bool is_signed, std::int64_t at, std::uint8_t* out) {
  const auto value = static_cast<std::int16_t>(
      is_signed ? std::int16_t{static_cast<std::int8_t>(code)} : std::int16_t{code});
  __builtin_memcpy(out + at * 2, &value, sizeof value);
}

}  // namespace

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

void pack_lines_s16x2_scalar(const PackLines& x) {
  for (std::int64_t k = 0; k < 2 * x.steps; ++k) {
    for (int i = 0; i < x.count; ++i) {
      widen(x.lines[i][k], x.is_signed, (k / 2 * x.width + i) * 2 + k % 2, x.out);
    }
  }
}

void pack_planes_s16x2_scalar(const PackPlanes& x) {
  for (std::int64_t k = 0; k < 2 * x.steps; ++k) {
    for (int i = 0; i < x.count; ++i) {
      widen(x.planes[k * x.stride + i], x.is_signed, (k / 2 * x.width + i) * 2 + k % 2, x.out);
    }
  }
}

void copy_lines_s16_scalar(const CopyLines& x) {
  for (int i = 0; i < x.lines; ++i) {
    for (std::int64_t k = 0; k < x.count; ++k) {
      widen(x.codes[i * x.line_stride + k], x.is_signed, k, x.out + i * x.out_stride);
    }
  }
}

void copy_lines_scalar(const CopyLines& x) {
  for (int i = 0; i < x.lines; ++i) {
    for (std::int64_t k = 0; k < x.count; ++k) {
      x.out[i * x.out_stride + k] =
          static_cast<std::uint8_t>(x.codes[i * x.line_stride + k] ^ x.flip);
    }
  }
}

}  // namespace mxcheck::kernels
