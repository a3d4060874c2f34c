// The rule of a result is the label behind the value, of a refusal the label in its reason, else
// the status.
#include "reports/sarif_run.h"

#include "reports/console.h"
#include "reports/finding_text.h"
#include "reports/sarif.h"
#include "sim/base/labels.h"

namespace mxcheck::reports {
namespace {

// "refused: [SHP-DOT] ..." -> "SHP-DOT"
std::string label_in(const std::string& reason) {
  const std::size_t open = reason.find('['), close = reason.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return "";
  const std::string label = reason.substr(open + 1, close - open - 1);
  return base::find_label(label) != nullptr ? label : "";
}

class Collector {
 public:
  Collector(const RunResult& run, SarifRun& out) : run_(run), out_(out) {}

  void add(const CaseResult& c) {
    const bool expected = c.status == Status::kXfail;
    if (verdict(c.status) != Verdict::kFailed && !expected) return;
    std::size_t added = 0;
    if (c.status == Status::kFail || expected) {
      for (const CheckResult& check : c.checks) {
        for (const Finding& finding : check.findings) {
          if (!finding.judged) continue;
          add(c, finding.rule,
              finding_headline(check, finding) + "\n" + finding_details(check, finding));
          ++added;
        }
      }
    }
    if (added == 0)
      add(c, label_in(c.reason), std::string(name(c.status)) + ": " + c.reason + "\n");
  }

 private:
  void add(const CaseResult& c, const std::string& rule, const std::string& message) {
    SarifFinding out;
    out.rule = rule.empty() ? name(c.status) : rule;
    out.message = message + "repeat: " + repeat_command(c, run_.context);
    out.file = c.file;
    out.line = c.line;
    out.case_id = c.id;
    if (c.status == Status::kXfail && c.expectation) {
      out.suppression = c.expectation->reason.empty() ? "expected to fail" : c.expectation->reason;
    }
    out_.findings.push_back(std::move(out));
  }

  const RunResult& run_;
  SarifRun& out_;
};

}  // namespace

std::string to_sarif(const RunResult& run, const std::filesystem::path& folder) {
  SarifRun out;
  out.version = run.context.version;
  out.folder = folder;
  out.complete = !run.incomplete;
  Collector collector(run, out);
  for (const CaseResult& c : run.cases) collector.add(c);
  return to_sarif(out);
}

}  // namespace mxcheck::reports
