// A policy from the command line; unknown knobs and values are refused with what there is.
#include "sim/cli/policy_option.h"

#include <fmt/format.h>

#include "sim/base/text.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {
namespace {

const numerics::PolicyKnob* find_knob(const std::string& name) {
  for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
    if (name == knob.name) return &knob;
  }
  return nullptr;
}

}  // namespace

numerics::Policy parse_policy(const std::string& text) {
  const std::vector<std::string> parts = base::split(text, ',');
  const auto base_policy = numerics::policy_from_name(parts.front());
  if (!base_policy) {
    throw UsageError(fmt::format("--policy: there is no policy '{}'; there are: {}{}",
                                 base::printable(parts.front()),
                                 base::join(numerics::policy_names(), ", "),
                                 did_you_mean(parts.front(), numerics::policy_names())));
  }
  numerics::Policy policy = *base_policy;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string part = parts[i];
    part.erase(0,
               part.find_first_not_of(' ') == std::string::npos ? 0 : part.find_first_not_of(' '));
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const numerics::PolicyKnob* knob = find_knob(name);
    if (equals == std::string::npos || knob == nullptr) {
      std::vector<std::string> names;
      for (const numerics::PolicyKnob& k : numerics::policy_knobs()) names.emplace_back(k.name);
      throw UsageError(fmt::format("--policy: '{}' is no KNOB=VALUE; knobs are: {}{}",
                                   base::printable(part), base::join(names, ", "),
                                   did_you_mean(name, names)));
    }
    if (!numerics::set_knob(policy, name, part.substr(equals + 1))) {
      throw UsageError(fmt::format(
          "--policy: '{}' is no value of {}; values are: {}",
          base::printable(part.substr(equals + 1)), name,
          knob->values.empty() ? "non-negative integers" : base::join(knob->values, ", ")));
    }
  }
  return policy;
}

}  // namespace mxcheck::cli
