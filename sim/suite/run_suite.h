// Runs a collection of cases, some at a time, with results in case order whatever finishes first.
//
// Before any case: every golden's checksum (GOLD-CHECKSUM). After: one RunResult, the diagnostics
// of refused cases, and the dumped values under "<id>:<name>".
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "reports/model.h"
#include "sim/suite/collect.h"
#include "sim/suite/earlier_results.h"
#include "sim/suite/expectations.h"
#include "sim/suite/run_case.h"

namespace mxcheck::suite {

// Computes cases somewhere else, for all threads of a run at a time.
class CaseRunner {
 public:
  virtual ~CaseRunner() = default;
  // nullopt: the run is interrupted.
  [[nodiscard]] virtual std::optional<CaseRun> run(
      const std::shared_ptr<const casefile::Case>& c) = 0;
};

struct SuiteOptions {
  CaseOptions cases;
  unsigned jobs = 1;
  double timeout_seconds = 0;               // per case; 0: none
  std::uint64_t max_memory = 0;             // bytes, by casefile::planned_bytes; 0: no limit
  std::int64_t max_failures = 0;            // stop after so many; 0: never
  const std::atomic<bool>* stop = nullptr;  // set from a signal handler
  const Expectations* expectations = nullptr;
  CaseRunner* runner = nullptr;  // null: the threads of the run compute themselves
  // Asked in this order before a case runs, and told what came of it.
  std::vector<EarlierResults*> earlier;
  std::function<void(const reports::CaseResult&)>
      finished;  // in case order, from the caller's thread
};

struct SuiteRun {
  reports::RunResult result;      // without context
  base::Diagnostics diagnostics;  // errors: refused cases or checksums; warnings
  graph::Values dump;
  std::map<std::string, DeviceDigests> device;  // by case id
  bool refused = false;                         // at least one case should have run and was refused
  bool interrupted = false;
  bool abandoned = false;      // a case that ran out of time still occupies a thread
  std::int64_t too_large = 0;  // cases skipped for max_memory
};

// True iff every golden has its checksum; otherwise the diagnostics say which does not.
[[nodiscard]] bool check_goldens(const std::vector<casefile::Case>& cases,
                                 std::map<std::string, std::string>& digests,
                                 base::Diagnostics& diagnostics);

// One case within the time of the options; `abandoned` if it was left behind on a thread.
[[nodiscard]] CaseRun run_in_time(const std::shared_ptr<const casefile::Case>& c,
                                  const SuiteOptions& options, std::atomic<bool>& abandoned);

[[nodiscard]] SuiteRun run_suite(Collection collection, const SuiteOptions& options);

}  // namespace mxcheck::suite
