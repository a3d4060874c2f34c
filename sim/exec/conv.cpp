// Patch matrices, the geometry of the gradient convolutions, and the fast and slow conv paths.
#include "sim/exec/conv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/exec/float_dot.h"
#include "sim/graph/product.h"
#include "sim/numerics/rounding.h"
#include "sim/tensor/array.h"

namespace mxcheck::exec {
namespace {

using graph::Axes;
using graph::ConvSpec;
using numerics::DType;

std::int64_t dilated(std::int64_t size, std::int64_t dilation) {
  return size == 0 ? 0 : (size - 1) * dilation + 1;
}

Shape spatial(const Shape& shape, const ConvSpec& spec) {
  Shape out;
  for (const std::int64_t axis : spec.spatial) out.push_back(shape[static_cast<std::size_t>(axis)]);
  return out;
}

std::int64_t count(const Shape& shape) { return *tensor::element_count(shape); }

Axes inverse(const Axes& permutation) {
  Axes out(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    out[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return out;
}

// The sizes of one convolution in canonical layout: lhs [batch, spatial.., ci], rhs
// [spatial.., ci, co], out [batch, spatial.., co].
struct ConvSizes {
  std::int64_t batch, ci, co;  // ci, co: per group
  Shape in, kernel, out;       // spatial
};

ConvSizes sizes_of(const ConvGeometry& g, const Shape& lhs, const Shape& rhs) {
  ConvSizes s{lhs[static_cast<std::size_t>(g.layout.lhs.first)],
              rhs[static_cast<std::size_t>(g.layout.rhs.second)],
              rhs[static_cast<std::size_t>(g.layout.rhs.first)] / g.groups,
              spatial(lhs, g.layout.lhs),
              spatial(rhs, g.layout.rhs),
              {}};
  for (std::size_t i = 0; i < s.in.size(); ++i) {
    const std::int64_t padded =
        dilated(s.in[i], g.lhs_dilation[i]) + g.padding[i].first + g.padding[i].second;
    const std::int64_t window = dilated(s.kernel[i], g.rhs_dilation[i]);
    s.out.push_back(padded < window ? 0 : (padded - window) / g.strides[i] + 1);
  }
  return s;
}

Axes channels_last(const ConvSpec& spec) {
  Axes out{spec.first};
  out.insert(out.end(), spec.spatial.begin(), spec.spatial.end());
  out.push_back(spec.second);
  return out;
}

Axes kernel_order(const ConvSpec& spec) {
  Axes out = spec.spatial;
  out.push_back(spec.second);
  out.push_back(spec.first);
  return out;
}

// For each (output position, kernel position): the input pixel it meets, or -1 for padding and
// dilation holes. Row-major over output then kernel positions.
std::vector<std::int64_t> tap_table(const ConvGeometry& g, const ConvSizes& s) {
  const std::int64_t outs = count(s.out);
  const std::int64_t taps = count(s.kernel);
  std::vector<std::int64_t> table(static_cast<std::size_t>(outs * taps), -1);
  const std::vector<std::int64_t> strides = tensor::row_major_strides(s.in);
  for (std::int64_t o = 0; o < outs; ++o) {
    const std::vector<std::int64_t> out_at = tensor::unravel(o, s.out);
    for (std::int64_t t = 0; t < taps; ++t) {
      const std::vector<std::int64_t> tap_at = tensor::unravel(t, s.kernel);
      std::int64_t pixel = 0;
      for (std::size_t i = 0; i < s.in.size() && pixel >= 0; ++i) {
        const std::int64_t at =
            out_at[i] * g.strides[i] + tap_at[i] * g.rhs_dilation[i] - g.padding[i].first;
        const bool inside =
            at >= 0 && at % g.lhs_dilation[i] == 0 && at / g.lhs_dilation[i] < s.in[i];
        pixel = inside ? pixel + at / g.lhs_dilation[i] * strides[i] : -1;
      }
      table[static_cast<std::size_t>(o * taps + t)] = pixel;
    }
  }
  return table;
}

// Patches of one group: [batch x out, taps x ci], zero where there is no input.
template <typename T>
std::vector<T> patches(const T* x, const ConvSizes& s, const std::vector<std::int64_t>& table,
                       std::int64_t group, std::int64_t groups) {
  const std::int64_t outs = count(s.out);
  const std::int64_t taps = count(s.kernel);
  const std::int64_t pixels = count(s.in);
  const std::int64_t features = s.ci * groups;
  std::vector<T> out(static_cast<std::size_t>(s.batch * outs * taps * s.ci), T(0));
  T* target = out.data();
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (const std::int64_t pixel : table) {
      if (pixel >= 0) {
        const T* source = x + (b * pixels + pixel) * features + group * s.ci;
        std::copy(source, source + s.ci, target);
      }
      target += s.ci;
    }
  }
  return out;
}

// The kernel matrix of one group: [taps x ci, co] out of [taps x ci, co x groups].
template <typename T>
std::vector<T> kernel_matrix(const T* w, const ConvSizes& s, std::int64_t group,
                             std::int64_t groups) {
  const std::int64_t rows = count(s.kernel) * s.ci;
  std::vector<T> out;
  out.reserve(static_cast<std::size_t>(rows * s.co));
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = w + r * s.co * groups + group * s.co;
    out.insert(out.end(), row, row + s.co);
  }
  return out;
}

// Runs `multiply` (patches [m,k], kernel [k,n] -> values [m,n]) for every group and puts the
// results in the output's layout.
template <typename T, typename R, typename Multiply>
Tensor by_groups(const T* x, const T* w, const ConvGeometry& g, const ConvSizes& s, DType dtype,
                 Multiply multiply) {
  const std::int64_t rows = s.batch * count(s.out);
  const std::int64_t features = s.co * g.groups;
  Shape canonical{s.batch};
  canonical.insert(canonical.end(), s.out.begin(), s.out.end());
  canonical.push_back(features);
  Tensor out(dtype, canonical);
  const std::vector<std::int64_t> table = tap_table(g, s);
  R* target = out.mutable_data<R>().data();
  for (std::int64_t group = 0; group < g.groups; ++group) {
    const std::vector<R> values =
        multiply(patches(x, s, table, group, g.groups), kernel_matrix(w, s, group, g.groups), rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(values.data() + r * s.co, s.co, target + r * features + group * s.co);
    }
  }
  return tensor::transpose(out, inverse(channels_last(g.layout.out)));
}

Tensor code_convolution(const Tensor& lhs, const Tensor& rhs, const ConvGeometry& g,
                        Engine& engine) {
  const ConvSizes s = sizes_of(g, lhs.shape(), rhs.shape());
  const Tensor x = tensor::transpose(lhs, channels_last(g.layout.lhs));
  const Tensor w = tensor::transpose(rhs, kernel_order(g.layout.rhs));
  const std::int64_t k = count(s.kernel) * s.ci;
  const auto multiply = [&](const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b,
                            std::int64_t rows) {
    Tensor left(lhs.dtype(), {1, rows, k});
    std::copy(a.begin(), a.end(), left.mutable_data<std::uint8_t>().begin());
    Tensor right(rhs.dtype(), {1, k, s.co});
    std::copy(b.begin(), b.end(), right.mutable_data<std::uint8_t>().begin());
    const Tensor acc = engine.multiply(left, right);
    const auto values = acc.data<std::int32_t>();
    return std::vector<std::int32_t>(values.begin(), values.end());
  };
  return by_groups<std::uint8_t, std::int32_t>(
      x.data<std::uint8_t>().data(), w.data<std::uint8_t>().data(), g, s, DType::kS32, multiply);
}

// conv(zero point broadcast over lhs, rhs codes) in wrapping s32, with the same zero padding.
Tensor zero_point_convolution(const Tensor& zero_point, const Shape& lhs, const Tensor& rhs,
                              const ConvGeometry& g) {
  const ConvSizes s = sizes_of(g, lhs, rhs.shape());
  const std::vector<std::int64_t> map = quant::scale_map(lhs, zero_point.shape());
  Tensor broadcast(DType::kS32, lhs);
  for (std::size_t i = 0; i < map.size(); ++i) {
    broadcast.mutable_data<std::int32_t>()[i] =
        static_cast<std::int32_t>(zero_point.load_int(map[i]));
  }
  Tensor wide(DType::kS32, rhs.shape());
  for (std::int64_t i = 0; i < rhs.size(); ++i) wide.store_int(i, rhs.load_int(i));
  const Tensor x = tensor::transpose(broadcast, channels_last(g.layout.lhs));
  const Tensor w = tensor::transpose(wide, kernel_order(g.layout.rhs));
  const std::int64_t k = count(s.kernel) * s.ci;
  const auto multiply = [&](const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b,
                            std::int64_t rows) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(rows * s.co), 0);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < k; ++i) {
        const std::int32_t left = a[static_cast<std::size_t>(r * k + i)];
        if (left == 0) continue;
        for (std::int64_t j = 0; j < s.co; ++j) {
          std::int32_t& acc = out[static_cast<std::size_t>(r * s.co + j)];
          acc = numerics::wrap_add(
              acc, numerics::wrap_mul(left, b[static_cast<std::size_t>(i * s.co + j)]));
        }
      }
    }
    return out;
  };
  return by_groups<std::int32_t, std::int32_t>(
      x.data<std::int32_t>().data(), w.data<std::int32_t>().data(), g, s, DType::kS32, multiply);
}

