// The reference quantizer against the norm's own vectors and hand-made edge values, and the judge
// against planted mistakes.
#include "golden/reference/quantize_reference.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::reference {
namespace {

using numerics::QType;
using Kind = CalibrationMethod::Kind;

Tensor vector(DType dtype, const std::vector<double>& values) {
  Tensor x(dtype, {1, static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) x.store(static_cast<std::int64_t>(i), values[i]);
  return x;
}

Quantization one_row(Tensor x, QType qtype = QType::kS8, const CalibrationMethod& method = {}) {
  Quantization q;
  q.plan.qtype = qtype;
  q.plan.method = method;
  q.plan.scale_shape = Shape(x.shape().size(), 1);
  q.plan.scale_shape[0] = x.dim(0);
  q.x = std::move(x);
  return q;
}

Tensor scale_of(const Quantization& q) {
  const Calibration c = calibrate(q.x, q.plan.method, q.plan.scale_shape);
  const std::vector<ScaleRange> ranges = reference_scales(q, c);
  Tensor scale(q.x.dtype(), c.shape);
  for (std::size_t j = 0; j < ranges.size(); ++j) {
    scale.store(static_cast<std::int64_t>(j), ranges[j].low);
  }
  return scale;
}

std::vector<std::int64_t> codes_of(const Quantization& q) {
  const Tensor scale = scale_of(q);
  std::optional<Tensor> zero;
  const Calibration c = calibrate(q.x, q.plan.method, q.plan.scale_shape);
  if (c.asymmetric) {
    zero = Tensor(numerics::info(q.plan.qtype).stored, scale.shape());
    const auto allowed = reference_zero_points(q, c, scale);
    for (std::size_t j = 0; j < allowed.size(); ++j) {
      zero->store_int(static_cast<std::int64_t>(j), allowed[j][0]);
    }
  }
  const Tensor codes = reference_codes(q, scale, zero);
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < codes.size(); ++i) out.push_back(codes.load_int(i));
  return out;
}

using Codes = std::vector<std::int64_t>;

TEST_CASE("the norm's vectors: scales and codes of section 16 [SCL-1] [QNT-1] [TYP-1]",
          "[reference][quantize]") {
  const std::vector<double> first{.1, -.2, .3, -.4, 1, -1, .5};
  Quantization q = one_row(vector(DType::kF32, first));
  CHECK(scale_of(q).bits(0) == 0x3C008081);
  CHECK(codes_of(q) == Codes{13, -25, 38, -51, 127, -127, 64});
  q = one_row(vector(DType::kF32, {3, -3, 1.7, .01}));
  CHECK(scale_of(q).bits(0) == 0x3CC0C0C1);
  CHECK(codes_of(q) == Codes{127, -128, 72, 0});
  q = one_row(vector(DType::kBF16, first));
  CHECK(scale_of(q).bits(0) == 0x3C01);
  CHECK(codes_of(q) == Codes{13, -25, 38, -51, 127, -127, 64});
  const CalibrationMethod minmax{Kind::kMinmax, {}};
  q = one_row(vector(DType::kF32, {-1, 1, 0, .5}), QType::kS8, minmax);
  CHECK(scale_of(q).bits(0) == 0x3C008081);
  CHECK(codes_of(q) == Codes{-128, 126, -1, 63});
  q = one_row(vector(DType::kF32, {-.3, .7, .1}), QType::kS8, minmax);
  CHECK(codes_of(q) == Codes{-128, 126, -27});
}

TEST_CASE("small scales become one, with 2^-7 as the limit in f16 [SCL-3]",
          "[reference][quantize]") {
  CHECK(scale_of(one_row(vector(DType::kF32, {0, 0}))).load(0) == 1);
  CHECK(scale_of(one_row(vector(DType::kF32, {0x1p-57, 0}))).load(0) == 1);
  CHECK(scale_of(one_row(vector(DType::kF32, {0x1p-55, 0}))).load(0) < 0x1p-60);
  CHECK(scale_of(one_row(vector(DType::kF16, {.99, 0}))).load(0) == 1);
  CHECK(scale_of(one_row(vector(DType::kF16, {1, 0}))).load(0) == Approx(1 / 127.5).epsilon(1e-3));
  CHECK(codes_of(one_row(vector(DType::kF32, {INFINITY, 1, NAN}))) == Codes{0, 0, 0});
}

TEST_CASE("codes saturate, clip and round as their type says [TYP-1] [TYP-3]",
          "[reference][quantize]") {
  const CalibrationMethod fixed{Kind::kFixed, {127.5}};  // scale 1
  const auto codes = [&](QType type, double bound, const std::vector<double>& values) {
    return codes_of(one_row(vector(DType::kF32, values), type, {Kind::kFixed, {bound}}));
  };
  CHECK(codes_of(one_row(vector(DType::kF32, {.5, 1.5, -.5, 129, -1300, INFINITY, -INFINITY, NAN}),
                         QType::kS8, fixed)) == Codes{0, 2, 0, 127, -128, 127, -128, 0});
  CHECK(codes(QType::kU8, 255.5, {-1.2, 300, 254.5}) == Codes{0, 255, 254});
  CHECK(codes(QType::kS4, 7.5, {7.5, -7.5, -9, 2.5}) == Codes{7, -8, -8, 2});
  CHECK(codes(QType::kInt2, 1.5, {1.5, -1.5, -9, .5}) == Codes{1, -2, -2, 0});
  CHECK(codes(QType::kInt5, 15.5, {99, -99}) == Codes{15, -16});
  CHECK(codes(QType::kNf4, 1, {-1, 0, .04, .08, 1, NAN, -.85}) == Codes{0, 7, 8, 8, 15, 0, 0});
}

TEST_CASE("fp8 codes are clipped and rounded once [TYP] [SCL-6]", "[reference][quantize]") {
  Quantization q = one_row(vector(DType::kF32, {448, 1000, 17, -0.0009765625, 18}),
                           QType::kF8E4M3FN, {Kind::kFixed, {448}});
  Tensor codes = reference_codes(q, scale_of(q), std::nullopt);
  CHECK(codes.load(0) == 448);
  CHECK(codes.load(1) == 448);
  CHECK(codes.load(2) == 16);  // a tie of 16 and 18
  CHECK(codes.load(3) == 0);   // half the smallest subnormal
  CHECK(codes.load(4) == 18);
  q.plan.qtype = QType::kMxfp4;
  q.plan.method = {Kind::kFixed, {24}};
  CHECK(scale_of(q).load(0) == 4);
  codes = reference_codes(q, scale_of(q), std::nullopt);
  CHECK(codes.load(0) == 6);
  CHECK(codes.load(2) == 4);  // 4.25
}

TEST_CASE("both policies round at their own places [POL-2] [POL-7]", "[reference][quantize]") {
  const Tensor x = testing::random_floats(DType::kF32, {512, 16}, 3);
  Quantization ieee = one_row(x), xla = ieee;
  xla.policy = *numerics::policy_from_name("xla_cpu");
  const Tensor divided = scale_of(ieee), multiplied = scale_of(xla);
  std::int64_t different = 0;
  for (std::int64_t j = 0; j < 512; ++j) different += divided.bits(j) != multiplied.bits(j);
  CHECK(different > 100);
  // One element: a true division.
  ieee.plan.scale_shape = xla.plan.scale_shape = {1, 1};
  CHECK(scale_of(ieee).bits(0) == scale_of(xla).bits(0));
  const Quantization bf16 = one_row(testing::random_floats(DType::kBF16, {64, 16}, 3));
  Quantization bf16_xla = bf16;
  bf16_xla.policy = xla.policy;
  CHECK(tensor::identical(scale_of(bf16), scale_of(bf16_xla)));
  CHECK(codes_of(bf16) == codes_of(bf16_xla));
}

// A quantizer with the float unit's own instructions, as any implementation would be.
QuantizedView plainly_quantized(const Quantization& q, bool reciprocal) {
  const Tensor scale = scale_of(q);
  Tensor codes(DType::kS8, q.x.shape());
  const std::int64_t columns = q.x.dim(1);
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    const auto x = static_cast<float>(q.x.load(i));
    const auto s = static_cast<float>(scale.load(i / columns));
    const float value = reciprocal ? x * (1.0f / s) : x / s;
    codes.store_int(
        i, static_cast<std::int64_t>(std::fmin(127, std::fmax(-128, std::nearbyint(value)))));
  }
  return {codes, scale, std::nullopt, false};
}

