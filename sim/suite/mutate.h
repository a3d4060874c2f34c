// Mutation: every fault is planted, one at a time, and the selected cases run against the faulty
// model until one of their checks fails. A suite is worth the share of applicable faults it
// detects, and nothing at all if it fails without a fault.
//
// A fault is applicable if some selected case has what the fault needs (fault_needs.h), or, for
// kinds that only data can tell (Need::kChange), if some recorded value of some case changes.
// It is detected iff a check of a case fails with it and not without.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "sim/fault/fault.h"
#include "sim/suite/collect.h"
#include "sim/suite/run_case.h"

namespace mxcheck::suite {

struct MutateOptions {
  CaseOptions cases;
  unsigned jobs = 1;
  std::vector<fault::Fault> faults = fault::all_faults();
  const std::atomic<bool>* stop = nullptr;
};

struct FailedCheck {
  std::string id, check, mode;  // mode: isolated, end_to_end or ""
};

struct FaultVerdict {
  fault::Fault fault;
  bool applicable = false;
  std::int64_t cases = 0;  // that have what it needs, or whose values it changed as far as was seen
  std::int64_t runs = 0;   // of a case under it
  std::optional<FailedCheck> detected;
};

struct MutateResult {
  std::vector<FaultVerdict> verdicts;     // in the order of the faults
  std::vector<FailedCheck> false_alarms;  // failures without a fault
  std::size_t cases = 0;
  bool interrupted = false;
  double milliseconds = 0;

  [[nodiscard]] std::int64_t applicable() const;
  [[nodiscard]] std::int64_t detected() const;
  // detected / applicable in percent; 100 where nothing is applicable.
  [[nodiscard]] double score() const;
};

[[nodiscard]] MutateResult mutate(const Collection& collection, const MutateOptions& options);

}  // namespace mxcheck::suite
