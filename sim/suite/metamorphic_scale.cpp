// Powers of two. A float operation commutes with an exact scaling as long as neither side leaves
// the normal range, so the conditions are windows on operands, scales and results, and the guard
// SCL-3.
#include <algorithm>
#include <cmath>

#include "sim/suite/metamorphic_node.h"
#include "sim/suite/metamorphic_windows.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;

// Powers of two of the left operand, the right one and the cotangent.
struct Powers {
  int lhs = 0, rhs = 0, g = 0;
};

// The expected result, and the value found with the elements taken over that nothing is stated
// about: f16 results whose intermediate values may leave the normal range on one side only.
struct Expected {
  Tensor expected, value;
};
Expected results(const Tensor& base, const Tensor& value, int power) {
  Expected out{scaled(base, power), value};
  if (base.dtype() != DType::kF16 || value.shape() != base.shape() ||
      value.dtype() != base.dtype()) {
    return out;
  }
  for (std::int64_t i = 0; i < base.size(); ++i) {
    const double a = std::fabs(base.load(i)), b = std::fabs(value.load(i));
    const bool stated =
        (a == 0 && b == 0) || (std::fmin(a, b) >= 0x1p-13 && std::isfinite(a) && std::isfinite(b) &&
                               std::isfinite(out.expected.load(i)));
    if (!stated) out.expected.set_bits(i, value.bits(i));
  }
  return out;
}

class Scaling {
 public:
  Scaling(NodeRun& run, std::string relation, const Powers& powers)
      : run_(run), relation_(std::move(relation)), powers_(powers) {}

  void apply() {
    OneNode changed = run_.node();
    scale_operand(changed, true, powers_.lhs);
    scale_operand(changed, false, powers_.rhs);
    if (powers_.g != 0) changed.set_cotangent(scaled(*run_.node().cotangent(), powers_.g));
    std::optional<exec::Outcome> outcome = changed.execute();
    if (!outcome) return run_.not_applicable(relation_, "refused or undefined");
    values_ = std::move(outcome->values);
    forward();
    for (const char* product : {"dlhs", "drhs"}) {
      if (run_.quant(std::string(product) + "/out") != nullptr) backward(product);
    }
    run_.applied(relation_);
  }

 private:
  [[nodiscard]] int power(bool lhs) const { return lhs ? powers_.lhs : powers_.rhs; }

  void scale_operand(OneNode& changed, bool lhs, int by) const {
    if (by == 0) return;
    const std::size_t argument = changed.argument(lhs);
    changed.set_operand(argument, scaled(changed.operand(argument), by));
    const std::string& stats = (lhs ? run_.plan().lhs : run_.plan().rhs).stats_name;
    if (stats.empty()) return;
    for (auto& [name, value] : changed.statistics()) {
      if (name.starts_with(stats + "/sum_of_")) value = scaled(value, by);
    }
  }

  [[nodiscard]] const Tensor* found(const std::string& leaf) const {
    return NodeRun::value_of(values_, "step0/quant/" + run_.node().node().name + "/" + leaf);
  }

  void same(const std::string& leaf, const char* rule) {
    const Tensor* base = run_.quant(leaf);
    if (base != nullptr) run_.expect(relation_, leaf, found(leaf), *base, rule);
  }

  // Scales grow with their ranges; that of an all-zero group stays 1 (TYP-4).
  void scale(const std::string& side, int by) {
    const Tensor* base = run_.quant(side + ".scale");
    const auto view = run_.quantization(side.substr(0, side.find('/')), side.ends_with("lhs"));
    if (base == nullptr) return;
    Tensor expected = scaled(*base, by);
    if (view) {
      const reference::Quantization& q = view->quantization;
      const reference::Calibration c =
          q.calibration ? *q.calibration
                        : reference::calibrate(q.x, q.plan.method, q.plan.scale_shape);
      const auto position = reference::broadcast_positions(base->shape(), c.shape);
      for (std::int64_t i = 0; i < base->size(); ++i) {
        const auto j = static_cast<std::size_t>(position[static_cast<std::size_t>(i)]);
        if (c.high[j] == 0 && c.low[j] == 0) expected.set_bits(i, base->bits(i));
      }
    }
    run_.expect(relation_, side + ".scale", found(side + ".scale"), expected, "SCL-1");
  }

  void quantized(const std::string& side, int by) {
    same(side + ".qvalue", "QNT-1");
    same(side + ".zero_point", "SCL-4");
    scale(side, by);
  }

