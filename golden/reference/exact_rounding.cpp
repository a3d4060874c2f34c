// Integer division, multiplication and addition with one rounding at the end.
#include "golden/reference/exact_rounding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

using Wide = unsigned __int128;

int bits_of(Wide value) {
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return high != 0 ? 64 + static_cast<int>(std::bit_width(high))
                   : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value)));
}

bool flushes(DType dtype) { return dtype != DType::kF16; }

// POL-9: subnormal operands are zero.
double operand(DType dtype, double x) {
  return flushes(dtype) && std::fabs(x) < float_model(dtype).smallest_normal ? std::copysign(0.0, x)
                                                                             : x;
}

Wide magnitude(__int128 value) { return static_cast<Wide>(value < 0 ? -value : value); }

}  // namespace

double round_exactly(DType dtype, const Unrounded& value) {
  const FloatModel f = float_model(dtype);
  const double sign = value.negative ? -1.0 : 1.0;
  const int bits = bits_of(value.significand);
  if (bits == 0) return sign * 0.0;
  // The last kept bit has the weight 2^unit: of the result's binade, or of the subnormals.
  const int smallest = std::ilogb(f.smallest_normal) - f.precision + 1;
  const int unit = std::max(value.exponent + bits - f.precision, smallest);
  const int dropped = unit - value.exponent;
  Wide kept = value.significand;
  if (dropped > 0) {
    MXCHECK_CHECK(dropped < 128 || bits < 128, "significand too wide");
    kept = dropped < 128 ? value.significand >> dropped : 0;
    const Wide rest = value.significand - (dropped < 128 ? kept << dropped : 0);
    const Wide half = dropped <= 128 ? static_cast<Wide>(1) << (dropped - 1) : 0;
    const bool above = half != 0 && (rest > half || (rest == half && value.sticky));
    const bool tie = half != 0 && rest == half && !value.sticky;
    if (above || (tie && (kept & 1u) != 0)) ++kept;
  }
  // At most 53 bits now, or the value has fewer bits than the format: both convert exactly.
  const double result = std::ldexp(static_cast<double>(kept), dropped > 0 ? unit : value.exponent);
  if (result > f.largest) return sign * std::numeric_limits<double>::infinity();
  if (flushes(dtype) && result < f.smallest_normal) return sign * 0.0;
  return sign * result;
}

double exact_divide(DType dtype, double a, double b) {
  const double x = operand(dtype, a), y = operand(dtype, b);
  if (!std::isfinite(x) || !std::isfinite(y) || x == 0 || y == 0) return x / y;
  const Dyadic n = dyadic(x), d = dyadic(y);
  // 124 bits over at most 53: 71 bits of quotient, more than any precision needs.
  const int shift = 124 - bits_of(magnitude(n.mantissa));
  const Wide numerator = magnitude(n.mantissa) << shift, denominator = magnitude(d.mantissa);
  return round_exactly(dtype, {std::signbit(x) != std::signbit(y), numerator / denominator,
                               n.exponent - d.exponent - shift, numerator % denominator != 0});
}

double exact_multiply(DType dtype, double a, double b) {
  const double x = operand(dtype, a), y = operand(dtype, b);
  if (!std::isfinite(x) || !std::isfinite(y) || x == 0 || y == 0) return x * y;
  const Dyadic product = dyadic(x) * dyadic(y);
  return round_exactly(
      dtype, {product.mantissa < 0, magnitude(product.mantissa), product.exponent, false});
}

double exact_add(DType dtype, double a, double b) {
  const double x = operand(dtype, a), y = operand(dtype, b);
  if (!std::isfinite(x) || !std::isfinite(y) || x == 0 || y == 0) return x + y;
  Dyadic large = dyadic(x), small = dyadic(y);
  if (std::fabs(x) < std::fabs(y)) std::swap(large, small);
  // 56 bits below the larger operand's significand hold the sum but for a sticky remainder.
  const int width = bits_of(magnitude(large.mantissa));
  const int exponent = large.exponent + width - 112;
  Unrounded sum{large.mantissa < 0, magnitude(large.mantissa) << (112 - width), exponent, false};
  const int shift = small.exponent - exponent;
  Wide addend = magnitude(small.mantissa);
  if (shift >= 0) {
    addend <<= shift;
  } else {
    const Wide whole = shift > -128 ? addend >> -shift : 0;
    sum.sticky = shift <= -128 || whole << -shift != addend;
    addend = whole;
  }
  const bool opposite = (large.mantissa < 0) != (small.mantissa < 0);
  if (opposite) {
    sum.significand -= addend;
    if (sum.sticky) --sum.significand;  // the remainder is taken away: one unit less, and a rest
  } else {
    sum.significand += addend;
  }
  if (sum.significand == 0 && !sum.sticky) return 0;
  return round_exactly(dtype, sum);
}

}  // namespace mxcheck::reference
