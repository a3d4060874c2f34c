// The check `fake_quant`: every recorded quantized product against golden/reference. The recorded
// result and a dequantize-first float result must each lie within their own bound of the exact
// rational value, and be equal in bits where neither side rounds (BND-3, BND-4).
#pragma once

#include "reports/model.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

// `sources.values` holds the run's values. A result without compared tensors means that the case
// has no quantized product. Products of more than `max_pairs` multiplications are left out and
// counted in the reason.
[[nodiscard]] reports::CheckResult check_fake_quant(const Sources& sources, const graph::Plan& plan,
                                                    int steps, std::int64_t max_pairs);

}  // namespace mxcheck::suite
