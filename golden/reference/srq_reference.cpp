// The statistics trace, one step after the other.
#include "golden/reference/srq_reference.h"

#include <fmt/format.h>

#include <cmath>

#include "golden/reference/bounds.h"
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

class Follower {
 public:
  explicit Follower(const StatisticsTrace& trace) : trace_(trace), count_(trace.first_count) {}

  void follow(const StatisticsStep& step, std::size_t number) {
    number_ = number;
    const MeanRange mean = mean_of(step);
    if (number == 0 && !trace_.first_sum) sum_ = Tensor(DType::kF32, mean.mean.shape());
    if (number == 0 && trace_.first_sum) sum_ = *trace_.first_sum;
    if (sum_.shape() != mean.mean.shape() || step.sum.shape() != sum_.shape()) {
      return wrong("shape", 0, 0, 0);
    }
    if (trace_.update) ++count_;
    compare("count", 0, static_cast<double>(step.count.load_int(0)), static_cast<double>(count_),
            0);
    for (std::int64_t i = 0; i < sum_.size(); ++i) add(step, mean, i);
    sum_ = step.sum;  // so that one wrong step is reported once
    check_use(step, mean);
  }

  StatisticsVerdict verdict;

 private:
  [[nodiscard]] MeanRange mean_of(const StatisticsStep& step) const {
    if (!step.mean) return batch_mean(step.calibration, trace_.batch_axes);
    MeanRange range{Tensor(DType::kF64, step.mean->shape()), {"0", {}}};
    for (std::int64_t i = 0; i < step.mean->size(); ++i) range.mean.store(i, step.mean->load(i));
    range.bound.per_element.assign(static_cast<std::size_t>(step.mean->size()), 0);
    return range;
  }

  // SRQ-4. The rounding of an addition is monotonic, so the ends of the mean's interval bound it.
  void add(const StatisticsStep& step, const MeanRange& mean, std::int64_t i) {
    const double before = sum_.load(i), after = step.sum.load(i);
    if (!trace_.update) return compare("frozen sum", i, after, before, 0);
    const double m = mean.mean.load(i);
    const double bound = mean.bound.per_element[static_cast<std::size_t>(i)];
    const double low = exact_add(DType::kF32, before, round_to(DType::kF32, m - bound));
    const double high = exact_add(DType::kF32, before, round_to(DType::kF32, m + bound));
    compare("sum", i, after, low + (high - low) / 2, (high - low) / 2);
  }

  void check_use(const StatisticsStep& step, const MeanRange& mean) {
    if (!step.in_use) return;
    if (step.in_use->shape() != sum_.shape()) return wrong("shape in use", 0, 0, 0);
    const Tensor average = average_in_use(step.sum, count_, step.in_use->dtype());
    for (std::int64_t i = 0; i < sum_.size(); ++i) {
      if (count_ > 0) {
        compare("average in use", i, step.in_use->load(i), average.load(i), 0);
      } else {
        compare("own value in use", i, step.in_use->load(i), mean.mean.load(i),
                mean.bound.per_element[static_cast<std::size_t>(i)]);
      }
    }
  }

  void compare(const char* what, std::int64_t i, double value, double expected, double bound) {
    ++verdict.compared;
    const bool both_nan = std::isnan(value) && std::isnan(expected);
    const bool same = value == expected || both_nan;
    if (!same && !(std::fabs(value - expected) <= bound)) wrong(what, i, value, expected);
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

MeanRange batch_mean(const Tensor& calibration, const std::vector<std::int64_t>& batch_axes) {
  const Shape kept = without(calibration.shape(), batch_axes);
  const std::vector<std::int64_t> position = broadcast_positions(calibration.shape(), kept);
  MeanRange out;
  out.mean = Tensor(DType::kF64, kept);
  const double n = static_cast<double>(calibration.size()) / static_cast<double>(out.mean.size());
  std::vector<ExactSum> sums(static_cast<std::size_t>(out.mean.size()));
  std::vector<double> special(sums.size(), 0);  // infinities and NaNs add up by IEEE rules
  for (std::int64_t i = 0; i < calibration.size(); ++i) {
    const auto j = static_cast<std::size_t>(position[static_cast<std::size_t>(i)]);
    const double x = calibration.load(i);
    if (std::isfinite(x)) {
      sums[j].add(dyadic(x));
    } else {
      special[j] += x;
    }
  }
  for (std::size_t j = 0; j < sums.size(); ++j) {
    out.mean.store(static_cast<std::int64_t>(j),
                   special[j] == 0 ? sums[j].value() / n : special[j]);
  }
  out.bound = reduce_bound(calibration, {Reduction::kMean, batch_axes, false});
  if (n == 1) out.bound.per_element.assign(sums.size(), 0);
  return out;
}

Tensor average_in_use(const Tensor& sum, std::int64_t count, DType dtype) {
  Tensor out(dtype, sum.shape());
  if (count == 0) return out;
  for (std::int64_t i = 0; i < sum.size(); ++i) {
    out.store(i, exact_divide(DType::kF32, sum.load(i), static_cast<double>(count)));
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
