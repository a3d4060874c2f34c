// DOT: the fast path with its zero-point corrections, scales and tile sums, and the slow path.
#include "sim/exec/contraction.h"

#include <algorithm>

#include "sim/exec/faulty_scales.h"
#include "sim/exec/float_dot.h"
#include "sim/graph/planner.h"
#include "sim/graph/product.h"
#include "sim/numerics/rounding.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::exec {
namespace {

using fault::Kind;
using graph::Axes;
using graph::DotDimensionNumbers;
using numerics::DType;
using tensor::Shape;
using Tiles = std::vector<std::pair<std::int64_t, std::int64_t>>;  // (axis, tile)

std::int64_t tile_of(const Tiles& tiles, std::int64_t axis) {
  for (const auto& [tiled, tile] : tiles) {
    if (tiled == axis) return tile;
  }
  return 0;
}

// The contracting axes to split, with one tile size for both sides (DOT-3).
void common_tiles(const Operand& lhs, const Operand& rhs, const DotDimensionNumbers& dot,
                  Tiles& lhs_tiles, Tiles& rhs_tiles) {
  const auto own = [](const Operand& x) {
    return x.q ? graph::tiled_axes(x.shape(), x.q->scale.shape()) : Tiles{};
  };
  const Tiles lhs_own = own(lhs);
  const Tiles rhs_own = own(rhs);
  for (std::size_t i = 0; i < dot.lhs_contract.size(); ++i) {
    const std::int64_t l = dot.lhs_contract[i];
    const std::int64_t r = dot.rhs_contract[i];
    const std::int64_t tile = std::max(tile_of(lhs_own, l), tile_of(rhs_own, r));
    if (tile == 0) continue;
    lhs_tiles.emplace_back(l, tile);
    rhs_tiles.emplace_back(r, tile);
  }
}

// Every tiled axis becomes (count, size); with size 1 for scales and zero points.
Shape split_shape(const Shape& shape, const Tiles& tiles, bool is_scale) {
  Shape out;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t tile = tile_of(tiles, static_cast<std::int64_t>(axis));
    if (tile == 0) {
      out.push_back(shape[axis]);
    } else {
      const std::int64_t size = is_scale ? 1 : tile;
      out.push_back(shape[axis] / size);
      out.push_back(size);
    }
  }
  return out;
}

// The dimension numbers of one side after the split: the sizes stay contracted, the counts go to
// the end of the batch axes in the order of the contracting axes.
void split_axes(const Tiles& tiles, Axes& contract, Axes& batch) {
  const auto shifted = [&](std::int64_t axis, bool past_count) {
    std::int64_t shift = 0;
    for (const auto& [tiled, tile] : tiles) {
      if (tiled < axis || (past_count && tiled == axis)) ++shift;
    }
    return axis + shift;
  };
  Axes new_batch;
  for (const std::int64_t axis : batch) new_batch.push_back(shifted(axis, false));
  for (const std::int64_t axis : contract) {
    if (tile_of(tiles, axis) != 0) new_batch.push_back(shifted(axis, false));
  }
  for (std::int64_t& axis : contract) axis = shifted(axis, true);
  batch = std::move(new_batch);
}

// A fast-path operand in matrix form.
struct Side {
  Tensor codes;                      // [b, m, k] or [b, k, n]
  std::optional<OutputScale> scale;  // in the output's layout
  std::optional<OutputScale> zero_point;
};

Shape pick(const Shape& shape, const Axes& axes) {
  Shape out;
  for (const std::int64_t axis : axes) out.push_back(shape[static_cast<std::size_t>(axis)]);
  return out;
}

// Where each output element finds the scale of this side: batch axes, then this side's remaining
// axes, the other side's broadcast.
OutputScale output_scale(const Tensor& scale, const Shape& split, const Axes& batch,
                         const Axes& rest, std::size_t rest_before, std::size_t rest_after) {
  const Tensor shaped = scale.reshaped(split);
  Axes kept = batch;
  kept.insert(kept.end(), rest.begin(), rest.end());
  Axes permutation = kept;
  for (const std::int64_t axis : graph::remaining_axes(split.size(), kept, {})) {
    permutation.push_back(axis);  // contracting axes: one scale each here
  }
  const Tensor moved = tensor::transpose(shaped, permutation);
  Shape aligned = pick(split, batch);
  aligned.insert(aligned.end(), rest_before, 1);
  for (const std::int64_t dim : pick(split, rest)) aligned.push_back(dim);
  aligned.insert(aligned.end(), rest_after, 1);
  return {moved.reshaped(aligned), {}};
}

