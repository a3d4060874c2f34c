// Any bytes as a report, as `diff`, `merge` and a rerun read one: no crash, every refusal says what
// and where; what is accepted is written with all that was in it, read back unchanged, does not
// differ from itself, and joined as the only shard stays what it is or is refused with reasons;
// twice it is no run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "reports/diff.h"
#include "reports/json.h"
#include "reports/merge.h"
#include "reports/read.h"
#include "sim/base/check.h"
#include "sim/base/labels.h"

namespace {

using namespace mxcheck;

std::optional<reports::RunResult> read(std::string text, base::Diagnostics& problems) {
  return reports::parse_report(std::move(text), "fuzz.json", problems);
}

void check_merge(const reports::RunResult& run) {
  base::Diagnostics problems;
  const reports::ShardReport part{"fuzz.json", run};
  MXCHECK_CHECK(!reports::merge({part, part}, reports::Gaps::kAllowed, problems),
                "the same shard twice");
  for (const reports::Gaps gaps : {reports::Gaps::kRefused, reports::Gaps::kAllowed}) {
    problems.clear();
    const auto joined = reports::merge({part}, gaps, problems);
    MXCHECK_CHECK(joined.has_value() == problems.empty(), "not joined without a reason");
    for (const base::Diagnostic& d : problems) {
      MXCHECK_CHECK(base::find_label(d.label) != nullptr, d.label);
    }
    if (!joined) continue;
    MXCHECK_CHECK(gaps == reports::Gaps::kAllowed || !joined->incomplete, "a gap is not seen");
    reports::RunResult expected = run;
    expected.context.shard = "";
    expected.incomplete = joined->incomplete;
    expected.suite_digest = joined->suite_digest;
    std::sort(expected.cases.begin(), expected.cases.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    MXCHECK_CHECK(reports::to_json(*joined) == reports::to_json(expected), "joined to another run");
  }
}

// The pointer of the first value of `from` that is not in `to`, "" if all are. Keys may be added.
std::string lost(const nlohmann::json& from, const nlohmann::json& to, const std::string& pointer) {
  if (from.is_object() && to.is_object()) {
    for (const auto& [key, value] : from.items()) {
      const std::string at = pointer + "/" + key;
      if (!to.contains(key)) return at;
      if (const std::string part = lost(value, to[key], at); !part.empty()) return part;
    }
    return "";
  }
  if (from.is_array() && to.is_array() && from.size() == to.size()) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::string at = pointer + "/" + std::to_string(i);
      if (const std::string part = lost(from[i], to[i], at); !part.empty()) return part;
    }
    return "";
  }
  return from == to ? "" : pointer + " " + from.dump() + " " + to.dump();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Diagnostics problems;
  const auto run = read({reinterpret_cast<const char*>(data), size}, problems);
  MXCHECK_CHECK(run.has_value() == problems.empty(), "refused without a reason");
  for (const base::Diagnostic& d : problems) {
    MXCHECK_CHECK(base::find_label(d.label) != nullptr, d.label);
    MXCHECK_CHECK(d.line > 0 && d.column > 0, base::format(d));
  }
  if (!run) return 0;
  const std::string text = reports::to_json(*run);
  nlohmann::json from = nlohmann::json::parse(data, data + size, nullptr, false);
  from.erase("kernels");  // sums over the cases
  const std::string gone = lost(from, nlohmann::json::parse(text), "");
  MXCHECK_CHECK(gone.empty(), "lost on the way: " + gone);
  const auto again = read(text, problems);
  for (const base::Diagnostic& d : problems) MXCHECK_CHECK(false, base::format(d));
  MXCHECK_CHECK(reports::to_json(*again) == text, "another report when it is read again");
  const reports::ReportDiff same = reports::diff(*run, *again);
  MXCHECK_CHECK(same.regressions() == 0, reports::to_text(same));
  MXCHECK_CHECK(same.context.empty() && same.differences.empty(), reports::to_text(same));
  check_merge(*run);
  return 0;
}
