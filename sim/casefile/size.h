// How much a case may ask for in total, whatever each of its tensors may have (CASE-SIZE).
#pragma once

#include "sim/base/json.h"
#include "sim/casefile/case.h"

namespace mxcheck::casefile {

class Context;

// What a value costs beside its elements: its tensors' frames, its quantized forms.
inline constexpr double kElementsPerValue = 256;
// Over all steps: elements of inputs, params and nodes; scalar products of contractions and pools.
// What no machine runs in a sitting; `run --max-memory` keeps to what this one should.
inline constexpr double kMaxCaseElements = 4e8;
inline constexpr double kMaxCaseProducts = 1e11;

// Elements of inputs, params and nodes over all steps, every value counted kElementsPerValue more.
[[nodiscard]] double case_elements(const Case& c);

// An upper estimate of the memory that running the case and all its checks takes beside the case
// itself, from shapes alone: bytes for every one of case_elements. The factor covers what exists at
// the same time in the worst of them, mostly as f32 or s32: data, the values of the run, of the run
// in isolation and of a check's own, expected values, cotangents and gradients of each, codes,
// accumulators and scales of quantized operands, and the exact sums of a check.
inline constexpr double kBytesPerElement = 128;
[[nodiscard]] std::uint64_t planned_bytes(const Case& c);

// Reports CASE-SIZE at `nodes`. Every shape of the case must be known and valid.
void check_case_size(Context& context, const base::JsonValue& root, const Case& c);

}  // namespace mxcheck::casefile
