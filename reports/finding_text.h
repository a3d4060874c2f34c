// One finding as the lines of a failure (console.h shows the form).
#pragma once

#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

// "golden step0/node/y  EXACT  3 of 64 differ, first [0,7]"
[[nodiscard]] std::string finding_headline(const CheckResult& check, const Finding& finding);
// The indented lines below it: both sides of the first element, the cause, the rule.
[[nodiscard]] std::string finding_details(const CheckResult& check, const Finding& finding);
// "  root cause: policy tie=away (5 failing tensors)\n"
[[nodiscard]] std::string root_cause_text(const RootCause& cause);
// "[0,7]"
[[nodiscard]] std::string index_text(const std::vector<std::int64_t>& index);

// Where a tensor stands in the flow of values, by its name: forward before backward, codes before
// their sums. What stands first is nearest to the cause.
[[nodiscard]] int place_in_flow(const std::string& name);

}  // namespace mxcheck::reports
