// The norm's own vectors for scales, codes and zero points, and every rounding of the qtype table.
#include "sim/quant/quantize.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "sim/numerics/flush.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::quant {
namespace {

using numerics::DType;

Tensor vector_of(const std::vector<double>& values, DType dtype = DType::kF32) {
  Tensor out(dtype, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.store(static_cast<std::int64_t>(i), values[i]);
  }
  return out;
}

std::vector<int> codes_of(const Tensor& t) {
  std::vector<int> out;
  for (std::int64_t i = 0; i < t.size(); ++i) out.push_back(static_cast<int>(t.load_int(i)));
  return out;
}

CalibrationMethod method(const char* text) {
  return std::get<CalibrationMethod>(numerics::parse_calibration_method(text));
}

Quantized quantize_all(const Tensor& x, QType qtype, const char* how, const Policy& policy = {}) {
  const Spec spec{qtype, method(how), {}, {}};
  return quantize(x, qtype, compute_scaling(calibrate(x, spec, policy), qtype, policy), policy);
}

TEST_CASE("symmetric s8 gives the norm's scales and codes [SCL-1, TYP-1]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const Quantized a = quantize_all(vector_of({.1, -.2, .3, -.4, 1, -1, .5}), QType::kS8, "absmax");
  CHECK(a.scale.bits(0) == 0x3C008081u);
  CHECK(codes_of(a.qvalue) == std::vector<int>{13, -25, 38, -51, 127, -127, 64});
  const Quantized b = quantize_all(vector_of({3, -3, 1.7, .01}), QType::kS8, "absmax");
  CHECK(b.scale.bits(0) == 0x3CC0C0C1u);
  CHECK(codes_of(b.qvalue) == std::vector<int>{127, -128, 72, 0});
  const Quantized c =
      quantize_all(vector_of({.1, -.2, .3, -.4, 1, -1, .5}, DType::kBF16), QType::kS8, "absmax");
  CHECK(c.scale.bits(0) == 0x3C01u);
  CHECK(codes_of(c.qvalue) == std::vector<int>{13, -25, 38, -51, 127, -127, 64});
}

TEST_CASE("minmax gives the norm's zero points [SCL-2, SCL-4, QNT-2]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const Quantized a = quantize_all(vector_of({-1, 1, 0, .5}), QType::kS8, "minmax");
  CHECK(a.scale.bits(0) == 0x3C008081u);
  CHECK(codes_of(*a.zero_point) == std::vector<int>{-1});
  CHECK(codes_of(a.qvalue) == std::vector<int>{-128, 126, -1, 63});
  const Quantized b = quantize_all(vector_of({-.3, .7, .1}), QType::kS8, "minmax");
  CHECK(codes_of(*b.zero_point) == std::vector<int>{-52});
  CHECK(codes_of(b.qvalue) == std::vector<int>{-128, 126, -27});
}

TEST_CASE("a scale below the guard becomes one, by dtype [SCL-3]", "[quant]") {
  const numerics::FlushSubnormals flush;
  CHECK(quantize_all(vector_of({0, 0}), QType::kS8, "absmax").scale.load(0) == 1);
  CHECK(quantize_all(vector_of({0x1p-57, 0}), QType::kS8, "absmax").scale.load(0) == 1);
  CHECK(quantize_all(vector_of({0x1p-55, 0}), QType::kS8, "absmax").scale.load(0) < 1e-15);
  // f16: everything below about 127.5 / 128 is taken as it is.
  CHECK(quantize_all(vector_of({0.9, 0.2}, DType::kF16), QType::kS8, "absmax").scale.load(0) == 1);
  CHECK(quantize_all(vector_of({1.0, 0.2}, DType::kF16), QType::kS8, "absmax").scale.load(0) != 1);
}

TEST_CASE("infinities and NaN keep their places [TYP-1, TYP-4]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const double inf = std::numeric_limits<double>::infinity();
  const Quantized a = quantize_all(vector_of({inf, 1, -2}), QType::kS8, "absmax");
  CHECK(std::isinf(a.scale.load(0)));
  CHECK(codes_of(a.qvalue) == std::vector<int>{0, 0, 0});
  CHECK(std::isnan(dequantize(a, {}).load(0)));
  const Quantized b = quantize_all(vector_of({NAN, 1}), QType::kS8, "absmax");
  CHECK(std::isnan(b.scale.load(0)));
  CHECK(codes_of(b.qvalue) == std::vector<int>{0, 0});
}

struct FixedRow {
  QType qtype;
  std::vector<double> x;
  std::vector<int> codes;
};

TEST_CASE("each integer type rounds half to even and stays in its range [TYP]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const Scaling unit{vector_of({1}), std::nullopt};
  const FixedRow rows[] = {
      {QType::kS8, {0.5, 1.5, -2.5, 129, -1300, 127.5}, {0, 2, -2, 127, -128, 127}},
      {QType::kS4, {0.5, 7.5, -8.5, 9, -100, 3.5}, {0, 7, -8, 7, -8, 4}},
      {QType::kU8, {-1.2, 0.5, 255.5, 300, 254.5, 7}, {0, 0, 255, 255, 254, 7}},
      {QType::kU4, {-1, 15.5, 100, 2.5, 3.5, 0}, {0, 15, 15, 2, 4, 0}},
      {QType::kInt2, {-3, -1.5, 0.5, 1.5, 2, 1}, {-2, -2, 0, 1, 1, 1}},
      {QType::kInt3, {-9, 3.5, -4.5, 2.5, 0, 4}, {-4, 3, -4, 2, 0, 3}},
      {QType::kInt5, {-20, 15.5, 16, -16.5, 0.5, 1}, {-16, 15, 15, -16, 0, 1}},
      {QType::kInt6, {-40, 31.5, 33, -32.5, 0.5, 1}, {-32, 31, 31, -32, 0, 1}},
      {QType::kInt7, {-80, 63.5, 65, -64.5, 0.5, 1}, {-64, 63, 63, -64, 0, 1}},
  };
  for (const FixedRow& row : rows) {
    INFO(numerics::name(row.qtype));
    CHECK(codes_of(quantize(vector_of(row.x), row.qtype, unit, {}).qvalue) == row.codes);
  }
}

TEST_CASE("nf4 takes the nearest bucket, the lower index on ties [TYP-3]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const Scaling unit{vector_of({1}), std::nullopt};
  const Quantized q =
      quantize(vector_of({-1, 0, 1, 0.05, 5, 0.039790149778127670}), QType::kNf4, unit, {});
  CHECK(codes_of(q.qvalue) == std::vector<int>{0, 7, 15, 8, 15, 7});
  CHECK(dequantize(q, {}).load(3) == Approx(0.07958029955625534));
}

TEST_CASE("fp8 clips to its finite range before the cast [TYP]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const Scaling unit{vector_of({1}), std::nullopt};
  const Quantized q = quantize(vector_of({1000, -1000, 1, 0.4}), QType::kF8E4M3FN, unit, {});
  CHECK(q.qvalue.load(0) == 448);
  CHECK(q.qvalue.load(1) == -448);
  CHECK(q.qvalue.load(2) == 1);
  CHECK(q.qvalue.load(3) == 0.40625);
}

TEST_CASE("the policy decides how quotients and scales are divided [POL]", "[quant]") {
  const numerics::FlushSubnormals flush;
  int differ = 0;
  for (int i = 1; i < 200; ++i) {
    const Tensor x = vector_of({1.0 + i / 173.0, 0.37 * i}).reshaped({2, 1});
    const Spec spec{QType::kS8, method("absmax"), {0}, {}};
    const Policy xla = *numerics::policy_from_name("xla_cpu");
    const auto scale = [&](const Policy& p) {
      return compute_scaling(calibrate(x, spec, p), QType::kS8, p).scale.bits(0);
    };
    if (scale({}) != scale(xla)) ++differ;
  }
  CHECK(differ > 50);
  // One-element arrays divide truly under either policy (POL-7).
  const Policy xla = *numerics::policy_from_name("xla_cpu");
  CHECK(quantize_all(vector_of({3, -3}), QType::kS8, "absmax", xla).scale.bits(0) == 0x3CC0C0C1u);
}

TEST_CASE("ties, clamps and NaN codes follow their knobs [POL]", "[quant]") {
  const numerics::FlushSubnormals flush;
  const Scaling unit{vector_of({1}), std::nullopt};
  const Tensor x = vector_of({0.5, -0.5, 2.5, -200, NAN});
  Policy away;
  away.tie = Policy::Tie::kAway;
  CHECK(codes_of(quantize(x, QType::kS8, unit, away).qvalue) ==
        std::vector<int>{1, -1, 3, -128, 0});
  Policy up;
  up.tie = Policy::Tie::kUp;
  CHECK(codes_of(quantize(x, QType::kS8, unit, up).qvalue) == std::vector<int>{1, 0, 3, -128, 0});
  Policy narrow;
  narrow.code_clamp = Policy::CodeClamp::kNarrow;
  narrow.nan_code = Policy::NanCode::kMin;
  CHECK(codes_of(quantize(x, QType::kS8, unit, narrow).qvalue) ==
        std::vector<int>{0, 0, 2, -127, -128});
}

TEST_CASE("scales are found by position over tile [TIL-1]", "[quant]") {
  CHECK(scale_map({2, 4}, {2, 2}) == std::vector<std::int64_t>{0, 0, 1, 1, 2, 2, 3, 3});
  CHECK(scale_map({2, 3}, {1, 3}) == std::vector<std::int64_t>{0, 1, 2, 0, 1, 2});
  CHECK(scale_map({4}, {1}) == std::vector<std::int64_t>{0, 0, 0, 0});
  CHECK(scale_map({}, {}) == std::vector<std::int64_t>{0});
}

TEST_CASE("the gradient mask includes its bounds [BWD-7]", "[quant]") {
  const Tensor x = vector_of({-2, -1, 0, 1, 2, NAN});
  const Tensor g = vector_of({10, 11, 12, 13, 14, 15});
  Calibration c;
  c.absmax = vector_of({1});
  const Tensor masked = clip_gradient(g, x, c);
  const double expected[] = {0, 11, 12, 13, 0, 0};
  for (std::int64_t i = 0; i < 6; ++i) CHECK(masked.load(i) == expected[i]);
}

}  // namespace
}  // namespace mxcheck::quant
