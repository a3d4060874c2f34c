// Calibrated ranges by hand: each method, groups of tiles, flushed subnormals, the interval of rms,
// and what of a gradient survives a range.
#include "golden/reference/calibration.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

using Kind = CalibrationMethod::Kind;
using Values = std::vector<double>;

Tensor row(DType dtype, const Values& values) {
  Tensor out(dtype, {1, static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i)
    out.store(static_cast<std::int64_t>(i), values[i]);
  return out;
}

TEST_CASE("absmax is the largest size, a factor multiplies it once [CAL-1] [CAL-2]",
          "[reference][calibration]") {
  const Tensor x = row(DType::kF32, {1, -4, 3, 2});
  Calibration c = calibrate(x, {Kind::kAbsmax, {}}, {1, 2});
  CHECK(c.high == Values{4, 3});
  CHECK(c.low == Values{-4, -3});
  CHECK_FALSE(c.asymmetric);
  CHECK(c.uncertainty == Values{0, 0});
  c = calibrate(x, {Kind::kAbsmax, {0.9}}, {1, 1});
  CHECK(c.high == Values{static_cast<double>(4.0f * 0.9f)});
}

TEST_CASE("minmax includes zero, whatever the values [CAL-1]", "[reference][calibration]") {
  const CalibrationMethod minmax{Kind::kMinmax, {}};
  const Calibration c = calibrate(row(DType::kF32, {2, 5, -1, -3, -2, 7}), minmax, {1, 3});
  CHECK(c.asymmetric);
  CHECK(c.low == Values{0, -3, -2});
  CHECK(c.high == Values{5, 0, 7});
  const Calibration half = calibrate(row(DType::kF32, {-2, 6}), {Kind::kMinmax, {0.5}}, {1, 1});
  CHECK(half.low == Values{-1});
  CHECK(half.high == Values{3});
}

TEST_CASE("fixed bounds are rounded to the dtype; one bound is both [CAL-1]",
          "[reference][calibration]") {
  const Tensor x = row(DType::kBF16, {100, -100});
  const Calibration one = calibrate(x, {Kind::kFixed, {0.1}}, {1, 1});
  CHECK(one.high == Values{0.10009765625});
  CHECK(one.low == Values{-0.10009765625});
  CHECK(one.shape == Shape{1, 1});
  const Calibration two = calibrate(x, {Kind::kFixed, {-1, 2}}, {1, 2});
  CHECK(two.asymmetric);
  CHECK(two.low == Values{-1});
  CHECK(two.high == Values{2});
}

TEST_CASE("a NaN anywhere in a group is its range [CAL-1]", "[reference][calibration]") {
  const Tensor x = row(DType::kF32, {1, NAN, 3, 2});
  for (const Kind kind : {Kind::kAbsmax, Kind::kMinmax}) {
    const Calibration c = calibrate(x, {kind, {}}, {1, 2});
    CHECK(std::isnan(c.high[0]));
    CHECK(c.high[1] == 3);
  }
}

TEST_CASE("subnormal operands count as zero but in f16 [POL-9]", "[reference][calibration]") {
  CHECK(arithmetic_result(DType::kF32, 0x1p-127) == 0);
  CHECK(arithmetic_result(DType::kF32, -0x1p-126) == -0x1p-126);
  CHECK(arithmetic_result(DType::kF16, 0x1p-24) == 0x1p-24);
  CHECK(calibrate(row(DType::kF32, {0x1p-130}), {Kind::kAbsmax, {}}, {1, 1}).high == Values{0});
  CHECK(calibrate(row(DType::kF16, {0x1p-24}), {Kind::kAbsmax, {}}, {1, 1}).high ==
        Values{0x1p-24});
}

TEST_CASE("rms comes with an interval that any order of summation stays in [CAL-1]",
          "[reference][calibration]") {
  for (const double factor : {0.0, 1.5}) {
    const CalibrationMethod rms{Kind::kRms, factor == 0 ? Values{} : Values{factor}};
    const Tensor x = testing::random_floats(DType::kF32, {1, 999}, 3);
    const Calibration c = calibrate(x, rms, {1, 1});
    REQUIRE(c.uncertainty[0] > 0);
    CHECK(c.uncertainty[0] <
          2 * 1003 * 0x1p-24);  // and not idle: gamma of the sum, a few roundings
    std::vector<float> squares;
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const auto v = static_cast<float>(x.load(i));
      squares.push_back(v * v);
    }
    for (int order = 0; order < 3; ++order) {
      if (order == 1) std::sort(squares.begin(), squares.end());
      if (order == 2) std::reverse(squares.begin(), squares.end());
      float sum = 0;
      for (const float s : squares) sum += s;
      float root = std::sqrt(sum / 999);
      if (factor != 0) root *= static_cast<float>(factor);
      CHECK(std::fabs(root - c.high[0]) <= c.uncertainty[0] * c.high[0]);
      CHECK(c.low[0] == -c.high[0]);
    }
  }
}

