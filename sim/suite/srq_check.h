// The check `srq`: the statistics of every operand with a static range, followed over the steps of
// the run and recomputed from its own recorded arrays.
//
// EXACT: counts, sums, and through scale, zero point and codes the average in use (updated before
// it is used; the step's own value while the count is 0). Then the node alone is run again for what
// a single run does not show, each a relation of the report:
//   frozen       without update nothing changes and the average stays in use
//   own_value    without statistics and update the step's own mean is in use
//   order        the steps reversed give the same count, and sums within BND-2
//   batch_merge  two half batches give twice the mean of the whole, within BND-2
//   long_run     the addition number 10^5 of the sum and its average; the drift of the f32 sum from
//                the exact one is reported as a share of BND-2
// Labels: SRQ-1..SRQ-6, BND-2.
#pragma once

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

inline constexpr std::int64_t kLongRun = 100000;  // steps

// `request` is the one that gave `outcome`; `policy` the rules to judge by, null: those of the
// request. A result without tensors: the run has no statistics.
[[nodiscard]] reports::CheckResult check_srq(const exec::Request& request,
                                             const exec::Outcome& outcome,
                                             const numerics::Policy* policy = nullptr);

}  // namespace mxcheck::suite
