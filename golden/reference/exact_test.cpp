// The wide register against Boost's rationals.
#include "golden/reference/exact.h"

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

using boost::multiprecision::cpp_rational;

double random_double(std::uint64_t seed, std::int64_t i, int exponents) {
  const double u = 2 * testing::uniform(seed, 3 * i) - 1;
  const double fine = u + testing::uniform(seed, 3 * i + 1) * 0x1p-30;
  return std::ldexp(fine, static_cast<int>((testing::uniform(seed, 3 * i + 2) - 0.5) * exponents));
}

TEST_CASE("a double and its dyadic form are the same number [BND-3]", "[reference][exact]") {
  for (const double x : {1.0, -1.0, 0.0, 0x1.fffffffffffffp1023, 0x1p-1074, -3.25, 0x1.8p-1030}) {
    const Dyadic d = dyadic(x);
    CHECK(std::ldexp(static_cast<double>(d.mantissa), d.exponent) == x);
    CHECK((d.mantissa == 0 || d.mantissa % 2 != 0));
  }
  CHECK(is_power_of_two(0.25));
  CHECK(is_power_of_two(-8));
  CHECK_FALSE(is_power_of_two(0.75));
  CHECK_FALSE(is_power_of_two(0));
}

TEST_CASE("sums of products are exact, whatever the range and the order [BND-3]",
          "[reference][exact]") {
  for (const int exponents : {0, 60, 900, 1200}) {
    ExactSum sum;
    cpp_rational expected = 0;
    for (std::int64_t i = 0; i < 300; ++i) {
      const double a = random_double(1, i, exponents), b = random_double(2, i, exponents / 2);
      sum.add_product(dyadic(a), dyadic(b));
      expected += cpp_rational(a) * cpp_rational(b);
    }
    const double probe = sum.value();
    CHECK(sum.error_of(probe) == static_cast<double>(abs(expected - cpp_rational(probe))));
    CHECK(sum.sign() == (expected > 0 ? 1 : -1));
    sum.subtract(probe);
    expected -= cpp_rational(probe);
    CHECK(sum.value() == static_cast<double>(expected));
  }
}

TEST_CASE("cancellation leaves nothing behind [BND-3]", "[reference][exact]") {
  ExactSum sum;
  for (const double x : {1e300, 1.0, 0x1p-1074, -1e300, -1.0}) sum.add(dyadic(x));
  CHECK(sum.value() == 0x1p-1074);
  sum.subtract(0x1p-1074);
  CHECK(sum.value() == 0);
  CHECK(sum.sign() == 0);
  CHECK(ExactSum{}.value() == 0);
}

TEST_CASE("the sum is rounded to nearest even, with every lower bit seen [BND-3]",
          "[reference][exact]") {
  ExactSum tie;
  tie.add(dyadic(1.0));
  tie.add(dyadic(0x1p-53));
  CHECK(tie.value() == 1.0);
  tie.add(dyadic(0x1p-900));
  CHECK(tie.value() == 1.0 + 0x1p-52);
  tie.add(dyadic(-0x1p-899));
  CHECK(tie.value() == 1.0);
}

TEST_CASE("factors of 77 bits multiply exactly (a code value times an f64 scale) [BND-4]",
          "[reference][exact]") {
  const double code = 0.6961928009986877f, scale = 0.1;
  ExactSum sum;
  sum.add_product(dyadic(code) * dyadic(scale), dyadic(-code) * dyadic(scale));
  const cpp_rational product = cpp_rational(code) * cpp_rational(scale);
  const cpp_rational expected = -product * product;
  CHECK(sum.value() == static_cast<double>(expected));
  CHECK(sum.error_of(sum.value()) ==
        static_cast<double>(abs(expected - cpp_rational(sum.value()))));
}

}  // namespace
}  // namespace mxcheck::reference