TEST_CASE("rms of zeros is zero, and certain [CAL-1]", "[reference][calibration]") {
  const Calibration c = calibrate(row(DType::kF32, {0, 0}), {Kind::kRms, {}}, {1, 1});
  CHECK(c.high == Values{0});
  CHECK(c.uncertainty == Values{0});
}

TEST_CASE("statistics become a range as they are [SRQ-5]", "[reference][calibration]") {
  const Calibration one = calibration_from(row(DType::kF32, {3, 5}));
  CHECK(one.low == Values{-3, -5});
  CHECK_FALSE(one.asymmetric);
  const Calibration two = calibration_from(row(DType::kF32, {-1, 0}), row(DType::kF32, {3, 5}));
  CHECK(two.asymmetric);
  CHECK(two.low == Values{-1, 0});
  CHECK(two.high == Values{3, 5});
  CHECK(two.shape == Shape{1, 2});
  CHECK(low_of(two, DType::kBF16).load(0) == -1);
  CHECK(high_of(two, DType::kBF16).load(1) == 5);
}

TEST_CASE("a gradient passes inside the range, bounds included [BWD-7]",
          "[reference][calibration]") {
  const Tensor x = row(DType::kF32, {-1, std::nextafterf(-1, -2), 0.5, 2, std::nextafterf(2, 3)});
  const CalibrationMethod fixed{Kind::kFixed, {-1, 2}};
  const std::vector<Keep> keep = gradient_mask(x, fixed, calibrate(x, fixed, {1, 1}));
  CHECK(keep == std::vector<Keep>{Keep::kKeep, Keep::kClip, Keep::kKeep, Keep::kKeep, Keep::kClip});
}

TEST_CASE("the range of the operand itself clips nothing, a part of it does [BWD-7]",
          "[reference][calibration]") {
  const Tensor x = row(DType::kF32, {-4, 1, 4});
  const auto mask = [&](const CalibrationMethod& method) {
    return gradient_mask(x, method, calibrate(x, method, {1, 1}));
  };
  const std::vector<Keep> all(3, Keep::kKeep);
  CHECK(mask({Kind::kAbsmax, {}}) == all);
  CHECK(mask({Kind::kMinmax, {1.0}}) == all);
  CHECK(mask({Kind::kAbsmax, {0.5}}) == std::vector<Keep>{Keep::kClip, Keep::kKeep, Keep::kClip});
}

TEST_CASE("at an uncertain bound either is right, away from it not [BWD-7]",
          "[reference][calibration]") {
  // Every element is the root mean square: as near its bound as can be.
  const Tensor x = row(DType::kF32, {3, -3, 3, 3});
  const CalibrationMethod rms{Kind::kRms, {}}, wide{Kind::kRms, {2}}, narrow{Kind::kRms, {0.5}};
  const auto mask = [&](const CalibrationMethod& method) {
    return gradient_mask(x, method, calibrate(x, method, {1, 1}));
  };
  CHECK(mask(rms) == std::vector<Keep>(4, Keep::kEither));
  CHECK(mask(wide) == std::vector<Keep>(4, Keep::kKeep));
  CHECK(mask(narrow) == std::vector<Keep>(4, Keep::kClip));
}

}  // namespace
}  // namespace mxcheck::reference