// The backend's own transposed-convolution route: strided outputs of a dilated input.
bool is_transposed_route(const ConvGeometry& g) {
  const auto all_one = [](const Axes& a) {
    return std::all_of(a.begin(), a.end(), [](std::int64_t v) { return v == 1; });
  };
  return !all_one(g.lhs_dilation) && all_one(g.strides) && all_one(g.rhs_dilation);
}

// A single output position with four or more features: products and sums rounded apart, in blocks
// of 16 once k reaches 128.
std::vector<float> single_row(const std::vector<float>& a, const std::vector<float>& b,
                              std::int64_t k, std::int64_t n) {
  constexpr std::int64_t kBlocksFrom = 128;
  constexpr std::int64_t kBlock = 16;
  const std::int64_t block = k >= kBlocksFrom ? kBlock : std::max<std::int64_t>(1, k);
  std::vector<float> out(static_cast<std::size_t>(n), 0.0f);
  for (std::int64_t j = 0; j < n; ++j) {
    float sum = 0;
    for (std::int64_t begin = 0; begin < k; begin += block) {
      float acc = 0;
      for (std::int64_t i = begin; i < std::min(begin + block, k); ++i) {
        const float product =
            a[static_cast<std::size_t>(i)] * b[static_cast<std::size_t>(i * n + j)];
        acc = acc + product;
      }
      sum = begin == 0 ? acc : sum + acc;
    }
    out[static_cast<std::size_t>(j)] = sum;
  }
  return out;
}

