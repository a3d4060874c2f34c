// The float and layout ops, one pair of functions per line of ops.def (FLT, POL-9, BWD-10), and the
// dtype conversions they share. sim/exec/op.h states the contract; float_op_table.cpp binds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/exec/op.h"

namespace mxcheck::exec {

#define MXCHECK_DECLARE_kQuantizable(id)
#define MXCHECK_DECLARE_kFloat(id)                                                      \
  [[nodiscard]] Tensor forward_##id(const OpInputs& in);                                \
  [[nodiscard]] std::vector<Contribution> vjp_##id(const OpInputs& in, const Tensor& y, \
                                                   const Tensor& g);
#define MXCHECK_DECLARE_kLayout(id) MXCHECK_DECLARE_kFloat(id)
#define MXCHECK_OP(id, arguments, kind, shape_rule, attributes) MXCHECK_DECLARE_##kind(id)
#include "sim/graph/ops.def"
#undef MXCHECK_OP
#undef MXCHECK_DECLARE_kQuantizable
#undef MXCHECK_DECLARE_kFloat
#undef MXCHECK_DECLARE_kLayout

// x in another dtype: float to float rounds once (RNE), float to integer truncates and saturates
// (NaN to 0), integer to integer wraps, anything to pred is != 0.
[[nodiscard]] Tensor converted(const Tensor& x, DType dtype);

// Integer elements, and their return to a dtype with wrap-around.
[[nodiscard]] std::vector<std::int64_t> integers(const Tensor& x);
[[nodiscard]] Tensor wrapped(const std::vector<std::int64_t>& values, DType dtype, Shape shape);

// An axis counted from the end if negative.
[[nodiscard]] inline std::int64_t normal_axis(std::int64_t axis, std::int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

// Does the norm's compiler sum this avg_pool (or its gradient) in an order that depends on the
// vectors of the host?  The recording host's order is the one computed.
[[nodiscard]] bool host_dependent_avg_pool(const graph::ValueType& x, const graph::Node& node);

// The elements at the end of a short vector that the norm's compiler, unrolling the loop, leaves to
// the C library's exp or log instead of the sequence of sim/numerics/functions.h: the last 3, 5, 6
// or 7 of a rank-1 f32 array of fewer than 16. Other functions are not affected.
[[nodiscard]] std::size_t library_tail(const Shape& shape, DType dtype);

}  // namespace mxcheck::exec
