// The first and the last step of every quantized node; then the node on generated operands.
#include "sim/suite/metamorphic_check.h"

#include <fmt/format.h>

#include <set>

#include "sim/base/digest.h"
#include "sim/suite/fake_quant_check.h"
#include "sim/suite/metamorphic_node.h"
#include "sim/suite/metamorphic_operands.h"
#include "sim/suite/quantize_findings.h"
#include "sim/suite/relation_counts.h"
#include "sim/suite/ste_check.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Status;
using tensor::Tensor;

constexpr const char* kGenerated = "generated ";

class Checker {
 public:
  Checker(const exec::Request& request, const exec::Outcome& outcome,
          const MetamorphicOptions& options)
      : request_(request),
        outcome_(outcome),
        options_(options),
        policy_(options.policy != nullptr ? *options.policy : request.policy),
        profile_(options.profile != nullptr ? *options.profile : request.profile) {
    result_.check = "metamorphic";
  }

  CheckResult run() {
    for (std::size_t node = 0; node < request_.plan.nodes.size(); ++node) {
      const auto& plan = request_.plan.nodes[node];
      if (!plan || !plan->quantized) continue;
      for (const int step : std::set<int>{0, request_.run.steps - 1}) check(step, node);
    }
    result_.status = result_.findings.empty() ? Status::kPass : Status::kFail;
    if (codes_ > 0) {
      result_.reason = fmt::format(
          "{} generated codes: {} on a tie, {} saturated, {} that x * (1 / scale) or "
          "x / scale would change",
          codes_, ties_, saturated_, sensitive_);
    }
    return std::move(result_);
  }

 private:
  void check(int step, std::size_t node) {
    const std::optional<OneNode> alone = OneNode::find(request_, outcome_.values, step, node);
    if (!alone) return;
    if (products(*alone) > options_.max_pairs) {
      relation_not_applicable(result_, "alone", "the node is too large to be run again");
      return;
    }
    std::optional<exec::Outcome> outcome = alone->execute();
    if (!outcome) {
      relation_not_applicable(result_, "alone", "refused or undefined");
      return;
    }
    NodeRun run(*alone, std::move(*outcome), {policy_, profile_}, "", result_);
    as_recorded(run, step);
    apply_relations(run);
    if (step == 0) generated(run);
  }

  // Pairs of elements of both operands: an upper bound of its multiplications over K.
  static std::int64_t products(const OneNode& node) {
    return node.operand(0).size() * std::max<std::int64_t>(node.operand(1).size(), 1) /
           std::max<std::int64_t>(contracted(node), 1);
  }
  static std::int64_t contracted(const OneNode& node) {
    std::int64_t out = 1;
    const auto& dot = node.plan().lowering.dot;
    for (const std::int64_t axis : dot.lhs_contract) {
      out *= node.plan().lhs.type.shape[static_cast<std::size_t>(axis)];
    }
    return out;
  }

  void as_recorded(NodeRun& run, int step) {
    const std::string& name = run.node().node().name;
    for (const auto& [key, value] : run.outcome().values) {
      const bool quant = key.starts_with("step0/quant/" + name + "/");
      if (!quant && key != "step0/node/" + name) continue;
      const bool dlhs = key.starts_with("step0/quant/" + name + "/dlhs/");
      const bool drhs = key.starts_with("step0/quant/" + name + "/drhs/");
      if ((dlhs && run.plan().dlhs.noise) || (drhs && run.plan().drhs.noise)) continue;
      const std::string recorded = fmt::format("step{}{}", step, key.substr(5));
      const Tensor* there = NodeRun::value_of(outcome_.values, recorded);
      run.expect("alone", recorded, there, value, "");
    }
    run.applied("alone");
  }

  // --- generated operands -----------------------------------------------------------------------

  void generated(const NodeRun& base) {
    const std::string text = options_.case_id + "/" + base.node().node().name;
    const auto digest = base::sha256(text);
    std::uint64_t seed = options_.seed;
    for (std::size_t i = 0; i < 8; ++i) seed ^= std::uint64_t{digest[i]} << (8 * i);
    for (const Planting planting :
         {Planting::kCodes, Planting::kScales, Planting::kOneElementRows}) {
      seed += 16;
      const std::optional<OneNode> node = planted_node(base, planting, seed);
      std::optional<exec::Outcome> outcome = node ? node->execute() : std::nullopt;
      if (!outcome) {
        const char* why = node ? "refused or undefined" : "too large, or not planned that way";
        relation_not_applicable(result_, kGenerated + std::string(name(planting)), why);
        continue;
      }
      judge(*node, std::move(*outcome), planting);
    }
  }

  void judge(const OneNode& node, exec::Outcome outcome, Planting planting) {
    std::int64_t elements = 0;
    for (const QuantizationView& view : quantizations(node.recorded(outcome.values, policy_), 1)) {
      CheckResult codes;
      const reference::QuantizeVerdict verdict = check_quantization(view, codes);
      codes_ += verdict.codes.checked;
      ties_ += verdict.ties;
      saturated_ += verdict.saturated;
      sensitive_ += verdict.sensitive;
      elements += take(std::move(codes));
    }
    const Recorded recorded = node.recorded(outcome.values, policy_);
    elements += take(check_fake_quant(recorded.sources, recorded.plan, 1,
                                      {options_.max_pairs, nullptr, &profile_}));
    elements += take(check_ste(node.request(), outcome, {options_.max_pairs, &policy_, &profile_}));
    relation_applied(result_, kGenerated + std::string(name(planting)), elements);
    NodeRun run(node, std::move(outcome), {policy_, profile_}, kGenerated, result_);
    apply_relations(run);
  }

  // Another check's result on generated operands, counted here; returns its elements.
  std::int64_t take(CheckResult other) {
    result_.tensors += other.tensors;
    result_.exact += other.exact;
    result_.bound += other.bound;
    result_.elements += other.elements;
    result_.equal += other.equal;
    if (other.worst_fraction > result_.worst_fraction) {
      result_.worst_fraction = other.worst_fraction;
      result_.worst_name = kGenerated + other.worst_name;
    }
    for (reports::Finding& finding : other.findings) {
      finding.name = kGenerated + finding.name;
      result_.findings.push_back(std::move(finding));
    }
    return other.elements;
  }

  const exec::Request& request_;
  const exec::Outcome& outcome_;
  const MetamorphicOptions& options_;
  const numerics::Policy& policy_;
  const mxu::Profile& profile_;
  CheckResult result_;
  std::int64_t codes_ = 0, ties_ = 0, saturated_ = 0, sensitive_ = 0;
};

}  // namespace

CheckResult check_metamorphic(const exec::Request& request, const exec::Outcome& outcome,
                              const MetamorphicOptions& options) {
  return Checker(request, outcome, options).run();
}

}  // namespace mxcheck::suite
