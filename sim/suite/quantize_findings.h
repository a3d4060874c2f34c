// A recorded quantization against the independent quantizer of golden/reference: scales, zero
// points and codes recomputed on integers, each from the recorded value before it, so that one
// wrong scale does not hide or fake wrong codes. Shared by the checks `srq`, `fake_quant` and
// `metamorphic`. Labels: SCL-1..SCL-6, QNT-1..QNT-4, TYP-1.
#pragma once

#include "reports/model.h"
#include "sim/suite/operands.h"

namespace mxcheck::suite {

// Adds the tensors, elements and findings of one quantization to `result`; the rule of a scale's
// finding is SCL-1, or SRQ-5 for a range from statistics.
reference::QuantizeVerdict check_quantization(const QuantizationView& view,
                                              reports::CheckResult& result);

}  // namespace mxcheck::suite