// res -= sum over k of (zero point of one side) x (codes of the other): the sum of codes times the
// zero point, modulo 2^32 as the products themselves (DOT-4).
void subtract_zero_point(Tensor& res, const OutputScale& zero_point, const Tensor& other,
                         bool other_is_rhs, std::int64_t m, std::int64_t n, const Policy& policy) {
  if (policy.faults.has(Kind::zero_point_correction_omitted)) return;
  const std::int32_t sign = policy.faults.has(Kind::zero_point_correction_added) ? -1 : 1;
  const std::int64_t batch = other.dim(0);
  const std::int64_t k = other.dim(other_is_rhs ? 1 : 2);
  const std::int64_t lines = other_is_rhs ? n : m;
  std::vector<std::int32_t> sums(static_cast<std::size_t>(batch * lines), 0);
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t i = 0; i < k; ++i) {
      for (std::int64_t j = 0; j < lines; ++j) {
        const std::int64_t at = other_is_rhs ? (b * k + i) * n + j : (b * m + j) * k + i;
        std::int32_t& sum = sums[static_cast<std::size_t>(b * lines + j)];
        sum = numerics::wrap_add(sum, static_cast<std::int32_t>(other.load_int(at)));
      }
    }
  }
  const std::vector<std::int64_t> positions = zero_point.positions(res.shape());
  const auto values = res.mutable_data<std::int32_t>();
  for (std::size_t p = 0; p < values.size(); ++p) {
    const auto position = static_cast<std::int64_t>(p);
    const std::int64_t b = position / (m * n);
    const std::int64_t line = other_is_rhs ? position % n : position / n % m;
    const auto z = sign * static_cast<std::int32_t>(zero_point.values.load_int(positions[p]));
    const std::int32_t correction =
        numerics::wrap_mul(z, sums[static_cast<std::size_t>(b * lines + line)]);
    values[p] = numerics::wrap_sub(values[p], correction);
  }
}

// s32 values as A: through f32, as the backend converts.
template <typename A>
std::vector<typename A::Value> as_values(const Tensor& x) {
  auto values = tensor::load_any<typename A::Value>(x);
  for (auto& v : values) v = A::round(v);
  return values;
}

// Sum over the tile axes: bf16 and f16 accumulate in f32 and round once (DOT-6).
Tensor sum_tiles(const Tensor& x, std::size_t first_axis, std::size_t count, const Policy& policy) {
  Axes axes;
  for (std::size_t i = 0; i < count; ++i) axes.push_back(static_cast<std::int64_t>(first_axis + i));
  const Shape shape = tensor::reduced_shape(x.shape(), axes, false);
  return numerics::dispatch(x.dtype(), [&](auto arithmetic) {
    using A = decltype(arithmetic);
    using Sum = std::conditional_t<std::is_same_v<typename A::Value, double>,
                                   numerics::ArithmeticF64, numerics::ArithmeticF32>;
    auto values = tensor::load<A>(x);
    if (policy.faults.has(Kind::tile_sum_descending)) std::reverse(values.begin(), values.end());
    const auto add = policy.faults.has(Kind::tile_sum_narrow) ? tensor::rounded_add<A>
                                                              : tensor::rounded_add<Sum>;
    auto sums = tensor::reduce_sum(values, x.shape(), axes, policy.reduce_order, add);
    if (policy.faults.has(Kind::tile_sum_descending)) std::reverse(sums.begin(), sums.end());
    return tensor::store<A>(sums, shape);
  });
}

// An operand's zero points, one per element of its (split) shape.
Tensor broadcast_zero_point(const quant::Quantized& q, const Shape& split) {
  const std::vector<std::int64_t> map = quant::scale_map(q.qvalue.shape(), q.zero_point->shape());
  Tensor out(q.zero_point->dtype(), q.qvalue.shape());
  for (std::size_t i = 0; i < map.size(); ++i) {
    out.set_bits(static_cast<std::int64_t>(i), q.zero_point->bits(map[i]));
  }
  return out.reshaped(split);
}

