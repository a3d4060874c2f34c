// Minimizing: a failing case made smaller while it keeps failing for the same reason.
//
// The reason of a failure is its check (with its mode) and its root causes: a smaller case may name
// fewer of them, never another. Where none is named, the rule and the kind of value of the first
// finding. Passes in this order until none helps: dimensions (those that only fit together shrink
// together), steps, mode and nodes (a value becomes an inline input), rules and settings, values
// (zeros, ones, integers, fewer digits). A candidate that is no valid case, or does not fail for
// the reason, is dropped.
//
// What must come out: with planted faults, the values of the model without them. Without, the
// recorded values, cut along with the tensors they belong to; then a candidate may show no mismatch
// that the case did not have. Deterministic unless the time runs out.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/casefile/draft.h"
#include "sim/suite/run_case.h"

namespace mxcheck::suite {

struct MinimizeOptions {
  std::string check;  // "" for the first that fails
  std::string id;     // that the small case will have: generated operands depend on it
  CaseOptions cases;
  double seconds = 60;
  const std::atomic<bool>* stop = nullptr;
};

// Why a case fails; two cases with the same one fail for the same reason.
struct FailureReason {
  std::string check, mode;
  std::vector<std::string> causes;  // root causes, likeliest first; empty: none is named
  std::string rule, value;  // of the first finding: label, and what it is ("quant fwd lhs.qvalue")
  std::string finding;      // its name
};
[[nodiscard]] std::optional<FailureReason> reason_of(const casefile::Case& c,
                                                     const reports::CaseResult& result,
                                                     const std::string& check);
// Does the result fail for this reason?
[[nodiscard]] bool same_reason(const casefile::Case& c, const reports::CaseResult& result,
                               const FailureReason& reason);

struct CaseSize {
  std::int64_t nodes = 0, rules = 0, elements = 0, steps = 0;  // elements: of inputs and params
};
[[nodiscard]] CaseSize size_of(const casefile::Draft& draft);

struct Minimized {
  std::string problem;    // why nothing was done; "" otherwise
  casefile::Draft draft;  // expected values inline
  FailureReason reason;
  reports::CaseResult failure;  // of the small case
  CaseSize before, after;
  std::vector<std::string> done;  // what was accepted, in order
  std::int64_t tried = 0;
  bool cut_short = false;
};

[[nodiscard]] Minimized minimize(const casefile::Case& c, const MinimizeOptions& options);

}  // namespace mxcheck::suite
