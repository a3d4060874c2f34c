// Findings and figures of the relations.
#include "sim/suite/srq_runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/suite/compare.h"
#include "sim/suite/quantize_findings.h"

namespace mxcheck::suite {

using reports::CheckResult;
using reports::Finding;

StatisticsRuns::StatisticsRuns(const StatisticsOperand& operand, CheckResult& result)
    : request_(operand.request),
      values_(operand.outcome.values),
      policy_(operand.policy),
      node_(operand.node),
      lhs_(operand.lhs),
      plan_(*request_.plan.nodes[node_]),
      name_((lhs_ ? plan_.lhs : plan_.rhs).stats_name),
      result_(result) {
  const graph::OperandPlan& side = lhs_ ? plan_.lhs : plan_.rhs;
  parts_ = {"absmax"};
  if (numerics::is_asymmetric(side.quantize->method)) parts_ = {"min", "max"};
}

std::optional<OneNode> StatisticsRuns::alone(int step) const {
  std::optional<OneNode> out = OneNode::find(request_, values_, step, node_);
  if (out) out->forward_only();
  return out;
}

std::string StatisticsRuns::after(int step, const std::string& name) {
  return fmt::format("step{}/stats/{}", step, name);
}
const Tensor* StatisticsRuns::find(const graph::Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

void StatisticsRuns::fail(const std::string& relation, const std::string& name,
                          const std::string& problem, const char* rule) {
  Finding finding;
  finding.name = fmt::format("{} {}", relation, name);
  finding.rule = rule;
  finding.problem = problem;
  result_.findings.push_back(std::move(finding));
}

void StatisticsRuns::must_equal(const std::string& relation, const std::string& name,
                                const Tensor* value, const Tensor& expected, const char* rule) {
  ++result_.tensors;
  ++result_.exact;
  result_.elements += expected.size();
  if (value == nullptr) return fail(relation, name, "the run does not produce it", rule);
  Comparison comparison = compare(fmt::format("{} {}", relation, name), *value, expected, {});
  result_.equal += comparison.equal ? 1 : 0;
  if (comparison.equal) return;
  comparison.finding.rule = rule;
  result_.findings.push_back(std::move(comparison.finding));
}

void StatisticsRuns::judge_codes(const OneNode& node, const exec::Outcome& outcome) {
  const auto view = quantization_view(node.recorded(outcome.values, policy_), {0, 0, "fwd", lhs_});
  if (view) check_quantization(*view, result_);
}

void StatisticsRuns::must_be_near(const std::string& relation, const std::string& name, double a,
                                  double b, double bound) {
  ++result_.elements;
  const double error = std::fabs(a - b);
  const double fraction = error == 0 ? 0 : error / bound;
  worst_ = std::max(worst_, fraction);
  if (std::isnan(a) && std::isnan(b)) return;
  if (std::isinf(bound) || (a == b)) return;
  if (error <= bound) return;
  Finding finding;
  finding.name = fmt::format("{} {}", relation, name);
  finding.cls = reports::Class::kBound;
  finding.formula = "BND-2";
  finding.rule = "SRQ-4";
  finding.problem = fmt::format("{} and {}: {:.3g} of the bound {:.3g}", a, b, fraction, bound);
  finding.worst_fraction = fraction;
  result_.findings.push_back(std::move(finding));
}

void StatisticsRuns::add_figure(const std::string& relation, std::int64_t elements,
                                const std::string& formula) {
  ++result_.tensors;
  ++result_.bound;
  result_.figures.push_back({fmt::format("{} {}", relation, name_), reports::Class::kBound, formula,
                             elements, worst_, std::nullopt, std::nullopt});
  if (worst_ > result_.worst_fraction) {
    result_.worst_fraction = worst_;
    result_.worst_name = fmt::format("{} {}", relation, name_);
  }
  worst_ = 0;
}

std::optional<std::vector<Tensor>> StatisticsRuns::means(int step) const {
  std::optional<OneNode> node = alone(step);
  if (!node) return std::nullopt;
  node->statistics().clear();
  node->run_spec().update_quant_stats = true;
  const std::optional<exec::Outcome> outcome = node->execute();
  if (!outcome) return std::nullopt;
  std::vector<Tensor> out;
  for (const std::string& part : parts_) {
    const Tensor* sum = find(outcome->values, after(0, stat("sum_of_" + part)));
    if (sum == nullptr) return std::nullopt;
    out.push_back(*sum);
  }
  return out;
}

}  // namespace mxcheck::suite
