// Does a candidate still fail for the reason? Internal to the minimizer.
#pragma once

#include <chrono>
#include <functional>
#include <set>

#include "sim/suite/minimize.h"

namespace mxcheck::suite {

// Where the expected values of a candidate come from.
enum class Truth : std::uint8_t {
  kNone,      // the check needs none
  kHealthy,   // the model without the planted faults
  kRecorded,  // the draft's own
};

class Oracle {
 public:
  Oracle(const casefile::Case& original, const MinimizeOptions& options);

  // Settles the reason and the truth; what is wrong, or "".
  [[nodiscard]] std::string prepare();

  // The draft as a case, if it is a valid one.
  [[nodiscard]] std::optional<casefile::Case> read(const casefile::Draft& draft) const;
  // How far shapes, dtypes and rules get: the first node with a problem, then how few problems.
  struct Fit {
    std::int64_t node = 0;
    std::int64_t problems = 0;  // 0: a valid case
    [[nodiscard]] bool better_than(const Fit& other) const {
      return node != other.node ? node > other.node : problems < other.problems;
    }
  };
  [[nodiscard]] Fit fit(const casefile::Draft& draft) const;
  // The failing result, with the draft's expected values filled in; nullopt if it does not fail for
  // the reason.
  [[nodiscard]] std::optional<reports::CaseResult> judge(casefile::Draft& draft) const;

  // Every value of a run of the draft, recorded ones where there are any.
  [[nodiscard]] graph::Values values(const casefile::Draft& draft) const;

  [[nodiscard]] const casefile::Draft& start() const { return start_; }
  [[nodiscard]] const FailureReason& reason() const { return reason_; }
  [[nodiscard]] Truth truth() const { return truth_; }
  // Expected values that are kept; empty: all.
  void keep_only(std::set<std::string> names) { kept_ = std::move(names); }

 private:
  [[nodiscard]] graph::Values healthy(casefile::Case c) const;
  [[nodiscard]] CaseRun run(const casefile::Case& c, bool explain) const;
  [[nodiscard]] bool has_known_mismatches(const reports::CaseResult& result) const;
  void inline_stored_tensors();

  const casefile::Case& original_;
  MinimizeOptions options_;
  casefile::Draft start_;
  FailureReason reason_;
  Truth truth_ = Truth::kNone;
  std::set<std::string> kept_;
  std::int64_t differ_ = 0;                              // of the reason's finding
  std::set<std::pair<std::string, std::string>> known_;  // its pairs of bits
};

}  // namespace mxcheck::suite