TEST_CASE("the judge accepts right codes and names the first wrong one [QNT-1]",
          "[reference][quantize]") {
  const Tensor x = testing::random_floats(DType::kF32, {200, 24}, 7);
  for (const bool reciprocal : {false, true}) {
    Quantization q = one_row(x);
    if (reciprocal) q.policy = *numerics::policy_from_name("xla_cpu");
    QuantizedView view = plainly_quantized(q, reciprocal);
    const QuantizeVerdict good = check_quantize(q, view);
    CHECK(good.passed());
    CHECK(good.codes.checked == 200 * 24);
    CHECK(good.scales.checked == 200);
    CHECK(good.saturated > 10);  // +absmax gives 127.5, or 128 after rounding
    CHECK(good.saturated <= 200);
    // The other policy's quotient moves exactly the codes counted as sensitive.
    const QuantizeVerdict other = check_quantize(q, plainly_quantized(q, !reciprocal));
    CHECK(good.sensitive > 0);
    CHECK(other.codes.wrong == good.sensitive);
    view.qvalue.store_int(100, view.qvalue.load_int(100) == 0 ? 1 : 0);
    view.scale->set_bits(17, view.scale->bits(17) ^ 1u);
    const QuantizeVerdict bad = check_quantize(q, view);
    CHECK_FALSE(bad.passed());
    CHECK(bad.codes.first_wrong == 100);
    CHECK(bad.scales.wrong == 1);
    CHECK(bad.scales.first_wrong == 17);
  }
}

