// One generic decoder and encoder for all narrow formats, in exact f64 arithmetic on powers of two,
// and the integer f16 conversions the executor's inner loops use.
#include "sim/numerics/small_float.h"

#include <cmath>
#include <limits>

namespace mxcheck::numerics {
namespace {

std::uint32_t mask(int bits) { return (1u << bits) - 1; }

// Nearest integer, ties to even, for 0 <= v < 2^52; independent of the rounding mode.
double nearest_even(double v) {
  const double floor = std::floor(v);
  const double rest = v - floor;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(floor, 2.0) == 1.0)) return floor + 1;
  return floor;
}

}  // namespace

double decode(const SmallFloatFormat& f, std::uint32_t bits) {
  const std::uint32_t mantissa = bits & mask(f.mantissa_bits);
  const std::uint32_t exponent = (bits >> f.mantissa_bits) & mask(f.exponent_bits);
  const bool negative = ((bits >> (f.mantissa_bits + f.exponent_bits)) & 1u) != 0;
  const double sign = negative ? -1.0 : 1.0;
  if (exponent == mask(f.exponent_bits)) {
    if (f.has_infinity) {
      return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::quiet_NaN();
    }
    if (f.has_nan && mantissa == mask(f.mantissa_bits)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
  if (exponent == 0) return sign * std::ldexp(double(mantissa), 1 - f.bias - f.mantissa_bits);
  return sign *
         std::ldexp(1.0 + std::ldexp(double(mantissa), -f.mantissa_bits), int(exponent) - f.bias);
}

double largest_finite(const SmallFloatFormat& f) {
  const int top = int(mask(f.exponent_bits)) - (f.has_infinity ? 1 : 0);
  const std::uint32_t mantissa = mask(f.mantissa_bits) - (!f.has_infinity && f.has_nan ? 1u : 0u);
  return std::ldexp(1.0 + std::ldexp(double(mantissa), -f.mantissa_bits), top - f.bias);
}

std::uint32_t encode(const SmallFloatFormat& f, double value) {
  const std::uint32_t sign = std::signbit(value) ? 1u << (f.mantissa_bits + f.exponent_bits) : 0u;
  const std::uint32_t exponent_mask = mask(f.exponent_bits) << f.mantissa_bits;
  const std::uint32_t nan = f.has_infinity ? exponent_mask | (1u << (f.mantissa_bits - 1))
                                           : exponent_mask | mask(f.mantissa_bits);
  if (std::isnan(value)) return sign | (f.has_nan ? nan : 0u);
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return sign;
  int exponent = std::isinf(magnitude) ? 2000 : std::ilogb(magnitude);
  if (exponent < 1 - f.bias) exponent = 1 - f.bias;
  const double steps = exponent >= 1024
                           ? magnitude
                           : nearest_even(std::ldexp(magnitude, f.mantissa_bits - exponent));
  const double rounded =
      exponent >= 1024 ? magnitude : std::ldexp(steps, exponent - f.mantissa_bits);
  if (rounded > largest_finite(f)) {
    if (f.has_infinity) return sign | exponent_mask;
    return f.has_nan ? sign | nan : sign | exponent_mask | mask(f.mantissa_bits);
  }
  const double implicit = std::ldexp(1.0, f.mantissa_bits);
  if (steps < implicit) return sign | static_cast<std::uint32_t>(steps);  // subnormal
  if (steps == 2 * implicit) {  // rounded up to the next binade
    return sign | (static_cast<std::uint32_t>(exponent + 1 + f.bias) << f.mantissa_bits);
  }
  return sign | (static_cast<std::uint32_t>(exponent + f.bias) << f.mantissa_bits) |
         static_cast<std::uint32_t>(steps - implicit);
}

std::uint16_t f16_from_f32(float value) {
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) {
    return static_cast<std::uint16_t>(sign | 0x7E00u | ((magnitude >> 13) & 0x1FFu));
  }
  if (magnitude >= 0x47800000u) return static_cast<std::uint16_t>(sign | 0x7C00u);
  if (magnitude >= 0x38800000u) {  // normal in f16
    const std::uint32_t rebased = magnitude - 0x38000000u;
    return static_cast<std::uint16_t>(sign | ((rebased + 0xFFFu + ((rebased >> 13) & 1u)) >> 13));
  }
  const int shift = 126 - int(magnitude >> 23);  // subnormal result: mantissa >> shift
  if (shift > 24) return static_cast<std::uint16_t>(sign);
  const std::uint32_t mantissa = (magnitude & 0x7FFFFFu) | 0x800000u;
  const std::uint32_t kept = mantissa >> shift;
  const std::uint32_t rest = mantissa & mask(shift);
  const std::uint32_t half = 1u << (shift - 1);
  const std::uint32_t up = rest > half || (rest == half && (kept & 1u)) ? 1u : 0u;
  return static_cast<std::uint16_t>(sign | (kept + up));
}

float f32_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1Fu;
  const std::uint32_t mantissa = bits & 0x3FFu;
  if (exponent == 31) return float_from_bits(sign | 0x7F800000u | (mantissa << 13));
  if (exponent != 0) return float_from_bits(sign | ((exponent + 112) << 23) | (mantissa << 13));
  if (mantissa == 0) return float_from_bits(sign);
  const int lead = std::countl_zero(mantissa) - 21;  // shift that brings the leading one to bit 10
  return float_from_bits(sign | (static_cast<std::uint32_t>(113 - lead) << 23) |
                         ((mantissa << (13 + lead)) & 0x7FFFFFu));
}

}  // namespace mxcheck::numerics
