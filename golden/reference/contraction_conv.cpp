// Convolutions and ragged products as pairs. Convolution in words: result[n, o, p] sums over taps t
// and the input channels i of o's group lhs[n, i, x] * rhs[o, i, t], where along each spatial axis
// p * stride + t * rhs_dilation - low = x * lhs_dilation; no such x inside the input: no product.
#include <memory>
#include <utility>

#include "golden/reference/contraction.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

using Index = std::vector<std::int64_t>;  // one entry per spatial axis

// A tensor's axes by role: `row` N or O, `feature` C or I, spatial in the order of the rhs layout.
struct Layout {
  std::int64_t rows = 1, features = 1, row_stride = 0, feature_stride = 0;
  Index extent, stride;

  [[nodiscard]] std::int64_t at(std::int64_t row, std::int64_t feature, const Index& x) const {
    std::int64_t position = row * row_stride + feature * feature_stride;
    for (std::size_t d = 0; d < x.size(); ++d) position += x[d] * stride[d];
    return position;
  }
};

Layout layout_of(const std::string& letters, char row, char feature, const std::string& spatial,
                 const Shape& shape) {
  const std::vector<std::int64_t> strides = tensor::row_major_strides(shape);
  const auto axis = [&](char letter) {
    const std::size_t at = letters.find(letter);
    MXCHECK_CHECK(at != std::string::npos && at < shape.size(), letters);
    return at;
  };
  Layout l;
  l.rows = shape[axis(row)];
  l.row_stride = strides[axis(row)];
  l.features = shape[axis(feature)];
  l.feature_stride = strides[axis(feature)];
  for (const char letter : spatial) {
    l.extent.push_back(shape[axis(letter)]);
    l.stride.push_back(strides[axis(letter)]);
  }
  return l;
}

struct Conv {
  Layout lhs, rhs, out;
  Shape out_shape;
  Index stride, low, lhs_dilation, rhs_dilation;
  std::int64_t groups = 1;

  [[nodiscard]] std::int64_t first_channel(std::int64_t o) const {
    return o / (rhs.rows / groups) * rhs.features;
  }
};

Index or_ones(const graph::Axes& values, std::size_t rank) {
  return values.empty() ? Index(rank, 1) : values;
}

std::int64_t dilated(std::int64_t size, std::int64_t dilation) {
  return size == 0 ? 0 : (size - 1) * dilation + 1;
}

std::shared_ptr<const Conv> conv_of(const graph::Attributes& a, const Shape& lhs,
                                    const Shape& rhs) {
  Conv c;
  const bool stated = a.conv_layout.size() == 3;
  const std::string lhs_letters = stated ? a.conv_layout[0] : "NHWC";
  const std::string rhs_letters = stated ? a.conv_layout[1] : "HWIO";
  const std::string out_letters = stated ? a.conv_layout[2] : "NHWC";
  std::string spatial;
  for (const char letter : rhs_letters) {
    if (letter != 'O' && letter != 'I') spatial += letter;
  }
  const std::size_t rank = spatial.size();
  c.stride = or_ones(a.window_strides, rank);
  c.lhs_dilation = or_ones(a.lhs_dilation, rank);
  c.rhs_dilation = or_ones(a.rhs_dilation, rank);
  c.groups = a.feature_group_count;
  c.lhs = layout_of(lhs_letters, 'N', 'C', spatial, lhs);
  c.rhs = layout_of(rhs_letters, 'O', 'I', spatial, rhs);
  c.out_shape.assign(out_letters.size(), 0);
  c.out_shape[out_letters.find('N')] = c.lhs.rows;
  c.out_shape[out_letters.find('C')] = c.rhs.rows;
  for (std::size_t d = 0; d < rank; ++d) {
    const auto [low, high] =
        a.padding.empty() ? std::pair<std::int64_t, std::int64_t>{0, 0} : a.padding[d];
    c.low.push_back(low);
    const std::int64_t padded = dilated(c.lhs.extent[d], c.lhs_dilation[d]) + low + high;
    const std::int64_t window = dilated(c.rhs.extent[d], c.rhs_dilation[d]);
    c.out_shape[out_letters.find(spatial[d])] =
        padded < window ? 0 : (padded - window) / c.stride[d] + 1;
  }
  c.out = layout_of(out_letters, 'N', 'C', spatial, c.out_shape);
  return std::make_shared<const Conv>(std::move(c));
}