// Tap by tap over the taps that hit a real input: the tap's own product over features, then a plain
// addition.
std::vector<float> transposed_route(const std::vector<float>& a, const std::vector<float>& b,
                                    const ConvSizes& s, const std::vector<std::int64_t>& table,
                                    const Policy& policy) {
  const std::int64_t taps = count(s.kernel);
  const auto rows = static_cast<std::int64_t>(a.size()) / std::max<std::int64_t>(1, taps * s.ci);
  const auto pixels = static_cast<std::int64_t>(table.size()) / std::max<std::int64_t>(1, taps);
  std::vector<float> out(static_cast<std::size_t>(rows * s.co), 0.0f);
  std::vector<float> part(static_cast<std::size_t>(s.co));
  MatrixView view;
  view.k = s.ci;
  view.n = s.co;
  view.m = 1;  // one output position at a time: `part` holds one row
  const bool one_pixel = s.batch * count(s.in) == 1 && s.co >= 4;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t t = 0; t < taps; ++t) {
      if (table[static_cast<std::size_t>(r % pixels * taps + t)] < 0) continue;
      const float* left = a.data() + (r * taps + t) * s.ci;
      const float* right = b.data() + t * s.ci * s.co;
      if (one_pixel) {
        part = single_row({left, left + s.ci}, {right, right + s.ci * s.co}, s.ci, s.co);
      } else {
        matrix_chain(left, right, part.data(), view, policy);
      }
      for (std::int64_t j = 0; j < s.co; ++j) {
        float& target = out[static_cast<std::size_t>(r * s.co + j)];
        target = target + part[static_cast<std::size_t>(j)];
      }
    }
  }
  return out;
}

// Sum of eight in the order of the one-feature kernel.
float tree(const float* v) {
  return ((v[0] + v[1]) + (v[4] + v[5])) + ((v[2] + v[3]) + (v[6] + v[7]));
}

