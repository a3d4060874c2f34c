// Expectations: which cases are known not to pass, and why. A list of entries in a JSON file, each
// with a reason; what comes as expected does not fail a run, and what was expected and does not
// come fails it, so that the list cannot outlive its reasons.
//
// FAIL, VACUOUS, DUT_ERROR, SUITE_ERROR as expected: XFAIL. SKIP and UNDEFINED as expected stay
// what they are. A pass where something else is expected: XPASS, which fails, unless the entry is
// not strict. Anything else keeps its status: an expected FAIL does not excuse a VACUOUS.
// Labels: XFAIL-FILE, XFAIL-VERSION, XFAIL-KEY, XFAIL-VALUE, XFAIL-REASON, XFAIL-DUPLICATE,
// XFAIL-UNUSED. Contract: cases/schema/expectations.schema.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/base/diagnostic.h"

namespace mxcheck::suite {

inline constexpr int kExpectationsVersion = 1;

struct ExpectationEntry {
  std::string name;   // an id, or a pattern of ids
  bool glob = false;  // the latter
  reports::Status status = reports::Status::kFail;
  std::string check;                  // FAIL of this check only; "": of any
  std::string policy, hardware, isa;  // only under these; "": under any
  bool strict = true;                 // a pass is an XPASS
  std::string reason;
  std::string pointer;
  int line = 0, column = 0;

  [[nodiscard]] bool matches(const std::string& id) const;
};

class Expectations {
 public:
  // nullopt after a report of everything that is wrong with the file.
  [[nodiscard]] static std::optional<Expectations> read(const std::filesystem::path& file,
                                                        base::Diagnostics& diagnostics);
  [[nodiscard]] static std::optional<Expectations> parse(const std::string& text,
                                                         const std::filesystem::path& file,
                                                         base::Diagnostics& diagnostics);

  [[nodiscard]] const std::vector<ExpectationEntry>& entries() const { return entries_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  // Turns the status of a finished case into XFAIL or XPASS where an entry says so, and states the
  // entry in the result. Counts in `uses`, one for each entry, what was matched and decided.
  void apply(const std::string& isa, reports::CaseResult& result,
             std::vector<reports::ExpectationUse>& uses) const;
  [[nodiscard]] std::vector<reports::ExpectationUse> no_uses() const;

  // XFAIL-UNUSED for every entry that matches none of the ids.
  [[nodiscard]] base::Diagnostics unused(const std::vector<std::string>& ids) const;

 private:
  std::vector<ExpectationEntry> entries_;
  std::filesystem::path file_;
};

}  // namespace mxcheck::suite
