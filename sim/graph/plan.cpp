// Rule matching, op ids, roles, and the resolution of one array's quantization. The per-op parts
// are in plan_dot.cpp and plan_conv.cpp.
#include "sim/graph/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/graph/match.h"
#include "sim/graph/planner.h"
#include "sim/graph/product.h"

namespace mxcheck::graph {
namespace {

void report(base::Diagnostics& diagnostics, const Node& node, const std::string& label,
            const std::string& fact, const std::string& expectation, const std::string& hint) {
  base::Diagnostic d;
  d.pointer = node.pointer;
  d.label = label;
  d.fact = fmt::format("{} '{}': {}", name(node.op), node.name, fact);
  d.expectation = expectation;
  d.hint = hint;
  diagnostics.push_back(d);
}

// Which rule decides an op: the first whose pattern and op names fit.
class RuleFinder {
 public:
  explicit RuleFinder(const std::vector<Rule>& rules) : rules_(rules) {
    patterns_.reserve(rules.size());
    for (const Rule& rule : rules) patterns_.emplace_back(rule.module_path);
  }

  // -1: none. Once a search gave up, reported, there is no answer any more.
  int find(const Node& node, base::Diagnostics& diagnostics) {
    for (std::size_t i = 0; i < rules_.size() && !gave_up_; ++i) {
      const std::vector<std::string>& ops = rules_[i].op_names;
      const bool op_fits =
          ops.empty() || std::find(ops.begin(), ops.end(), name(node.op)) != ops.end();
      if (!op_fits) continue;
      const Match match = patterns_[i].match(node.module, budget_);
      if (match == Match::kYes) return static_cast<int>(i);
      if (match == Match::kGaveUp) report_costly(rules_[i], node, diagnostics);
    }
    return -1;
  }
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  void report_costly(const Rule& rule, const Node& node, base::Diagnostics& diagnostics) {
    gave_up_ = true;
    base::Diagnostic d;
    d.pointer = rule.pointer + "/module_path";
    d.label = "RULE-PATTERN";
    d.fact = fmt::format("the search for a match with the module path '{}' takes too many steps",
                         node.module);
    d.expectation = "patterns that are decided without trying every way of repeating their parts";
    d.hint = "no repeat within a repeat, as in (a+)+";
    diagnostics.push_back(d);
  }

  const std::vector<Rule>& rules_;
  std::vector<ModulePattern> patterns_;
  MatchBudget budget_;
  bool gave_up_ = false;
};

void report_unused(const std::vector<Rule>& rules, const std::vector<bool>& used,
                   base::Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (used[i]) continue;
    base::Diagnostic d;
    d.pointer = rules[i].pointer;
    d.label = "RULE-UNUSED";
    d.fact = fmt::format("rule {} matches no quantizable op of the graph", i);
    d.expectation = "every rule decides at least one op; the first rule that matches an op wins";
    d.hint = fmt::format("module_path is '{}'; is an earlier rule taking its ops?",
                         rules[i].module_path);
    diagnostics.push_back(d);
  }
}

// The plain float lowering of a contraction: what is computed where no rule quantizes.
void plan_float(const Graph& graph, const Node& node, NodePlan& plan) {
  plan.lhs.type = graph.type(node.args[0]);
  plan.rhs.type = graph.type(node.args[1]);
  if (node.op == Op::einsum) {
    plan.lowering = lower_einsum(node.attributes.equation);
    if (plan.lowering.swapped) std::swap(plan.lhs.type, plan.rhs.type);
  } else if (node.op == Op::dot_general) {
    plan.lowering.dot = node.attributes.dot;
  }
  plan.result = node.type.dtype;
  if (!numerics::is_float(plan.lhs.type.dtype) && !numerics::is_float(plan.rhs.type.dtype)) {
    plan.path = Path::kFast;  // raw codes: an integer product
  }
  if (node.op == Op::einsum || node.op == Op::dot_general) {
    const auto rank = [](const OperandPlan& side, const Axes& summed) {
      return side.type.shape.size() - summed.size();
    };
    const std::size_t lhs_rank = rank(plan.lhs, plan.lowering.lhs_sum);
    const std::size_t rhs_rank = rank(plan.rhs, plan.lowering.rhs_sum);
    plan_backward_dims(plan.lowering.dot, lhs_rank, rhs_rank, true, plan.dlhs);
    plan_backward_dims(plan.lowering.dot, lhs_rank, rhs_rank, false, plan.drhs);
  }
}

}  // namespace

void PlanContext::refuse(const std::string& label, const std::string& fact,
                         const std::string& expectation, const std::string& hint) const {
  report(diagnostics, node, label, fact, expectation, hint);
}

Axes remaining_axes(std::size_t rank, const Axes& a, const Axes& b) {
  Axes out;
  for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(rank); ++axis) {
    const bool taken = std::find(a.begin(), a.end(), axis) != a.end() ||
                       std::find(b.begin(), b.end(), axis) != b.end();
    if (!taken) out.push_back(axis);
  }
  return out;
}

WeightRole weight_role(const Graph& graph, const std::string& module, int value,
                       const Shape& shape) {
  // Back through reshape, transpose and convert in the same module to the array itself.
  int origin = value;
  while (origin >= 0 && graph.is_node(origin)) {
    const Node& node = graph.nodes[graph.node_index(origin)];
    const bool layout =
        node.op == Op::reshape || node.op == Op::transpose || node.op == Op::convert;
    origin = layout && node.module == module ? node.args[0] : -1;
  }
  int same_shape = 0;
  for (std::size_t i = 0; i < graph.params.size(); ++i) {
    if (owner_module(graph.params[i].name) != module) continue;
    if (graph.param_value(i) == origin) return WeightRole::kYes;
    if (graph.params[i].type.shape == shape) ++same_shape;
  }
  if (same_shape > 2) return WeightRole::kAmbiguous;
  return same_shape == 1 ? WeightRole::kByShape : WeightRole::kNo;
}

