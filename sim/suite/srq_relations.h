// Relations between runs of one node with a static range; see srq_check.h.
#pragma once

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

struct StatisticsOperand {
  const exec::Request& request;
  const exec::Outcome& outcome;
  const numerics::Policy& policy;  // to judge by
  std::size_t node = 0;
  bool lhs = true;
};

// Relations of any number of runs; then the long one.
void check_statistics_relations(const StatisticsOperand& operand, reports::CheckResult& result);
void check_long_run(const StatisticsOperand& operand, reports::CheckResult& result);

}  // namespace mxcheck::suite
