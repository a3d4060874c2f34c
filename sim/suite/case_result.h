// The parts of a case's result that need no run: what is known before it, the verdict on a refusal,
// and what is left out of a long list of findings.
#pragma once

#include <string>

#include "reports/model.h"
#include "sim/base/diagnostic.h"
#include "sim/suite/run_case.h"

namespace mxcheck::suite {

// What every result of the case has in common, before it ran.
[[nodiscard]] reports::CaseResult blank_result(const casefile::Case& c, const CaseOptions& options);

// The first error with its label; empty if there is none.
[[nodiscard]] std::string summary_of(const base::Diagnostics& diagnostics);

// The verdict on a case that must be refused with `label` ("*": any) and met `diagnostics`.
void judge_refusal(const std::string& label, const base::Diagnostics& diagnostics,
                   reports::CaseResult& result);

// A case that fails everywhere shows the surroundings of the findings nearest to the cause only.
void shorten_findings(reports::CheckResult& check);

}  // namespace mxcheck::suite
