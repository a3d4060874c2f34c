// The root cause of a mismatch, by experiment: the case is run again in isolation under every
// single change of a policy knob (POL), and the changes under which a failing tensor agrees with
// its golden in every bit are named in its finding; "no single change explains it" otherwise.
#pragma once

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

// Every policy that differs from `policy` in one knob, and how: "quotient=reciprocal".
struct PolicyChange {
  std::string text;
  numerics::Policy policy;
};
[[nodiscard]] std::vector<PolicyChange> single_changes(const numerics::Policy& policy);

// Fills `explanation` of the judged findings of `check`. `request` is the isolated run's.
void explain_findings(const exec::Request& request, const graph::Values& golden,
                      reports::CheckResult& check);

}  // namespace mxcheck::suite
