// Sums, means and divisions of Array<A> in the norm's order (POL-3, POL-7, FLT-8), and the way back
// over a broadcast.
//
// Two kinds of sum exist for bf16 and f16. An op's own sum or mean is taken in f32 and rounded
// once; the sums of a backward pass are taken in the dtype itself, each addition rounded.
#pragma once

#include <type_traits>

#include "sim/exec/float_ops_array.h"
#include "sim/quant/division.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::exec {

using graph::Axes;

// The type A computes in: f32 for bf16 and f16.
template <typename A>
using Computing =
    std::conditional_t<A::kDType == DType::kF64, numerics::ArithmeticF64, numerics::ArithmeticF32>;

// Does the backend drop a sum that adds nothing?  One that does not, adds the element to 0, which
// turns -0 and subnormals into +0.
[[nodiscard]] inline bool drops_empty_sums(const Policy& policy) {
  return numerics::simplifies(policy);
}

// Elements that one sum over `axes` of `shape` takes.
[[nodiscard]] inline std::int64_t reduced_count(const Shape& shape, const Axes& axes) {
  std::int64_t count = 1;
  for (const std::int64_t axis : axes) count *= shape[static_cast<std::size_t>(axis)];
  return count;
}

// The sum in A itself, each addition rounded by `add`.
template <typename A>
[[nodiscard]] Array<A> sum_by(const Array<A>& x, const Axes& axes, bool keepdims,
                              const Policy& policy,
                              typename A::Value (*add)(typename A::Value, typename A::Value)) {
  Shape shape = tensor::reduced_shape(x.shape, axes, keepdims);
  const bool nothing = reduced_count(x.shape, axes) == 1;
  if (axes.empty() || (nothing && drops_empty_sums(policy))) return {shape, x.values};
  return {shape, tensor::reduce_sum(x.values, x.shape, axes, policy.reduce_order, add)};
}

// The sum in A itself.
template <typename A>
[[nodiscard]] Array<A> sum(const Array<A>& x, const Axes& axes, bool keepdims,
                           const Policy& policy) {
  return sum_by(x, axes, keepdims, policy, tensor::rounded_add<A>);
}

// The same in the type A computes in, not yet rounded.
template <typename A>
[[nodiscard]] Array<A> wide_sum(const Array<A>& x, const Axes& axes, bool keepdims,
                                const Policy& policy) {
  return sum_by(x, axes, keepdims, policy, tensor::rounded_add<Computing<A>>);
}

// A wide value rounded to A.
template <typename A>
[[nodiscard]] Array<A> rounded(Array<A> x) {
  return map(std::move(x), [](auto v) { return v; });
}

// x / n in the type A computes in, rounded once: f32 for bf16 and f16, divisor included (POL-7).
template <typename A>
[[nodiscard]] Array<A> mean_divided(Array<A> x, std::int64_t n, const Policy& policy) {
  using Wide = Computing<A>;
  const auto count = static_cast<typename A::Value>(n);
  const bool reciprocal = quant::by_reciprocal<Wide>(policy.mean_divide, x.size());
  return map(std::move(x),
             [&](auto v) { return quant::divide_by_constant<Wide>(v, count, reciprocal); });
}

template <typename A>
[[nodiscard]] Array<A> mean(const Array<A>& x, const Axes& axes, bool keepdims,
                            const Policy& policy) {
  return mean_divided(wide_sum(x, axes, keepdims, policy), reduced_count(x.shape, axes), policy);
}

// The largest along the axes, from -infinity. Where the backend drops the maximum of one element,
// its bits are kept.
template <typename A>
[[nodiscard]] Array<A> largest(const Array<A>& x, const Axes& axes, bool keepdims,
                               const Policy& policy) {
  using V = typename A::Value;
  Array<A> out{tensor::reduced_shape(x.shape, axes, keepdims), {}};
  const bool dropped = A::kDType == DType::kBF16 || drops_empty_sums(policy);
  if (reduced_count(x.shape, axes) == 1 && dropped) return {out.shape, x.values};
  out.values.assign(static_cast<std::size_t>(*tensor::element_count(out.shape)),
                    -std::numeric_limits<V>::infinity());
  const std::vector<std::int64_t> map = tensor::reduction_map(x.shape, axes);
  for (std::size_t i = 0; i < map.size(); ++i) {
    V& top = out.values[static_cast<std::size_t>(map[i])];
    top = maximum(top, x.values[i]);
  }
  return out;
}

