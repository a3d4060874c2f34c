// The narrow float formats, exhaustively: every pattern decodes to the value its fields say and
// encodes back, every neighbour pair rounds at its midpoint to even.
#include "sim/numerics/small_float.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

namespace mxcheck::numerics {
namespace {

struct Named {
  const char* name;
  SmallFloatFormat format;
  double largest;
  std::uint32_t overflow;  // pattern of a huge value
};

const std::vector<Named>& formats() {
  static const std::vector<Named> all{{"f16", kFormatF16, 65504, 0x7C00},
                                      {"bf16", kFormatBF16, 0x1.FEp127, 0x7F80},
                                      {"f8e4m3fn", kFormatF8E4M3FN, 448, 0x7F},
                                      {"f8e5m2", kFormatF8E5M2, 57344, 0x7C},
                                      {"f4e2m1fn", kFormatF4E2M1FN, 6, 0x7}};
  return all;
}

int bits_of_format(const SmallFloatFormat& f) { return 1 + f.exponent_bits + f.mantissa_bits; }

// The value of a pattern, from its fields by the definition.
double by_definition(const SmallFloatFormat& f, std::uint32_t bits) {
  const std::uint32_t mantissa = bits & ((1u << f.mantissa_bits) - 1);
  const std::uint32_t exponent = (bits >> f.mantissa_bits) & ((1u << f.exponent_bits) - 1);
  const double sign = (bits >> (f.mantissa_bits + f.exponent_bits)) != 0 ? -1 : 1;
  const bool top = exponent == (1u << f.exponent_bits) - 1;
  if (top && f.has_infinity) {
    return mantissa == 0 ? sign * INFINITY : std::numeric_limits<double>::quiet_NaN();
  }
  if (top && f.has_nan && mantissa == (1u << f.mantissa_bits) - 1) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double fraction = mantissa / std::pow(2.0, f.mantissa_bits);
  if (exponent == 0) return sign * fraction * std::pow(2.0, 1 - f.bias);
  return sign * (1 + fraction) * std::pow(2.0, static_cast<int>(exponent) - f.bias);
}

TEST_CASE("every pattern decodes by its fields and encodes back [TYP-1]", "[small_float]") {
  for (const auto& [name, format, largest, overflow] : formats()) {
    INFO(name);
    std::uint32_t wrong = 0;
    for (std::uint32_t bits = 0; bits < 1u << bits_of_format(format); ++bits) {
      const double expected = by_definition(format, bits);
      const double value = decode(format, bits);
      if (std::isnan(expected)) {
        if (!std::isnan(value) || !std::isnan(decode(format, encode(format, value)))) ++wrong;
        continue;
      }
      if (value != expected || std::signbit(value) != std::signbit(expected)) ++wrong;
      if (encode(format, value) != bits) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(largest_finite(format) == largest);
    CHECK(encode(format, 1e300) == overflow);
    CHECK(encode(format, INFINITY) == overflow);
  }
}

TEST_CASE("between neighbours the nearer wins, the even one on a tie", "[small_float]") {
  for (const auto& [name, format, largest, overflow] : formats()) {
    INFO(name);
    std::uint32_t wrong = 0;
    const std::uint32_t sign = 1u << (bits_of_format(format) - 1);
    for (std::uint32_t bits = 0; decode(format, bits) < largest; ++bits) {
      const double low = decode(format, bits);
      const double high = decode(format, bits + 1);
      const double middle = low + (high - low) / 2;
      const std::uint32_t even = bits % 2 == 0 ? bits : bits + 1;
      if (encode(format, middle) != even) ++wrong;
      if (encode(format, -middle) != (even | sign)) ++wrong;
      if (encode(format, std::nextafter(middle, low)) != bits) ++wrong;
      if (encode(format, std::nextafter(middle, high)) != bits + 1) ++wrong;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("overflow begins half a step above the largest value", "[small_float]") {
  CHECK(encode(kFormatF16, 65519.99) == 0x7BFF);
  CHECK(encode(kFormatF16, 65520) == 0x7C00);
  CHECK(encode(kFormatF8E4M3FN, 464) == 0x7E);  // the tie goes to even, which is 448
  CHECK(encode(kFormatF8E4M3FN, 464.001) == 0x7F);
  CHECK(encode(kFormatF8E5M2, 61440) == 0x7C);
  CHECK(encode(kFormatF8E5M2, 61439.9) == 0x7B);
  CHECK(encode(kFormatF4E2M1FN, 100) == 0x7);
  CHECK(encode(kFormatF4E2M1FN, -100) == 0xF);
}

TEST_CASE("f32 to f16 and bf16 agree with the generic encoder on every upper half",
          "[small_float]") {
  std::uint32_t wrong = 0;
  // Every sign, exponent and seven mantissa bits, with the lower half at and around ties.
  for (std::uint32_t high = 0; high < 1u << 16; ++high) {
    for (const std::uint32_t low : {0x0000u, 0x0001u, 0x0FFFu, 0x1000u, 0x1001u, 0x3000u, 0x7FFFu,
                                    0x8000u, 0x8001u, 0xF000u, 0xFFFFu}) {
      const float value = float_from_bits(high << 16 | low);
      const double wide = value;
      if (std::isnan(value)) {
        if (!std::isnan(f32_from_f16(f16_from_f32(value)))) ++wrong;
        if (!std::isnan(f32_from_bf16(bf16_from_f32(value)))) ++wrong;
        continue;
      }
      if (f16_from_f32(value) != encode(kFormatF16, wide)) ++wrong;
      if (bf16_from_f32(value) != encode(kFormatBF16, wide)) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("every f16 and bf16 pattern widens exactly", "[small_float]") {
  std::uint32_t wrong = 0;
  for (std::uint32_t bits = 0; bits < 1u << 16; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    for (const bool f16 : {true, false}) {
      const double expected = decode(f16 ? kFormatF16 : kFormatBF16, bits);
      const double value = f16 ? f32_from_f16(half) : f32_from_bf16(half);
      const bool same = std::isnan(expected)
                            ? std::isnan(value)
                            : value == expected && std::signbit(value) == std::signbit(expected);
      if (!same) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace mxcheck::numerics
