// Rounding to integers and bringing integers to a width: pure functions, the mode is an argument.
//
// Labels: TYP-1 (integer codes), widths and overflow of a profile (sim/mxu).
#pragma once

#include <cmath>
#include <cstdint>

namespace mxcheck::numerics {

// kEven: to nearest, ties to even. kAway: ties away from zero. kUp: ties toward +inf.
enum class Rounding { kEven, kAway, kUp, kFloor, kZero };

// Rounded to an integral value; NaN and infinities come back unchanged. T: float or double.
// Independent of the float unit's rounding mode only as far as that mode is to-nearest, which
// nothing in this program changes.
template <typename T>
[[nodiscard]] T round_to_integral(T value, Rounding mode) {
  switch (mode) {
    case Rounding::kEven:
      return std::nearbyint(value);
    case Rounding::kAway:
      return std::round(value);
    case Rounding::kUp: {
      const T floor = std::floor(value);
      return value - floor >= T(0.5) ? floor + T(1) : floor;
    }
    case Rounding::kFloor:
      return std::floor(value);
    case Rounding::kZero:
      return std::trunc(value);
  }
  return value;
}

// Saturating cast of an integral float to [low, high]; NaN gives `nan_code` (XLA: 0).
template <typename T>
[[nodiscard]] std::int32_t saturating_cast(T value, std::int32_t low, std::int32_t high,
                                           std::int32_t nan_code = 0) {
  if (std::isnan(value)) return nan_code;
  if (value <= T(low)) return low;
  if (value >= T(high)) return high;
  return static_cast<std::int32_t>(value);
}

// `value` modulo 2^bits as a signed number, 1 <= bits <= 64.
[[nodiscard]] inline std::int64_t wrap_to(__int128 value, int bits) {
  const auto low = static_cast<std::uint64_t>(value) << (64 - bits);
  return static_cast<std::int64_t>(low) >> (64 - bits);
}
[[nodiscard]] inline std::int64_t signed_min(int bits) { return INT64_MIN >> (64 - bits); }
[[nodiscard]] inline std::int64_t signed_max(int bits) { return INT64_MAX >> (64 - bits); }
// `value` clamped to a signed number of `bits` bits.
[[nodiscard]] inline std::int64_t saturate_to(__int128 value, int bits) {
  if (value < signed_min(bits)) return signed_min(bits);
  if (value > signed_max(bits)) return signed_max(bits);
  return static_cast<std::int64_t>(value);
}

// s32 arithmetic modulo 2^32, as integer units and XLA do it.
[[nodiscard]] inline std::int32_t wrap_add(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}
[[nodiscard]] inline std::int32_t wrap_sub(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}
[[nodiscard]] inline std::int32_t wrap_mul(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
}

}  // namespace mxcheck::numerics
