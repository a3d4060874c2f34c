// Array<A>: a tensor unpacked into the values its dtype computes in, and the primitives every float
// op is written with. Each primitive rounds once to A, as one program of the norm does (FLT-6); so
// an op reads like its formula. Broadcasting is numpy's.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "sim/exec/float_ops.h"
#include "sim/numerics/arithmetic.h"
#include "sim/numerics/flush.h"
#include "sim/numerics/functions.h"
#include "sim/tensor/array.h"

namespace mxcheck::exec {

template <typename A>
struct Array {
  using Arithmetic = A;
  using Value = typename A::Value;
  Shape shape;
  std::vector<Value> values;

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }
  [[nodiscard]] std::int64_t rank() const { return static_cast<std::int64_t>(shape.size()); }
};

template <typename A>
[[nodiscard]] Array<A> read(const Tensor& x) {
  return {x.shape(), tensor::load<A>(x.dtype() == A::kDType ? x : converted(x, A::kDType))};
}

template <typename A>
[[nodiscard]] Tensor write(const Array<A>& x) {
  return tensor::store<A>(x.values, x.shape);
}

// A constant as an element of A's dtype, also where intermediates are kept wide.
template <typename A>
[[nodiscard]] typename A::Value constant(double value) {
  return A::load(A::store(static_cast<typename A::Value>(value)));
}

[[nodiscard]] Shape broadcast_shape(const Shape& a, const Shape& b);
// Row-major strides of `shape` seen as an array of shape `out`: 0 where it is repeated.
[[nodiscard]] std::vector<std::int64_t> broadcast_strides(const Shape& shape, const Shape& out);

