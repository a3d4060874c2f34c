// The list of explanations, and faults as changes of a model.
#include "sim/suite/hypotheses.h"

#include <catch2/catch.hpp>
#include <set>

namespace mxcheck::suite {

TEST_CASE("a change of policy is one knob, or another policy as a whole [POL-1]", "[suite]") {
  const numerics::Policy ieee;
  int knobs = 0;
  for (const Hypothesis& h : hypotheses(ieee, {})) {
    if (!h.text.starts_with("policy ")) continue;
    ++knobs;
    if (const auto whole = numerics::policy_from_name(h.text.substr(7))) {
      CHECK(h.model.policy == *whole);
      continue;
    }
    CHECK("policy " + numerics::describe(h.model.policy).substr(6) == h.text);
    CHECK(h.model.profile == mxu::Profile{});
  }
  CHECK(knobs > 15);
}

TEST_CASE("no two hypotheses are the same change, none is no change", "[suite]") {
  for (const char* name : {"ieee", "xla_cpu"}) {
    const numerics::Policy policy = *numerics::policy_from_name(name);
    const std::vector<Hypothesis> all = hypotheses(policy, {});
    std::set<std::string> texts;
    for (std::size_t i = 0; i < all.size(); ++i) {
      CHECK(texts.insert(all[i].text).second);
      CHECK_FALSE((all[i].model.policy == policy && all[i].model.profile == mxu::Profile{}));
      for (std::size_t j = 0; j < i; ++j) {
        CHECK_FALSE((all[i].model.policy == all[j].model.policy &&
                     all[i].model.profile == all[j].model.profile));
      }
    }
  }
}

TEST_CASE("every fault is a knob, a key, or a departure the policy carries", "[suite]") {
  const numerics::Policy policy;
  const mxu::Profile profile;
  for (const fault::Fault& f : fault::all_faults()) {
    INFO(fault::info(f.kind).name);
    const Planted planted = plant({f}, policy, profile);
    const bool carried = planted.policy.faults.has(f.kind);
    CHECK(carried == (knob_of(f).empty() && key_of(f).empty()));
  }
  CHECK(plant({fault::default_fault(fault::Kind::accumulator_narrow)}, policy, profile)
            .profile.acc_bits == 16);
  CHECK(plant({fault::default_fault(fault::Kind::round_half_away)}, policy, profile).policy.tie ==
        numerics::Policy::Tie::kAway);
}

}  // namespace mxcheck::suite
