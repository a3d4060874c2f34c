// One pass over the golden names in byte order; findings of codes get the x, scale and quotient
// they came from.
#include "sim/suite/golden_check.h"

#include <algorithm>
#include <functional>

#include "sim/suite/compare.h"
#include "sim/suite/quantization_counts.h"
#include "sim/suite/value_bound.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Class;
using reports::Finding;
using reports::Status;

class Checker {
 public:
  Checker(const GoldenCheck& input, const exec::Outcome& outcome, RunMode mode)
      : input_(input), outcome_(outcome), isolated_(mode == RunMode::kIsolated) {
    sources_.graph = &input.graph;
    sources_.data = &input.data;
    sources_.values = &outcome.values;
    sources_.preferred = isolated_ ? &input.golden : nullptr;
    result_.check = "golden";
    result_.mode = isolated_ ? "isolated" : "end_to_end";
  }

  CheckResult run() {
    for (const auto& [name, golden] : input_.golden) check(name, golden);
    const bool failed = std::any_of(result_.findings.begin(), result_.findings.end(),
                                    [](const Finding& f) { return f.judged; });
    result_.status = failed ? Status::kFail : Status::kPass;
    return std::move(result_);
  }

 private:
  void check(const std::string& name, const Tensor& golden) {
    ++result_.tensors;
    const auto found = outcome_.values.find(name);
    if (found == outcome_.values.end()) {
      Finding finding;
      finding.name = name;
      finding.problem = "the run does not produce it";
      result_.findings.push_back(std::move(finding));
      return;
    }
    const auto known = outcome_.classes.find(name);
    const exec::ValueClass cls =
        known == outcome_.classes.end() ? exec::ValueClass{} : known->second;
    ++(cls.exact ? result_.exact : result_.bound);
    result_.elements += golden.size();
    const Tensor& ours = found->second;
    Comparison comparison = compare(name, ours, golden, {});
    if (comparison.equal) {
      ++result_.equal;
      return;
    }
    if (comparison.comparable && !cls.exact) judge_by_bound(name, ours, golden, cls, comparison);
    if (comparison.within) return;
    add_finding(name, cls, comparison);
  }

  void judge_by_bound(const std::string& name, const Tensor& ours, const Tensor& golden,
                      const exec::ValueClass& cls, Comparison& comparison) {
    const ValueName parsed = parse_value_name(input_.graph, name);
    const std::optional<reference::Bound> bound =
        cls.upstream_inexact && !isolated_ ? std::nullopt
                                           : value_bound(sources_, input_.plan, parsed, golden);
    comparison.finding.cls = Class::kBound;
    comparison.finding.formula = cls.formula;
    if (!bound) return;
    comparison = compare(name, ours, golden, [&](std::int64_t i) {
      return bound->per_element[static_cast<std::size_t>(i)];
    });
    comparison.finding.formula = bound->formula;
    if (comparison.worst_fraction > result_.worst_fraction) {
      result_.worst_fraction = comparison.worst_fraction;
      result_.worst_name = name;
    }
  }

  void add_finding(const std::string& name, const exec::ValueClass& cls, Comparison& comparison) {
    Finding& finding = comparison.finding;
    const ValueName parsed = parse_value_name(input_.graph, name);
    finding.rule = rule_label(input_.graph, input_.plan, parsed);
    if (!isolated_ && cls.upstream_inexact) {
      finding.judged = false;
      finding.explanation = "below an inexact op: " + cls.reason;
      if (parsed.leaf.ends_with(".qvalue")) result_.codes_moved += finding.differ;
    } else if (!cls.exact && finding.worst_fraction == 0) {
      finding.explanation = "left open (" + cls.reason + "), and no formula bounds it";
    }
    add_origins(parsed, finding);
    result_.findings.push_back(std::move(finding));
  }

  void add_origins(const ValueName& name, Finding& finding) const {
    if (finding.mismatches.empty()) return;
    const std::optional<QuantizedOperand> operand =
        QuantizedOperand::find(sources_, input_.plan, name);
    if (!operand) return;
    const std::vector<std::int64_t> strides =
        tensor::row_major_strides(input_.golden.at(finding.name).shape());
    for (reports::Mismatch& m : finding.mismatches) {
      std::int64_t position = 0;
      for (std::size_t axis = 0; axis < strides.size(); ++axis) {
        position += m.index[axis] * strides[axis];
      }
      const CodeOrigin origin = operand->origin(position);
      m.tie = origin.tie;
      m.facts = {{"x", operand->text(origin.x)},
                 {"scale", operand->text(origin.scale)},
                 {"quotient", operand->text(origin.quotient)}};
    }
  }

  const GoldenCheck& input_;
  const exec::Outcome& outcome_;
  bool isolated_;
  Sources sources_;
  CheckResult result_;
};

}  // namespace

CheckResult check_golden(const GoldenCheck& input, const exec::Outcome& outcome, RunMode mode) {
  return Checker(input, outcome, mode).run();
}

}  // namespace mxcheck::suite
