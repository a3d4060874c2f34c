// The line of a case's file that a failure is about, for annotations and static-analysis reports.
#pragma once

#include "reports/model.h"
#include "sim/casefile/case.h"

namespace mxcheck::suite {

// The line of the node behind the first judged finding; 1 where the file is there and no node is to
// blame, 0 where the file cannot be read again.
[[nodiscard]] int failure_line(const casefile::Case& c, const reports::CaseResult& result);
// The line of the first error; 0 if it has none.
[[nodiscard]] int refusal_line(const base::Diagnostics& diagnostics);

}  // namespace mxcheck::suite