TEST_CASE("rounding half away, a narrow clamp and a wrong zero point are caught [TYP-1] [SCL-4]",
          "[reference][quantize]") {
  Quantization q =
      one_row(vector(DType::kF32, {.5, 2.5, -127.5, 200, -3}), QType::kS8, {Kind::kFixed, {127.5}});
  QuantizedView view{reference_codes(q, scale_of(q), std::nullopt), scale_of(q), std::nullopt,
                     false};
  const QuantizeVerdict v = check_quantize(q, view);
  CHECK(v.passed());
  CHECK(v.ties == 3);
  CHECK(v.saturated == 1);
  q.policy.tie = numerics::Policy::Tie::kAway;
  CHECK(check_quantize(q, view).codes.wrong == 2);
  q.policy.tie = numerics::Policy::Tie::kEven;
  q.policy.code_clamp = numerics::Policy::CodeClamp::kNarrow;
  CHECK(check_quantize(q, view).codes.wrong == 1);

  Quantization asymmetric =
      one_row(vector(DType::kF32, {-.3, .7, .1}), QType::kS8, {Kind::kMinmax, {}});
  Tensor zero(DType::kS8, {1, 1});
  zero.store_int(0, -52);
  view = {reference_codes(asymmetric, scale_of(asymmetric), zero), scale_of(asymmetric), zero,
          false};
  CHECK(check_quantize(asymmetric, view).passed());
  zero.store_int(0, -51);
  view = {reference_codes(asymmetric, scale_of(asymmetric), zero), scale_of(asymmetric), zero,
          false};
  const QuantizeVerdict wrong = check_quantize(asymmetric, view);
  CHECK(wrong.zero_points.wrong == 1);
  CHECK(wrong.codes.wrong == 0);  // right for that zero point
}

TEST_CASE("noise is added to the quotient in f32 before rounding [QNT-4]",
          "[reference][quantize]") {
  Quantization q =
      one_row(vector(DType::kBF16, {.25, .25, 10}), QType::kS8, {Kind::kFixed, {127.5}});
  q.noise = Tensor(DType::kF32, {1, 1});
  q.noise->store(0, 0.26);
  CHECK(codes_of(q) == Codes{1, 1, 10});
  q.noise->store(0, -0.49);
  CHECK(codes_of(q) == Codes{0, 0, 10});
  q.plan.qtype = QType::kInt7;  // emulated types ignore noise
  q.plan.method = {Kind::kFixed, {63.5}};
  q.noise->store(0, 0.26);
  CHECK(codes_of(q) == Codes{0, 0, 10});
}