// The row, feature and spatial index of a row-major position.
struct Place {
  std::int64_t row = 0, feature = 0;
  Index x;
};
Place place_of(std::int64_t position, const Layout& l) {
  Place p;
  p.row = position / l.row_stride % l.rows;
  p.feature = position / l.feature_stride % l.features;
  for (std::size_t d = 0; d < l.stride.size(); ++d) {
    p.x.push_back(position / l.stride[d] % l.extent[d]);
  }
  return p;
}

// Calls body(index) for every index below `extent`, the last axis fastest.
template <typename Body>
void for_each_index(const Index& extent, Body body) {
  std::int64_t count = 1;
  for (const std::int64_t e : extent) count *= e;
  for (std::int64_t i = 0; i < count; ++i) body(tensor::unravel(i, extent));
}

// The numerator / divisor where it is a whole index below extent.
bool whole(std::int64_t numerator, std::int64_t divisor, std::int64_t extent, std::int64_t& index) {
  if (numerator < 0 || numerator % divisor != 0) return false;
  index = numerator / divisor;
  return index < extent;
}

// The input index under result index p and tap t; false: padding, or a hole of the dilation.
bool input_index(const Conv& c, const Index& p, const Index& t, Index& x) {
  x.assign(p.size(), 0);
  for (std::size_t d = 0; d < p.size(); ++d) {
    const std::int64_t at = p[d] * c.stride[d] + t[d] * c.rhs_dilation[d] - c.low[d];
    if (!whole(at, c.lhs_dilation[d], c.lhs.extent[d], x[d])) return false;
  }
  return true;
}

// The result index that tap t brings input index x to.
bool output_index(const Conv& c, const Index& x, const Index& t, Index& p) {
  p.assign(x.size(), 0);
  for (std::size_t d = 0; d < x.size(); ++d) {
    const std::int64_t at = x[d] * c.lhs_dilation[d] - t[d] * c.rhs_dilation[d] + c.low[d];
    if (!whole(at, c.stride[d], c.out.extent[d], p[d])) return false;
  }
  return true;
}

}  // namespace

Contraction conv_contraction(const graph::Attributes& attributes, const Shape& lhs,
                             const Shape& rhs) {
  const auto c = conv_of(attributes, lhs, rhs);
  Contraction out{c->out_shape, {}, true};
  out.pairs_of = [c](std::int64_t position, std::vector<Pair>& pairs) {
    const Place p = place_of(position, c->out);
    const std::int64_t channel = c->first_channel(p.feature);
    Index x;
    pairs.clear();
    for_each_index(c->rhs.extent, [&](const Index& t) {
      if (!input_index(*c, p.x, t, x)) return;
      for (std::int64_t i = 0; i < c->rhs.features; ++i) {
        pairs.push_back({c->lhs.at(p.row, channel + i, x), c->rhs.at(p.feature, i, t)});
      }
    });
  };
  return out;
}

Contraction conv_dlhs(const graph::Attributes& attributes, const Shape& lhs, const Shape& rhs) {
  const auto c = conv_of(attributes, lhs, rhs);
  Contraction out{lhs, {}, true};
  out.pairs_of = [c](std::int64_t position, std::vector<Pair>& pairs) {
    const Place x = place_of(position, c->lhs);
    Index p;
    pairs.clear();
    for_each_index(c->rhs.extent, [&](const Index& t) {
      if (!output_index(*c, x.x, t, p)) return;
      for (std::int64_t o = 0; o < c->rhs.rows; ++o) {
        const std::int64_t i = x.feature - c->first_channel(o);
        if (i < 0 || i >= c->rhs.features) continue;  // another feature group
        pairs.push_back({c->out.at(x.row, o, p), c->rhs.at(o, i, t)});
      }
    });
  };
  return out;
}

