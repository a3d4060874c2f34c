// Walks steps, nodes and both gradients; the arithmetic is golden/reference's.
#include "sim/suite/ste_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "golden/reference/ste.h"
#include "sim/suite/compare.h"
#include "sim/suite/gradient_view.h"
#include "sim/suite/one_node.h"
#include "sim/suite/operands.h"
#include "sim/suite/product_view.h"
#include "sim/suite/unit_sums.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Class;
using reports::Finding;
using reports::Status;

class Checker {
 public:
  Checker(const exec::Request& request, const exec::Outcome& outcome, const SteOptions& options)
      : request_(request),
        outcome_(outcome),
        options_(options),
        policy_(options.policy != nullptr ? *options.policy : request.policy),
        profile_(options.profile != nullptr ? *options.profile : request.profile) {
    sources_.graph = &request.graph;
    sources_.data = &request.data;
    sources_.values = &outcome.values;
    result_.check = "ste";
  }

  CheckResult run() {
    for (int step = 0; step < request_.run.steps; ++step) {
      for (std::size_t node = 0; node < request_.plan.nodes.size(); ++node) {
        const auto& plan = request_.plan.nodes[node];
        if (!plan || !plan->quantized) continue;
        for (const bool dlhs : {true, false}) {
          check({sources_, request_.plan, step, node, dlhs});
        }
      }
    }
    result_.status = result_.findings.empty() ? Status::kPass : Status::kFail;
    leave_out(too_large_, fmt::format("of more than {} multiplications", options_.max_pairs));
    leave_out(unknown_, "whose operand was summed in an open order (POL-3)");
    leave_out(by_unit_, "whose sums the unit's registers may have changed (DOT-8)");
    leave_out(indices_, "that multiply indices of nf4 values (QUIRK-NF4-INDEX)");
    return std::move(result_);
  }

 private:
  void leave_out(std::int64_t products, const std::string& which) {
    if (products == 0) return;
    if (!result_.reason.empty()) result_.reason += "; ";
    result_.reason += fmt::format("{} gradients {} left out", products, which);
  }

  // Sums that the unit's registers may have changed say nothing of the gradient.
  [[nodiscard]] bool decided_by_unit(const GradientView& at) const {
    if (adds_plainly(profile_) || sources_.find(at.prefix() + "acc") == nullptr) return false;
    const std::optional<ProductView> view =
        product_view(sources_, request_.plan, {at.step, at.index, at.dlhs ? "dlhs" : "drhs"});
    return !view || !unit_obstacle(profile_, view->product).empty();
  }

  void check(const GradientView& at) {
    const Tensor* out = sources_.find(at.prefix() + "out");
    if (out == nullptr) return;
    const std::optional<Tensor> g = lowered_cotangent(sources_, at.plan(), at.step);
    const std::optional<QuantizedView> ste_residual = at.residual();
    if (!g || !ste_residual) {
      ++unknown_;
      return;
    }
    const Tensor gradient =
        at.is_dot() ? tensor::transpose(*out, at.gradient_plan().permutation) : *out;
    reference::SteGradient ste{at.contraction(), *g, *ste_residual, {}, out->dtype()};
    if (gradient.shape() != ste.contraction.result) {
      add_problem(
          at, fmt::format("has the shape {}, the operand {}", tensor::to_string(gradient.shape()),
                          tensor::to_string(ste.contraction.result)));
      return;
    }
    if (at.multiplies_indices()) {
      ++indices_;
      return;
    }
    if (multiplications(ste.contraction) > options_.max_pairs) {
      ++too_large_;
      return;
    }
    if (decided_by_unit(at)) {
      ++by_unit_;
    } else {
      judge_product(at, ste, gradient);
    }
    if (at.is_dot()) check_mask(at, gradient);
  }

  void judge_product(const GradientView& at, const reference::SteGradient& ste,
                     const Tensor& gradient) {
    const graph::GradientPlan& how = at.gradient_plan();
    const bool quantized = how.quantize_g || how.quantize_residual;
    const reference::SteExpectation expected = reference::ste_expectation(ste);
    if (!quantized) {
      const auto known = outcome_.classes.find(at.prefix() + "out");
      const bool exact = known == outcome_.classes.end() || known->second.exact;
      const std::optional<Tensor> bits =
          exact && at.is_dot() ? reference::ste_in_order(ste, at.order(policy_)) : std::nullopt;
      if (bits) return compare_bits(at, gradient, *bits, expected.exact);
      return judge_bound(at, gradient, expected.exact, expected.bound, "BWD-6");
    }
    reference::QtGradient qt;
    qt.ste = ste;
    const std::optional<QuantizedView> codes = at.multiplied_gradient(ste.g);
    const std::optional<QuantizedView> used = at.multiplied_residual(ste.residual);
    if (!codes || !used) return add_problem(at, "its quantized operands are not recorded");
    qt.g_codes = *codes;
    qt.residual = *used;
    qt.folded = how.residual == graph::Residual::kCodes;
    if (how.quantize_g) qt.qtype = how.quantize_g->qtype;
    qt.noise = how.noise;
    qt.path = how.path;
    judge_bound(at, gradient, expected.exact, reference::qt_gradient_bound(qt), "BWD-3");
  }

