// The statistics trace, one step after the other.
#include "golden/reference/srq_reference.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "golden/reference/exact.h"
#include "golden/reference/exact_rounding.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

Shape without(const Shape& shape, const std::vector<std::int64_t>& axes) {
  Shape kept = shape;
  for (const std::int64_t axis : axes) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    kept[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)] = 1;
  }
  return kept;
}

MeanRange widened(MeanRange range, double uncertainty) {
  for (std::int64_t i = 0; uncertainty > 0 && i < range.low.size(); ++i) {
    const double slack = uncertainty * std::fabs(range.high.load(i));
    range.low.store(i, range.low.load(i) - slack);
    range.high.store(i, range.high.load(i) + slack);
  }
  return range;
}

class Follower {
 public:
  explicit Follower(const StatisticsTrace& trace) : trace_(trace), count_(trace.first_count) {}

  void follow(const StatisticsStep& step, std::size_t number) {
    number_ = number;
    const MeanRange mean = mean_of(step);
    if (number == 0 && !trace_.first_sum) sum_ = Tensor(DType::kF32, mean.low.shape());
    if (number == 0 && trace_.first_sum) sum_ = *trace_.first_sum;
    if (sum_.shape() != mean.low.shape() || step.sum.shape() != sum_.shape()) {
      return wrong("shape", 0, 0, 0);
    }
    if (trace_.update) ++count_;
    const auto expected = static_cast<double>(count_);
    compare("count", 0, static_cast<double>(step.count.load_int(0)), {expected, expected});
    for (std::int64_t i = 0; i < sum_.size(); ++i) add(step, mean, i);
    sum_ = step.sum;  // so that one wrong step is reported once
    check_use(step, mean);
  }

  StatisticsVerdict verdict;

 private:
  [[nodiscard]] MeanRange mean_of(const StatisticsStep& step) const {
    if (!step.mean)
      return widened(batch_mean(step.calibration, trace_.batch_axes, trace_.policy),
                     step.uncertainty);
    MeanRange range{Tensor(DType::kF64, step.mean->shape()), {}};
    for (std::int64_t i = 0; i < step.mean->size(); ++i) range.low.store(i, step.mean->load(i));
    range.high = range.low;
    return range;
  }

  // SRQ-4. The rounding of an addition is monotonic, so the ends of the mean's interval bound it.
  void add(const StatisticsStep& step, const MeanRange& mean, std::int64_t i) {
    const double before = sum_.load(i), after = step.sum.load(i);
    if (!trace_.update) return compare("frozen sum", i, after, {before, before});
    const auto plus = [&](double m) {
      return exact_add(DType::kF32, before, round_to(DType::kF32, m));
    };
    compare("sum", i, after, {plus(mean.low.load(i)), plus(mean.high.load(i))});
  }

  void check_use(const StatisticsStep& step, const MeanRange& mean) {
    if (!step.in_use) return;
    if (step.in_use->shape() != sum_.shape()) return wrong("shape in use", 0, 0, 0);
    const Tensor average = average_in_use(step.sum, count_, step.in_use->dtype(), trace_.policy);
    for (std::int64_t i = 0; i < sum_.size(); ++i) {
      if (count_ > 0) {
        compare("average in use", i, step.in_use->load(i), {average.load(i), average.load(i)});
      } else {
        compare("own value in use", i, step.in_use->load(i), {mean.low.load(i), mean.high.load(i)});
      }
    }
  }

  void compare(const char* what, std::int64_t i, double value, std::pair<double, double> expected) {
    ++verdict.compared;
    const bool both_nan = std::isnan(value) && std::isnan(expected.first);
    const bool inside = expected.first <= value && value <= expected.second;
    if (!inside && !both_nan) wrong(what, i, value, expected.first);
  }

  void wrong(const char* what, std::int64_t i, double value, double expected) {
    ++verdict.wrong;
    if (!verdict.first_wrong.empty()) return;
    verdict.first_wrong =
        fmt::format("step {} {}[{}]: {} expected {}", number_, what, i, value, expected);
  }

  const StatisticsTrace& trace_;
  std::int64_t count_;
  std::size_t number_ = 0;
  Tensor sum_;
};

}  // namespace

namespace {

// One mean in the making: its sum in the defined order, and exactly.
struct Summed {
  double ascending = 0;  // f32 (f64 for f64 data), row-major over the reduced axes
  double sum = 0, sum_abs = 0;
};

std::vector<Summed> sums_of(const Tensor& x, const Shape& kept, DType carrier) {
  const std::vector<std::int64_t> position = broadcast_positions(x.shape(), kept);
  std::vector<Summed> out(static_cast<std::size_t>(tensor::element_count(kept).value()));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    Summed& s = out[static_cast<std::size_t>(position[static_cast<std::size_t>(i)])];
    s.ascending = exact_add(carrier, s.ascending, x.load(i));
    s.sum += x.load(i);
    s.sum_abs += std::fabs(x.load(i));
  }
  return out;
}