// One output feature over four or more rows: eight lanes over the whole sixteens of k, then the
// rest in parts of 8, 4, 2 and 1 plain products, each part summed by itself.
float one_feature(const float* a, const float* b, std::int64_t k) {
  if (k == 2) return std::fma(a[1], b[1], a[0] * b[0]);
  std::int64_t i = k - k % 16;
  float total = 0;
  bool first = true;
  const auto add_part = [&](float part) {
    total = first ? part : total + part;
    first = false;
  };
  if (i > 0) {
    float v[8];
    for (std::int64_t j = 0; j < 8; ++j) v[j] = a[j] * b[j];
    for (std::int64_t t = 8; t < i; t += 8) {
      for (std::int64_t j = 0; j < 8; ++j) v[j] = std::fma(a[t + j], b[t + j], v[j]);
    }
    add_part(tree(v));
  }
  float p[8];
  for (std::int64_t size = 8; size > 0; size /= 2) {
    if ((k & size) == 0) continue;
    for (std::int64_t j = 0; j < size; ++j) p[j] = a[i + j] * b[i + j];
    i += size;
    if (size == 8) add_part(tree(p));
    if (size == 4) add_part((p[0] + p[1]) + (p[2] + p[3]));
    if (size == 2) add_part(p[0] + p[1]);
    if (size == 1) add_part(p[0]);
  }
  return total;
}

// A 1x1 kernel with unit strides and no padding is a plain product for the simplifier.
bool is_plain_product(const ConvGeometry& g, const ConvSizes& s, const Policy& policy) {
  if (!numerics::simplifies(policy) || count(s.kernel) != 1) return false;
  for (std::size_t i = 0; i < s.in.size(); ++i) {
    if (g.strides[i] != 1 || g.lhs_dilation[i] != 1 || g.rhs_dilation[i] != 1) return false;
    if (g.padding[i].first != 0 || g.padding[i].second != 0) return false;
  }
  return true;
}

// An axis whose window lies once on the whole input, or that only groups: the exchange below leaves
// it alone.
bool is_plain_axis(const ConvGeometry& g, const ConvSizes& s, std::size_t i) {
  const std::int64_t window = s.kernel[i];
  if (g.padding[i].first != 0 || g.padding[i].second != 0 || g.rhs_dilation[i] != 1) return false;
  return (g.lhs_dilation[i] == window && g.strides[i] == window - 1) ||
         (window == s.in[i] && g.lhs_dilation[i] == 1 && g.strides[i] == 1);
}

// The simplifier exchanges input and kernel where that leaves fewer taps.
bool is_exchanged(const ConvGeometry& g, const ConvSizes& s, const Policy& policy) {
  if (!numerics::simplifies(policy) || g.groups != 1) return false;
  std::int64_t taps = 1;
  std::int64_t exchanged_taps = 1;
  for (std::size_t i = 0; i < s.in.size(); ++i) {
    if (is_plain_axis(g, s, i)) continue;
    const std::int64_t window = s.kernel[i];
    const bool single = s.in[i] == 1 && g.strides[i] == 1 && g.rhs_dilation[i] == 1 &&
                        g.padding[i].first == window - 1 && g.padding[i].second == window - 1;
    taps *= window;
    exchanged_taps *= single ? window : s.in[i];
  }
  return taps > exchanged_taps;
}

// The exchanged convolution is a plain loop over the input's positions, last first, of fused
// multiply-adds over the taps that hit one.
std::vector<float> exchanged_route(const std::vector<float>& a, const std::vector<float>& b,
                                   const ConvGeometry& g, const ConvSizes& s,
                                   const std::vector<std::int64_t>& table) {
  const std::int64_t taps = count(s.kernel);
  const auto rows = static_cast<std::int64_t>(a.size()) / std::max<std::int64_t>(1, taps * s.ci);
  const auto pixels = static_cast<std::int64_t>(table.size()) / std::max<std::int64_t>(1, taps);
  const std::vector<std::int64_t> strides = tensor::row_major_strides(s.kernel);
  std::vector<std::int64_t> order;
  for (std::int64_t t = 0; t < taps; ++t) {
    const std::vector<std::int64_t> at = tensor::unravel(t, s.kernel);
    std::int64_t tap = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      tap += (is_plain_axis(g, s, i) ? at[i] : s.kernel[i] - 1 - at[i]) * strides[i];
    }
    order.push_back(tap);
  }
  std::vector<float> out(static_cast<std::size_t>(rows * s.co), 0.0f);
  for (std::int64_t r = 0; r < rows; ++r) {
    float* const target = out.data() + r * s.co;
    for (const std::int64_t t : order) {
      if (table[static_cast<std::size_t>(r % pixels * taps + t)] < 0) continue;
      for (std::int64_t c = 0; c < s.ci; ++c) {
        const float left = a[static_cast<std::size_t>((r * taps + t) * s.ci + c)];
        const float* right = b.data() + (t * s.ci + c) * s.co;
        for (std::int64_t j = 0; j < s.co; ++j) target[j] = std::fma(left, right[j], target[j]);
      }
    }
  }
  return out;
}

