// The root cause of a mismatch, by experiment: the failing nodes are run again in isolation under
// every single change of the model (hypotheses.h); changes under which all failing tensors of a
// node agree with the other side in every bit are named in their findings, and those that explain
// every failing tensor and disturb none that agreed are the verdict of the check. "no single change
// explains it" otherwise. The search stops when its time is up, and says so.
#pragma once

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

struct RootCauseOptions {
  double milliseconds = 300;
};

// Fills `explanation` of the judged findings of `check`, and its root_cause. `model` is an isolated
// request (its golden holds the inputs of every node); `observed` what the other side gave from the
// same inputs: a golden's values, a device's, or those of a model with planted faults.
void explain_findings(const exec::Request& model, const graph::Values& observed,
                      const RootCauseOptions& options, reports::CheckResult& check);

}  // namespace mxcheck::suite
