// The summation orders of float convolutions: the patch product, the tap-by-tap route of dilated
// inputs, the kernels of one output row or feature, and the simplifier's rewrites (POL-4, POL-6).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/exec/conv_matrix.h"
#include "sim/exec/float_dot.h"
#include "sim/tensor/array.h"

namespace mxcheck::exec {
namespace {

using graph::Axes;
using numerics::DType;

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
  return 0.0f + total;  // the result starts from +0
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

}  // namespace

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