Tensor float_convolution(const Tensor& lhs, const Tensor& rhs, const ConvGeometry& g, DType result,
                         const Policy& policy) {
  const ConvSizes s = sizes_of(g, lhs.shape(), rhs.shape());
  const std::vector<float> x =
      tensor::load_any<float>(tensor::transpose(lhs, channels_last(g.layout.lhs)));
  const std::vector<float> w =
      tensor::load_any<float>(tensor::transpose(rhs, kernel_order(g.layout.rhs)));
  MatrixView view;
  view.k = count(s.kernel) * s.ci;
  view.n = s.co;
  const auto multiply = [&](const std::vector<float>& a, const std::vector<float>& b,
                            std::int64_t rows) {
    if (is_plain_product(g, s, policy)) {
      Tensor left(DType::kF32, {rows, view.k});
      std::copy(a.begin(), a.end(), left.mutable_data<float>().begin());
      Tensor right(DType::kF32, {view.k, s.co});
      std::copy(b.begin(), b.end(), right.mutable_data<float>().begin());
      const Tensor product = float_dot(left, right, {{1}, {0}, {}, {}}, DType::kF32, policy);
      const auto values = product.data<float>();
      return std::vector<float>(values.begin(), values.end());
    }
    if (is_exchanged(g, s, policy)) return exchanged_route(a, b, g, s, tap_table(g, s));
    if (is_transposed_route(g)) return transposed_route(a, b, s, tap_table(g, s), policy);
    if (rows == 1 && s.co >= 4) return single_row(a, b, view.k, s.co);
    std::vector<float> out(static_cast<std::size_t>(rows * s.co));
    if (s.co == 1 && rows >= 4) {
      for (std::int64_t r = 0; r < rows; ++r) {
        out[static_cast<std::size_t>(r)] = one_feature(a.data() + r * view.k, b.data(), view.k);
      }
      return out;
    }
    view.m = rows;
    matrix_chain(a.data(), b.data(), out.data(), view, policy);
    return out;
  };
  return convert_float(by_groups<float, float>(x.data(), w.data(), g, s, DType::kF32, multiply),
                       result);
}

OutputScale scale_along(const Tensor& scale, std::int64_t own_axis, std::int64_t out_axis,
                        const Shape& out) {
  Shape aligned(out.size(), 1);
  aligned[static_cast<std::size_t>(out_axis)] = scale.dim(own_axis);
  return {scale.reshaped(aligned), quant::scale_map(out, aligned)};
}

}  // namespace

ConvGeometry forward_geometry(const graph::Attributes& a) {
  return {graph::conv_layout(a.conv_layout),
          a.window_strides,
          a.lhs_dilation,
          a.rhs_dilation,
          a.padding,
          a.feature_group_count};
}

ConvGeometry dlhs_geometry(const ConvGeometry& f, const Shape& lhs, const Shape& rhs,
                           const Shape& out) {
  ConvGeometry g{{f.layout.out, f.layout.rhs.swapped(), f.layout.lhs},
                 f.lhs_dilation,
                 f.strides,
                 f.rhs_dilation,
                 {},
                 1};
  const Shape l = spatial(lhs, f.layout.lhs);
  const Shape r = spatial(rhs, f.layout.rhs);
  const Shape o = spatial(out, f.layout.out);
  for (std::size_t i = 0; i < l.size(); ++i) {
    const std::int64_t before = dilated(r[i], f.rhs_dilation[i]) - f.padding[i].first - 1;
    const std::int64_t after = dilated(l[i], f.lhs_dilation[i]) + dilated(r[i], f.rhs_dilation[i]) -
                               1 - dilated(o[i], f.strides[i]) - before;
    g.padding.emplace_back(before, after);
  }
  return g;
}

ConvGeometry drhs_geometry(const ConvGeometry& f, const Shape& lhs, const Shape& rhs,
                           const Shape& out) {
  ConvGeometry g{{f.layout.lhs.swapped(), f.layout.out.swapped(), f.layout.rhs.swapped()},
                 f.rhs_dilation,
                 f.lhs_dilation,
                 f.strides,
                 {},
                 1};
  const Shape l = spatial(lhs, f.layout.lhs);
  const Shape r = spatial(rhs, f.layout.rhs);
  const Shape o = spatial(out, f.layout.out);
  for (std::size_t i = 0; i < l.size(); ++i) {
    const std::int64_t low = f.padding[i].first;
    const std::int64_t high = dilated(o[i], f.strides[i]) - dilated(l[i], f.lhs_dilation[i]) +
                              dilated(r[i], f.rhs_dilation[i]) - low - 1;
    g.padding.emplace_back(low, high);
  }
  return g;
}

