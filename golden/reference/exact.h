// Exact arithmetic for judging floats: every code, scale and float is a dyadic rational m * 2^e, so
// sums of products are too, and an error can be known instead of estimated (numerics.md BND-3,
// BND-4: "within their own bound of the exact value").
//
// ExactSum is a fixed-point register wide enough for any sum of products of two f64 numbers (a
// Kulisch accumulator). What must stay true: no operation here ever rounds; only value() and
// error_of() round, once, at the end.
#pragma once

#include <array>
#include <cstdint>

namespace mxcheck::reference {

// A finite number mantissa * 2^exponent; the mantissa is odd or zero.
struct Dyadic {
  __int128 mantissa = 0;
  int exponent = 0;
};

// The exact value of a finite double.
[[nodiscard]] Dyadic dyadic(double value);
[[nodiscard]] Dyadic dyadic(std::int64_t value);
// Exact; the product of the mantissas must have fewer than 127 bits (any two doubles have 106).
[[nodiscard]] Dyadic operator*(const Dyadic& a, const Dyadic& b);
// |value| = m * 2^e with m odd: true iff m is 1.
[[nodiscard]] bool is_power_of_two(double value);

class ExactSum {
 public:
  void add(const Dyadic& term);
  // Adds a * b; each mantissa may have up to 94 bits (a code times an f64 scale has 77).
  void add_product(const Dyadic& a, const Dyadic& b);
  void subtract(double value);  // finite

  // The sum rounded to the nearest double, ties to even.
  [[nodiscard]] double value() const;
  // -1, 0 or 1.
  [[nodiscard]] int sign() const;
  // |computed - sum|, rounded to the nearest double; `computed` finite.
  [[nodiscard]] double error_of(double computed) const;

 private:
  // Limb i holds a signed multiple of 2^(kLowest + 32 i); limbs may overlap until carried.
  static constexpr int kLowest = -2368;
  static constexpr int kLimbs = 148;
  static constexpr int kAddsBetweenCarries = 1 << 28;
  using Limbs = std::array<std::int64_t, kLimbs>;

  [[nodiscard]] static int carry(Limbs& limbs, int low, int high);

  Limbs limbs_{};
  int low_ = kLimbs, high_ = 0;  // touched limbs: [low_, high_)
  int pending_ = 0;
};

}  // namespace mxcheck::reference
