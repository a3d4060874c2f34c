// An independent quantizer: what scale, zero point and codes must be for given values, every
// rounding done on integers (exact_rounding.h). It shares nothing with the simulator's quantizer.
//
// Labels: CAL, SCL-1 .. SCL-6, QNT-1 .. QNT-4, TYP-1, TYP-3, TYP-4, POL (scale_constant, quotient,
// code_clamp, tie, nan_code), POL-7, POL-9. Codes are judged against the recorded scale and zero
// point, so that one wrong scale does not hide or fake wrong codes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "golden/reference/calibration.h"
#include "golden/reference/quantized_view.h"
#include "sim/graph/plan.h"
#include "sim/numerics/policy.h"

namespace mxcheck::reference {

struct Quantization {
  Tensor x;                  // what was quantized, in its own dtype
  graph::QuantizePlan plan;  // qtype, method, scale shape
  numerics::Policy policy;
  std::optional<Tensor> noise;             // f32, broadcast against x (QNT-4)
  std::optional<Calibration> calibration;  // from statistics (SRQ-5); else calibrated here
};

// May the policy be judged? excess_precision is not modelled.
[[nodiscard]] bool models(const numerics::Policy& policy);

// The scale of a calibration in the array's dtype, one per group. `low` and `high` differ where the
// calibration or log2 is known only within its roundings (rms, mx types): anything between is
// right.
struct ScaleRange {
  double low = 0, high = 0;
};
[[nodiscard]] std::vector<ScaleRange> reference_scales(const Quantization& quantization,
                                                       const Calibration& calibration);
// SCL-4 with the recorded scale: lo - min / scale, rounded. Two values where the quotient policy
// makes a difference.
[[nodiscard]] std::vector<std::vector<std::int64_t>> reference_zero_points(
    const Quantization& quantization, const Calibration& calibration, const Tensor& scale);
// QNT-1 .. QNT-4 with the recorded scale and zero point. dtype and shape as recorded.
[[nodiscard]] Tensor reference_codes(const Quantization& quantization, const Tensor& scale,
                                     const std::optional<Tensor>& zero_point);

struct Counted {
  std::int64_t checked = 0, wrong = 0, first_wrong = -1;
};
struct QuantizeVerdict {
  Counted scales, zero_points, codes;
  double expected_first_scale = 0;  // at scales.first_wrong
  Tensor expected_codes;
  std::int64_t ties = 0;        // quotients halfway between two codes
  std::int64_t saturated = 0;   // rounded quotients outside the range of codes
  std::int64_t sensitive = 0;   // codes that x * (1 / scale) would change
  std::int64_t by_one_ulp = 0;  // codes that differ for the numbers next to the quotient
  [[nodiscard]] bool passed() const {
    return scales.wrong == 0 && zero_points.wrong == 0 && codes.wrong == 0;
  }
};
// `recorded` as quantized_view() builds it.
[[nodiscard]] QuantizeVerdict check_quantize(const Quantization& quantization,
                                             const QuantizedView& recorded);

}  // namespace mxcheck::reference
