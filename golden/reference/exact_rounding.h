// One correctly rounded operation from integers alone: the exact result of an operation on floats
// is an integer significand with a sticky bit, and rounding is done on that integer. The float unit
// takes no part, so an error of the float path cannot hide here (numerics.md section 1, POL-9).
//
// bf16 and f16 arithmetic is f32 arithmetic rounded once more; for one +, -, *, / or sqrt that is
// the correct rounding of the exact result, because 24 >= 2 p + 2 (p = 8, 11).
#pragma once

#include "golden/reference/exact.h"
#include "golden/reference/float_model.h"

namespace mxcheck::reference {

// significand * 2^exponent, plus something below one unit of the significand if `sticky`.
struct Unrounded {
  bool negative = false;
  unsigned __int128 significand = 0;
  int exponent = 0;
  bool sticky = false;
};
// Nearest number of the dtype, ties to even, overflow to infinity; results below the smallest
// normal are zero where the dtype's arithmetic flushes them (all but f16).
[[nodiscard]] double round_exactly(DType dtype, const Unrounded& value);

// a / b, a * b, a + b in the arithmetic of the dtype (POL-9), by IEEE rules for zeros, infinities
// and NaN. Operands are numbers of that dtype.
[[nodiscard]] double exact_divide(DType dtype, double a, double b);
[[nodiscard]] double exact_multiply(DType dtype, double a, double b);
[[nodiscard]] double exact_add(DType dtype, double a, double b);

}  // namespace mxcheck::reference