// a - b, rounded in their dtype.
Tensor subtract(const Tensor& a, const Tensor& b, const Policy& policy) {
  return numerics::dispatch(a.dtype(), policy, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    auto x = tensor::load<A>(a);
    const auto y = tensor::load<A>(b);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = A::round(x[i] - y[i]);
    return tensor::store<A>(x, a.shape());
  });
}

Side make_side(const Operand& x, const Tiles& tiles, const Axes& batch, const Axes& contract,
               const Axes& rest, bool is_lhs, std::size_t other_rest) {
  const Shape split = split_shape(x.shape(), tiles, false);
  Axes permutation = batch;
  const Axes& second = is_lhs ? rest : contract;
  const Axes& third = is_lhs ? contract : rest;
  permutation.insert(permutation.end(), second.begin(), second.end());
  permutation.insert(permutation.end(), third.begin(), third.end());
  const auto size_of = [&](const Axes& axes) { return *tensor::element_count(pick(split, axes)); };
  Side side;
  side.codes = tensor::transpose(x.values().reshaped(split), permutation)
                   .reshaped({size_of(batch), size_of(second), size_of(third)});
  if (!x.q) return side;
  const Shape scale_split = split_shape(x.q->scale.shape(), tiles, true);
  const std::size_t before = is_lhs ? 0 : other_rest;
  const std::size_t after = is_lhs ? other_rest : 0;
  side.scale = output_scale(x.q->scale, scale_split, batch, rest, before, after);
  if (x.q->zero_point) {
    side.zero_point = output_scale(*x.q->zero_point, scale_split, batch, rest, before, after);
  }
  return side;
}

ProductResult contract_fast(const Operand& lhs, const Operand& rhs, DotDimensionNumbers dot,
                            const Policy& policy, Engine& engine) {
  Tiles lhs_tiles;
  Tiles rhs_tiles;
  common_tiles(lhs, rhs, dot, lhs_tiles, rhs_tiles);
  const std::size_t first_tile_axis = dot.lhs_batch.size();
  split_axes(lhs_tiles, dot.lhs_contract, dot.lhs_batch);
  split_axes(rhs_tiles, dot.rhs_contract, dot.rhs_batch);
  const Shape lhs_split = split_shape(lhs.shape(), lhs_tiles, false);
  const Shape rhs_split = split_shape(rhs.shape(), rhs_tiles, false);
  const Axes lhs_rest = graph::remaining_axes(lhs_split.size(), dot.lhs_contract, dot.lhs_batch);
  const Axes rhs_rest = graph::remaining_axes(rhs_split.size(), dot.rhs_contract, dot.rhs_batch);
  const Shape out_shape = product_shape(dot, lhs_split, rhs_split);
  const Side a =
      make_side(lhs, lhs_tiles, dot.lhs_batch, dot.lhs_contract, lhs_rest, true, rhs_rest.size());
  const Side b =
      make_side(rhs, rhs_tiles, dot.rhs_batch, dot.rhs_contract, rhs_rest, false, lhs_rest.size());

  const DType result = graph::fast_product_dtype(lhs.dequantized_dtype(), rhs.dequantized_dtype());
  const bool integers =
      !numerics::is_float(lhs.values().dtype()) && !numerics::is_float(rhs.values().dtype());
  ProductResult out;
  Tensor values;
  if (integers) {
    values = engine.multiply(a.codes, b.codes).reshaped(out_shape);
    out.acc = values;
    const std::int64_t m = a.codes.dim(1);
    const std::int64_t n = b.codes.dim(2);
    if (a.zero_point) subtract_zero_point(values, *a.zero_point, b.codes, true, m, n, policy);
    if (b.zero_point) subtract_zero_point(values, *b.zero_point, a.codes, false, m, n, policy);
  } else {
    const Tensor left = lhs.values().reshaped(lhs_split);
    const Tensor right = rhs.values().reshaped(rhs_split);
    values = float_dot(left, right, dot, result, policy);
    if (lhs.q && lhs.q->zero_point) {
      const Tensor z = broadcast_zero_point(*lhs.q, lhs_split);
      values = subtract(values, float_dot(z, right, dot, result, policy), policy);
    }
    if (rhs.q && rhs.q->zero_point) {
      const Tensor z = broadcast_zero_point(*rhs.q, rhs_split);
      values = subtract(values, float_dot(left, z, dot, result, policy), policy);
    }
  }
  values = apply_scales(values, a.scale, b.scale, policy, vector_isa(engine));
  if (!lhs_tiles.empty()) values = sum_tiles(values, first_tile_axis, lhs_tiles.size(), policy);
  out.out = values.dtype() == result || !numerics::is_float(result) ? values
                                                                    : convert_float(values, result);
  return out;
}

}  // namespace

