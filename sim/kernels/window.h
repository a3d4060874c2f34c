// Two-dimensional convolutions as products whose left rows are windows on a padded image: the image
// is copied once into its border of zeros, nothing else is gathered.
//
// CNV-1: acc[b, i, j, co] = sum over (r, c, ci) of x[b, i * sh + r * dh - top, j * sw + c * dw -
// left, ci] * w[r, c, ci, co], code 0 outside the image; modulo 2^32.
#pragma once

#include <cstdint>

#include "sim/kernels/gemm.h"

namespace mxcheck::kernels {

struct Convolution2d {
  std::int64_t batch = 1, height = 1, width = 1, channels = 1;  // of the input, NHWC
  std::int64_t kernel_height = 1, kernel_width = 1;             // of the kernel, HWIO
  std::int64_t out_height = 1, out_width = 1;
  std::int64_t stride_height = 1, stride_width = 1;
  std::int64_t dilation_height = 1, dilation_width = 1;  // of the kernel
  std::int64_t top = 0, left = 0;                        // padding; may be negative
};

// The windows on `x` (s8 or u8 codes, NHWC), stored as the kernel keeps its left side, in `image`,
// which must outlive this object and is its own so long.
class PaddedImage {
 public:
  PaddedImage(const Convolution2d& shape, const std::uint8_t* x, bool is_signed,
              const PackedRhs& kernel, Buffer& image);
  [[nodiscard]] const WindowLhs& window() const { return window_; }

 private:
  void sum_windows(const Convolution2d& shape, std::int64_t rows, std::int64_t columns,
                   const PackedRhs& kernel, std::int32_t moved);
  const std::uint8_t* image_ = nullptr;
  WindowLhs window_;
};

// acc: [batch * out_height * out_width, co]; x: s8 or u8 codes, NHWC; kernel: [taps * channels, co]
// packed by segments of `channels`. By windows where the kernel can, else by row addresses; where
// every window is one pixel, in its order, as the plain product that it is.
void convolve(const Convolution2d& shape, const std::uint8_t* x, bool is_signed,
              const PackedRhs& kernel, const GemmRun& run);

}  // namespace mxcheck::kernels
