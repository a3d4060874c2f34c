// Two rounds. First every hypothesis on the failing nodes alone, judged by all tensors of these
// nodes: it must bring the failing ones to the other side's bits. Then those that explain every
// failing tensor, on the whole case: what agreed without the change must still agree.
#include "sim/suite/root_cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "sim/base/text.h"
#include "sim/suite/compare.h"
#include "sim/suite/fault_needs.h"
#include "sim/suite/hypotheses.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {
namespace {

using reports::Finding;
using Nodes = std::set<std::size_t>;

// Findings that a change of the model could explain: of a value the run produced, not settled yet.
std::vector<Finding*> open_findings(reports::CheckResult& check) {
  std::vector<Finding*> out;
  for (Finding& finding : check.findings) {
    if (finding.judged && finding.problem.empty()) out.push_back(&finding);
  }
  return out;
}

// How one hypothesis fares.
struct Trial {
  const Hypothesis* hypothesis = nullptr;
  std::vector<bool> agrees;    // by finding
  std::vector<bool> disturbs;  // by finding: another tensor of its node no longer agrees
  std::int64_t explained = 0;  // findings that agree
  std::int64_t disturbed = 0;  // tensors of the nodes that agreed without the change
  [[nodiscard]] bool explains_all() const {
    return explained == static_cast<std::int64_t>(agrees.size());
  }
};

class Search {
 public:
  Search(const exec::Request& model, const graph::Values& observed, const RootCauseOptions& options,
         std::vector<Finding*> findings)
      : model_(model),
        observed_(observed),
        limit_(options.milliseconds),
        findings_(std::move(findings)) {
    for (const Finding* finding : findings_) {
      owners_.push_back(owners(finding->name));
      nodes_.insert(owners_.back().begin(), owners_.back().end());
    }
  }

  reports::RootCause run() {
    const std::vector<Hypothesis> all = reachable();
    cause_.failing = static_cast<std::int64_t>(findings_.size());
    cause_.changes = static_cast<std::int64_t>(all.size());
    const bool whole = nodes_.empty();
    agreed_ = agreeing(execute(model_.policy, model_.profile, whole ? nullptr : &nodes_));
    for (const Hypothesis& h : all) {
      if (elapsed() > limit_) break;
      ++cause_.tried;
      Trial trial = attempt(h);
      if (trial.explained > 0) trials_.push_back(std::move(trial));
    }
    rank();
    for (std::size_t i = 0; i < findings_.size(); ++i) explain(i);
    conclude();
    cause_.milliseconds = elapsed();
    return cause_;
  }

