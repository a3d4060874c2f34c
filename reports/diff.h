// Two reports of a run compared: verdicts, bits, use of bounds, counts of codes, speed.
//
// A regression is: a case that passed in A and does not in B; a tensor that was equal in bits in A
// and is not in B, of the same case; a case of A that B does not have. Everything else is told and
// not held against B, speed never.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"

namespace mxcheck::reports {

inline constexpr int kDiffVersion = 1;

enum class Change : std::uint8_t {
  kVerdict,  // status of a case
  kBits,     // equality in bits; digests of cases and goldens
  kBound,    // largest error / bound
  kCounts,   // ties, saturated, sensitive, ... codes
  kChecks,   // a check came or went
};
[[nodiscard]] const char* name(Change change);

struct Difference {
  Change change = Change::kVerdict;
  std::string id;       // of the case
  std::string subject;  // "golden isolated step0/node/y", "" for the case itself
  std::string what;     // "status", "differ", "equal_bits", "ties", ...
  std::string a, b;     // the two values, "" for none
  bool regression = false;
};

struct Speed {
  std::string id;       // "" for the whole run
  double a = 0, b = 0;  // milliseconds
};

struct ReportDiff {
  std::vector<Difference> context;      // of the runs themselves: version, policy, isa, ...
  std::vector<Difference> differences;  // in case order of A
  std::vector<std::string> only_a, only_b;
  Speed total;
  std::vector<Speed> speed;  // cases whose time changed most
  std::int64_t same = 0;     // cases without a difference
  std::int64_t cases_a = 0, cases_b = 0;

  [[nodiscard]] std::int64_t regressions() const;
};

[[nodiscard]] ReportDiff diff(const RunResult& a, const RunResult& b);
// Text for a person; its last line counts the regressions.
[[nodiscard]] std::string to_text(const ReportDiff& diff);
[[nodiscard]] std::string to_json(const ReportDiff& diff);

}  // namespace mxcheck::reports
