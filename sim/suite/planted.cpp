// Knobs and keys are set by the same functions that read them from a case.
#include "sim/suite/planted.h"

#include <string_view>

#include "sim/base/check.h"

namespace mxcheck::suite {
namespace {

constexpr std::string_view kPolicy = "policy ";
constexpr std::string_view kProfile = "profile ";

std::string after(const fault::Fault& fault, std::string_view prefix) {
  const std::string_view how = fault::info(fault.kind).how;
  return how.starts_with(prefix) ? std::string(how.substr(prefix.size())) : "";
}

void set_policy(const std::string& knob, numerics::Policy& policy) {
  const std::size_t equals = knob.find('=');
  MXCHECK_CHECK(numerics::set_knob(policy, knob.substr(0, equals), knob.substr(equals + 1)), knob);
}

// The profile with one key changed; kept as it was where the result cannot be meant.
mxu::Profile with_key(const mxu::Profile& profile, const std::string& key) {
  const std::size_t equals = key.find('=');
  std::vector<mxu::Setting> settings;
  for (const std::string& name : mxu::profile_keys()) {
    mxu::Setting setting;
    setting.key = name;
    setting.json =
        name == key.substr(0, equals) ? key.substr(equals + 1) : mxu::key_value(profile, name);
    settings.push_back(setting);
  }
  return mxu::make_profile(profile.base, settings, {}).profile.value_or(profile);
}

}  // namespace

std::string knob_of(const fault::Fault& fault) { return after(fault, kPolicy); }

std::string key_of(const fault::Fault& fault) {
  std::string key = after(fault, kProfile);
  constexpr std::string_view kBits = "=bits";
  if (key.ends_with(kBits)) {
    key.resize(key.size() - kBits.size() + 1);
    key += std::to_string(fault.at.bits);
  }
  return key;
}

Planted plant(const std::vector<fault::Fault>& faults, const numerics::Policy& policy,
              const mxu::Profile& profile) {
  Planted out{policy, profile};
  for (const fault::Fault& fault : faults) {
    const std::string knob = knob_of(fault);
    const std::string key = key_of(fault);
    if (!knob.empty()) {
      set_policy(knob, out.policy);
    } else if (!key.empty()) {
      out.profile = with_key(out.profile, key);
    } else {
      out.policy.faults.add(fault);
    }
  }
  return out;
}

}  // namespace mxcheck::suite
