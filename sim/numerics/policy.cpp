// The knob table as code: named policies, knobs from text and back.
#include "sim/numerics/policy.h"

#include <charconv>

namespace mxcheck::numerics {
namespace {

template <typename Enum>
bool set_enum(Enum& field, const PolicyKnob& knob, std::string_view value) {
  for (std::size_t i = 0; i < knob.values.size(); ++i) {
    if (knob.values[i] == value) {
      field = static_cast<Enum>(i);
      return true;
    }
  }
  return false;
}

Policy make_xla_cpu() {
  Policy policy;
  policy.base = "xla_cpu";
  policy.scale_constant = Policy::Division::kReciprocal;
  policy.quotient = Policy::Division::kReciprocal;
  policy.mean_divide = Policy::Division::kReciprocal;
  return policy;
}

}  // namespace

std::optional<Policy> policy_from_name(std::string_view name) {
  if (name == "ieee") return Policy{};
  if (name == "xla_cpu") return make_xla_cpu();
  return std::nullopt;
}

std::vector<std::string> policy_names() { return {"ieee", "xla_cpu"}; }

const std::vector<PolicyKnob>& policy_knobs() {
  static const std::vector<PolicyKnob> knobs{
#define MXCHECK_KNOB(name, field, type, meaning, ...) PolicyKnob{name, {__VA_ARGS__}, meaning},
#include "sim/numerics/policy.def"
#undef MXCHECK_KNOB
      PolicyKnob{"dot_block",
                 {},
                 "products per block of a float contraction longer than 320, 0 for the recording "
                 "host's own"}};
  return knobs;
}

bool set_knob(Policy& policy, std::string_view knob, std::string_view value) {
  if (knob == "dot_block") {
    std::int64_t block = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), block);
    constexpr std::int64_t kLargest = 1 << 30;
    if (error != std::errc{} || end != value.data() + value.size()) return false;
    if (block < 0 || block > kLargest) return false;
    policy.dot_block = block;
    return true;
  }
  std::size_t index = 0;
#define MXCHECK_KNOB(name, field, type, meaning, ...)                              \
  if (knob == (name)) return set_enum(policy.field, policy_knobs()[index], value); \
  ++index;
#include "sim/numerics/policy.def"
#undef MXCHECK_KNOB
  return false;
}

std::string knob_value(const Policy& policy, std::string_view knob) {
  if (knob == "dot_block") return std::to_string(policy.dot_block);
  std::size_t index = 0;
#define MXCHECK_KNOB(name, field, type, meaning, ...)                                              \
  if (knob == (name)) return policy_knobs()[index].values[static_cast<std::size_t>(policy.field)]; \
  ++index;
#include "sim/numerics/policy.def"
#undef MXCHECK_KNOB
  return "";
}

std::string describe(const Policy& policy) {
  const Policy base = policy_from_name(policy.base).value_or(Policy{});
  std::string out = policy.base;
  for (const PolicyKnob& knob : policy_knobs()) {
    const std::string value = knob_value(policy, knob.name);
    if (value != knob_value(base, knob.name)) out += std::string(", ") + knob.name + "=" + value;
  }
  return out;
}

}  // namespace mxcheck::numerics
