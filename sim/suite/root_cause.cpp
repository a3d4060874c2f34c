// One isolated run per change; only failing cases pay for it.
#include "sim/suite/root_cause.h"

#include <fmt/format.h>

#include "sim/base/text.h"
#include "sim/suite/compare.h"

namespace mxcheck::suite {
namespace {

using reports::Finding;

// Block lengths of long float contractions seen on recording hosts (POL-5).
constexpr const char* kBlocks[] = {"128", "160", "168", "192", "200",
                                   "256", "312", "320", "344", "384"};

void add_change(const numerics::Policy& policy, const char* knob, const std::string& value,
                std::vector<PolicyChange>& out) {
  if (numerics::knob_value(policy, knob) == value) return;
  PolicyChange change{fmt::format("{}={}", knob, value), policy};
  if (numerics::set_knob(change.policy, knob, value)) out.push_back(std::move(change));
}

// Findings that a change of policy could explain: bits that differ, of a value the run produced.
std::vector<Finding*> open_findings(reports::CheckResult& check) {
  std::vector<Finding*> out;
  for (Finding& finding : check.findings) {
    if (finding.judged && finding.problem.empty() && finding.explanation.empty()) {
      out.push_back(&finding);
    }
  }
  return out;
}

std::string explanation(const Finding& finding, const std::vector<std::string>& causes) {
  if (causes.empty()) return "no single change explains it";
  const std::string who =
      finding.differ == 1 ? "agrees" : fmt::format("all {} agree", finding.differ);
  return fmt::format("{} with policy {}", who, base::join(causes, ", or "));
}

}  // namespace

std::vector<PolicyChange> single_changes(const numerics::Policy& policy) {
  std::vector<PolicyChange> out;
  for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
    for (const std::string& value : knob.values) add_change(policy, knob.name, value, out);
    if (!knob.values.empty()) continue;
    for (const char* block : kBlocks) add_change(policy, knob.name, block, out);
  }
  return out;
}

void explain_findings(const exec::Request& request, const graph::Values& golden,
                      reports::CheckResult& check) {
  const std::vector<Finding*> findings = open_findings(check);
  if (findings.empty()) return;
  std::vector<std::vector<std::string>> causes(findings.size());
  for (const PolicyChange& change : single_changes(request.policy)) {
    const exec::Request changed{request.graph,   request.rules, request.plan,
                                request.run,     request.data,  change.policy,
                                request.profile, request.level, request.golden};
    const base::Result<exec::Outcome> outcome = exec::run(changed);
    if (!outcome) continue;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      const std::string& name = findings[i]->name;
      const auto value = outcome.value().values.find(name);
      if (value == outcome.value().values.end()) continue;
      if (compare(name, value->second, golden.at(name), {}).equal) {
        causes[i].push_back(change.text);
      }
    }
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    findings[i]->explanation = explanation(*findings[i], causes[i]);
  }
}

}  // namespace mxcheck::suite
