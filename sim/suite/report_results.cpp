// Digests decide; everything else a result depends on is in the context or in its own text.
#include "sim/suite/report_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/json.h"
#include "sim/base/json_reader.h"
#include "sim/suite/case_result.h"

namespace mxcheck::suite {

using reports::CaseResult;
using reports::Status;

std::vector<std::string> context_differences(const reports::RunContext& report,
                                             const reports::RunContext& now) {
  // What is selected is asked of each case.
  static const std::set<std::string> kOfCases{"selected_cases", "selected_digest"};
  const std::vector<reports::Fact> theirs = reports::context_facts(report);
  const std::vector<reports::Fact> ours = reports::context_facts(now);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto& [key, value] = ours[i];
    if (kOfCases.contains(key) || theirs[i].second == value) continue;
    out.push_back(fmt::format("{}: the report has {}, this run {}", key,
                              base::shortened(theirs[i].second), base::shortened(value)));
  }
  return out;
}

ReportResults::ReportResults(reports::RunResult report, const CaseOptions& options,
                             const Expectations* expectations)
    : options_(options), expectations_(expectations) {
  for (CaseResult& result : report.cases) {
    const std::string id = result.id;
    if (!results_.emplace(id, std::move(result)).second) doubled_.push_back(id);
  }
  for (const reports::ExpectationUse& use : report.expectations) {
    ExpectationEntry& entry = then_.emplace_back();
    entry.name = use.entry;
    entry.glob = use.glob;
  }
}

std::optional<CaseResult> ReportResults::find(const casefile::Case& c, const FileDigests& files) {
  const auto found = results_.find(c.id);
  if (found == results_.end()) return std::nullopt;
  const CaseResult& result = found->second;
  const bool same = result.digest == c.digest && result.golden_digest == files.golden &&
                    files.data.empty() && result.file == c.file.string();
  const CaseResult blank = blank_result(c, options_);
  const bool as_asked =
      result.policy == blank.policy && (!options_.profile || result.hardware == blank.hardware);
  const bool lasting = result.status != Status::kSuiteError && result.status != Status::kDutError &&
                       result.status != Status::kSkip;
  const auto names = [&](const ExpectationEntry& entry) { return entry.matches(c.id); };
  const bool named =
      std::any_of(then_.begin(), then_.end(), names) ||
      (expectations_ != nullptr &&
       std::any_of(expectations_->entries().begin(), expectations_->entries().end(), names));
  if (!same || !as_asked || !lasting || named) return std::nullopt;
  ++taken_;
  return result;
}

}  // namespace mxcheck::suite