 private:
  [[nodiscard]] double elapsed() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_)
        .count();
  }

  // The nodes whose functions make this value; empty where only a whole run gives it.
  [[nodiscard]] Nodes owners(const std::string& name) const {
    const ValueName parsed = parse_value_name(model_.graph, name);
    Nodes out;
    switch (parsed.kind) {
      case ValueKind::kNode:
      case ValueKind::kQuant:
        if (parsed.value) out.insert(node_of(*parsed.value));
        break;
      case ValueKind::kCotangent:
      case ValueKind::kGradParam:
      case ValueKind::kGradInput:
        for (std::size_t i = 0; parsed.value && i < model_.graph.nodes.size(); ++i) {
          const std::vector<int>& args = model_.graph.nodes[i].args;
          if (std::find(args.begin(), args.end(), *parsed.value) != args.end()) out.insert(i);
        }
        break;
      case ValueKind::kStats:
        for (const auto& plan : model_.plan.nodes) {
          if (!plan) continue;
          for (const graph::OperandPlan* x : {&plan->lhs, &plan->rhs}) {
            if (x->collect_stats && parsed.subject.starts_with(x->stats_name + "/")) {
              out.insert(plan->node);
            }
          }
        }
        break;
      case ValueKind::kParam:
      case ValueKind::kOther:
        break;
    }
    return out;
  }

  [[nodiscard]] std::size_t node_of(int value) const {
    return static_cast<std::size_t>(value - model_.graph.node_value(0));
  }

  // Hypotheses the case can reach at all.
  [[nodiscard]] std::vector<Hypothesis> reachable() const {
    const Needs needs = needs_of(model_.graph, model_.plan, model_.run, model_.policy);
    const auto of_products = {fault::Need::kProduct, fault::Need::kTwoColumns,
                              fault::Need::kTwoFolds};
    std::vector<Hypothesis> out = hypotheses(model_.policy, model_.profile);
    std::erase_if(out, [&](const Hypothesis& h) {
      const bool known =
          std::find(of_products.begin(), of_products.end(), h.needs) == of_products.end();
      return known && !needs.has(h.needs);
    });
    return out;
  }

  // All values in isolation; of `only` these nodes if it is given.
  [[nodiscard]] graph::Values execute(const numerics::Policy& policy, const mxu::Profile& profile,
                                      const Nodes* only) const {
    exec::Request request{model_.graph, model_.rules, model_.plan,  model_.run,   model_.data,
                          policy,       profile,      model_.level, model_.golden};
    request.isa = model_.isa;
    request.only = only;
    base::Result<exec::Outcome> outcome = exec::run(request);
    if (!outcome || base::has_errors(outcome.value().diagnostics)) return {};
    return std::move(std::move(outcome).value().values);
  }

  [[nodiscard]] bool same(const graph::Values& ours, const std::string& name) const {
    const auto value = ours.find(name);
    const auto other = observed_.find(name);
    return value != ours.end() && other != observed_.end() &&
           compare(name, value->second, other->second, {}).equal;
  }

  [[nodiscard]] std::set<std::string> agreeing(const graph::Values& ours) const {
    std::set<std::string> out;
    for (const auto& [name, value] : ours) {
      if (same(ours, name)) out.insert(name);
    }
    return out;
  }

  [[nodiscard]] bool share_a_node(const std::string& name, std::size_t finding) const {
    const Nodes own = owners(name);
    return std::any_of(own.begin(), own.end(),
                       [&](std::size_t node) { return owners_[finding].count(node) != 0; });
  }

  [[nodiscard]] Trial attempt(const Hypothesis& h) const {
    const graph::Values values =
        execute(h.model.policy, h.model.profile, nodes_.empty() ? nullptr : &nodes_);
    Trial trial;
    trial.hypothesis = &h;
    trial.disturbs.assign(findings_.size(), false);
    for (const Finding* finding : findings_) {
      trial.agrees.push_back(same(values, finding->name));
      trial.explained += trial.agrees.back() ? 1 : 0;
    }
    if (trial.explained == 0) return trial;
    for (const std::string& name : agreed_) {
      if (same(values, name)) continue;
      ++trial.disturbed;
      for (std::size_t i = 0; i < findings_.size(); ++i) {
        if (share_a_node(name, i)) trial.disturbs[i] = true;
      }
    }
    return trial;
  }

  // What explains more comes first, then what disturbs less, then what is likelier.
  void rank() {
    std::stable_sort(trials_.begin(), trials_.end(), [](const Trial& a, const Trial& b) {
      if (a.explained != b.explained) return a.explained > b.explained;
      return a.disturbed < b.disturbed;
    });
  }

  // Does it make all failing tensors of finding i's nodes agree?
  [[nodiscard]] bool explains_node_of(const Trial& trial, std::size_t i) const {
    for (std::size_t j = 0; j < findings_.size(); ++j) {
      const bool together =
          i == j || std::any_of(owners_[i].begin(), owners_[i].end(),
                                [&](std::size_t node) { return owners_[j].count(node) != 0; });
      if (together && !trial.agrees[j]) return false;
    }
    return true;
  }

  void explain(std::size_t i) {
    std::vector<std::string> causes;
    const Trial* best = nullptr;
    for (const Trial& trial : trials_) {
      if (!explains_node_of(trial, i)) continue;
      const bool as_good = best == nullptr || (trial.explained == best->explained &&
                                               trial.disturbed == best->disturbed);
      if (!as_good) break;
      if (best == nullptr) best = &trial;
      causes.push_back(trial.hypothesis->text);
    }
    std::string& text = findings_[i]->explanation;
    const std::string found = sentence(*findings_[i], causes, best != nullptr && best->disturbs[i]);
    text = text.empty() ? found : found + "; " + text;
  }

  [[nodiscard]] std::string sentence(const Finding& finding, std::vector<std::string> causes,
                                     bool disturbs) const {
    constexpr std::size_t kShown = 3;
    std::string out = "no single change explains it";
    if (!causes.empty()) {
      const std::size_t more = causes.size() > kShown ? causes.size() - kShown : 0;
      causes.resize(causes.size() - more);
      if (more > 0) causes.push_back(fmt::format("{} more", more));
      const std::string who =
          finding.differ == 1 ? "agrees" : fmt::format("all {} agree", finding.differ);
      out = fmt::format("{} with {}", who, base::join(causes, ", or "));
      if (disturbs) out += ", which other values of the node contradict";
    }
    if (cause_.tried < cause_.changes) {
      out += fmt::format(" (cut short after {} of {} changes)", cause_.tried, cause_.changes);
    }
    return out;
  }

  // The verdict: what explains everything, and leaves the rest of the case as it is.
  void conclude() {
    const std::set<std::string> agreed = agreeing(execute(model_.policy, model_.profile, nullptr));
    for (const Trial& trial : trials_) {
      if (!trial.explains_all() || trial.disturbed > 0) continue;
      const Hypothesis& h = *trial.hypothesis;
      const graph::Values values = execute(h.model.policy, h.model.profile, nullptr);
      const bool clean = std::all_of(agreed.begin(), agreed.end(),
                                     [&](const std::string& name) { return same(values, name); });
      if (!clean) continue;
      cause_.causes.push_back(h.text);
      cause_.faults.push_back(h.fault);
    }
  }

  const exec::Request& model_;
  const graph::Values& observed_;
  double limit_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::vector<Finding*> findings_;
  std::vector<Nodes> owners_;  // by finding
  Nodes nodes_;                // of all findings; empty: every node
  std::set<std::string> agreed_;
  std::vector<Trial> trials_;
  reports::RootCause cause_;
};

}  // namespace

void explain_findings(const exec::Request& model, const graph::Values& observed,
                      const RootCauseOptions& options, reports::CheckResult& check) {
  std::vector<Finding*> findings = open_findings(check);
  if (findings.empty()) return;
  check.root_cause = Search(model, observed, options, std::move(findings)).run();
}

}  // namespace mxcheck::suite
