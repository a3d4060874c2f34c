// Rounding, saturation, types, calibration methods, tiles and policies as data.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "sim/numerics/dtype.h"
#include "sim/numerics/policy.h"
#include "sim/numerics/qtype.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::numerics {
namespace {

TEST_CASE("ties go to even, away, up; floor and truncation [TYP-1]", "[rounding]") {
  const auto rounded = [](double v) {
    return std::vector<double>{
        round_to_integral(v, Rounding::kEven), round_to_integral(v, Rounding::kAway),
        round_to_integral(v, Rounding::kUp), round_to_integral(v, Rounding::kFloor),
        round_to_integral(v, Rounding::kZero)};
  };
  CHECK(rounded(0.5) == std::vector<double>{0, 1, 1, 0, 0});
  CHECK(rounded(1.5) == std::vector<double>{2, 2, 2, 1, 1});
  CHECK(rounded(2.5) == std::vector<double>{2, 3, 3, 2, 2});
  CHECK(rounded(-0.5) == std::vector<double>{0, -1, 0, -1, 0});
  CHECK(rounded(-2.5) == std::vector<double>{-2, -3, -2, -3, -2});
  CHECK(rounded(-127.5) == std::vector<double>{-128, -128, -127, -128, -127});
  CHECK(rounded(std::nextafter(0.5, 0.0)) == std::vector<double>{0, 0, 0, 0, 0});
  CHECK(std::isnan(round_to_integral(std::nanf(""), Rounding::kUp)));
  CHECK(round_to_integral(0x1p30f, Rounding::kEven) == 0x1p30f);
}

TEST_CASE("codes saturate and NaN is zero [TYP-1]", "[rounding]") {
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(saturating_cast(129.0f, -128, 127) == 127);
  CHECK(saturating_cast(-1300.0f, -128, 127) == -128);
  CHECK(saturating_cast(inf, -128, 127) == 127);
  CHECK(saturating_cast(-inf, -128, 127) == -128);
  CHECK(saturating_cast(std::nanf(""), -128, 127) == 0);
  CHECK(saturating_cast(std::nanf(""), -128, 127, -128) == -128);
  CHECK(saturating_cast(-1.0, 0, 255) == 0);
  CHECK(saturating_cast(3e9f, INT32_MIN, INT32_MAX) == INT32_MAX);
}

TEST_CASE("widths wrap and saturate [DOT-8]", "[rounding]") {
  CHECK(wrap_to(128, 8) == -128);
  CHECK(wrap_to(-129, 8) == 127);
  CHECK(wrap_to(static_cast<__int128>(1) << 64, 64) == 0);
  CHECK(wrap_to(1, 1) == -1);
  CHECK(saturate_to(40000, 16) == 32767);
  CHECK(saturate_to(-40000, 16) == -32768);
  CHECK(wrap_add(INT32_MAX, 1) == INT32_MIN);
  CHECK(wrap_sub(INT32_MIN, 1) == INT32_MAX);
  CHECK(wrap_mul(1 << 16, 1 << 16) == 0);
}

TEST_CASE("dtypes are found by name and know their range", "[dtype]") {
  for (const std::string& text : dtype_names()) CHECK(name(*dtype_from_name(text)) == text);
  CHECK_FALSE(dtype_from_name("int8"));
  CHECK(integer_min(DType::kS4) == -8);
  CHECK(integer_max(DType::kU4) == 15);
  CHECK(integer_max(DType::kU32) == 4294967295);
  CHECK(integer_min(DType::kS64) == INT64_MIN);
  CHECK(integer_max(DType::kPred) == 1);
  CHECK(promote(DType::kBF16, DType::kF16) == DType::kF32);
  CHECK(promote(DType::kS8, DType::kBF16) == DType::kBF16);
  CHECK(promote(DType::kS8, DType::kU8) == DType::kS32);
  CHECK(promote(DType::kF64, DType::kF16) == DType::kF64);
}

TEST_CASE("quantization types have the bounds of the norm [TYP-2]", "[qtype]") {
  for (const std::string& text : qtype_names()) CHECK(name(*qtype_from_name(text)) == text);
  for (const char* wide : {"s16", "s32", "bf16", "f32", "int4", "", "S8"}) {
    CHECK_FALSE(qtype_from_name(wide));
  }
  CHECK(info(QType::kS8).bound == 127.5);
  CHECK(info(QType::kInt6).low == -32);
  CHECK(info(QType::kInt6).stored == DType::kS8);
  CHECK(info(QType::kU4).bound == 15.5);
  CHECK_FALSE(info(QType::kU8).asymmetric);
  CHECK(info(QType::kNvfp4).mandatory_tile == 16);
  CHECK(info(QType::kF8E5M2).bound == 57344);
}

std::string calibration(const std::string& text) {
  const auto parsed = parse_calibration_method(text);
  if (const auto* error = std::get_if<CalibrationError>(&parsed)) return error->label;
  const CalibrationMethod& method = std::get<CalibrationMethod>(parsed);
  return to_string(method) + (is_asymmetric(method) ? " asymmetric" : "");
}

TEST_CASE("calibration methods are parsed and refused [CAL-1] [CAL-METHOD] [CAL-RANGE]",
          "[qtype]") {
  CHECK(calibration("absmax") == "absmax");
  CHECK(calibration("AbsMax,0.9") == "absmax,0.9");
  CHECK(calibration("minmax") == "minmax asymmetric");
  CHECK(calibration("rms,3") == "rms,3");
  CHECK(calibration("fixed,2") == "fixed,2");
  CHECK(calibration("fixed,-1,2") == "fixed,-1,2 asymmetric");
  CHECK(calibration("fixed,-2,2") == "fixed,-2,2");
  CHECK(calibration("fixed,0,1") == "fixed,0,1 asymmetric");
  for (const char* wrong : {"", "median", "absmax,", "absmax,x", "absmax,1,2", "rms", "rms,1,2",
                            "fixed", "fixed,1,2,3", "absmax,nan", "absmax,inf", "absmax 0.9"}) {
    INFO(wrong);
    CHECK(calibration(wrong) == "CAL-METHOD");
  }
  for (const char* wrong : {"fixed,1,2", "fixed,-2,-1", "fixed,0,0", "fixed,2,1", "fixed,0"}) {
    INFO(wrong);
    CHECK(calibration(wrong) == "CAL-RANGE");
  }
}

TEST_CASE("an integer tile counts elements, a fraction the axis [CAL-3]", "[qtype]") {
  CHECK(resolve_tile(TileSize(std::int64_t{1}), 8) == 1);
  CHECK(resolve_tile(TileSize(1.0), 8) == 8);
  CHECK(resolve_tile(TileSize(0.25), 8) == 2);
  CHECK(resolve_tile(TileSize(0.5), 5) == std::nullopt);   // 2.5 rounds to 2
  CHECK(resolve_tile(TileSize(0.25), 6) == 2);             // 1.5 rounds to 2
  CHECK(resolve_tile(TileSize(0.01), 8) == std::nullopt);  // 0
  CHECK(resolve_tile(TileSize(std::int64_t{4}), 10) == std::nullopt);
  CHECK(resolve_tile(TileSize(std::int64_t{0}), 10) == std::nullopt);
  CHECK(resolve_tile(TileSize(std::int64_t{-5}), 10) == std::nullopt);
}

TEST_CASE("a policy is a base and its knobs [POL-1]", "[policy]") {
  const Policy ieee = *policy_from_name("ieee");
  const Policy xla = *policy_from_name("xla_cpu");
  CHECK_FALSE(ieee == xla);
  CHECK(describe(ieee) == "ieee");
  CHECK(describe(xla) == "xla_cpu");
  CHECK_FALSE(policy_from_name("IEEE"));
  Policy changed = ieee;
  CHECK(set_knob(changed, "quotient", "reciprocal"));
  CHECK(set_knob(changed, "dot_block", "256"));
  CHECK(describe(changed) == "ieee, quotient=reciprocal, dot_block=256");
  for (const char* wrong : {"-1", "", "1.5", "9999999999999", "0x10"}) {
    CHECK_FALSE(set_knob(changed, "dot_block", wrong));
  }
  CHECK_FALSE(set_knob(changed, "tie", "odd"));
  CHECK_FALSE(set_knob(changed, "ties", "even"));
  for (const PolicyKnob& knob : policy_knobs()) {
    for (const std::string& value : knob.values) {
      Policy policy;
      CHECK(set_knob(policy, knob.name, value));
      CHECK(knob_value(policy, knob.name) == value);
    }
  }
}

}  // namespace
}  // namespace mxcheck::numerics
