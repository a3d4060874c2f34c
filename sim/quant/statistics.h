// Running statistics of static-range quantization (SRQ-1..SRQ-6) and the noise of stochastic
// rounding (RND).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/threefry.h"
#include "sim/numerics/policy.h"
#include "sim/numerics/qtype.h"
#include "sim/quant/quantize.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::quant {

// One variable: a count (s32, scalar) and f32 sums in the shape of the averaged calibration.
struct Statistics {
  Tensor count;
  std::map<std::string, Tensor> sums;  // "absmax", or "min" and "max"
};

// SRQ-2: the calibration averaged over `batch_axes`, keepdims.
[[nodiscard]] Calibration batch_mean(const Calibration& calibration, const Axes& batch_axes,
                                     const Policy& policy);

[[nodiscard]] Statistics empty_statistics(const Calibration& mean);

// What keeps these statistics from taking this calibration: "" or STAT-KIND or STAT-SHAPE.
[[nodiscard]] std::string statistics_conflict(const Statistics& statistics,
                                              const Calibration& mean);

// SRQ-4: count += 1, sums += the mean, in f32.
void update(Statistics& statistics, const Calibration& mean, const fault::Faults& faults = {});

// SRQ-5: sum / count (by the policy's mean_divide) cast to the calibration's dtype, or the step's
// own mean while count is 0.
[[nodiscard]] Calibration average(const Statistics& statistics, const Calibration& mean,
                                  const Policy& policy);

// RND-3: the key of draw number `count` (from 1) of a module, from the step's key.
[[nodiscard]] base::ThreefryWords fold_in(base::ThreefryWords key, std::uint32_t data);
[[nodiscard]] base::ThreefryWords module_key(base::ThreefryWords step_key,
                                             const std::string& module, int count);

// RND-1, RND-2: noise for a gradient of `shape`; f32, dim 1 on the axes that share a value.
[[nodiscard]] Tensor make_noise(base::ThreefryWords key, numerics::NoiseMethod method,
                                const Shape& shape, const Axes& noise_axes,
                                const fault::Faults& faults = {});

}  // namespace mxcheck::quant
