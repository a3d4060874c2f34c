// Every value of a run at one level of the model against the same run at another, class EXACT.
#pragma once

#include <string>

#include "reports/model.h"
#include "sim/graph/run.h"

namespace mxcheck::suite {

// Adds to `out` what was compared and a finding for every value that differs or is missing; `who`
// names the two sides in the finding's explanation.
void compare_levels(const graph::Values& functional, const graph::Values& other,
                    const std::string& who, reports::CheckResult& out);

}  // namespace mxcheck::suite