  void result(const std::string& leaf, int by, const char* rule) {
    const Tensor* base = run_.quant(leaf);
    const Tensor* value = found(leaf);
    if (base == nullptr || value == nullptr) return;
    const Expected e = results(*base, *value, by);
    run_.expect(relation_, leaf, &e.value, e.expected, rule);
  }

  void leaving(const std::string& name, int by, const char* rule) {
    const Tensor* base = NodeRun::value_of(run_.outcome().values, name);
    const Tensor* value = NodeRun::value_of(values_, name);
    if (base == nullptr || value == nullptr) return;
    const Expected e = results(*base, *value, by);
    run_.expect(relation_, name, &e.value, e.expected, rule);
  }

  [[nodiscard]] Factor operand(bool lhs) const {
    const graph::OperandPlan& plan = lhs ? run_.plan().lhs : run_.plan().rhs;
    Factor out;
    out.power = power(lhs);
    out.how = plan.quantize;
    if (plan.quantize) {
      out.scale = run_.quant(lhs ? "fwd/lhs.scale" : "fwd/rhs.scale");
    } else {
      out.raw = &run_.node().operand(run_.node().argument(lhs));
    }
    return out;
  }

  // QUIRK-NF4-INDEX: the index of 0 is 7, so a group of zeros has a result, and its scale stays 1.
  [[nodiscard]] std::string index_obstacle() const {
    for (const bool lhs : {true, false}) {
      const auto& how = (lhs ? run_.plan().lhs : run_.plan().rhs).quantize;
      const bool indices = how && how->qtype == numerics::QType::kNf4;
      if (indices && power(lhs) != 0 && has_empty_group(lhs)) {
        return "an all-zero group of nf4 indices (QUIRK-NF4-INDEX)";
      }
    }
    return "";
  }

  void forward() {
    if (run_.plan().lhs.quantize) quantized("fwd/lhs", powers_.lhs);
    if (run_.plan().rhs.quantize) quantized("fwd/rhs", powers_.rhs);
    same("fwd/acc", "DOT-4");
    std::string obstacle = product_obstacle(operand(true), operand(false));
    if (obstacle.empty() && !run_.is_dot()) obstacle = index_obstacle();
    if (!obstacle.empty()) return run_.not_applicable(relation_ + " of results", obstacle);
    result("fwd/out", powers_.lhs + powers_.rhs, "DOT-5");
    leaving("step0/node/" + run_.node().node().name, powers_.lhs + powers_.rhs, "DOT-5");
  }

  // Has an array a group of zeros, whose scale stays 1?
  [[nodiscard]] static bool has_empty_group(const QuantizationView& view) {
    const reference::Quantization& q = view.quantization;
    const reference::Calibration c =
        q.calibration ? *q.calibration
                      : reference::calibrate(q.x, q.plan.method, q.plan.scale_shape);
    for (std::size_t j = 0; j < c.high.size(); ++j) {
      if (c.high[j] == 0 && c.low[j] == 0) return true;
    }
    return false;
  }
  [[nodiscard]] bool has_empty_group(bool lhs) const {
    const auto view = run_.quantization("fwd", lhs);
    return !view || has_empty_group(*view);
  }

