// Tensors as vectors of the values their dtype computes in, and back. The bridge between stored
// bits and the arithmetic types of sim/numerics/arithmetic.h.
#pragma once

#include <vector>

#include "sim/numerics/arithmetic.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::tensor {

// x must have the dtype of A.
template <typename A>
[[nodiscard]] std::vector<typename A::Value> load(const Tensor& x) {
  const auto stored = x.data<typename A::Storage>();
  std::vector<typename A::Value> out(stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) out[i] = A::load(stored[i]);
  return out;
}

template <typename A>
[[nodiscard]] Tensor store(const std::vector<typename A::Value>& values, Shape shape) {
  Tensor out(A::kDType, std::move(shape));
  const auto target = out.mutable_data<typename A::Storage>();
  MXCHECK_CHECK(target.size() == values.size(), to_string(out.shape()));
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = A::store(values[i]);
  return out;
}

// Any float or integer tensor as f32 or f64 values (integers rounded once, RNE).
template <typename Value>
[[nodiscard]] std::vector<Value> load_any(const Tensor& x) {
  const auto n = static_cast<std::size_t>(x.size());
  std::vector<Value> out(n);
  if (numerics::is_float(x.dtype())) {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = static_cast<Value>(x.load(static_cast<std::int64_t>(i)));
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = static_cast<Value>(x.load_int(static_cast<std::int64_t>(i)));
    }
  }
  return out;
}

}  // namespace mxcheck::tensor
