// One copy of the image with its border, then addresses only.
#include "sim/kernels/window.h"

#include <algorithm>
#include <cstring>

#include "sim/kernels/pack.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::kernels {

namespace {

// Kept by the thread, as the memory of its products is: new pages cost more than the copy.
Buffer& image_memory() {
  thread_local Buffer kept;
  return kept;
}

bool is_pointwise(const Convolution2d& s) {
  return s.kernel_height == 1 && s.kernel_width == 1 && s.stride_height == 1 &&
         s.stride_width == 1 && s.top == 0 && s.left == 0 && s.out_height == s.height &&
         s.out_width == s.width;
}

}  // namespace

PaddedImage::PaddedImage(const Convolution2d& s, const std::uint8_t* x, bool is_signed,
                         const PackedRhs& kernel, Buffer& memory) {
  const Storage storage = kernel.kernel().lhs;
  const std::int32_t moved = storage_offset(storage, is_signed);
  const int border = moved == 0 ? 0 : 0x80;  // every byte of code 0 as stored
  const LineCopy copy(kernel.isa(), storage, is_signed);
  const std::int64_t pixel = s.channels * code_bytes(storage);  // bytes, as stored
  // What the windows reach, from the first row and column they name.
  const std::int64_t rows =
      (s.out_height - 1) * s.stride_height + (s.kernel_height - 1) * s.dilation_height + 1;
  const std::int64_t columns =
      (s.out_width - 1) * s.stride_width + (s.kernel_width - 1) * s.dilation_width + 1;
  const std::int64_t line = columns * pixel;
  const auto bytes = static_cast<std::size_t>(s.batch * rows * line);
  std::uint8_t* image = memory.reserve(bytes);
  image_ = image;
  // Columns of the image that fall inside, as [first, last) of the padded line.
  const std::int64_t first = std::clamp<std::int64_t>(s.left, 0, columns);
  const std::int64_t last = std::clamp<std::int64_t>(s.left + s.width, first, columns);
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t r = 0; r < rows; ++r) {
      std::uint8_t* to = image + (b * rows + r) * line;
      const std::int64_t from = r - s.top;
      if (from < 0 || from >= s.height || first == last) {
        std::memset(to, border, static_cast<std::size_t>(line));
        continue;
      }
      const std::uint8_t* source =
          x + ((b * s.height + from) * s.width + (first - s.left)) * s.channels;
      std::memset(to, border, static_cast<std::size_t>(first * pixel));
      copy(source, 0, 1, (last - first) * s.channels, to + first * pixel, 0);
      std::memset(to + last * pixel, border, static_cast<std::size_t>((columns - last) * pixel));
    }
  }
  window_.is_signed = is_signed;
  window_.lines = s.batch * s.out_height;
  window_.width = s.out_width;
  window_.row_stride = s.stride_width * pixel;
  for (std::int64_t i = 0; i < window_.lines; ++i) {
    const std::int64_t row = i / s.out_height * rows + i % s.out_height * s.stride_height;
    window_.starts.push_back(image + row * line);
  }
  for (std::int64_t r = 0; r < s.kernel_height; ++r) {
    for (std::int64_t c = 0; c < s.kernel_width; ++c) {
      window_.offsets.push_back(r * s.dilation_height * line + c * s.dilation_width * pixel);
    }
  }
  if (kernel.offset() != 0) sum_windows(s, rows, columns, kernel, moved);
}

// The sum of a window is the sum over its taps of the sums of pixels: of codes a byte each, which
// is what can_window() lets through where there is an offset.
void PaddedImage::sum_windows(const Convolution2d& s, std::int64_t rows, std::int64_t columns,
                              const PackedRhs& kernel, std::int32_t moved) {
  const std::uint8_t* image = image_;
  std::vector<std::int32_t> pixels(static_cast<std::size_t>(s.batch * rows * columns));
  const bool stored_signed = kernel.kernel().lhs == Storage::kS8;
  LineSums(kernel.isa(), stored_signed, 1)(image, s.channels, static_cast<int>(pixels.size()),
                                           s.channels, pixels.data());
  const auto added = static_cast<std::int32_t>(moved * s.channels);
  for (std::int32_t& sum : pixels) sum = numerics::wrap_add(sum, -added);
  window_.row_sums.assign(static_cast<std::size_t>(window_.lines * window_.width), 0);
  for (std::int64_t i = 0; i < window_.lines; ++i) {
    std::int32_t* sums = window_.row_sums.data() + i * window_.width;
    const std::int64_t start = (window_.starts[static_cast<std::size_t>(i)] - image) / s.channels;
    for (const std::int64_t offset : window_.offsets) {
      const std::int32_t* from = pixels.data() + start + offset / s.channels;
      for (std::int64_t j = 0; j < window_.width; ++j) {
        sums[j] = numerics::wrap_add(sums[j], from[j * s.stride_width]);
      }
    }
  }
}

void convolve(const Convolution2d& s, const std::uint8_t* x, bool is_signed,
              const PackedRhs& kernel, const GemmRun& run) {
  if (is_pointwise(s)) {
    const std::int64_t rows = s.batch * s.out_height * s.out_width;
    multiply(CodeMatrix{x, rows, s.channels, s.channels, 1, is_signed}, kernel, run);
    return;
  }
  if (can_window(kernel.kernel(), s.channels)) {
    const PaddedImage image(s, x, is_signed, kernel, image_memory());
    multiply(image.window(), kernel, run);
    return;
  }
  const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(s.channels), 0);
  const auto addresses = [&](std::int64_t first, int count, std::int64_t tap,
                             const std::uint8_t** lines) {
    const std::int64_t down = tap / s.kernel_width * s.dilation_height - s.top;
    const std::int64_t across = tap % s.kernel_width * s.dilation_width - s.left;
    for (int i = 0; i < count; ++i) {
      const std::int64_t row = first + i, line = row / s.out_width;
      const std::int64_t y = line % s.out_height * s.stride_height + down;
      const std::int64_t z = row % s.out_width * s.stride_width + across;
      const bool inside = y >= 0 && y < s.height && z >= 0 && z < s.width;
      lines[i] = inside ? x + ((line / s.out_height * s.height + y) * s.width + z) * s.channels
                        : zeros.data();
    }
  };
  multiply(IndirectLhs{s.batch * s.out_height * s.out_width, is_signed, addresses}, kernel, run);
}

}  // namespace mxcheck::kernels