  void count(const Tensor& value, bool exact, bool equal) {
    ++result_.tensors;
    ++(exact ? result_.exact : result_.bound);
    result_.elements += value.size();
    result_.equal += equal ? 1 : 0;
  }

  void add_figure(const GradientView& at, const Tensor& gradient, const Tensor& exact, Class cls,
                  const std::string& formula, double fraction) {
    const reference::Similarity like = reference::similarity(exact, gradient);
    result_.figures.push_back(
        {at.prefix() + "out", cls, formula, gradient.size(), fraction, like.cosine, like.sqnr_db});
  }

  void compare_bits(const GradientView& at, const Tensor& gradient, const Tensor& bits,
                    const Tensor& exact) {
    const Comparison comparison = compare(at.prefix() + "out", gradient, bits, {});
    count(gradient, true, comparison.equal);
    add_figure(at, gradient, exact, Class::kExact, "", 0);
    if (comparison.equal) return;
    Finding finding = comparison.finding;
    finding.rule = "BWD-6";
    finding.explanation = "golden: the straight-through gradient, summed ascending (POL-4)";
    result_.findings.push_back(std::move(finding));
  }

  void judge_bound(const GradientView& at, const Tensor& gradient, const Tensor& exact,
                   const reference::Bound& bound, const char* rule) {
    const reference::Judgement verdict = reference::judge(gradient, exact, bound);
    count(gradient, false, verdict.max_error == 0);
    add_figure(at, gradient, exact, Class::kBound, bound.formula, verdict.max_fraction);
    if (verdict.max_fraction > result_.worst_fraction) {
      result_.worst_fraction = verdict.max_fraction;
      result_.worst_name = at.prefix() + "out";
    }
    if (verdict.passed()) return;
    Finding finding;
    finding.name = at.prefix() + "out";
    finding.cls = Class::kBound;
    finding.formula = bound.formula.substr(0, bound.formula.find(':'));
    finding.rule = rule;
    finding.differ = verdict.failed;
    finding.total = gradient.size();
    finding.worst_fraction = verdict.max_fraction;
    finding.explanation =
        "golden: the exact straight-through gradient; the bound is " + bound.formula;
    reports::Mismatch m;
    const std::int64_t i = verdict.first_failure;
    m.index = tensor::unravel(i, gradient.shape());
    m.ours = value_text(gradient, i);
    m.ours_bits = bits_text(gradient, i);
    m.theirs = value_text(exact, i);
    m.theirs_bits = bits_text(exact, i);
    finding.mismatches.push_back(std::move(m));
    result_.findings.push_back(std::move(finding));
  }

  void add_problem(const GradientView& at, const std::string& problem) {
    ++result_.tensors;
    ++result_.exact;
    Finding finding;
    finding.name = at.prefix() + "out";
    finding.problem = problem;
    finding.rule = "BWD-1";
    result_.findings.push_back(std::move(finding));
  }

  // --- BWD-7 ------------------------------------------------------------------------------------

  // The recorded gradient of the operand's value, if this product is all that flows into it.
  [[nodiscard]] std::string recorded_gradient(const GradientView& at) const {
    const int value = at.node().args[at.argument()];
    const graph::Graph& graph = request_.graph;
    const std::string step = "step" + std::to_string(at.step);
    int uses = 0;
    for (const graph::Node& user : graph.nodes) {
      if (sources_.find(step + "/ct/" + user.name) == nullptr) continue;
      uses += static_cast<int>(std::count(user.args.begin(), user.args.end(), value));
    }
    const auto& given = request_.data.steps[static_cast<std::size_t>(at.step)].cotangents;
    if (uses != 1 || given.contains(value) || request_.run.loss == value) return "";
    if (graph.is_node(value)) return step + "/ct/" + graph.name(value);
    return step + (graph.is_param(value) ? "/grad/param/" : "/grad/input/") + graph.name(value);
  }

