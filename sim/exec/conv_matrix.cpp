// Sizes and index tables of convolutions seen as matrix products.
#include "sim/exec/conv_matrix.h"

namespace mxcheck::exec {

using graph::Axes;
using graph::ConvSpec;

std::int64_t dilated(std::int64_t size, std::int64_t dilation) {
  return size == 0 ? 0 : (size - 1) * dilation + 1;
}

Shape spatial(const Shape& shape, const ConvSpec& spec) {
  Shape out;
  for (const std::int64_t axis : spec.spatial) out.push_back(shape[static_cast<std::size_t>(axis)]);
  return out;
}

std::int64_t count(const Shape& shape) { return *tensor::element_count(shape); }

Axes inverse_permutation(const Axes& permutation) {
  Axes out(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    out[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return out;
}

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

}  // namespace mxcheck::exec
