// A right trace passes; every rule of the statistics broken once is named.
#include "golden/reference/srq_reference.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

// What an honest implementation leaves behind: per step a calibration [B, T, 1], its mean over B in
// f32, the running sum, the average it used.
StatisticsTrace honest(DType dtype, bool update, int steps) {
  StatisticsTrace trace;
  trace.batch_axes = {0};
  trace.update = update;
  std::int64_t count = 0;
  Tensor sum(DType::kF32, {1, 3, 1});
  for (int k = 0; k < steps; ++k) {
    StatisticsStep s;
    s.calibration = testing::random_floats(dtype, {5, 3, 1}, 40 + static_cast<std::uint64_t>(k));
    Tensor mean(dtype, {1, 3, 1}), in_use(dtype, {1, 3, 1});
    if (update) ++count;
    for (std::int64_t t = 0; t < 3; ++t) {
      float total = 0;
      for (std::int64_t b = 0; b < 5; ++b)
        total += static_cast<float>(s.calibration.load(3 * b + t));
      mean.store(t, static_cast<double>(total / 5));
      if (update) {
        sum.store(t, static_cast<double>(static_cast<float>(sum.load(t)) +
                                         static_cast<float>(mean.load(t))));
      }
      in_use.store(t, count > 0 ? static_cast<double>(static_cast<float>(sum.load(t)) /
                                                      static_cast<float>(count))
                                : mean.load(t));
    }
    s.count = Tensor(DType::kS32, {1});
    s.count.store_int(0, count);
    s.sum = sum;
    s.in_use = in_use;
    s.mean = mean;
    trace.steps.push_back(s);
  }
  return trace;
}

TEST_CASE("an honest trace passes, with and without recorded means [SRQ-2] [SRQ-4] [SRQ-5]",
          "[reference][srq]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const bool update : {true, false}) {
      StatisticsTrace trace = honest(dtype, update, 4);
      const StatisticsVerdict v = check_statistics(trace);
      INFO(v.first_wrong);
      CHECK(v.passed());
      CHECK(v.compared == 4 * (1 + 3 + 3));
      for (StatisticsStep& s : trace.steps) s.mean.reset();
      CHECK(check_statistics(trace).passed());
    }
  }
}

TEST_CASE("every broken rule of the statistics is named [SRQ-4] [SRQ-5]", "[reference][srq]") {
  const StatisticsTrace good = honest(DType::kF32, true, 3);
  const auto named = [](const StatisticsTrace& trace) {
    return check_statistics(trace).first_wrong;
  };

  StatisticsTrace t = good;  // count not incremented
  t.steps[1].count.store_int(0, 1);
  CHECK(named(t).rfind("step 1 count", 0) == 0);

  t = good;  // a sum off by one bit
  t.steps[2].sum.set_bits(1, t.steps[2].sum.bits(1) ^ 1u);
  CHECK(named(t).rfind("step 2 sum[1]", 0) == 0);

  t = good;  // used before the update: the average of the step before
  t.steps[1].in_use = average_in_use(good.steps[0].sum, 1, DType::kF32);
  CHECK(named(t).rfind("step 1 average in use", 0) == 0);

  t = good;  // a maximum over the batch instead of the mean
  t.steps[0].mean.reset();
  for (std::int64_t i = 0; i < 3; ++i) {
    double max = -10;
    for (std::int64_t b = 0; b < 5; ++b)
      max = std::fmax(max, t.steps[0].calibration.load(3 * b + i));
    t.steps[0].sum.store(i, max);
  }
  CHECK(named(t).rfind("step 0 sum[0]", 0) == 0);

  t = good;  // the statistics' shape changes
  t.steps[2].sum = Tensor(DType::kF32, {1, 4, 1});
  CHECK(named(t).rfind("step 2 shape", 0) == 0);

  t = honest(DType::kF32, false, 2);  // frozen statistics that move
  t.steps[1].sum.store(0, 0.5);
  CHECK(named(t).rfind("step 1 frozen sum[0]", 0) == 0);
  t = honest(DType::kF32, false, 2);  // nothing collected: the step's own mean is in use
  t.steps[0].in_use->store(2, 0);
  CHECK(named(t).rfind("step 0 own value in use[2]", 0) == 0);
}

TEST_CASE("the mean over a batch is exact in the defined order, an interval beyond it [SRQ-2]",
          "[reference][srq]") {
  const numerics::Policy ieee, xla = *numerics::policy_from_name("xla_cpu");
  for (const std::int64_t batch : {5, 32, 200}) {
    for (const DType dtype : {DType::kF32, DType::kBF16}) {
      const Tensor x = testing::random_floats(dtype, {batch, 4}, 11);
      const MeanRange range = batch_mean(x, {0}, ieee), either = batch_mean(x, {-2}, xla);
      for (std::int64_t t = 0; t < 4; ++t) {
        float sum = 0, backwards = 0;
        for (std::int64_t b = 0; b < batch; ++b) {
          sum += static_cast<float>(x.load(4 * b + t));
          backwards += static_cast<float>(x.load(4 * (batch - 1 - b) + t));
        }
        const auto n = static_cast<float>(batch);
        const auto rounded = [&](float v) { return round_to(dtype, static_cast<double>(v)); };
        CHECK(range.low.load(t) <= rounded(sum / n));
        CHECK(rounded(sum / n) <= range.high.load(t));
        CHECK(either.low.load(t) <= rounded(sum * (1 / n)));
        CHECK(rounded(sum * (1 / n)) <= either.high.load(t));
        CHECK((range.low.load(t) == range.high.load(t) || batch > 32));
        if (batch > 32) CHECK(range.low.load(t) <= rounded(backwards / n));
      }
    }
  }
}

