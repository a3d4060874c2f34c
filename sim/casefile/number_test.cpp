// Numbers from text, against the C library on random texts and against values worked out by hand.
#include "sim/casefile/number.h"

#include <fmt/format.h>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "sim/base/threefry.h"

namespace mxcheck::casefile {
namespace {

std::uint32_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

TEST_CASE("texts round as the C library rounds them", "[number]") {
  int wrong = 0;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const std::uint32_t a = base::random_word(1, 3 * i);
    const std::uint32_t b = base::random_word(1, 3 * i + 1);
    const int exponent = static_cast<int>(base::random_word(1, 3 * i + 2) % 700) - 350;
    const std::string decimal = fmt::format("{}{}.{}e{}", a % 2 ? "-" : "", a, b, exponent);
    const std::string hex = fmt::format("{}0x{:x}.{:x}p{}", a % 2 ? "-" : "", a, b, exponent);
    for (const std::string& text : {decimal, hex}) {
      if (bits(to_f32(text)) != bits(std::strtof(text.c_str(), nullptr))) ++wrong;
      if (bits(to_f64(text)) != bits(std::strtod(text.c_str(), nullptr))) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("beyond the range lies infinity or zero, with its sign", "[number]") {
  CHECK(bits(to_f32("1e39")) == 0x7F800000);
  CHECK(bits(to_f32("-1e999999999999")) == 0xFF800000);
  CHECK(bits(to_f32("-1e-999999999999")) == 0x80000000);
  CHECK(bits(to_f32("0e999")) == 0);
  CHECK(bits(to_f32("340282356779733661637539395458142568447")) == 0x7F7FFFFF);
  CHECK(bits(to_f32("340282356779733661637539395458142568448")) == 0x7F800000);
  CHECK(bits(to_f32("0x1p-150")) == 0);
  CHECK(bits(to_f32("0x1.8p-150")) == 1);
  CHECK(bits(to_f32("0x1p-2000")) == 0);
  CHECK(bits(to_f32("0x1p+2000")) == 0x7F800000);
  CHECK(bits(to_f32("0x" + std::string(600, 'f') + "p-1")) == 0x7F800000);
  CHECK(bits(to_f32("0x." + std::string(600, '0') + "1p1")) == 0);
  CHECK(std::isnan(to_f32("nan")));
  CHECK(bits(to_f64("-inf")) == 0xFFF0000000000000);
  CHECK(bits(to_f32("-0")) == 0x80000000);
}

TEST_CASE("integers are exact or none", "[number]") {
  CHECK(exact_int64("-9223372036854775808") == INT64_MIN);
  CHECK(exact_int64("9223372036854775807") == INT64_MAX);
  CHECK_FALSE(exact_int64("9223372036854775808"));
  CHECK(exact_int64("4.0") == 4);
  CHECK(exact_int64("-4.00e2") == -400);
  CHECK(exact_int64("10e-1") == 1);
  CHECK(exact_int64("0.000") == 0);
  CHECK(exact_int64("0e999999999999") == 0);
  CHECK_FALSE(exact_int64("1.9"));
  CHECK_FALSE(exact_int64("1e-1"));
  CHECK_FALSE(exact_int64("1e99999999999999"));
  CHECK_FALSE(exact_int64("0." + std::string(100, '9')));
  CHECK(exact_uint64("18446744073709551615") == UINT64_MAX);
  CHECK(exact_uint64("1.8446744073709551615e19") == UINT64_MAX);
  CHECK_FALSE(exact_uint64("-1"));
  CHECK(to_int64("0x1p4") == 16);
  CHECK(to_int64("-0") == 0);
  CHECK_FALSE(to_int64("0x1p-1"));
  CHECK_FALSE(to_int64("0x1p63"));
  CHECK_FALSE(to_int64("nan"));
  CHECK(is_integer_literal("1"));
  CHECK_FALSE(is_integer_literal("1.0"));
  CHECK_FALSE(is_integer_literal("1e0"));
}

}  // namespace
}  // namespace mxcheck::casefile
