// One list out of four tables.
#include "sim/author/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/base/text.h"
#include "sim/fault/fault.h"
#include "sim/mxu/profile_table.h"
#include "sim/numerics/policy.h"

namespace mxcheck::author {
namespace {

enum Kind : std::size_t { kStatus, kClass, kCheck, kMode, kField };
constexpr const char* kKinds[] = {"status", "class", "check", "mode", "report"};

std::vector<Term> all_terms() {
  std::vector<Term> out{
#define MXCHECK_TERM(word, kind, meaning, file) {word, kKinds[kind], meaning, file},
#include "sim/author/terms.def"
#undef MXCHECK_TERM
  };
  for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
    out.push_back({knob.name, "policy knob",
                   fmt::format("{}: {}", knob.meaning,
                               knob.values.empty() ? "a number" : base::join(knob.values, ", ")),
                   "sim/numerics/policy.def"});
  }
  for (const mxu::internal::Key& key : mxu::internal::keys()) {
    out.push_back({key.name, "hardware key", key.meaning, "sim/mxu/profile_keys.def"});
  }
  for (const fault::Info& info : fault::table()) {
    out.push_back(
        {info.name, "fault", fmt::format("{} [{}]", info.what, info.rule), "sim/fault/faults.def"});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Term& a, const Term& b) { return a.kind < b.kind; });
  return out;
}

std::string lower(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

}  // namespace

const std::vector<Term>& terms() {
  static const std::vector<Term> kTerms = all_terms();
  return kTerms;
}

std::vector<Term> find_terms(const std::string& word) {
  std::vector<Term> out;
  for (const Term& term : terms()) {
    if (lower(term.word) == lower(word)) out.push_back(term);
  }
  return out;
}

}  // namespace mxcheck::author