// POL-3: one axis of up to 32 values is summed ascending; several axes may run in lanes.
bool order_is_defined(const Shape& shape, const Shape& kept) {
  int reduced = 0;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (kept[axis] == shape[axis]) continue;
    if (shape[axis] > 32) return false;
    ++reduced;
  }
  return reduced <= 1;
}

// POL-7: a division by a constant is a product with its rounded reciprocal, except for an array of
// one element.
bool by_reciprocal(numerics::Policy::Division division, std::int64_t elements) {
  using Division = numerics::Policy::Division;
  return division == Division::kReciprocalAlways ||
         (division == Division::kReciprocal && elements != 1);
}

double divided(DType dtype, double a, double n, bool reciprocal) {
  return reciprocal ? exact_multiply(dtype, a, exact_divide(dtype, 1, n))
                    : exact_divide(dtype, a, n);
}

}  // namespace

MeanRange batch_mean(const Tensor& calibration, const std::vector<std::int64_t>& batch_axes,
                     const numerics::Policy& policy) {
  const Shape kept = without(calibration.shape(), batch_axes);
  const DType dtype = calibration.dtype(), carrier = accumulator_of(dtype);
  MeanRange out{Tensor(DType::kF64, kept), Tensor(DType::kF64, kept)};
  const double n = static_cast<double>(calibration.size()) / static_cast<double>(out.low.size());
  const bool ordered = policy.reduce_order != numerics::Policy::ReduceOrder::kPairwise &&
                       order_is_defined(calibration.shape(), kept);
  const bool reciprocal = by_reciprocal(policy.mean_divide, out.low.size());
  const std::vector<Summed> sums = sums_of(calibration, kept, carrier);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    const Summed& s = sums[j];
    // In an open order the sum is only known to lie this near the exact one.
    const double slack =
        ordered || n == 1 ? 0 : gamma(n, float_model(carrier).unit) * s.sum_abs * kSlack;
    const double sum = ordered || n == 1 ? s.ascending : s.sum;
    const double least =
        round_to(dtype, divided(carrier, round_to(carrier, sum - slack), n, reciprocal));
    const double most =
        round_to(dtype, divided(carrier, round_to(carrier, sum + slack), n, reciprocal));
    out.low.store(static_cast<std::int64_t>(j), least);
    out.high.store(static_cast<std::int64_t>(j), most);
  }
  return out;
}

Calibration calibration_in_use(const Calibration& own, const StatisticsInUse& u) {
  MXCHECK_CHECK(u.sums.size() == (own.asymmetric ? 2u : 1u), "one sum per calibrated bound");
  if (u.count > 0) {
    const Tensor high = average_in_use(u.sums.back(), u.count, u.dtype, u.policy);
    if (!own.asymmetric) return calibration_from(high);
    return calibration_from(average_in_use(u.sums.front(), u.count, u.dtype, u.policy), high);
  }
  const MeanRange high = batch_mean(high_of(own, u.dtype), u.batch_axes, u.policy);
  const MeanRange low = batch_mean(low_of(own, u.dtype), u.batch_axes, u.policy);
  Calibration c =
      own.asymmetric ? calibration_from(low.low, high.high) : calibration_from(high.high);
  const double own_uncertainty = own.uncertainty.empty() ? 0 : own.uncertainty.front();
  for (std::size_t j = 0; j < c.uncertainty.size(); ++j) {
    const double width =
        high.high.load(static_cast<std::int64_t>(j)) - high.low.load(static_cast<std::int64_t>(j));
    c.uncertainty[j] = own_uncertainty + (width > 0 ? width / c.high[j] : 0);
  }
  return c;
}

Tensor average_in_use(const Tensor& sum, std::int64_t count, DType dtype,
                      const numerics::Policy& policy) {
  Tensor out(dtype, sum.shape());
  if (count == 0) return out;
  const double n = round_to(DType::kF32, static_cast<double>(count));
  const bool reciprocal = by_reciprocal(policy.mean_divide, sum.size());
  for (std::int64_t i = 0; i < sum.size(); ++i) {
    out.store(i, divided(DType::kF32, sum.load(i), n, reciprocal));
  }
  return out;
}

StatisticsVerdict check_statistics(const StatisticsTrace& trace) {
  Follower follower(trace);
  for (std::size_t k = 0; k < trace.steps.size(); ++k) follower.follow(trace.steps[k], k);
  return follower.verdict;
}

Drift f32_sum_drift(const std::vector<float>& values) {
  float sum = 0;
  double sum_abs = 0;
  ExactSum exact;
  for (const float v : values) {
    sum += v;
    sum_abs += std::fabs(static_cast<double>(v));
    exact.add(dyadic(static_cast<double>(v)));
  }
  const double n = static_cast<double>(values.size());
  Drift d;
  d.sum = static_cast<double>(sum);
  d.exact = exact.value();
  d.error = exact.error_of(d.sum);
  d.bound = n < 2 ? 0 : gamma(n - 1, float_model(DType::kF32).unit) * sum_abs * kSlack;
  return d;
}

}  // namespace mxcheck::reference