TEST_CASE("an rms scale may be any that some order of summation gives [CAL]",
          "[reference][quantize]") {
  const Tensor x = testing::random_floats(DType::kF32, {8, 200}, 9);
  Quantization q = one_row(x, QType::kS8, {Kind::kRms, {3}});
  Tensor scale(DType::kF32, {8, 1});
  for (std::int64_t r = 0; r < 8; ++r) {
    float sum = 0;
    for (std::int64_t i = 0; i < 200; ++i) {
      const auto v = static_cast<float>(x.load(200 * r + i));
      sum += v * v;
    }
    scale.store(r, static_cast<double>(std::sqrt(sum / 200.0f) * 3.0f / 127.5f));
  }
  QuantizedView view{reference_codes(q, scale, std::nullopt), scale, std::nullopt, false};
  CHECK(check_quantize(q, view).passed());
  view.scale->store(3, scale.load(3) * 1.0001);
  CHECK(check_quantize(q, view).scales.first_wrong == 3);
}

TEST_CASE("a scale for every element is divided by, whatever the policy [POL-7]",
          "[reference][quantize]") {
  numerics::Policy policy;
  policy.quotient = numerics::Policy::Division::kReciprocal;
  Quantization q = one_row(vector(DType::kF32, {2.5}));
  q.policy = policy;
  Tensor scale(DType::kF32, {1, 1});
  // The first scale of a search for which both ways differ across a tie.
  for (int n = 1; n < 20000; ++n) {
    const float s = 1.0f + static_cast<float>(n) * 0x1p-15f;
    const float x = 2.5f * s;
    if (x / s == 2.5f && x * (1.0f / s) > 2.5f) {
      q.x.store(0, static_cast<double>(x));
      scale.store(0, static_cast<double>(s));
    }
  }
  REQUIRE(scale.load(0) != 0);
  CHECK(reference_codes(q, scale, std::nullopt).load_int(0) == 2);  // a tie, divided
  Quantization two = one_row(vector(DType::kF32, {q.x.load(0), 1}));
  two.policy = policy;
  CHECK(reference_codes(two, scale, std::nullopt).load_int(0) == 3);  // multiplied: beyond the tie
}

TEST_CASE("squares that underflow leave a range of zero, near the edge either [CAL] [POL-9]",
          "[reference][quantize]") {
  const CalibrationMethod rms{Kind::kRms, {3}};
  Tensor x = vector(DType::kF32, {1e-20, -1e-20, 2e-20, 0});
  Calibration c = calibrate(x, rms, {1, 1});
  CHECK(c.high[0] == 0);
  CHECK(c.uncertainty[0] == 0);
  // One square of 2^-125 among four values: the mean is 2^-127, subnormal, and flushed.
  x = vector(DType::kF32, {0x1.6a09e6p-63, 0, 0, 0});
  c = calibrate(x, rms, {1, 1});
  CHECK(c.high[0] == 0);
  // A mean at the smallest normal: which side it falls on depends on the order of the sum.
  x = vector(DType::kF32, {0x1p-63, 0x1p-63, 0x1p-63, 0x1p-63});
  c = calibrate(x, rms, {1, 1});
  CHECK(c.uncertainty[0] >= 0.5);
}

TEST_CASE("codes that one ulp decides are counted [QNT-1]", "[reference][quantize]") {
  Quantization q = one_row(vector(DType::kF32, {127.5, 0.5, 1.25, -2.5, 3}));
  const Tensor scale = scale_of(q);
  REQUIRE(scale.load(0) == 1);
  const QuantizedView view =
      quantized_view(reference_codes(q, scale, std::nullopt), scale, std::nullopt, QType::kS8);
  const QuantizeVerdict v = check_quantize(q, view);
  CHECK(v.passed());
  CHECK(v.ties == 3);
  CHECK(v.by_one_ulp == 2);  // 127.5 saturates on either side
  CHECK(v.saturated == 1);
}

}  // namespace
}  // namespace mxcheck::reference