template <typename A>
[[nodiscard]] Array<A> broadcast(const Array<A>& x, const Shape& shape) {
  if (x.shape == shape) return x;
  Array<A> out{shape, {}};
  out.values.resize(static_cast<std::size_t>(*tensor::element_count(shape)));
  const std::vector<std::int64_t> strides = broadcast_strides(x.shape, shape);
  for_each_row(shape, strides, strides, [&](std::int64_t first, std::int64_t from, std::int64_t) {
    for (std::int64_t i = 0; i < shape.back(); ++i) {
      out.values[static_cast<std::size_t>(first + i)] =
          x.values[static_cast<std::size_t>(from + i * strides.back())];
    }
  });
  return out;
}

template <typename A>
[[nodiscard]] Array<A> reshaped(Array<A> x, const Shape& shape) {
  x.shape = shape;
  return x;
}

// A sum over axes of one element.
template <typename A>
[[nodiscard]] Array<A> sum_of_one(Array<A> x, const Policy& policy) {
  if (drops_empty_sums(policy)) return x;
  return map(std::move(x), [](auto v) { return 0 + v; });
}

// `shape` with the leading ones that numpy's rule puts before it; a scalar stays a scalar.
[[nodiscard]] Shape padded_shape(const Shape& shape, std::size_t rank);

// The cotangent of an operand of `shape` from the cotangent g of what it was broadcast to, in two
// steps: the sum over its repeated axes (its rank made g's), and the sum over the axes of one
// element that were put before it.
template <typename A>
[[nodiscard]] Array<A> sum_repeated(const Array<A>& g, const Shape& shape, const Policy& policy) {
  const Shape padded = padded_shape(shape, g.shape.size());
  if (padded == g.shape) return g;
  Axes axes;
  for (std::size_t axis = 0; axis < g.shape.size(); ++axis) {
    if (padded.empty() || padded[axis] != g.shape[axis]) {
      axes.push_back(static_cast<std::int64_t>(axis));
    }
  }
  return reshaped(sum(g, axes, true, policy), padded);
}
template <typename A>
[[nodiscard]] Array<A> drop_leading(const Array<A>& g, const Shape& shape, const Policy& policy) {
  return g.shape == shape ? g : reshaped(sum_of_one(g, policy), shape);
}
template <typename A>
[[nodiscard]] Array<A> unbroadcast(const Array<A>& g, const Shape& shape, const Policy& policy) {
  return drop_leading(sum_repeated(g, shape, policy), shape, policy);
}

// a / b. Where the program itself repeats the divisor, a backend that divides by reciprocals takes
// them before repeating (policy knob `quotient`).
template <typename A>
[[nodiscard]] Array<A> divide(const Array<A>& a, const Array<A>& b, const Policy& policy) {
  const Shape out = broadcast_shape(a.shape, b.shape);
  const bool repeated = padded_shape(b.shape, out.size()) != out;
  if (!repeated || !quant::by_reciprocal<A>(policy.quotient, *tensor::element_count(out))) {
    return true_div(a, b);
  }
  return mul(a, map(b, [](auto v) { return 1 / v; }));
}

// x / c for a constant of A's dtype.
template <typename A>
[[nodiscard]] Array<A> divide_constant(Array<A> x, double c, const Policy& policy) {
  const bool reciprocal = quant::by_reciprocal<A>(policy.mean_divide, x.size());
  return map(std::move(x),
             [&](auto v) { return quant::divide_by_constant<A>(v, constant<A>(c), reciprocal); });
}

}  // namespace mxcheck::exec
