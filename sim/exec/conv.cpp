// The geometry of forward and gradient convolutions, and their fast and slow paths (CNV-1, CNV-4).
#include "sim/exec/conv.h"

#include "sim/exec/conv_matrix.h"
#include "sim/graph/product.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::exec {
namespace {

using fault::Kind;
using graph::Axes;
using numerics::DType;

// The convolution as windows on its image; nullopt unless it has two spatial axes, one group and no
// holes in its input.
std::optional<kernels::Convolution2d> windows(const ConvGeometry& g, const ConvSizes& s) {
  const auto two = [](const auto& axis) { return axis.size() == 2; };
  if (g.groups != 1 || !two(s.in) || g.lhs_dilation != Shape{1, 1}) return std::nullopt;
  if (s.batch * count(s.out) * count(s.kernel) * s.ci * s.co == 0) return std::nullopt;
  return kernels::Convolution2d{s.batch,
                                s.in[0],
                                s.in[1],
                                s.ci,
                                s.kernel[0],
                                s.kernel[1],
                                s.out[0],
                                s.out[1],
                                g.strides[0],
                                g.strides[1],
                                g.rhs_dilation[0],
                                g.rhs_dilation[1],
                                g.padding[0].first,
                                g.padding[1].first};
}

Tensor code_convolution(const Tensor& lhs, const Tensor& rhs, const ConvGeometry& g,
                        Engine& engine) {
  const ConvSizes s = sizes_of(g, lhs.shape(), rhs.shape());
  const Tensor x = tensor::transpose(lhs, channels_last(g.layout.lhs));
  const Tensor w = tensor::transpose(rhs, kernel_order(g.layout.rhs));
  const std::int64_t k = count(s.kernel) * s.ci;
  if (const auto shape = windows(g, s)) {
    if (const auto acc = engine.convolve(*shape, x, w.reshaped({k, s.co}))) {
      const Tensor out = acc->reshaped({s.batch, s.out[0], s.out[1], s.co});
      return tensor::transpose(out, inverse_permutation(channels_last(g.layout.out)));
    }
  }
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

// Fault conv_padding_as_zero_point: every output loses the zero point times all codes of its
// feature's kernel, as if there were no padding.
void ignore_padding(Tensor& correction, const Tensor& zero_point, const Tensor& rhs,
                    const ConvGeometry& g) {
  const Shape out = correction.shape();
  const std::int64_t features = rhs.dim(g.layout.rhs.first);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(features), 0);
  for (std::int64_t i = 0; i < rhs.size(); ++i) {
    const auto feature = static_cast<std::size_t>(
        tensor::unravel(i, rhs.shape())[static_cast<std::size_t>(g.layout.rhs.first)]);
    sums[feature] = numerics::wrap_add(sums[feature], static_cast<std::int32_t>(rhs.load_int(i)));
  }
  for (std::int64_t i = 0; i < correction.size(); ++i) {
    const auto index = tensor::unravel(i, out);
    const std::int64_t batch = index[static_cast<std::size_t>(g.layout.out.first)];
    const auto z = static_cast<std::int32_t>(zero_point.load_int(batch % zero_point.size()));
    const auto feature =
        static_cast<std::size_t>(index[static_cast<std::size_t>(g.layout.out.second)]);
    correction.mutable_data<std::int32_t>()[static_cast<std::size_t>(i)] =
        numerics::wrap_mul(z, sums[feature]);
  }
}

OutputScale scale_along(const Tensor& scale, std::int64_t own_axis, std::int64_t out_axis,
                        const Shape& out) {
  Shape aligned(out.size(), 1);
  aligned[static_cast<std::size_t>(out_axis)] = scale.dim(own_axis);
  return {scale.reshaped(aligned), {}};
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
    const VectorIsa isa = vector_isa(engine);
    const Tensor a = lhs.q ? dequantize(*lhs.q, policy, isa) : lhs.raw;
    const Tensor b = rhs.q ? dequantize(*rhs.q, policy, isa) : rhs.raw;
    return {
        std::nullopt,
        float_convolution(a, b, g, graph::float_contraction_dtype(a.dtype(), b.dtype()), policy)};
  }
  const DType result = graph::fast_product_dtype(lhs.dequantized_dtype(), rhs.dequantized_dtype());
  ProductResult out;
  Tensor values;
  if (!numerics::is_float(lhs.values().dtype()) && !numerics::is_float(rhs.values().dtype())) {
    values = code_convolution(lhs.values(), rhs.values(), g, engine);
    out.acc = values;
    const fault::Faults& faults = policy.faults;
    if (lhs.q && lhs.q->zero_point && !faults.has(Kind::zero_point_correction_omitted)) {
      Tensor correction = zero_point_convolution(*lhs.q->zero_point, lhs.shape(), rhs.values(), g);
      if (faults.has(Kind::conv_padding_as_zero_point)) {
        ignore_padding(correction, *lhs.q->zero_point, rhs.values(), g);
      }
      const bool added = faults.has(Kind::zero_point_correction_added);
      const auto minus = correction.data<std::int32_t>();
      const auto target = values.mutable_data<std::int32_t>();
      for (std::size_t i = 0; i < target.size(); ++i) {
        target[i] = added ? numerics::wrap_add(target[i], minus[i])
                          : numerics::wrap_sub(target[i], minus[i]);
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
  values = apply_scales(values, left, right, policy, vector_isa(engine));
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

}  // namespace mxcheck::exec
