// Every refusal names the known words; texts from outside are made printable.
#include "sim/suite/option_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/diagnostic.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mxcheck::suite {
namespace {

const numerics::PolicyKnob* find_knob(const std::string& name) {
  const auto& knobs = numerics::policy_knobs();
  const auto found =
      std::find_if(knobs.begin(), knobs.end(), [&](const auto& knob) { return name == knob.name; });
  return found == knobs.end() ? nullptr : &*found;
}

// One KNOB=VALUE of a policy.
base::Status set_part(const std::string& part, numerics::Policy& policy) {
  const std::size_t equals = part.find('=');
  const std::string name = part.substr(0, equals);
  const numerics::PolicyKnob* knob = find_knob(name);
  if (equals == std::string::npos || knob == nullptr) {
    std::vector<std::string> names;
    for (const numerics::PolicyKnob& k : numerics::policy_knobs()) names.emplace_back(k.name);
    return base::Error{fmt::format("'{}' is no KNOB=VALUE; knobs are: {}{}", base::printable(part),
                                   base::join(names, ", "), did_you_mean(name, names))};
  }
  if (!numerics::set_knob(policy, name, part.substr(equals + 1))) {
    return base::Error{fmt::format(
        "'{}' is no value of {}; values are: {}", base::printable(part.substr(equals + 1)), name,
        knob->values.empty() ? "non-negative integers" : base::join(knob->values, ", "))};
  }
  return base::Unit{};
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::string best = base::nearest(word, known);
  return best.empty() ? "" : fmt::format(" (did you mean '{}'?)", best);
}

base::Result<numerics::Policy> policy_from_text(const std::string& text) {
  const std::vector<std::string> parts = base::split(text, ',');
  const auto named = numerics::policy_from_name(parts.front());
  if (!named) {
    return base::Error{fmt::format("there is no policy '{}'; there are: {}{}",
                                   base::printable(parts.front()),
                                   base::join(numerics::policy_names(), ", "),
                                   did_you_mean(parts.front(), numerics::policy_names()))};
  }
  numerics::Policy policy = *named;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t start = parts[i].find_first_not_of(' ');
    const base::Status set =
        set_part(start == std::string::npos ? parts[i] : parts[i].substr(start), policy);
    if (!set) return base::Error{set.error()};
  }
  return policy;
}

base::Result<mxu::Profile> profile_from_text(const std::string& text) {
  if (!text.ends_with(".json")) {
    const std::optional<mxu::Profile> preset = mxu::preset(text);
    if (preset) return *preset;
    return base::Error{fmt::format("there is no preset '{}'; there are: {}{}",
                                   base::printable(text), base::join(mxu::preset_names(), ", "),
                                   did_you_mean(text, mxu::preset_names()))};
  }
  constexpr std::uint64_t kLargestProfile = 1 << 20;
  const base::Result<std::string> json = base::read_file(text, kLargestProfile);
  if (!json) return base::Error{base::printable(json.error())};
  const mxu::ParsedProfile parsed = mxu::parse_profile(json.value(), text);
  if (parsed.profile) return *parsed.profile;
  std::string message = "the profile cannot be meant";
  for (const base::Diagnostic& d : parsed.diagnostics) message += "\n" + base::format(d);
  return base::Error{message};
}

base::Result<exec::Level> level_from_text(const std::string& text) {
  std::vector<std::string> names;
  for (const exec::Level level :
       {exec::Level::kAuto, exec::Level::kFunctional, exec::Level::kCycle, exec::Level::kFast}) {
    if (text == exec::name(level)) return level;
    names.emplace_back(exec::name(level));
  }
  return base::Error{fmt::format("there is no level '{}'; there are: {}{}", base::printable(text),
                                 base::join(names, ", "), did_you_mean(text, names))};
}

}  // namespace mxcheck::suite