Tensor convert_float(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return numerics::dispatch(dtype, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    return tensor::store<A>(tensor::load_any<typename A::Value>(x), x.shape());
  });
}

Tensor multiply_by_scale(const Tensor& values, const OutputScale& scale, const Policy& policy,
                         VectorIsa isa) {
  const DType dtype = numerics::promote(values.dtype(), scale.values.dtype());
  if (isa && scale.map.empty()) {
    const Tensor factor = convert_float(scale.values, dtype);
    const bool sums = values.dtype() == DType::kS32;
    const auto product = sums ? fast::scale_product(values, &factor, nullptr, policy, *isa)
                              : fast::multiply(convert_float(values, dtype), factor, policy, *isa);
    if (product) return *product;
  }
  const std::vector<std::int64_t> positions = scale.positions(values.shape());
  return numerics::dispatch(dtype, policy, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    auto out = as_values<A>(values);
    const auto scales = as_values<A>(scale.values);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = A::round(out[i] * scales[static_cast<std::size_t>(positions[i])]);
    }
    return tensor::store<A>(out, values.shape());
  });
}

OutputScale combined_scale(const OutputScale& lhs, const OutputScale& rhs, const Shape& shape) {
  const DType dtype = numerics::promote(lhs.values.dtype(), rhs.values.dtype());
  OutputScale combined{Tensor(dtype, shape), {}};
  const std::vector<std::int64_t> left = lhs.positions(shape), right = rhs.positions(shape);
  for (std::size_t i = 0; i < left.size(); ++i) {
    combined.values.store(static_cast<std::int64_t>(i),
                          lhs.values.load(left[i]) * rhs.values.load(right[i]));
  }
  return combined;
}

std::vector<std::int64_t> OutputScale::positions(const Shape& shape) const {
  return map.empty() ? quant::scale_map(shape, values.shape()) : map;
}

Tensor apply_scales(const Tensor& values, const std::optional<OutputScale>& lhs,
                    const std::optional<OutputScale>& rhs, const Policy& policy, VectorIsa isa) {
  if (!policy.faults.empty()) return apply_scales_faultily(values, lhs, rhs, policy);
  if (lhs && rhs && policy.scale_order == Policy::ScaleOrder::kCombined) {
    return multiply_by_scale(values, combined_scale(*lhs, *rhs, values.shape()), policy);
  }
  if (isa && lhs && rhs && lhs->map.empty() && rhs->map.empty()) {
    if (auto out = fast::scale_product(values, &lhs->values, &rhs->values, policy, *isa))
      return *out;
  }
  Tensor out = values;
  if (lhs) out = multiply_by_scale(out, *lhs, policy, isa);
  if (rhs) out = multiply_by_scale(out, *rhs, policy, isa);
  return out;
}

ProductResult contract(const Operand& lhs, const Operand& rhs, const DotDimensionNumbers& dot,
                       graph::Path path, const Policy& policy, Engine& engine) {
  if (path == graph::Path::kFast && !policy.faults.has(Kind::dequantized_first)) {
    return contract_fast(lhs, rhs, dot, policy, engine);
  }
  const VectorIsa isa = vector_isa(engine);
  const Tensor a = lhs.q ? dequantize(*lhs.q, policy, isa) : lhs.raw;
  const Tensor b = rhs.q ? dequantize(*rhs.q, policy, isa) : rhs.raw;
  const DType result = graph::float_contraction_dtype(a.dtype(), b.dtype());
  return {std::nullopt, float_dot(a, b, dot, result, policy, isa)};
}

}  // namespace mxcheck::exec