// Walks the rows (last axis) of `shape`: row(first element, offset of operand a, of operand b).
template <typename Row>
void for_each_row(const Shape& shape, const std::vector<std::int64_t>& a_strides,
                  const std::vector<std::int64_t>& b_strides, Row row) {
  const std::size_t rows_rank = shape.size() - 1;
  const std::int64_t length = shape.back();
  const std::int64_t total = *tensor::element_count(shape);
  std::vector<std::int64_t> index(rows_rank, 0);
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (std::int64_t first = 0; first < total; first += length) {
    row(first, a, b);
    for (std::size_t axis = rows_rank; axis-- > 0;) {
      a += a_strides[axis];
      b += b_strides[axis];
      if (++index[axis] < shape[axis]) break;
      a -= a_strides[axis] * shape[axis];
      b -= b_strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

// f of every element, rounded.
template <typename A, typename F>
[[nodiscard]] Array<A> map(Array<A> x, F f) {
  for (auto& v : x.values) v = A::round(f(v));
  return x;
}

// f of every pair, rounded; broadcasting.
template <typename A, typename F>
[[nodiscard]] Array<A> zip(const Array<A>& a, const Array<A>& b, F f) {
  Array<A> out;
  if (a.shape == b.shape) {
    out.shape = a.shape;
    out.values.resize(a.values.size());
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      out.values[i] = A::round(f(a.values[i], b.values[i]));
    }
    return out;
  }
  out.shape = broadcast_shape(a.shape, b.shape);
  out.values.resize(static_cast<std::size_t>(*tensor::element_count(out.shape)));
  const std::vector<std::int64_t> a_strides = broadcast_strides(a.shape, out.shape);
  const std::vector<std::int64_t> b_strides = broadcast_strides(b.shape, out.shape);
  for_each_row(out.shape, a_strides, b_strides,
               [&](std::int64_t first, std::int64_t a_first, std::int64_t b_first) {
                 const auto* pa = a.values.data() + a_first;
                 const auto* pb = b.values.data() + b_first;
                 auto* target = out.values.data() + first;
                 for (std::int64_t i = 0; i < out.shape.back(); ++i) {
                   target[i] = A::round(f(pa[i * a_strides.back()], pb[i * b_strides.back()]));
                 }
               });
  return out;
}

template <typename A>
[[nodiscard]] Array<A> add(const Array<A>& a, const Array<A>& b) {
  return zip(a, b, [](auto x, auto y) { return x + y; });
}
template <typename A>
[[nodiscard]] Array<A> sub(const Array<A>& a, const Array<A>& b) {
  return zip(a, b, [](auto x, auto y) { return x - y; });
}
template <typename A>
[[nodiscard]] Array<A> mul(const Array<A>& a, const Array<A>& b) {
  return zip(a, b, [](auto x, auto y) { return x * y; });
}
// x / y by true division, whatever the policy (see divide() for the op).
template <typename A>
[[nodiscard]] Array<A> true_div(const Array<A>& a, const Array<A>& b) {
  return zip(a, b, [](auto x, auto y) { return x / y; });
}
template <typename A>
[[nodiscard]] Array<A> scaled(const Array<A>& x, double c) {
  return map(x, [k = constant<A>(c)](auto v) { return k * v; });
}
template <typename A>
[[nodiscard]] Array<A> plus(const Array<A>& x, double c) {
  return map(x, [k = constant<A>(c)](auto v) { return v + k; });
}
// c - x
template <typename A>
[[nodiscard]] Array<A> minus_from(double c, const Array<A>& x) {
  return map(x, [k = constant<A>(c)](auto v) { return k - v; });
}
template <typename A>
[[nodiscard]] Array<A> neg(const Array<A>& x) {
  return map(x, [](auto v) { return -v; });  // a sign bit: subnormals keep theirs
}

// The larger; NaN wins, +0 is above -0, subnormals are zeros.
template <typename V>
[[nodiscard]] V maximum(V a, V b) {
  a = numerics::flushed(a);
  b = numerics::flushed(b);
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<V>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
template <typename V>
[[nodiscard]] V minimum(V a, V b) {
  return -maximum(-a, -b);
}

// A function of f32 arrays applied to every element, rounded once; f64 takes the plain one.
using ArrayFunction = void (*)(const float*, float*, std::size_t);
template <typename A>
[[nodiscard]] Array<A> apply(Array<A> x, ArrayFunction f32, double (*f64)(double)) {
  if constexpr (A::kDType == DType::kF64) {
    for (double& v : x.values) v = f64(v);
  } else {
    f32(x.values.data(), x.values.data(), x.values.size());
    if constexpr (A::kDType != DType::kF32) {
      for (float& v : x.values) v = A::round(v);
    }
  }
  return x;
}
template <typename A>
[[nodiscard]] Array<A> exp(const Array<A>& x) {
  Array<A> y = apply(x, numerics::exp_f32, std::exp);
  for (std::size_t i = y.values.size() - library_tail(x.shape, A::kDType); i < y.values.size();
       ++i) {
    y.values[i] = std::exp(x.values[i]);
  }
  return y;
}
template <typename A>
[[nodiscard]] Array<A> log(const Array<A>& x) {
  Array<A> y = apply(x, numerics::log_f32, std::log);
  for (std::size_t i = y.values.size() - library_tail(x.shape, A::kDType); i < y.values.size();
       ++i) {
    y.values[i] = std::log(x.values[i]);
  }
  return y;
}
template <typename A>
[[nodiscard]] Array<A> tanh(const Array<A>& x) {
  return apply(x, numerics::tanh_f32, std::tanh);
}
template <typename A>
[[nodiscard]] Array<A> erfc(const Array<A>& x) {
  return apply(x, numerics::erfc_f32, std::erfc);
}
template <typename A>
[[nodiscard]] Array<A> sqrt(const Array<A>& x) {
  return map(x, [](auto v) { return std::sqrt(v); });
}
template <typename A>
[[nodiscard]] Array<A> rsqrt(const Array<A>& x) {  // FLT-5; one rounding to a narrow dtype
  return map(x, [](auto v) { return 1 / std::sqrt(v); });
}
template <typename A>
[[nodiscard]] Array<A> logistic(const Array<A>& x) {  // FLT-5; each step rounded
  const Array<A> powers = apply(neg(x), numerics::exp_f32, std::exp);
  return map(plus(powers, 1), [](auto v) { return 1 / v; });
}

// Runs f with the arithmetic of `dtype` under the policy.
template <typename F>
decltype(auto) with_arithmetic(DType dtype, const Policy& policy, F&& f) {
  return numerics::dispatch(dtype, policy, std::forward<F>(f));
}

// A contribution to argument `arg` of its own dtype.
template <typename A>
[[nodiscard]] Contribution contribution(const OpInputs& in, std::size_t arg, const Array<A>& x) {
  return {arg, converted(write(x), in.arg(arg).dtype())};
}
[[nodiscard]] inline bool is_differentiable(const OpInputs& in, std::size_t arg) {
  return numerics::is_float(in.arg(arg).dtype());
}

}  // namespace mxcheck::exec
