// A numerics policy: named knobs with named values, chosen per case, never by build flags
// (numerics.md POL). The knob table is policy.def; two named policies exist, `ieee` and `xla_cpu`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fault/fault.h"

namespace mxcheck::numerics {

struct Policy {
  // x / constant in calibration; x / scale; sum / n. kReciprocal: multiply by the rounded
  // reciprocal, except for bf16 and for one-element arrays where the norm divides (POL-7).
  // kReciprocalAlways: for every dtype and size.
  enum class Division : std::uint8_t { kDivide, kReciprocal, kReciprocalAlways };
  enum class ReduceOrder : std::uint8_t { kWindows32, kAscending, kPairwise };
  enum class DotOrder : std::uint8_t { kAscendingFused, kAscendingUnfused };
  enum class CodeClamp : std::uint8_t { kSaturate, kNarrow };
  enum class ScaleOrder : std::uint8_t { kLhsThenRhs, kCombined };
  enum class NanCode : std::uint8_t { kZero, kMin };
  enum class Tie : std::uint8_t { kEven, kAway, kUp };
  enum class ExcessPrecision : std::uint8_t { kNone, kF32 };

  std::string base = "ieee";
  Division scale_constant = Division::kDivide;
  Division quotient = Division::kDivide;
  Division mean_divide = Division::kDivide;
  ReduceOrder reduce_order = ReduceOrder::kWindows32;
  DotOrder dot_order = DotOrder::kAscendingFused;
  std::int64_t dot_block = 0;  // products per block of a float contraction; 0: none (POL-5)
  CodeClamp code_clamp = CodeClamp::kSaturate;
  ScaleOrder scale_order = ScaleOrder::kLhsThenRhs;
  NanCode nan_code = NanCode::kZero;
  Tie tie = Tie::kEven;
  ExcessPrecision excess_precision = ExcessPrecision::kNone;
  // Departures from the rules that no backend takes: planted faults, and what the root-cause
  // classifier tries. No case can name them.
  fault::Faults faults;

  friend bool operator==(const Policy&, const Policy&) = default;
};

// Did the backend's algebraic simplifier run?  It also rewrites degenerate contractions: K = 1, a
// single output, a 1x1 convolution.
[[nodiscard]] inline bool simplifies(const Policy& policy) { return policy.base == "xla_cpu"; }

[[nodiscard]] std::optional<Policy> policy_from_name(std::string_view name);
[[nodiscard]] std::vector<std::string> policy_names();

struct PolicyKnob {
  const char* name;
  std::vector<std::string> values;  // empty: a non-negative integer
  const char* meaning;
};
[[nodiscard]] const std::vector<PolicyKnob>& policy_knobs();
// Sets one knob from its text; false if the knob or the value is unknown.
[[nodiscard]] bool set_knob(Policy& policy, std::string_view knob, std::string_view value);
[[nodiscard]] std::string knob_value(const Policy& policy, std::string_view knob);
// "ieee" or "ieee, quotient=reciprocal": the base and every knob that differs from it.
[[nodiscard]] std::string describe(const Policy& policy);

}  // namespace mxcheck::numerics
