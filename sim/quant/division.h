// The three divisions a policy may turn into products with a rounded reciprocal (POL-2, POL-7).
#pragma once

#include "sim/numerics/arithmetic.h"
#include "sim/numerics/policy.h"

namespace mxcheck::quant {

using numerics::DType;
using numerics::Policy;

// Is this division done as a product with the reciprocal, for an array of A with `elements`
// elements?  The norm's backend rewrites x / constant for f64, f32 and f16, except for a
// one-element array (POL-7), and never for bf16.
template <typename A>
[[nodiscard]] bool by_reciprocal(Policy::Division division, std::int64_t elements) {
  switch (division) {
    case Policy::Division::kDivide:
      return false;
    case Policy::Division::kReciprocalAlways:
      return true;
    case Policy::Division::kReciprocal:
      break;
  }
  return elements != 1 && A::kDType != DType::kBF16;
}

// x / c for a constant c of A.
template <typename A>
[[nodiscard]] typename A::Value divide_by_constant(typename A::Value x, typename A::Value c,
                                                   bool reciprocal) {
  using V = typename A::Value;
  return reciprocal ? A::round(x * A::round(V(1) / c)) : A::round(x / c);
}

}  // namespace mxcheck::quant
