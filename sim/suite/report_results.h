// Results taken over from the report of a run that was cut short (run --resume).
//
// A report is taken as a whole or not: it must be of this version and commit of the program and of
// the same command (context_differences). Of its results those are taken whose case and golden are
// still the same, but not: what went wrong for reasons outside the case (SUITE_ERROR, DUT_ERROR);
// SKIP; cases with tensors from stored files, of which a report has no digest; cases that an entry
// of an expectations file names, of then or of now, whose verdict is made anew.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "sim/suite/earlier_results.h"
#include "sim/suite/expectations.h"
#include "sim/suite/run_case.h"

namespace mxcheck::suite {

// What stands between a report and being continued by this command, each as "what: the report has
// X, this run Y"; empty if nothing does.
[[nodiscard]] std::vector<std::string> context_differences(const reports::RunContext& report,
                                                           const reports::RunContext& now);

class ReportResults : public EarlierResults {
 public:
  // Everything must outlive this. `expectations` may be null.
  ReportResults(reports::RunResult report, const CaseOptions& options,
                const Expectations* expectations);

  [[nodiscard]] std::optional<reports::CaseResult> find(const casefile::Case& c,
                                                        const FileDigests& files) override;
  void keep(const casefile::Case&, const FileDigests&, const reports::CaseResult&) override {}

  // Ids the report has more than one result of; such a report is none of ours.
  [[nodiscard]] std::vector<std::string> doubled() const { return doubled_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }

 private:
  const CaseOptions& options_;
  const Expectations* expectations_;
  std::map<std::string, reports::CaseResult> results_;  // by id
  std::vector<std::string> doubled_;
  std::vector<ExpectationEntry> then_;  // names only: entries of the expectations of the report
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace mxcheck::suite
