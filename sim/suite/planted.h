// Faults planted in a model: the policy and the hardware profile a faulty unit really follows. What
// a fault does beyond a knob or a key is in Policy::faults.
#pragma once

#include <string>
#include <vector>

#include "sim/fault/fault.h"
#include "sim/mxu/profile.h"
#include "sim/numerics/policy.h"

namespace mxcheck::suite {

struct Planted {
  numerics::Policy policy;
  mxu::Profile profile;
};

[[nodiscard]] Planted plant(const std::vector<fault::Fault>& faults, const numerics::Policy& policy,
                            const mxu::Profile& profile);

// "quotient=reciprocal" of a fault that is one knob; "acc_bits=16" of one that is one key of the
// profile (with its place filled in); "" of any other.
[[nodiscard]] std::string knob_of(const fault::Fault& fault);
[[nodiscard]] std::string key_of(const fault::Fault& fault);

}  // namespace mxcheck::suite
