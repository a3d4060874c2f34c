// The narrow float formats as plain functions between bit patterns and f32/f64.
//
// decode is exact; encode rounds to nearest, ties to even, once. Overflow goes to infinity where
// the format has one, to NaN in f8e4m3fn (which has none), and saturates in f4e2m1fn (which has
// neither). Callers that must stay finite clip first (TYP: fp8 and fp4).
#pragma once

#include <bit>
#include <cstdint>

namespace mxcheck::numerics {

struct SmallFloatFormat {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  bool has_infinity;  // all-ones exponent is inf/NaN (IEEE style)
  bool has_nan;       // without infinity: only the all-ones pattern is NaN
};

inline constexpr SmallFloatFormat kFormatF16{5, 10, 15, true, true};
inline constexpr SmallFloatFormat kFormatBF16{8, 7, 127, true, true};
inline constexpr SmallFloatFormat kFormatF8E4M3FN{4, 3, 7, false, true};
inline constexpr SmallFloatFormat kFormatF8E5M2{5, 2, 15, true, true};
inline constexpr SmallFloatFormat kFormatF4E2M1FN{2, 1, 1, false, false};

[[nodiscard]] double decode(const SmallFloatFormat& format, std::uint32_t bits);
[[nodiscard]] std::uint32_t encode(const SmallFloatFormat& format, double value);
[[nodiscard]] double largest_finite(const SmallFloatFormat& format);

[[nodiscard]] inline float float_from_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}
[[nodiscard]] inline std::uint32_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

// f32 <-> bf16 and f16 by integer arithmetic on the bits: never flushes, whatever the float unit's
// mode (POL-9). NaN stays NaN (quiet).
[[nodiscard]] inline std::uint16_t bf16_from_f32(float value) {
  const std::uint32_t bits = bits_of(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}
[[nodiscard]] inline float f32_from_bf16(std::uint16_t bits) {
  return float_from_bits(static_cast<std::uint32_t>(bits) << 16);
}
[[nodiscard]] std::uint16_t f16_from_f32(float value);
[[nodiscard]] float f32_from_f16(std::uint16_t bits);

}  // namespace mxcheck::numerics
