// Any bytes as an expectations file: no crash, every refusal says what, why and where; what is
// accepted obeys the caps, matches ids as the definition of patterns says, and decides a case the
// same way twice.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/base/check.h"
#include "sim/base/labels.h"
#include "sim/suite/expectations.h"

namespace {

using namespace mxcheck;
using suite::ExpectationEntry;
using suite::Expectations;

// The definition of a pattern, by recursion: exponential, so only for short ones.
bool by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    const bool twice = pattern.substr(0, 2) == "**";
    const std::string_view rest = pattern.substr(twice ? 2 : 1);
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (by_definition(rest, text.substr(taken))) return true;
      if (taken < text.size() && text[taken] == '/' && !twice) return false;
    }
    return false;
  }
  if (text.empty()) return false;
  const bool fits = pattern.front() == '?' ? text.front() != '/' : pattern.front() == text.front();
  return fits && by_definition(pattern.substr(1), text.substr(1));
}

const std::vector<std::string>& ids() {
  static const std::vector<std::string> kIds{"a",         "qt/a", "qt/dense_int8",
                                             "b/c/d/M=4", "x//y", "/"};
  return kIds;
}

void check_entry(const ExpectationEntry& entry) {
  constexpr std::size_t kMostText = 512, kMostReason = 4096;
  MXCHECK_CHECK(!entry.name.empty() && entry.name.size() <= kMostText, "a name beyond the cap");
  MXCHECK_CHECK(entry.reason.find_first_not_of(" \t\r\n") != std::string::npos, "no reason");
  MXCHECK_CHECK(entry.reason.size() <= kMostReason, "a reason beyond the cap");
  MXCHECK_CHECK(entry.check.empty() || entry.status == reports::Status::kFail,
                "check without FAIL");
  MXCHECK_CHECK(entry.line > 0 && entry.column > 0, "an entry without a place");
  constexpr std::size_t kShort = 24;
  for (const std::string& id : ids()) {
    const bool matches = entry.matches(id);
    if (!entry.glob) {
      MXCHECK_CHECK(matches == (entry.name == id), entry.name);
    } else if (entry.name.size() <= kShort) {
      MXCHECK_CHECK(matches == by_definition(entry.name, id), entry.name + " on " + id);
    }
  }
}

reports::CaseResult some_case(const std::string& id, reports::Status status) {
  reports::CaseResult out;
  out.id = id;
  out.policy = "ieee";
  out.hardware = "ideal_int32";
  out.status = status;
  reports::CheckResult check;
  check.check = "golden";
  check.status = status == reports::Status::kFail ? status : reports::Status::kPass;
  out.checks.push_back(check);
  return out;
}

void check_decisions(const Expectations& expectations) {
  using reports::Status;
  auto uses = expectations.no_uses();
  for (const std::string& id : ids()) {
    for (const Status status : {Status::kPass, Status::kFail, Status::kSkip, Status::kVacuous}) {
      reports::CaseResult once = some_case(id, status), twice = some_case(id, status);
      expectations.apply("scalar", once, uses);
      expectations.apply("scalar", twice, uses);
      MXCHECK_CHECK(once.status == twice.status && once.reason == twice.reason, id);
      MXCHECK_CHECK(once.status == status || once.expectation.has_value(), "changed in silence");
    }
  }
  const base::Diagnostics unused = expectations.unused(ids());
  std::size_t matched_nothing = 0;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    MXCHECK_CHECK(uses[i].decided <= uses[i].matched, "decided without a match");
    matched_nothing += uses[i].matched == 0 ? 1 : 0;
  }
  MXCHECK_CHECK(unused.size() == matched_nothing, "unused entries are told otherwise");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Diagnostics problems;
  const auto expectations = Expectations::parse(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz.json", problems);
  MXCHECK_CHECK(expectations.has_value() == problems.empty(), "refused without a reason");
  for (const base::Diagnostic& d : problems) {
    MXCHECK_CHECK(base::find_label(d.label) != nullptr, d.label);
    MXCHECK_CHECK(d.line > 0 && d.column > 0, base::format(d));
  }
  if (!expectations) return 0;
  for (const ExpectationEntry& entry : expectations->entries()) check_entry(entry);
  check_decisions(*expectations);
  return 0;
}
