// Blessing: what a case gives now becomes what it must give. The plan says first what would change
// and what speaks against it; nothing is written that another check disproves, and what could be a
// mistake (values that are not EXACT, a case that proves nothing, values that real Qwix recorded)
// needs a reason in words, which is kept with the golden.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/author/golden_store.h"
#include "sim/base/diagnostic.h"
#include "sim/casefile/case.h"

namespace mxcheck::author {

struct BlessOptions {
  std::string reason;   // "" for none
  std::string version;  // of the program
  std::string date;     // ISO 8601, for the provenance
};

struct BlessDifference {
  enum class Kind : std::uint8_t { kNew, kChanged, kGone };
  Kind kind = Kind::kNew;
  std::string name;
  std::string type;          // of what would be recorded: "s8[4, 16]"
  reports::Finding finding;  // of what changed: ours is the new value, theirs the old one
};

struct BlessPlan {
  std::string id;
  std::filesystem::path case_file, golden, root;  // root: of the suite
  std::string case_text;  // the case file naming its golden; "" if it does already
  std::string bytes;      // of the golden
  ProvenanceEntry provenance;
  std::vector<BlessDifference> differences;
  std::int64_t tensors = 0, elements = 0;  // that would be recorded
  std::int64_t same = 0;                   // tensors equal in bits to the golden there is
  bool had_golden = false;
  bool mends = false;                 // the values are the same, checksum or provenance is not
  base::Diagnostics diagnostics;      // the case is refused or its files are
  reports::CaseResult result;         // of the checks that need no golden
  std::vector<std::string> refusals;  // whatever the reason
  std::vector<std::string> doubts;    // need a reason

  [[nodiscard]] bool changes() const {
    return mends || !had_golden || !differences.empty() || !case_text.empty();
  }
  [[nodiscard]] bool allowed(const BlessOptions& options) const {
    return diagnostics.empty() && refusals.empty() && (doubts.empty() || !options.reason.empty());
  }
};

[[nodiscard]] BlessPlan plan_bless(const casefile::Case& c, const BlessOptions& options);
// What the plan would change, as lines for a person.
[[nodiscard]] std::string bless_text(const BlessPlan& plan, bool all);
// Goldens with their checksums and provenance first, then the case files that name them.
[[nodiscard]] base::Status write_blessed(const std::vector<BlessPlan>& plans);

}  // namespace mxcheck::author