  // The masked gradient as it leaves the op: recorded, or by running the node alone where other
  // gradients are added to it. `product` becomes that run's.
  std::optional<Tensor> leaving(const GradientView& at, std::string& name, Tensor& product) const {
    name = recorded_gradient(at);
    if (!name.empty()) {
      const Tensor* found = sources_.find(name);
      return found == nullptr ? std::nullopt : std::optional<Tensor>(*found);
    }
    const std::optional<OneNode> alone =
        OneNode::find(request_, outcome_.values, at.step, at.index);
    const std::optional<exec::Outcome> outcome = alone ? alone->execute() : std::nullopt;
    if (!outcome) return std::nullopt;
    const auto out =
        outcome->values.find(quant_prefix(0, at.node().name, at.dlhs ? "dlhs" : "drhs") + "out");
    const auto leaves = outcome->values.find(alone->gradient_name(at.argument()));
    if (out == outcome->values.end() || leaves == outcome->values.end()) return std::nullopt;
    product = tensor::transpose(out->second, at.gradient_plan().permutation);
    name = at.prefix() + "gradient";
    return leaves->second;
  }

  // One verdict per element of the operand, empty where nothing is clipped; nullopt where the range
  // is not known.
  [[nodiscard]] std::optional<std::vector<reference::Keep>> mask(const GradientView& at) const {
    const graph::OperandPlan& operand = at.operand_plan();
    const graph::Rule& rule = request_.rules[static_cast<std::size_t>(at.plan().rule)];
    std::vector<reference::Keep> none;
    if (!operand.quantize || rule.additional.disable_gradient_clipping.value_or(false)) return none;
    const Recorded run{sources_, request_.plan, policy_};
    const std::optional<reference::Calibration> calibration =
        operand_calibration(run, at.plan(), at.step, at.dlhs);
    const std::optional<Tensor> x = lowered_operand(sources_, at.plan(), at.step, at.dlhs);
    if (!x || !calibration) return std::nullopt;
    return reference::gradient_mask(*x, operand.quantize->method, *calibration);
  }

  // The gradient of an einsum's operand before its letters were summed: repeated along them.
  static Tensor repeated(const Tensor& sum, const graph::Axes& axes, const Tensor& like) {
    if (axes.empty()) return sum;
    tensor::Shape kept = like.shape();
    for (const std::int64_t axis : axes) kept[static_cast<std::size_t>(axis)] = 1;
    const std::vector<std::int64_t> position = reference::broadcast_positions(like.shape(), kept);
    Tensor out(like.dtype(), like.shape());
    for (std::int64_t i = 0; i < out.size(); ++i) {
      out.store(i, sum.load(position[static_cast<std::size_t>(i)]));
    }
    return out;
  }

  void check_mask(const GradientView& at, Tensor product) {
    std::string name;
    const std::optional<Tensor> leaves = leaving(at, name, product);
    if (!leaves) return;
    const std::optional<std::vector<reference::Keep>> known = mask(at);
    if (!known) {
      ++unknown_;
      return;
    }
    const std::vector<reference::Keep>& keep = *known;
    Tensor expected = product;
    for (std::size_t i = 0; i < keep.size(); ++i) {
      const auto element = static_cast<std::int64_t>(i);
      const bool open = keep[i] == reference::Keep::kEither && leaves->size() == product.size() &&
                        leaves->bits(element) == 0;
      if (keep[i] == reference::Keep::kClip || open) expected.set_bits(element, 0);
    }
    const graph::Axes& summed = at.dlhs ? at.plan().lowering.lhs_sum : at.plan().lowering.rhs_sum;
    expected = repeated(expected, summed, *leaves);
    const Comparison comparison = compare(name, *leaves, expected, {});
    count(*leaves, true, comparison.equal);
    if (comparison.equal) return;
    Finding finding = comparison.finding;
    finding.rule = "BWD-7";
    const bool masks = std::any_of(keep.begin(), keep.end(),
                                   [](reference::Keep k) { return k != reference::Keep::kKeep; });
    finding.explanation =
        masks ? "golden: the product where the operand lies inside its range, +0 elsewhere"
              : "golden: the product; nothing is clipped here";
    result_.findings.push_back(std::move(finding));
  }

  const exec::Request& request_;
  const exec::Outcome& outcome_;
  const SteOptions& options_;
  const numerics::Policy& policy_;
  const mxu::Profile& profile_;
  Sources sources_;
  CheckResult result_;
  std::int64_t too_large_ = 0, unknown_ = 0, indices_ = 0, by_unit_ = 0;
};

}  // namespace

CheckResult check_ste(const exec::Request& request, const exec::Outcome& outcome,
                      const SteOptions& options) {
  CheckResult none;
  none.check = "ste";
  if (!request.run.has_backward()) return none;
  return Checker(request, outcome, options).run();
}

}  // namespace mxcheck::suite