TEST_CASE(
    "the calibration in use is the average, or the step's own mean at count 0 [SRQ-5] [SRQ-6]",
    "[reference][srq]") {
  Calibration own;
  own.shape = {2, 1};
  own.low = {-3, -5};
  own.high = {3, 5};
  own.uncertainty = {0, 0};
  StatisticsInUse u;
  u.batch_axes = {0};
  u.sums = {Tensor(DType::kF32, {1, 1})};
  CHECK(calibration_in_use(own, u).high == std::vector<double>{4});
  CHECK(calibration_in_use(own, u).low == std::vector<double>{-4});
  u.sums[0].store(0, 9);
  u.count = 3;
  CHECK(calibration_in_use(own, u).high == std::vector<double>{3});
  own.asymmetric = true;
  own.low = {-1, -2};
  u.sums = {Tensor(DType::kF32, {1, 1}), u.sums[0]};
  CHECK(calibration_in_use(own, u).low == std::vector<double>{0});
  u.count = 0;
  CHECK(calibration_in_use(own, u).low == std::vector<double>{-1.5});
}

TEST_CASE("a trace may start from given statistics [SRQ-3]", "[reference][srq]") {
  const StatisticsTrace whole = honest(DType::kF32, true, 3);
  StatisticsTrace rest = whole;
  rest.steps.erase(rest.steps.begin());
  CHECK_FALSE(check_statistics(rest).passed());
  rest.first_count = 1;
  rest.first_sum = whole.steps[0].sum;
  CHECK(check_statistics(rest).passed());
}

TEST_CASE("the average in use is a true f32 division, cast to the data's dtype [SRQ-5] [POL-7]",
          "[reference][srq]") {
  Tensor sum(DType::kF32, {1});
  sum.store(0, 1);
  CHECK(average_in_use(sum, 3, DType::kF32).load(0) == static_cast<double>(1.0f / 3.0f));
  CHECK(average_in_use(sum, 3, DType::kBF16).load(0) ==
        round_to(DType::kBF16, static_cast<double>(1.0f / 3.0f)));
}

TEST_CASE("under a reciprocal policy several averages multiply, a single one divides [POL-7]",
          "[reference][srq]") {
  numerics::Policy policy;
  policy.mean_divide = numerics::Policy::Division::kReciprocal;
  Tensor one(DType::kF32, {1}), two(DType::kF32, {2});
  for (std::int64_t i = 0; i < 2; ++i) two.store(i, 5);
  one.store(0, 5);
  const float divided = 5.0f / 3.0f, multiplied = 5.0f * (1.0f / 3.0f);
  REQUIRE(divided != multiplied);
  CHECK(average_in_use(one, 3, DType::kF32, policy).load(0) == static_cast<double>(divided));
  CHECK(average_in_use(two, 3, DType::kF32, policy).load(1) == static_cast<double>(multiplied));
  Tensor c(DType::kF32, {3, 2});
  for (std::int64_t i = 0; i < 6; ++i) c.store(i, i < 4 ? 2 : 1);
  const MeanRange mean = batch_mean(c, {0}, policy);
  CHECK(mean.low.load(0) == static_cast<double>(multiplied));
  CHECK(mean.high.load(0) == mean.low.load(0));
}

TEST_CASE("a mean over two batch axes may run in lanes: an interval [SRQ-2] [POL-3]",
          "[reference][srq]") {
  const Tensor c = testing::random_floats(DType::kF32, {8, 4, 1}, 3);
  const MeanRange mean = batch_mean(c, {0, 1}, {});
  CHECK(mean.low.load(0) < mean.high.load(0));
  CHECK(batch_mean(c, {0}, {}).low.load(0) == batch_mean(c, {0}, {}).high.load(0));
}

TEST_CASE("10^5 additions in f32 drift, within the bound of any order [BND-2]",
          "[reference][srq]") {
  std::vector<float> values;
  for (std::int64_t i = 0; i < 100000; ++i) {
    values.push_back(static_cast<float>(1 + testing::uniform(5, i)));
  }
  const Drift d = f32_sum_drift(values);
  CHECK(d.passed());
  CHECK(d.error > 0);
  CHECK(d.exact == Approx(150000).epsilon(0.01));
  CHECK(d.fraction() < 0.1);
  CHECK(f32_sum_drift({}).passed());
  CHECK(f32_sum_drift({1.5f}).bound == 0);
}

}  // namespace
}  // namespace mxcheck::reference
