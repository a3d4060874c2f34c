// Axes in three runs: with scales, without, with scales.
#include "sim/exec/fast_layout.h"

#include <algorithm>

namespace mxcheck::exec::fast {
namespace {

// Takes axes from left to right; false once they are out of order.
struct Collapser {
  Layout layout;
  int stage = 0;  // outer, reduced, inner

  bool kept(std::int64_t dim) {
    if (dim == 1) return true;
    if (stage != 0) stage = 2;
    (stage == 0 ? layout.outer : layout.inner) *= dim;
    return true;
  }
  bool reduced(std::int64_t dim) {
    if (dim == 1) return true;
    if (stage == 2) return false;
    stage = 1;
    layout.reduced *= dim;
    return true;
  }
};

}  // namespace

std::optional<kernels::Element> element_of(numerics::DType dtype) {
  switch (dtype) {
    case numerics::DType::kF32:
      return kernels::Element::kF32;
    case numerics::DType::kBF16:
      return kernels::Element::kBF16;
    case numerics::DType::kF16:
      return kernels::Element::kF16;
    default:
      return std::nullopt;
  }
}

bool is_plain(const numerics::Policy& policy) {
  return policy.faults.empty() &&
         policy.excess_precision == numerics::Policy::ExcessPrecision::kNone;
}
bool has_integer_codes(numerics::QType qtype) {
  const numerics::QRounding rounding = numerics::info(qtype).rounding;
  return rounding == numerics::QRounding::kInteger || rounding == numerics::QRounding::kEmulated;
}

std::optional<Layout> collapse(const tensor::Shape& shape, const tensor::Shape& scale) {
  if (shape.size() != scale.size()) return std::nullopt;
  Collapser c;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t dim = shape[axis], scales = scale[axis];
    if (dim == 0 || scales == 0 || dim % scales != 0) return std::nullopt;
    // A tiled axis is its tiles, then the elements of one.
    if (!c.kept(scales) || !c.reduced(dim / scales)) return std::nullopt;
  }
  // A scale for every element: columns of one row.
  if (c.layout.reduced == 1) return Layout{1, 1, c.layout.scales()};
  return c.layout;
}

std::optional<Blocks> common_blocks(const std::vector<Layout>& layouts) {
  Blocks out;
  if (layouts.empty()) return std::nullopt;
  const std::int64_t size = layouts.front().size();
  // Columns: those of scales that vary along them, else the shortest run that shares a scale.
  std::int64_t shared = size;
  for (const Layout& l : layouts) {
    if (l.inner > 1) out.columns = l.inner;
    if (l.inner == 1 && l.outer > 1) shared = std::min(shared, l.reduced);
  }
  if (out.columns == 1) out.columns = shared;
  const std::int64_t rows = size / out.columns;
  out.rows = rows;
  for (const Layout& l : layouts) {
    const std::int64_t per_column = l.inner > 1 ? l.reduced : l.reduced / out.columns;
    if (per_column > 1 && per_column < rows) out.rows = std::min(out.rows, per_column);
  }
  if (size % out.columns != 0 || rows % out.rows != 0) return std::nullopt;
  out.count = rows / out.rows;
  return out;
}

std::optional<kernels::Spread> spread_of(const Layout& l, const void* scales, std::int64_t width,
                                         const Blocks& b, std::int64_t first_row) {
  const auto at = [&](std::int64_t index) {
    return static_cast<const std::uint8_t*>(scales) + index * width;
  };
  if (l.scales() == 1) return kernels::Spread{scales, 0, 0};
  if (l.inner > 1) {
    if (l.inner != b.columns) return std::nullopt;
    if (l.reduced == 1) return kernels::Spread{at(first_row * l.inner), l.inner, 1};
    if (l.reduced % b.rows != 0) return std::nullopt;
    return kernels::Spread{at(first_row / l.reduced * l.inner), 0, 1};
  }
  if (l.reduced == b.columns) return kernels::Spread{at(first_row), 1, 0};
  if (l.reduced % (b.rows * b.columns) != 0) return std::nullopt;
  return kernels::Spread{at(first_row * b.columns / l.reduced), 0, 0};
}

}  // namespace mxcheck::exec::fast
