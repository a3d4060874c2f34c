// The check `golden`: every value of the golden file against the run's, EXACT or BOUND as the
// dataflow decides. A name the run does not produce is a failure, never a skip.
//
// Isolated: each value was computed from golden inputs, so each is judged by its own class. End to
// end: a value below an inexact op is reported with the number of codes that moved, not judged.
#pragma once

#include "reports/model.h"
#include "sim/exec/executor.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

enum class RunMode { kIsolated, kEndToEnd };

struct GoldenCheck {
  const graph::Graph& graph;
  const graph::Plan& plan;
  const graph::RunData& data;
  const graph::Values& golden;
};

[[nodiscard]] reports::CheckResult check_golden(const GoldenCheck& input,
                                                const exec::Outcome& outcome, RunMode mode);

}  // namespace mxcheck::suite
