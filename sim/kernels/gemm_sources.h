// The left sides a product takes, one class each: a matrix, rows at any addresses, windows of an
// image. The loops (gemm_multiply.cpp) ask a source for
//   row_bytes()                      of the packed copy of a row, 0 if rows are read where they lie
//   prepare(first, count, place)     packs the rows to `place`
//   inits(first, count, place, out)  -offset times the sums of the rows' codes, asked for where the
//                                    right side has an offset
//   sums_lines()                     inits() reads the caller's lines alone: any rows at any time
//   view(first, count, place)        where the rows are
//   raw(first, place)                what prepare() reads from there on, `place` if that is
//   anywhere
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sim/kernels/gemm.h"
#include "sim/kernels/pack.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::kernels {

constexpr int kMostRows = 16;  // of any kernel
inline constexpr std::int64_t kNoOffset = 0;

// Where a block of rows lies: memory of the caller's or the packed copy.
struct View {
  const std::uint8_t* lhs = nullptr;
  const std::int64_t* offsets = &kNoOffset;
  std::int64_t segments = 1, steps = 0;
  std::int64_t row_stride = 0, step_stride = 0;
};

inline std::int32_t code_at(const std::uint8_t* codes, std::int64_t i, bool is_signed) {
  return is_signed ? std::int32_t{static_cast<std::int8_t>(codes[i])} : std::int32_t{codes[i]};
}

// Packed panels: [steps][rows][group].
inline View packed_view(const GemmKernel& kernel, std::int64_t steps, int count,
                        const std::uint8_t* place) {
  const std::int64_t group = kernel.group * code_bytes(kernel.lhs);
  return {place, &kNoOffset, 1, steps, group, group * count};
}

class MatrixSource {
 public:
  MatrixSource(const CodeMatrix& lhs, const GemmKernel& kernel, const PackedRhs& rhs)
      : lhs_(lhs),
        kernel_(kernel),
        rhs_(rhs),
        format_{kernel.lhs, lhs.is_signed, kernel.group, rhs.isa()},
        sums_(rhs.isa(), lhs.is_signed, -rhs.offset()),
        copy_(rhs.isa(), kernel.lhs, lhs.is_signed),
        bytes_(code_bytes(kernel.lhs)),
        copy_stride_(apart(lhs.columns * bytes_)),
        lines_(kernel.access == LhsAccess::kDirect && lhs.column_stride == 1 &&
               lhs.columns % kernel.group == 0),
        direct_(lines_ && bytes_ == 1 && storage_offset(kernel.lhs, lhs.is_signed) == 0) {}

  [[nodiscard]] std::int64_t row_bytes() const {
    if (direct_) return 0;
    return lines_ ? copy_stride_ : rhs_.steps() * kernel_.group * bytes_;
  }
  void prepare(std::int64_t first, int count, std::uint8_t* place) const {
    if (lines_) {
      return copy_(lhs_.codes + first * lhs_.row_stride, lhs_.row_stride, count, lhs_.columns,
                   place, copy_stride_);
    }
    const LineMatrix from{lhs_.codes, lhs_.row_stride, lhs_.column_stride};
    pack_matrix_panel(format_, from, first, count, count, lhs_.columns, place);
  }
  [[nodiscard]] bool sums_lines() const { return lhs_.column_stride == 1; }
  void inits(std::int64_t first, int count, const std::uint8_t* place, std::int32_t* out) const {
    const std::uint8_t* codes = lhs_.codes + first * lhs_.row_stride;
    if (lhs_.column_stride == 1) return sums_(codes, lhs_.row_stride, count, lhs_.columns, out);
    if (kernel_.lhs == Storage::kS8 && kernel_.group == 4) {
      return sums_.panel(place, count, lhs_.columns, out);
    }
    std::fill_n(out, count, 0);
    for (std::int64_t k = 0; k < lhs_.columns; ++k) {
      const std::uint8_t* plane = codes + k * lhs_.column_stride;
      for (int i = 0; i < count; ++i) {
        const std::int32_t code = code_at(plane, i * lhs_.row_stride, lhs_.is_signed);
        out[i] = numerics::wrap_add(out[i], numerics::wrap_mul(-rhs_.offset(), code));
      }
    }
  }
  [[nodiscard]] const std::uint8_t* raw(std::int64_t first, const std::uint8_t* place) const {
    return lines_ ? lhs_.codes + first * lhs_.row_stride : place;
  }
  [[nodiscard]] View view(std::int64_t first, int count, const std::uint8_t* place) const {
    if (!lines_) return packed_view(kernel_, rhs_.steps(), count, place);
    const std::uint8_t* from = direct_ ? lhs_.codes + first * lhs_.row_stride : place;
    const std::int64_t stride = direct_ ? lhs_.row_stride : copy_stride_;
    return {from, &kNoOffset, 1, rhs_.steps(), stride, kernel_.group * bytes_};
  }

