// The check `fake_quant`: every recorded quantized product against golden/reference. The recorded
// result and a dequantize-first float result must each lie within their own bound of the exact
// rational value, and be equal in bits where neither side rounds (BND-3, BND-4). The codes behind
// them are made a second time by the quantizer of golden/reference, scales and zero points
// included, and must be the recorded ones (SCL, QNT).
#pragma once

#include "reports/model.h"
#include "sim/mxu/profile.h"
#include "sim/numerics/policy.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

// `sources.values` holds the run's values. A result without compared tensors means that the case
// has no quantized product. Products of more than `max_pairs` multiplications are left out and
// counted in the reason, and so are those whose sums the unit's registers may have changed.
struct FakeQuantOptions {
  std::int64_t max_pairs = std::int64_t{1} << 22;
  const numerics::Policy* policy = nullptr;  // null: only products are judged
  const mxu::Profile* profile = nullptr;     // of the unit; null: it adds plainly
};
[[nodiscard]] reports::CheckResult check_fake_quant(const Sources& sources, const graph::Plan& plan,
                                                    int steps, const FakeQuantOptions& options);

}  // namespace mxcheck::suite
