// Error bounds of float computations whose order or implementation is left open: what two honest
// implementations may differ by, per element, from a stated formula and nothing else.
//
// Labels: BND-1 (contractions in any order, fused or not), BND-2 (sums), BND-6 (functions). Every
// bound is against the exact mathematical value of the given operands; two computations differ by
// at most two_sided(bound) (judge.h). README.md derives the formulas.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "golden/reference/contraction.h"
#include "golden/reference/float_model.h"
#include "golden/reference/judge.h"
#include "sim/graph/graph.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

// BND-1: gamma_K * sum |a_k b_k|, products and sums in f32 (f64 for f64 results), one more rounding
// where the result is narrower, underflow terms. Operands are floats or raw codes.
[[nodiscard]] Bound float_contraction_bound(const Contraction& contraction, const Tensor& lhs,
                                            const Tensor& rhs, DType result);
[[nodiscard]] Bound dot_bound(const graph::DotDimensionNumbers& dims, const Tensor& lhs,
                              const Tensor& rhs, DType result);

enum class Reduction { kSum, kMean, kMax };
// BND-2: gamma_(n-1) * sum |x|; a mean divides (or multiplies by the rounded reciprocal) once more;
// a maximum is exact. One element per result element in row-major order; keepdims plays no part.
// bf16 and f16 may be summed in f32 and rounded once or in the dtype at every step: the second is
// allowed with `sum_in_dtype`.
struct ReduceOptions {
  Reduction reduction = Reduction::kSum;
  graph::Axes axes;
  bool sum_in_dtype = false;
};
[[nodiscard]] Bound reduce_bound(const Tensor& x, const ReduceOptions& options);

// BND-6: k ulp of the correctly rounded value, per function and dtype; nullopt: not in the table.
[[nodiscard]] std::optional<double> function_ulps(std::string_view function, DType dtype);
// One ulp of `value` in the dtype: the spacing of its binade, of the lowest binade below it.
[[nodiscard]] double ulp(DType dtype, double value);
// Bound of y = op(x) element by element: BND-6 for exp log tanh logistic sqrt rsqrt, compositions
// of them for silu and gelu (both forms). `x` is the argument, `y` a computed result, read for its
// size. Checks that the op is one of these.
[[nodiscard]] bool has_function_bound(graph::Op op);
[[nodiscard]] Bound function_bound(const graph::Node& node, const Tensor& x, const Tensor& y);
// softmax and log_softmax along `axis`.
[[nodiscard]] Bound softmax_bound(graph::Op op, std::int64_t axis, const Tensor& x,
                                  const Tensor& y);

}  // namespace mxcheck::reference