 private:
  // Rows that far apart lie in one set of a first-level cache, and drive each other and the right
  // side out of it.
  static constexpr std::int64_t kOneSet = 4096;
  static std::int64_t apart(std::int64_t bytes) {
    return bytes != 0 && bytes % kOneSet == 0 ? bytes + 64 : bytes;
  }

  const CodeMatrix& lhs_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  PanelFormat format_;
  LineSums sums_;
  LineCopy copy_;
  std::int64_t bytes_;        // of a stored code
  std::int64_t copy_stride_;  // of the copy's rows, in bytes
  bool lines_, direct_;       // rows as lines: a copy of them, or where they lie
};

class AddressSource {
 public:
  AddressSource(const IndirectLhs& lhs, const GemmKernel& kernel, const PackedRhs& rhs)
      : lhs_(lhs),
        kernel_(kernel),
        rhs_(rhs),
        format_{kernel.lhs, lhs.is_signed, kernel.group, rhs.isa()},
        sums_(rhs.isa(), lhs.is_signed, -rhs.offset()),
        segments_(rhs.segment() == 0 ? 0 : rhs.k() / rhs.segment()) {}

  [[nodiscard]] std::int64_t row_bytes() const {
    return rhs_.steps() * kernel_.group * code_bytes(kernel_.lhs);
  }
  void prepare(std::int64_t first, int count, std::uint8_t* place) const {
    const std::int64_t segment_bytes = row_bytes() / std::max<std::int64_t>(segments_, 1) * count;
    std::array<const std::uint8_t*, kMostRows> lines{};
    for (std::int64_t s = 0; s < segments_; ++s) {
      lhs_.addresses(first, count, s, lines.data());
      pack_line_panel(format_, lines.data(), count, count, rhs_.segment(),
                      place + s * segment_bytes);
    }
  }
  [[nodiscard]] static bool sums_lines() { return false; }
  void inits(std::int64_t first, int count, const std::uint8_t*, std::int32_t* out) const {
    std::array<const std::uint8_t*, kMostRows> lines{};
    std::fill_n(out, count, 0);
    for (std::int64_t s = 0; s < segments_; ++s) {
      lhs_.addresses(first, count, s, lines.data());
      for (int i = 0; i < count; ++i) {
        std::int32_t part = 0;
        sums_(lines[static_cast<std::size_t>(i)], 0, 1, rhs_.segment(), &part);
        out[i] = numerics::wrap_add(out[i], part);
      }
    }
  }
  [[nodiscard]] static const std::uint8_t* raw(std::int64_t, const std::uint8_t* place) {
    return place;
  }
  [[nodiscard]] View view(std::int64_t, int count, const std::uint8_t* place) const {
    return packed_view(kernel_, rhs_.steps(), count, place);
  }

 private:
  const IndirectLhs& lhs_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  PanelFormat format_;
  LineSums sums_;
  std::int64_t segments_;
};

class WindowSource {
 public:
  WindowSource(const WindowLhs& lhs, const GemmKernel& kernel, const PackedRhs& rhs)
      : lhs_(lhs), kernel_(kernel), rhs_(rhs) {}

  [[nodiscard]] std::int64_t row_bytes() const { return 0; }
  void prepare(std::int64_t, int, std::uint8_t*) const {}
  [[nodiscard]] static bool sums_lines() { return false; }
  void inits(std::int64_t first, int count, const std::uint8_t*, std::int32_t* out) const {
    for (int i = 0; i < count; ++i) {
      out[i] =
          numerics::wrap_mul(-rhs_.offset(), lhs_.row_sums[static_cast<std::size_t>(first + i)]);
    }
  }
  [[nodiscard]] const std::uint8_t* raw(std::int64_t first, const std::uint8_t*) const {
    return start(first);
  }
  [[nodiscard]] View view(std::int64_t first, int, const std::uint8_t*) const {
    const auto segments = static_cast<std::int64_t>(lhs_.offsets.size());
    return {start(first),    lhs_.offsets.data(),
            segments,        rhs_.steps() / std::max<std::int64_t>(segments, 1),
            lhs_.row_stride, kernel_.group * code_bytes(kernel_.lhs)};
  }

 private:
  [[nodiscard]] const std::uint8_t* start(std::int64_t row) const {
    return lhs_.starts[static_cast<std::size_t>(row / lhs_.width)] +
           row % lhs_.width * lhs_.row_stride;
  }
  const WindowLhs& lhs_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
};

}  // namespace mxcheck::kernels
