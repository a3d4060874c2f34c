// The kernels around an int8 layer that the executor has no use for (sums, rectifiers, sums of
// columns: FLT-7, POL-3), put to the test on recorded values of a run: what a node `add`, `relu` or
// `reduce_sum` gave must come out of the kernel in the same bits.
#pragma once

#include <vector>

#include "reports/model.h"
#include "sim/kernels/isa.h"
#include "sim/numerics/policy.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

// Adds to `out` as compare_levels() does, once per instruction set.
void check_step_kernels(const Sources& sources, const numerics::Policy& policy,
                        const std::vector<kernels::Isa>& isas, reports::CheckResult& out);

}  // namespace mxcheck::suite