Contraction conv_drhs(const graph::Attributes& attributes, const Shape& lhs, const Shape& rhs) {
  const auto c = conv_of(attributes, lhs, rhs);
  Contraction out{rhs, {}, true};
  out.pairs_of = [c](std::int64_t position, std::vector<Pair>& pairs) {
    const Place t = place_of(position, c->rhs);
    const std::int64_t channel = c->first_channel(t.row) + t.feature;
    Index x;
    pairs.clear();
    for (std::int64_t n = 0; n < c->lhs.rows; ++n) {
      for_each_index(c->out.extent, [&](const Index& p) {
        if (!input_index(*c, p, t.x, x)) return;
        pairs.push_back({c->lhs.at(n, channel, x), c->out.at(n, t.row, p)});
      });
    }
  };
  return out;
}

namespace {

// The group of each row; -1 past the last group.
std::vector<std::int64_t> group_of_rows(std::int64_t rows, const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> group;
  for (std::size_t g = 0; g < sizes.size(); ++g) {
    for (std::int64_t i = 0; i < sizes[g] && static_cast<std::int64_t>(group.size()) < rows; ++i) {
      group.push_back(static_cast<std::int64_t>(g));
    }
  }
  group.resize(static_cast<std::size_t>(rows), -1);
  return group;
}

}  // namespace

Contraction ragged_contraction(const Shape& lhs, const Shape& rhs,
                               const std::vector<std::int64_t>& group_sizes) {
  const std::int64_t depth = rhs[1], columns = rhs[2];
  Contraction out{{lhs[0], columns}, {}, true};
  out.pairs_of = [=, group = group_of_rows(lhs[0], group_sizes)](std::int64_t position,
                                                                 std::vector<Pair>& pairs) {
    const std::int64_t m = position / columns, n = position % columns;
    const std::int64_t g = group[static_cast<std::size_t>(m)];
    pairs.clear();
    for (std::int64_t k = 0; g >= 0 && k < depth; ++k) {
      pairs.push_back({m * depth + k, (g * depth + k) * columns + n});
    }
  };
  return out;
}

Contraction ragged_dlhs(const Shape& lhs, const Shape& rhs,
                        const std::vector<std::int64_t>& group_sizes) {
  const std::int64_t depth = rhs[1], columns = rhs[2];
  Contraction out{lhs, {}, true};
  out.pairs_of = [=, group = group_of_rows(lhs[0], group_sizes)](std::int64_t position,
                                                                 std::vector<Pair>& pairs) {
    const std::int64_t m = position / depth, k = position % depth;
    const std::int64_t g = group[static_cast<std::size_t>(m)];
    pairs.clear();
    for (std::int64_t n = 0; g >= 0 && n < columns; ++n) {
      pairs.push_back({m * columns + n, (g * depth + k) * columns + n});
    }
  };
  return out;
}

Contraction ragged_drhs(const Shape& lhs, const Shape& rhs,
                        const std::vector<std::int64_t>& group_sizes) {
  const std::int64_t rows = lhs[0], depth = rhs[1], columns = rhs[2];
  Contraction out{rhs, {}, true};
  out.pairs_of = [=, group = group_of_rows(rows, group_sizes)](std::int64_t position,
                                                               std::vector<Pair>& pairs) {
    const std::int64_t n = position % columns, k = position / columns % depth;
    const std::int64_t g = position / columns / depth;
    pairs.clear();
    for (std::int64_t m = 0; m < rows; ++m) {
      if (group[static_cast<std::size_t>(m)] == g)
        pairs.push_back({m * depth + k, m * columns + n});
    }
  };
  return out;
}

}  // namespace mxcheck::reference
