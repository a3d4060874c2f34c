// What a float format does to a real number: fl(x) = x (1 + d) + e with |d| <= unit, |e| <= tiny
// (numerics.md BND and POL-9), and running error analysis built on that.
//
// `tiny` covers underflow: f32, bf16 and f64 arithmetic gives zero for subnormal results and reads
// subnormal operands as zero (POL-9), so it is the smallest normal; f16 keeps its subnormals, so it
// is half their spacing.
#pragma once

#include "sim/numerics/dtype.h"

namespace mxcheck::reference {

using numerics::DType;

struct FloatModel {
  int precision;  // bits of the significand, the leading one included
  double unit;    // 2^-precision: largest relative rounding error
  double tiny;    // largest absolute error of an underflowing result
  double smallest_normal;
  double largest;  // finite
};
// bf16, f16, f32, f64.
[[nodiscard]] FloatModel float_model(DType dtype);
// The format sums are carried in: f32 for bf16 and f16 (POL-4, DOT-6), else the dtype itself.
[[nodiscard]] DType accumulator_of(DType dtype);

// gamma_n = n u / (1 - n u), infinite once n u >= 1.
[[nodiscard]] double gamma(double n, double unit);

// `value` rounded once to the dtype (RNE, subnormals kept); any float dtype of the table.
[[nodiscard]] double round_to(DType dtype, double value);

// A quantity known by the size of its exact value and a bound of its error so far. An infinite
// error says that an intermediate may have overflowed, so that nothing can be stated.
struct Running {
  double magnitude = 0;
  double error = 0;

  void scale(double factor);             // exact product with an exact number
  void round(const FloatModel& format);  // one rounding
};

// Bounds are computed in double; this factor covers those roundings (relative 2^-52 each, far
// fewer than 2^11 in a chain) so that the bound stays a bound.
inline constexpr double kSlack = 1.0 + 0x1p-40;

}  // namespace mxcheck::reference
