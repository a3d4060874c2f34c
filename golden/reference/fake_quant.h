// The check `fake_quant`: a quantized contraction computed through codes and the same one computed
// by dequantizing first are two roundings of one number. Both are judged against that number, held
// exactly, each within its own bound (numerics.md BND-3, BND-4), and against each other in bits
// where no rounding happens on either side.
//
// Works on any recorded product: dot_general, a lowered einsum, convolution, ragged_dot and their
// gradient products (contraction.h), with zero points, integer, fp8, fp4 and nf4 codes, raw
// operands, one or two scales, tiles; results in f64, f32, bf16, f16. README.md derives the bounds.
#pragma once

#include <cstdint>
#include <vector>

#include "golden/reference/contraction.h"
#include "golden/reference/judge.h"
#include "golden/reference/quantized_view.h"
#include "sim/graph/plan.h"

namespace mxcheck::reference {

// One product as recorded. `path` is the computed side's: kFast sums codes and scales afterwards
// (DOT-4 .. DOT-6), kSlow (and kFloat) dequantizes first (DOT-7).
struct QuantizedProduct {
  Contraction contraction;
  QuantizedView lhs, rhs;
  graph::Path path = graph::Path::kFast;
  DType result = DType::kF32;
};

// Dequantized operands multiplied in float, pair by pair, ascending, from 0: rounded to f32 (f64
// for f64 results) after every product and every sum, once more to a narrower result dtype.
[[nodiscard]] Tensor float_reference(const QuantizedProduct& product);

// The exact values, each rounded to the nearest double (infinity or NaN by IEEE rules where an
// operand is not finite).
[[nodiscard]] std::vector<double> exact_values(const QuantizedProduct& product);

// Error bounds of both sides against the exact value. Infinite: an intermediate may overflow.
// NaN: an operand is not finite, classes are compared.
struct ProductBounds {
  Bound computed;                // of the path stated in the product
  Bound reference;               // of float_reference
  std::vector<bool> equal_bits;  // neither side rounds before the last step: bits must agree
};
[[nodiscard]] ProductBounds product_bounds(const QuantizedProduct& product);

struct FakeQuantVerdict {
  Judgement computed;   // codes path against the exact value
  Judgement reference;  // float reference against the exact value
  std::int64_t equality_required = 0;
  std::int64_t equality_failed = 0;
  std::int64_t first_unequal = -1;
  double largest_difference = 0;  // |computed - reference|, for information
  Tensor float_result;

  [[nodiscard]] bool passed() const {
    return computed.passed() && reference.passed() && equality_failed == 0;
  }
};
// `computed`: the recorded result, of the product's shape and result dtype.
[[nodiscard]] FakeQuantVerdict check_fake_quant(const QuantizedProduct& product,
                                                const Tensor& computed);

}  // namespace mxcheck::reference
