// Every word that `mxcheck explain` knows beside the labels: statuses, classes, checks, keys of the
// JSON report (terms.def), knobs of policies, keys of hardware profiles, faults, with where they
// are made. The last three come from the tables that define them.
#pragma once

#include <string>
#include <vector>

namespace mxcheck::author {

struct Term {
  std::string word, kind;  // "VACUOUS", "status"
  std::string meaning;
  std::string file;
};

// Sorted by kind, then in the order of their tables.
[[nodiscard]] const std::vector<Term>& terms();
// All terms of that word: a check and a policy knob may share one. Case of letters does not matter.
[[nodiscard]] std::vector<Term> find_terms(const std::string& word);

}  // namespace mxcheck::author
