// The check `srq`: a trace of statistics recomputed from the calibration of every step, and how far
// an f32 sum of many values may drift from their exact sum.
//
// Labels: SRQ-2 (mean over batch axes), SRQ-3, SRQ-4 (count and sums), SRQ-5 (the average in use,
// updated before it is used; the step's own value while the count is 0), POL-7, BND-2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "golden/reference/calibration.h"
#include "golden/reference/judge.h"
#include "sim/numerics/policy.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

// What one quantity (absmax, min or max) of one operand looked like after a step.
struct StatisticsStep {
  Tensor calibration;            // of the step, before the mean over batch axes (high_of, low_of)
  double uncertainty = 0;        // of the calibration, relative (rms)
  std::optional<Tensor> mean;    // over batch axes, where recorded
  Tensor count;                  // s32, one element, after the step
  Tensor sum;                    // f32, after the step
  std::optional<Tensor> in_use;  // the calibration that made the scale, where recorded
};
struct StatisticsTrace {
  std::vector<std::int64_t> batch_axes;
  numerics::Policy policy;
  bool update = true;               // false: forward only, frozen
  std::int64_t first_count = 0;     // before the first step
  std::optional<Tensor> first_sum;  // absent: zeros
  std::vector<StatisticsStep> steps;
};

struct StatisticsVerdict {
  std::int64_t compared = 0, wrong = 0;
  std::string first_wrong;  // "step 2 sum[3]: 1.5 expected 1.25"
  [[nodiscard]] bool passed() const { return wrong == 0; }
};

// SRQ-2: the mean over batch axes (kept as 1), summed in f32, divided as mean_divide says (POL-7)
// and rounded once to the dtype. Exact (low == high) where the order is defined, which is one axis
// of up to 32 values (POL-3); otherwise every order lies in [low, high]. Tensors are f64.
struct MeanRange {
  Tensor low, high;
};
[[nodiscard]] MeanRange batch_mean(const Tensor& calibration,
                                   const std::vector<std::int64_t>& batch_axes,
                                   const numerics::Policy& policy);

// Follows the trace: with the recorded mean of each step, or with batch_mean() and its interval,
// count += 1 and sum += mean (f32), or both unchanged when frozen; in use = sum / count in f32,
// cast to the calibration's dtype, or the step's own mean while the count is 0.
[[nodiscard]] StatisticsVerdict check_statistics(const StatisticsTrace& trace);

// SRQ-5, SRQ-6: the calibration that scale, zero point and mask see after `step`, for
// Quantization::calibration. `sums` and `count` as they are after the step: sum_of_absmax alone, or
// sum_of_min and sum_of_max. While the count is 0 it is the mean of the step's own calibration.
struct StatisticsInUse {
  std::vector<Tensor> sums;
  std::int64_t count = 0;
  std::vector<std::int64_t> batch_axes;
  numerics::Policy policy;
  DType dtype = DType::kF32;  // of the operand
};
[[nodiscard]] Calibration calibration_in_use(const Calibration& own, const StatisticsInUse& in_use);

// The average in use after an update: sum / count in f32 (by the reciprocal of the count where the
// policy's mean_divide says so, POL-7), then in the dtype.
[[nodiscard]] Tensor average_in_use(const Tensor& sum, std::int64_t count, DType dtype,
                                    const numerics::Policy& policy = {});

// `steps` additions of values(step) to an f32 sum, against the exact sum.
struct Drift {
  double sum = 0;    // the f32 sum
  double exact = 0;  // rounded to f64
  double error = 0;  // |sum - exact|
  double bound = 0;  // BND-2: gamma_(n-1) * sum |x|
  [[nodiscard]] double fraction() const { return bound == 0 ? 0 : error / bound; }
  [[nodiscard]] bool passed() const { return error <= bound; }
};
[[nodiscard]] Drift f32_sum_drift(const std::vector<float>& values);

}  // namespace mxcheck::reference
