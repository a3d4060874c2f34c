// What is said of a case without running it; the order of running is in run_case.cpp.
#include "sim/suite/case_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/finding_text.h"
#include "sim/suite/details.h"

namespace mxcheck::suite {

using casefile::Case;
using reports::CaseResult;
using reports::Status;

CaseResult blank_result(const Case& c, const CaseOptions& options) {
  CaseResult result;
  result.id = c.id;
  result.file = c.file.string();
  result.digest = c.digest;
  result.title = c.title;
  result.tags = c.tags;
  result.ops = ops_of(c);
  result.labels = labels_of(c);
  result.policy = numerics::describe(options.policy ? *options.policy : c.policy);
  result.hardware = options.profile ? mxu::describe(*options.profile) : c.hardware.base;
  result.mode = graph::name(c.run.mode);
  for (const auto& node : c.plan.nodes) {
    if (!node) continue;
    for (const std::string& quirk : node->quirks) {
      result.quirks.push_back(fmt::format("{} at {}", quirk, c.graph.nodes[node->node].name));
    }
  }
  return result;
}

std::string summary_of(const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& d : diagnostics) {
    if (d.severity == base::Severity::kError) return fmt::format("[{}] {}", d.label, d.fact);
  }
  return "";
}

void judge_refusal(const std::string& label, const base::Diagnostics& diagnostics,
                   CaseResult& result) {
  std::vector<std::string> labels;
  for (const base::Diagnostic& d : diagnostics) {
    if (d.severity == base::Severity::kError) labels.push_back(d.label);
  }
  const bool right = std::find(labels.begin(), labels.end(), label) != labels.end() ||
                     (label == "*" && !labels.empty());
  result.checks.clear();
  if (right) {
    result.status = Status::kPass;
    result.reason = "refused as expected: " + label;
    return;
  }
  result.status = Status::kFail;
  result.reason = labels.empty() ? fmt::format("was not refused; {} was expected", label)
                                 : fmt::format("was refused with {} ({}); {} was expected",
                                               labels.front(), summary_of(diagnostics), label);
}

void shorten_findings(reports::CheckResult& check) {
  constexpr std::size_t kPictures = 8;
  std::vector<reports::Finding*> order;
  for (reports::Finding& finding : check.findings) order.push_back(&finding);
  std::stable_sort(order.begin(), order.end(),
                   [](const reports::Finding* a, const reports::Finding* b) {
                     return reports::place_in_flow(a->name) < reports::place_in_flow(b->name);
                   });
  for (std::size_t i = kPictures; i < order.size(); ++i) {
    order[i]->window.reset();
    order[i]->deltas.clear();
    order[i]->ulps.clear();
  }
}

}  // namespace mxcheck::suite
