// The constants of each format against their meaning, found by rounding numbers to it, and the
// running error analysis against computations that were rounded.
#include "golden/reference/float_model.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "sim/base/threefry.h"

namespace mxcheck::reference {
namespace {

constexpr DType kArithmetic[] = {DType::kF64, DType::kF32, DType::kBF16, DType::kF16};

TEST_CASE("unit, largest and smallest are where rounding changes its ways [POL-9] [BND-1]",
          "[reference][float_model]") {
  for (const DType dtype : kArithmetic) {
    const FloatModel f = float_model(dtype);
    INFO(numerics::name(dtype));
    CHECK(f.unit == std::ldexp(1.0, -f.precision));
    CHECK(round_to(dtype, f.largest) == f.largest);
    CHECK(round_to(dtype, f.smallest_normal) == f.smallest_normal);
    CHECK(round_to(dtype, 1 + 2 * f.unit) == 1 + 2 * f.unit);
    if (dtype == DType::kF64) continue;       // a double cannot lie between two of them
    CHECK(round_to(dtype, 1 + f.unit) == 1);  // a tie, to even
    CHECK(round_to(dtype, 1 + 3 * f.unit) == 1 + 4 * f.unit);
    CHECK(round_to(dtype, std::nextafter(1 + f.unit, 2.0)) == 1 + 2 * f.unit);
    CHECK(std::isinf(round_to(dtype, f.largest * (1 + f.unit))));
    CHECK(round_to(dtype, f.largest * (1 + f.unit / 4)) == f.largest);
  }
}

TEST_CASE("f16 keeps its subnormals, the others give zero: tiny says so [POL-9]",
          "[reference][float_model]") {
  for (const DType dtype : {DType::kF64, DType::kF32, DType::kBF16}) {
    CHECK(float_model(dtype).tiny == float_model(dtype).smallest_normal);
  }
  const FloatModel half = float_model(DType::kF16);
  CHECK(round_to(DType::kF16, 2 * half.tiny) == 2 * half.tiny);  // their spacing
  CHECK(round_to(DType::kF16, half.tiny) == 0);                  // a tie, to even
  CHECK(round_to(DType::kF16, std::nextafter(half.tiny, 1.0)) == 2 * half.tiny);
}

TEST_CASE("sums of narrow floats are carried in f32 [POL-4] [DOT-6]", "[reference][float_model]") {
  CHECK(accumulator_of(DType::kF16) == DType::kF32);
  CHECK(accumulator_of(DType::kBF16) == DType::kF32);
  CHECK(accumulator_of(DType::kF32) == DType::kF32);
  CHECK(accumulator_of(DType::kF64) == DType::kF64);
}

TEST_CASE("types without arithmetic round too: halfway goes to the even code [TYP-1]",
          "[reference][float_model]") {
  CHECK(round_to(DType::kF8E4M3FN, 17) == 16);
  CHECK(round_to(DType::kF8E4M3FN, 19) == 20);
  CHECK(round_to(DType::kF8E5M2, 9) == 8);
  CHECK(round_to(DType::kF8E5M2, 11) == 12);
  CHECK(round_to(DType::kF4E2M1FN, 2.5) == 2);
  CHECK(round_to(DType::kF4E2M1FN, 3.5) == 4);
}

TEST_CASE("gamma grows faster than n units and ends where nothing is known [BND-1]",
          "[reference][float_model]") {
  CHECK(gamma(0, 0x1p-24) == 0);
  CHECK(gamma(1, 0.25) == 0.25 / 0.75);
  CHECK(gamma(1000, 0x1p-24) > 1000 * 0x1p-24);
  CHECK(std::isinf(gamma(256, 0x1p-8)));
  CHECK(std::isfinite(gamma(255, 0x1p-8)));
}

TEST_CASE("running error holds for a chain of products, each rounded [BND-1]",
          "[reference][float_model]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    const FloatModel f = float_model(dtype);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      double computed = 1, exact = 1;
      Running r{1, 0};
      for (std::uint64_t i = 0; i < 4; ++i) {
        // Eight bits each: four of them make an exact double.
        const double factor = (129.0 + base::random_word(seed, i) % 127) / 128;
        exact *= factor;
        computed = round_to(dtype, computed * factor);
        r.scale(factor);
        r.round(f);
      }
      REQUIRE(std::fabs(computed - exact) <= r.error);
      REQUIRE(r.error <= 5 * f.unit * exact + 5 * f.tiny * 16);  // four roundings, not more
    }
  }
}

TEST_CASE("zero has no error; what may overflow has an infinite one [BND-1]",
          "[reference][float_model]") {
  const FloatModel f = float_model(DType::kF16);
  Running zero;
  zero.round(f);
  CHECK(zero.error == 0);
  Running vanished{3, 0.5};
  vanished.scale(0);
  CHECK(vanished.magnitude == 0);
  CHECK(vanished.error == 0);
  Running unknown{1, std::numeric_limits<double>::infinity()};
  unknown.scale(0);
  CHECK(unknown.error == 0);  // and not NaN
  Running mirrored{3, 0.5};
  mirrored.scale(-2);
  CHECK(mirrored.magnitude == 6);
  CHECK(mirrored.error == 1);
  Running large{f.largest, 0};
  large.round(f);
  CHECK(std::isinf(large.error));
}

}  // namespace
}  // namespace mxcheck::reference