  void backward(const std::string& product) {
    const bool dlhs = product == "dlhs";
    const graph::GradientPlan& how = run_.gradient(product);
    const graph::OperandPlan& other = dlhs ? run_.plan().rhs : run_.plan().lhs;
    const int of_residual = power(!dlhs);
    const bool folded = how.residual == graph::Residual::kCodes;
    const int of_g = powers_.g + (folded ? of_residual : 0);
    const std::string g_side = product + (run_.gradient_on_left(product) ? "/lhs" : "/rhs");

    if (folded && of_residual != 0 && has_empty_group(!dlhs)) {
      return run_.not_applicable(relation_ + " of gradients",
                                 "an all-zero group of the residual keeps scale 1 (TYP-4)");
    }
    Factor g, residual;
    g.power = of_g;
    g.raw = run_.node().cotangent();
    if (how.quantize_g) {
      const auto view = run_.quantization(product, run_.gradient_on_left(product));
      const std::string obstacle = !view       ? "its quantization is not known"
                                   : of_g == 0 ? ""
                                               : quantization_obstacle(*view, of_g);
      if (!obstacle.empty()) return run_.not_applicable(relation_ + " of gradients", obstacle);
      if (folded && !finite(view->quantization.x)) {
        return run_.not_applicable(relation_ + " of gradients",
                                   "a gradient that overflows when the scale is folded in");
      }
      const bool indices = how.quantize_g->qtype == numerics::QType::kNf4 && !run_.is_dot();
      if (indices && of_g != 0 && has_empty_group(*view)) {
        return run_.not_applicable(relation_ + " of gradients",
                                   "an all-zero group of nf4 indices (QUIRK-NF4-INDEX)");
      }
      quantized(g_side, of_g);
      g.scale = run_.quant(g_side + ".scale");
      g.how = how.quantize_g;
    }
    residual.power = of_residual;
    if (how.quantize_residual) {
      const auto view = run_.quantization(product, false);
      const std::string obstacle = !view              ? "its quantization is not known"
                                   : of_residual == 0 ? ""
                                                      : quantization_obstacle(*view, of_residual);
      if (!obstacle.empty()) return run_.not_applicable(relation_ + " of gradients", obstacle);
      quantized(product + "/rhs", of_residual);
      residual.scale = run_.quant(product + "/rhs.scale");
      residual.how = how.quantize_residual;
    } else if (how.residual == graph::Residual::kQuantized && other.quantize) {
      residual.scale = run_.quant(dlhs ? "fwd/rhs.scale" : "fwd/lhs.scale");
      residual.how = other.quantize;
    } else if (!folded || !other.quantize) {
      residual.raw = &run_.node().operand(run_.node().argument(!dlhs));
    }
    same(product + "/acc", "DOT-4");
    const std::string obstacle = product_obstacle(g, residual);
    if (!obstacle.empty()) return run_.not_applicable(relation_ + " of gradients", obstacle);
    const int total = powers_.g + of_residual;
    result(product + "/out", total, "BWD-1");
    leaving(run_.node().gradient_name(run_.node().argument(dlhs)), total, "BWD-7");
  }

  NodeRun& run_;
  std::string relation_;
  Powers powers_;
  graph::Values values_;
};

bool summed(const graph::NodePlan& plan) {
  return !plan.lowering.lhs_sum.empty() || !plan.lowering.rhs_sum.empty();
}

std::string operand_obstacle(const NodeRun& run, bool lhs, int power) {
  const graph::OperandPlan& plan = lhs ? run.plan().lhs : run.plan().rhs;
  const Tensor& x = run.node().operand(run.node().argument(lhs));
  if (!numerics::is_arithmetic_float(x.dtype())) return "an operand of codes";
  if (!normal(x, power)) return "values near the ends of the dtype";
  if (!plan.quantize) return "";
  const auto view = run.quantization("fwd", lhs);
  if (!view) return "its quantization is not known";
  for (const auto& [name, value] : run.node().data().quant_stats) {
    const bool sum = !plan.stats_name.empty() && name.starts_with(plan.stats_name + "/sum_of_");
    if (sum && !normal(value, power)) return "sums near the ends of f32";
  }
  return quantization_obstacle(*view, power);
}

// The first power that nothing speaks against; 0 and the first reason if there is none.
int choose_power(const std::function<std::string(int)>& obstacle,
                 const std::vector<int>& candidates, std::string& reason) {
  for (const int power : candidates) {
    const std::string why = obstacle(power);
    if (why.empty()) return power;
    if (reason.empty()) reason = why;
  }
  return 0;
}

}  // namespace

void scale_inputs(NodeRun& run) {
  const std::string name = "scale_inputs";
  if (summed(run.plan())) {
    return run.not_applicable(name, "letters of an einsum summed first");
  }
  Powers powers;
  std::string lhs_reason, rhs_reason;
  powers.lhs = choose_power([&](int p) { return operand_obstacle(run, true, p); }, {3, -5, 1, -1},
                            lhs_reason);
  powers.rhs = choose_power([&](int p) { return operand_obstacle(run, false, p); }, {-2, 4, 1, -1},
                            rhs_reason);
  if (powers.lhs == 0) run.not_applicable(name + " (lhs)", lhs_reason);
  if (powers.rhs == 0) run.not_applicable(name + " (rhs)", rhs_reason);
  if (powers.lhs != 0 || powers.rhs != 0) Scaling(run, name, powers).apply();
}

void scale_cotangent(NodeRun& run) {
  const std::string name = "scale_cotangent";
  const Tensor* g = run.node().cotangent();
  if (g == nullptr) return;
  if (summed(run.plan())) {
    return run.not_applicable(name, "letters of an einsum summed first");
  }
  Powers powers;
  std::string reason;
  powers.g =
      choose_power([&](int p) { return normal(*g, p) ? "" : "values near the ends of the dtype"; },
                   {2, -3, 1}, reason);
  if (powers.g == 0) return run.not_applicable(name, reason);
  Scaling(run, name, powers).apply();
}

}  // namespace mxcheck::suite
