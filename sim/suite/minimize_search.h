// The best draft so far and the one way to a better one. Internal to the minimizer.
#pragma once

#include <chrono>
#include <set>
#include <string>

#include "sim/suite/minimize.h"
#include "sim/suite/minimize_oracle.h"

namespace mxcheck::suite {

struct Search {
  Search(const casefile::Case& c, const MinimizeOptions& how) : options(how), oracle(c, how) {}

  // Time is up, or the user has had enough.
  bool is_late();
  // Takes the candidate if it still fails for the reason; false if it was tried before.
  bool attempt(casefile::Draft candidate, const std::string& what);
  // Values of the draft, for their shapes.
  [[nodiscard]] graph::Values shapes_of(const casefile::Draft& draft) const;

  const MinimizeOptions& options;
  Oracle oracle;
  casefile::Draft best;
  Minimized out;
  std::set<std::string> seen;  // drafts that were tried, as text

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool late_ = false;
};

// The passes over dimensions and over the elements of sources.
void shrink_dims(Search& search);
void simplify_values(Search& search);

}  // namespace mxcheck::suite
