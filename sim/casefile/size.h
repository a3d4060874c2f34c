// How much a case may ask for in total, whatever each of its tensors may have (CASE-SIZE).
#pragma once

#include "sim/base/json.h"
#include "sim/casefile/case.h"

namespace mxcheck::casefile {

class Context;

// What a value costs beside its elements: its tensors' frames, its quantized forms.
inline constexpr double kElementsPerValue = 256;
// Over all steps: elements of inputs, params and nodes; scalar products of contractions and pools.
inline constexpr double kMaxCaseElements = 2e6;
inline constexpr double kMaxCaseProducts = 1e8;

// Reports CASE-SIZE at `nodes`. Every shape of the case must be known and valid.
void check_case_size(Context& context, const base::JsonValue& root, const Case& c);

}  // namespace mxcheck::casefile
