// The check `ste`: gradients of a quantized contraction against a straight-through reference
// written from the definition: the gradient of the float contraction with the operand as it was
// (dot_general, einsum: original; convolution, ragged_dot: dequantized), passed where the operand
// lies inside its calibrated range and zero elsewhere.
//
// Labels: BWD-1, BWD-2, BWD-6, BWD-7, CNV-2, BND-1 (QAT), BND-5 (QT). Values are exact; README.md
// derives the bounds.
#pragma once

#include <optional>
#include <vector>

#include "golden/reference/calibration.h"
#include "golden/reference/contraction.h"
#include "golden/reference/judge.h"
#include "golden/reference/quantized_view.h"
#include "sim/graph/plan.h"

namespace mxcheck::reference {

// One gradient, in the operand's own layout.
struct SteGradient {
  Contraction
      contraction;  // dot_dlhs, dot_drhs, conv_dlhs, ...; `g` must be its lhs (swap_operands)
  Tensor g;         // the cotangent of the contraction's result
  QuantizedView residual;  // raw_view(original operand), or the recorded Q
  std::vector<Keep> mask;  // gradient_mask() of the operand; empty: nothing is clipped
  DType result = DType::kF32;
};

// The exact gradient (rounded to f64; zero where it is clipped) and the bound of an honest float
// computation of it.
struct SteExpectation {
  Tensor exact;
  Bound bound;
};
[[nodiscard]] SteExpectation ste_expectation(const SteGradient& gradient);

// The order a float gradient is summed in: sizes of the product brought to [m,k] x [k,n], and
// whether the policy sums ascending by fused multiply-adds (POL-4).
struct FloatOrder {
  std::int64_t m = 1, k = 1, n = 1;
  bool ascending = true;
};
// POL-4: more products are cut in blocks, fewer are one chain.
inline constexpr std::int64_t kOrderedProducts = 320;
// The gradient before it is clipped, in bits: one chain of fused multiply-adds per element over the
// contracted axes from +0, rounded once to the result dtype. nullopt outside that domain (vector
// products, long products, f64, bf16 with f16, convolution and ragged_dot).
[[nodiscard]] std::optional<Tensor> ste_in_order(const SteGradient& gradient,
                                                 const FloatOrder& order);

// A QAT gradient (bwd_qtype none, BWD-6) against the reference. A clipped element must be zero.
[[nodiscard]] Judgement check_ste(const SteGradient& gradient, const Tensor& computed);

// A QT gradient (BWD-3): g quantized, multiplied by the residual's codes with the residual's scale
// folded into g before, or by the residual as a float or as a Q of its own.
struct QtGradient {
  SteGradient ste;             // its residual: what the straight-through gradient multiplies
  QuantizedView g_codes;       // the quantized gradient as recorded
  QuantizedView residual;      // as multiplied: raw_view(codes) where folded
  bool folded = false;         // g * residual scale was quantized; ste.residual has that scale
  std::optional<QType> qtype;  // of g
  bool noise = false;          // stochastic rounding
  graph::Path path = graph::Path::kFast;
};
// BND-5: per element sum (error of a quantized g) * |residual| + sum |g| * |residual change| + the
// rounding of the product (BND-3 or BND-4).
[[nodiscard]] Bound qt_gradient_bound(const QtGradient& gradient);
[[nodiscard]] Judgement check_qt_gradient(const QtGradient& gradient, const Tensor& computed);

// For information: cosine of the angle between two tensors, and 10 log10 of signal over noise.
struct Similarity {
  double cosine = 1;
  double sqnr_db = 0;  // infinite where a equals b
};
[[nodiscard]] Similarity similarity(const Tensor& reference, const Tensor& computed);

}  // namespace mxcheck::reference
