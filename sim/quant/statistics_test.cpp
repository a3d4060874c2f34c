// Running averages and the noise of stochastic rounding, against the norm's own numbers.
#include "sim/quant/statistics.h"

#include <catch2/catch.hpp>

#include "sim/numerics/flush.h"

namespace mxcheck::quant {
namespace {

using numerics::DType;

Calibration absmax_of(const std::vector<float>& values, Shape shape) {
  Tensor t(DType::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), t.mutable_data<float>().begin());
  Calibration c;
  c.absmax = t;
  return c;
}

TEST_CASE("statistics average over batch axes, update before use [SRQ-2, SRQ-4, SRQ-5]", "[srq]") {
  const numerics::FlushSubnormals flush;
  const Calibration mean = batch_mean(absmax_of({1, 3}, {2, 1}), {0}, {});
  CHECK(mean.absmax->shape() == Shape{1, 1});
  CHECK(mean.absmax->load(0) == 2);
  Statistics s = empty_statistics(mean);
  CHECK(average(s, mean, {}).absmax->load(0) == 2);  // count 0: the step's own
  update(s, mean);
  update(s, batch_mean(absmax_of({5, 7}, {2, 1}), {0}, {}));
  CHECK(s.count.load_int(0) == 2);
  CHECK(s.sums.at("absmax").load(0) == 8);
  CHECK(average(s, mean, {}).absmax->load(0) == 4);
}

TEST_CASE("statistics of another kind or shape are refused [STAT-KIND, STAT-SHAPE]", "[srq]") {
  const Calibration a = absmax_of({1}, {1, 1});
  Calibration minmax;
  minmax.min = a.absmax;
  minmax.max = a.absmax;
  const Statistics s = empty_statistics(a);
  CHECK(statistics_conflict(s, a).empty());
  CHECK(statistics_conflict(s, minmax) == "STAT-KIND");
  CHECK(statistics_conflict(s, absmax_of({1, 2}, {2, 1})) == "STAT-SHAPE");
}

TEST_CASE("uniform noise of key zero is the norm's [RND-2]", "[rnd]") {
  const Tensor noise = make_noise({0, 0}, numerics::NoiseMethod::kUniform, {4, 3}, {0});
  CHECK(noise.shape() == Shape{4, 1});
  const float expected[] = {.447667003f, .478579879f, -.167708516f, -.0313315392f};
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(static_cast<float>(noise.load(i)) == expected[i]);
  }
}

TEST_CASE("low-bit noise takes the low byte of the word [RND-2]", "[rnd]") {
  const Tensor noise = make_noise({0, 0}, numerics::NoiseMethod::kLowBitUniform, {2}, {0});
  CHECK(noise.load(0) == 0xA7 / 256.0 - 0.5 + 1 / 512.0);
  CHECK(noise.load(1) == 0x92 / 256.0 - 0.5 + 1 / 512.0);
}

}  // namespace
}  // namespace mxcheck::quant
