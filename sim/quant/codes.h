// From a scaled value to an integer code, and the power-of-two exponent of block scales: the inner
// steps that calibrate.cpp and quantize.cpp share.
#pragma once

#include <cmath>

#include "sim/numerics/arithmetic.h"
#include "sim/numerics/flush.h"
#include "sim/numerics/functions.h"
#include "sim/numerics/policy.h"
#include "sim/numerics/qtype.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::quant {

// How values become integer codes of one qtype under one policy.
struct CodeRule {
  numerics::Rounding tie = numerics::Rounding::kEven;
  int low = 0, high = 0;
  bool narrow = false;  // clamp to +-high before rounding
  std::int32_t nan_code = 0;
  bool wraps = false;  // fault cast_wraps: modulo the width of the range
};

[[nodiscard]] inline CodeRule code_rule(numerics::QType qtype, const numerics::Policy& policy) {
  using numerics::Policy;
  const numerics::QTypeInfo& type = numerics::info(qtype);
  CodeRule rule;
  rule.low = type.low;
  rule.high = type.high;
  if (policy.tie == Policy::Tie::kAway) rule.tie = numerics::Rounding::kAway;
  if (policy.tie == Policy::Tie::kUp) rule.tie = numerics::Rounding::kUp;
  rule.narrow = policy.code_clamp == Policy::CodeClamp::kNarrow && type.low < 0;
  if (policy.nan_code == Policy::NanCode::kMin) rule.nan_code = type.low;
  if (policy.faults.has(fault::Kind::round_down)) rule.tie = numerics::Rounding::kFloor;
  if (policy.faults.has(fault::Kind::round_toward_zero)) rule.tie = numerics::Rounding::kZero;
  rule.wraps = policy.faults.has(fault::Kind::cast_wraps);
  return rule;
}

// The code of a cast that wraps; what no 32-bit integer holds saturates all the same.
template <typename V>
[[nodiscard]] std::int32_t wrapped_code(V rounded, std::int32_t saturated, const CodeRule& rule) {
  constexpr V kLargest = V(1 << 30);
  if (!(rounded > -kLargest && rounded < kLargest)) return saturated;
  const std::int32_t steps = rule.high - rule.low + 1;
  const std::int32_t above = (static_cast<std::int32_t>(rounded) - rule.low) % steps;
  return rule.low + (above < 0 ? above + steps : above);
}

// TYP-1: round half even (or the policy's tie), then a saturating cast.
template <typename V>
[[nodiscard]] std::int32_t integer_code(V value, const CodeRule& rule) {
  if (rule.narrow) {
    const V limit = static_cast<V>(rule.high);
    value = value > limit ? limit : value < -limit ? -limit : value;
  }
  const V rounded = numerics::round_to_integral(value, rule.tie);
  const std::int32_t code = numerics::saturating_cast(rounded, rule.low, rule.high, rule.nan_code);
  return rule.wraps ? wrapped_code(rounded, code, rule) : code;
}

// ceil(log2(s)) as the norm computes it: log(s) / log(2), each rounded in A (SCL-6).
template <typename A>
[[nodiscard]] typename A::Value ceil_log2(typename A::Value s) {
  using V = typename A::Value;
  if constexpr (std::is_same_v<V, double>) {
    return std::ceil(std::log(s) / std::log(2.0));
  } else {
    const V log2 = A::round(numerics::log_f32(2.0f));
    return std::ceil(A::round(A::round(numerics::log_f32(s)) / log2));
  }
}

}  // namespace mxcheck::quant
