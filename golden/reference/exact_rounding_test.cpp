// Integer rounding against the float unit where that one is known to be right, and against
// rationals where it is not.
#include "golden/reference/exact_rounding.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/calibration.h"
#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

// A random number of the dtype with exponents around 0.
double number(DType dtype, std::uint64_t seed, std::int64_t i, int exponents) {
  const double fraction =
      1 + testing::uniform(seed, 3 * i) + testing::uniform(seed, 3 * i + 1) * 0x1p-32;
  const int exponent = static_cast<int>((testing::uniform(seed, 3 * i + 2) - 0.5) * exponents);
  const double sign = i % 2 == 0 ? 1 : -1;
  return round_to(dtype, sign * std::ldexp(fraction, exponent));
}

// POL-9 as the float unit does it: f32, then one more rounding.
double by_f32(DType dtype, float result) {
  const double r = static_cast<double>(result);
  const double flushed = dtype != DType::kF16 && std::fabs(r) < 0x1p-126 ? 0 : r;
  return round_to(dtype, flushed);
}

TEST_CASE("integer division, product and sum equal the float unit's in f32, bf16, f16 [QNT-1]",
          "[reference][rounding]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    const int exponents = dtype == DType::kF16 ? 24 : 60;
    for (std::int64_t i = 0; i < 40000; ++i) {
      const double a = number(dtype, 1, i, exponents), b = number(dtype, 2, 2 * i, exponents);
      const auto x = static_cast<float>(a), y = static_cast<float>(b);
      REQUIRE(exact_divide(dtype, a, b) == by_f32(dtype, x / y));
      REQUIRE(exact_multiply(dtype, a, b) == by_f32(dtype, x * y));
      REQUIRE(exact_add(dtype, a, b) == by_f32(dtype, x + y));
      REQUIRE(exact_add(dtype, a, -a) == 0);
    }
  }
  for (std::int64_t i = 0; i < 20000; ++i) {
    const double a = number(DType::kF64, 3, i, 90), b = number(DType::kF64, 4, i, 90);
    REQUIRE(exact_divide(DType::kF64, a, b) == a / b);
    REQUIRE(exact_divide(DType::kF64, 1, b) == 1 / b);
    REQUIRE(exact_multiply(DType::kF64, a, b) == a * b);
    REQUIRE(exact_add(DType::kF64, a, b) == a + b);
  }
}

TEST_CASE("every quotient of two bf16 or f16 significands is rounded once [QNT-1]",
          "[reference][rounding]") {
  for (const DType dtype : {DType::kBF16, DType::kF16}) {
    const int p = float_model(dtype).precision;
    const std::int64_t low = std::int64_t{1} << (p - 1), step = dtype == DType::kF16 ? 7 : 1;
    for (std::int64_t a = low; a < 2 * low; a += step) {
      for (std::int64_t b = low; b < 2 * low; b += step) {
        const double got = exact_divide(dtype, static_cast<double>(a), static_cast<double>(b));
        const double unit = std::ldexp(1.0, std::ilogb(got) - p + 1);
        // |got - a / b| <= half a unit, in integers: |got * b - a| <= unit * b / 2.
        REQUIRE(std::fabs(got * static_cast<double>(b) - static_cast<double>(a)) <=
                unit / 2 * static_cast<double>(b));
      }
    }
  }
}

TEST_CASE("ties go to even, a sticky bit decides above a tie, overflow is infinite [TYP-1]",
          "[reference][rounding]") {
  const auto round = [](DType dtype, unsigned long long significand, int exponent, bool sticky) {
    return round_exactly(dtype, {false, significand, exponent, sticky});
  };
  CHECK(round(DType::kF32, (1u << 24) + 1, 0, false) == 0x1p24);
  CHECK(round(DType::kF32, (1u << 24) + 1, 0, true) == 0x1p24 + 2);
  CHECK(round(DType::kF32, (1u << 24) + 3, 0, false) == 0x1p24 + 4);
  CHECK(round(DType::kF16, 65519, 0, true) == 65504);
  CHECK(std::isinf(round(DType::kF16, 65520, 0, false)));
  CHECK(round(DType::kF16, 3, -25, false) == 0x1p-23);  // a subnormal tie: 1.5 units -> 2
  CHECK(round(DType::kF16, 1, -25, false) == 0);
  CHECK(round(DType::kF16, 1, -25, true) == 0x1p-24);
  CHECK(round(DType::kF16, 1, -400, true) == 0);
  CHECK(round(DType::kF32, 1, -127, false) == 0);  // flushed (POL-9)
  CHECK(round(DType::kF32, 1, -126, false) == 0x1p-126);
}

TEST_CASE("infinities, zeros, NaN and subnormal operands follow IEEE and POL-9 [POL-9]",
          "[reference][rounding]") {
  CHECK(exact_divide(DType::kF32, 1, INFINITY) == 0);
  CHECK(std::isnan(exact_divide(DType::kF32, INFINITY, INFINITY)));
  CHECK(std::isinf(exact_divide(DType::kF32, 1, 0)));
  CHECK(exact_divide(DType::kF32, 0x1p-130, 0x1p-130) != 1);
  CHECK(exact_divide(DType::kF16, 0x1p-20, 0x1p-20) == 1);
  CHECK(arithmetic_result(DType::kBF16, 0x1p-130) == 0);
  CHECK(arithmetic_result(DType::kF16, 0x1p-24) == 0x1p-24);
}

}  // namespace
}  // namespace mxcheck::reference
