// Sums over axes in the norm's order (POL-3).
//
// Up to 32 elements an axis: one chain of additions from 0, the last reduced axis fastest. A longer
// axis is first brought to whole windows of 32 with zeros, the smaller half of them before its
// elements; every window, with all of the short axes, is such a chain, and its sum an element of
// what is summed next in the same way.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/base/check.h"
#include "sim/numerics/policy.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::tensor {

// The shape left when `axes` are reduced to 1 (keepdims) or removed.
[[nodiscard]] Shape reduced_shape(const Shape& shape, const std::vector<std::int64_t>& axes,
                                  bool keepdims);

// For each element of `shape`, the row-major position in the shape with `axes` reduced to 1.
[[nodiscard]] std::vector<std::int64_t> reduction_map(const Shape& shape,
                                                      const std::vector<std::int64_t>& axes);

// Could the order of a sum over these axes depend on the host's vector width?
[[nodiscard]] bool host_dependent(const Shape& shape, const std::vector<std::int64_t>& axes);

using AddF32 = float (*)(float, float);
using AddF64 = double (*)(double, double);

// Sums of x (of `shape`) over `axes`, in reduced_shape order. `add` is the rounded addition of the
// dtype that accumulates.
[[nodiscard]] std::vector<float> reduce_sum(const std::vector<float>& x, const Shape& shape,
                                            const std::vector<std::int64_t>& axes,
                                            numerics::Policy::ReduceOrder order, AddF32 add);
[[nodiscard]] std::vector<double> reduce_sum(const std::vector<double>& x, const Shape& shape,
                                             const std::vector<std::int64_t>& axes,
                                             numerics::Policy::ReduceOrder order, AddF64 add);

// The rounded addition of an arithmetic type.
template <typename A>
[[nodiscard]] typename A::Value rounded_add(typename A::Value a, typename A::Value b) {
  return A::round(a + b);
}

}  // namespace mxcheck::tensor