ProductResult convolve(const Operand& lhs, const Operand& rhs, const ConvGeometry& g,
                       const Policy& policy, Engine& engine) {
  const auto raw_float = [](const Operand& x) {
    return !x.q && numerics::is_arithmetic_float(x.raw.dtype());
  };
  if (raw_float(lhs) || raw_float(rhs)) {
    const Tensor a = lhs.q ? quant::dequantize(*lhs.q, policy) : lhs.raw;
    const Tensor b = rhs.q ? quant::dequantize(*rhs.q, policy) : rhs.raw;
    return {
        std::nullopt,
        float_convolution(a, b, g, graph::float_contraction_dtype(a.dtype(), b.dtype()), policy)};
  }
  const auto type = [](const Operand& x) {
    if (x.q) return x.q->scale.dtype();
    return numerics::is_float(x.raw.dtype()) ? DType::kBF16 : DType::kS32;
  };
  const DType result = numerics::promote(type(lhs), type(rhs));
  ProductResult out;
  Tensor values;
  if (!numerics::is_float(lhs.values().dtype()) && !numerics::is_float(rhs.values().dtype())) {
    values = code_convolution(lhs.values(), rhs.values(), g, engine);
    out.acc = values;
    if (lhs.q && lhs.q->zero_point) {
      const Tensor correction =
          zero_point_convolution(*lhs.q->zero_point, lhs.shape(), rhs.values(), g);
      const auto minus = correction.data<std::int32_t>();
      const auto target = values.mutable_data<std::int32_t>();
      for (std::size_t i = 0; i < target.size(); ++i) {
        target[i] = numerics::wrap_sub(target[i], minus[i]);
      }
    }
  } else {
    values = float_convolution(lhs.values(), rhs.values(), g, result, policy);
  }
  std::optional<OutputScale> left;
  std::optional<OutputScale> right;
  const Shape& shape = values.shape();
  if (lhs.q) left = scale_along(lhs.q->scale, g.layout.lhs.first, g.layout.out.first, shape);
  if (rhs.q) right = scale_along(rhs.q->scale, g.layout.rhs.first, g.layout.out.second, shape);
  values = apply_scales(values, left, right, policy);
  out.out = numerics::is_float(result) ? convert_float(values, result) : values;
  return out;
}

Tensor reverse_spatial(const Tensor& x, const Axes& axes) {
  const std::vector<std::int64_t> strides = tensor::row_major_strides(x.shape());
  Tensor out(x.dtype(), x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::vector<std::int64_t> index = tensor::unravel(i, x.shape());
    std::int64_t from = i;
    for (const std::int64_t axis : axes) {
      const auto a = static_cast<std::size_t>(axis);
      from += (x.dim(axis) - 1 - 2 * index[a]) * strides[a];
    }
    out.set_bits(i, x.bits(from));
  }
  return out;
}

std::string undefined_conv_order(const ConvGeometry& g, const Shape& lhs, const Shape& rhs,
                                 DType accumulate, const Policy& policy) {
  if (accumulate == DType::kF64) return "an f64 convolution";
  const ConvSizes s = sizes_of(g, lhs, rhs);
  const std::int64_t rows = s.batch * count(s.out);
  const bool transposed = is_transposed_route(g);
  const std::int64_t k = (transposed ? 1 : count(s.kernel)) * s.ci;
  if (k <= 1) return "";
  if (is_exchanged(g, s, policy)) return "";
  if (transposed && s.co == 1) return "a transposed convolution to one feature";
  if (is_plain_product(g, s, policy)) {
    return undefined_order(matrix_view({{1}, {0}, {}, {}}, {rows, k}, {k, s.co}), accumulate,
                           policy);
  }
  if (s.co == 1 && rows >= 4) {
    return k > 320 ? "a long convolution to one output feature" : "";
  }
  const bool tiny = (rows < 4 && s.co < 4) || rows == 1;
  if (k > 320 && policy.dot_block == 0 && !tiny) {
    return fmt::format("K = {} > 320 and no dot_block is stated", k);
  }
  return "";
}

}  // namespace mxcheck::exec