std::optional<QuantizePlan> plan_quantize(const PlanContext& context, const Shape& shape,
                                          const QuantizeRequest& request) {
  const numerics::QTypeInfo& type = numerics::info(request.qtype);
  QuantizePlan plan;
  plan.qtype = request.qtype;
  if (!request.method) {
    context.refuse("CAL-METHOD",
                   fmt::format("{} has a qtype but no calibration method", request.what),
                   "an operand that the rule leaves in float has no method of its own",
                   fmt::format("add {}_calibration_method to additional_qt_config", request.what));
    return std::nullopt;
  }
  plan.method = *request.method;
  if (!request.disable_channelwise) plan.channelwise = request.channelwise;
  const auto tile_number = [&] {
    return request.tile ? std::visit([](auto t) { return static_cast<double>(t); }, *request.tile)
                        : 0.0;
  }();
  if (type.mandatory_tile != 0 && tile_number != type.mandatory_tile) {
    context.refuse("TIL-MX",
                   fmt::format("{} is quantized to {} with {}", request.what, type.name,
                               request.tile ? fmt::format("tile size {}", tile_number)
                                            : std::string("no tile size")),
                   fmt::format("{} needs tile size {}", type.name, type.mandatory_tile));
    return std::nullopt;
  }
  if (request.tile && tile_number != 0) {
    if (!request.tiled_axis) {
      context.refuse("TIL-DIVIDE", fmt::format("{} has no contracting axis to tile", request.what),
                     "a tile size goes to the last contracting axis");
      return std::nullopt;
    }
    const std::int64_t axis = *request.tiled_axis;
    const std::int64_t dim = shape[static_cast<std::size_t>(axis)];
    const std::optional<std::int64_t> tile = numerics::resolve_tile(*request.tile, dim);
    if (!tile) {
      context.refuse("TIL-DIVIDE",
                     fmt::format("axis {} of {} has {} elements, tile size is {}", axis,
                                 request.what, dim, tile_number),
                     "a tile of at least one element that divides the axis");
      return std::nullopt;
    }
    if (std::find(plan.channelwise.begin(), plan.channelwise.end(), axis) !=
        plan.channelwise.end()) {
      context.refuse("TIL-CHANNEL", fmt::format("axis {} of {} is both", axis, request.what),
                     "an axis is either channelwise or tiled");
      return std::nullopt;
    }
    plan.tiled.emplace_back(axis, *tile);
  }
  plan.zero_point = numerics::is_asymmetric(plan.method);
  if (plan.zero_point && !type.asymmetric) {
    context.refuse("QT-ASYM-TYPE",
                   fmt::format("{} is calibrated by {} to {}", request.what,
                               numerics::to_string(plan.method), type.name),
                   "only s8 and s4 have a zero-point form",
                   "use absmax, or a fixed range that is symmetric");
    return std::nullopt;
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const auto a = static_cast<std::int64_t>(axis);
    std::int64_t dim = 1;
    if (std::find(plan.channelwise.begin(), plan.channelwise.end(), a) != plan.channelwise.end()) {
      dim = shape[axis];
    }
    for (const auto& [tiled, tile] : plan.tiled) {
      if (tiled == a) dim = shape[axis] / tile;
    }
    plan.scale_shape.push_back(plan.method.kind == CalibrationMethod::Kind::kFixed ? 1 : dim);
  }
  return plan;
}

Plan make_plan(const Graph& graph, const std::vector<Rule>& rules, const RunSpec& run,
               base::Diagnostics& diagnostics) {
  Plan plan;
  plan.nodes.resize(graph.nodes.size());
  RuleFinder finder(rules);
  std::vector<bool> used(rules.size(), false);
  std::map<std::pair<std::string, Op>, int> op_counts;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    if (!is_quantizable(node.op)) continue;
    NodePlan& out = plan.nodes[i].emplace();
    out.node = i;
    out.op_id = fmt::format("{}{}", name(node.op), op_counts[{node.module, node.op}]++);
    out.rule = finder.find(node, diagnostics);
    if (finder.gave_up()) break;
    if (out.rule >= 0) used[static_cast<std::size_t>(out.rule)] = true;
    plan_float(graph, node, out);
    const bool left_alone = out.rule < 0 || !rules[static_cast<std::size_t>(out.rule)].weight_qtype;
    if (left_alone && node.op == Op::conv_general_dilated &&
        out.lhs.type.dtype != out.rhs.type.dtype) {
      report(diagnostics, node, "SHP-DTYPE", "a float convolution of two dtypes",
             "one dtype on both sides", "insert a convert node");
    }
    if (left_alone) continue;
    out.quantized = true;
    const PlanContext context{graph, rules[static_cast<std::size_t>(out.rule)], run, node,
                              diagnostics};
    if (node.op == Op::conv_general_dilated) {
      plan_conv(context, out);
    } else if (node.op == Op::ragged_dot) {
      plan_ragged(context, out);
    } else {
      plan_dot(context, out);
    }
  }
  if (!finder.gave_up()) report_unused(rules, used, diagnostics);
  return plan;
}

}  // namespace mxcheck::graph
