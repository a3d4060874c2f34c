// The plans of quantized convolutions (CNV) and ragged products (RAG): fixed channel axes, no
// tiles, always the quantized residuals, no masks. CNV-5: the kernel is a weight, gradients have no
// groups.
#include <fmt/format.h>

#include "sim/graph/conv_layout.h"
#include "sim/graph/planner.h"

namespace mxcheck::graph {
namespace {

DType stored(QType qtype) { return numerics::info(qtype).stored; }

std::optional<QuantizePlan> plan_side(const PlanContext& context, const Shape& shape,
                                      const std::string& what, QType qtype,
                                      const CalibrationMethod& method, Axes channelwise,
                                      bool disable) {
  QuantizeRequest request;
  request.qtype = qtype;
  request.method = method;
  request.channelwise = std::move(channelwise);
  request.disable_channelwise = disable;
  request.what = what;
  return plan_quantize(context, shape, request);
}

void check_types(const PlanContext& context, const std::string& where, DType a, DType b) {
  if (a == b) return;
  context.refuse("CNV-TYPES",
                 fmt::format("{}: the operands' codes are {} and {}", where, numerics::name(a),
                             numerics::name(b)),
                 "a convolution multiplies codes of one stored type");
}

// A float convolution multiplies one type: two float types meet only as codes.
void check_float_types(const PlanContext& context, const std::string& where, DType a, DType b) {
  if (a == b) return;
  context.refuse("SHP-DTYPE",
                 fmt::format("{}: {} with {}", where, numerics::name(a), numerics::name(b)),
                 "one dtype on both sides of a float convolution", "insert a convert node");
}

void plan_conv_backward(const PlanContext& context, const ConvLayout& layout, NodePlan& plan) {
  const Rule& rule = context.rule;
  if (context.node.attributes.feature_group_count != 1) {
    context.refuse("CNV-GROUP-BWD",
                   fmt::format("feature_group_count is {} in a run with gradients",
                               context.node.attributes.feature_group_count),
                   "grouped convolutions have a forward pass only");
    return;
  }
  for (const bool for_dlhs : {true, false}) {
    GradientPlan& gradient = for_dlhs ? plan.dlhs : plan.drhs;
    const OperandPlan& residual = for_dlhs ? plan.rhs : plan.lhs;
    const char* which = for_dlhs ? "dlhs" : "drhs";
    if (!residual.quantize) {
      gradient.residual = Residual::kOriginal;
    } else {
      gradient.residual = rule.bwd_qtype ? Residual::kCodes : Residual::kQuantized;
    }
    gradient.path = residual.quantize ? Path::kSlow : Path::kFloat;
    if (!rule.bwd_qtype || !residual.quantize) {
      check_float_types(context, fmt::format("in the product for {}", which), plan.result,
                        residual.type.dtype);
    }
    if (!rule.bwd_qtype) continue;
    gradient.path = residual.quantize ? Path::kFast : Path::kSlow;
    gradient.quantize_g =
        plan_side(context, context.node.type.shape, fmt::format("the gradient of {}", which),
                  *rule.bwd_qtype, rule.bwd_calibration_method,
                  {for_dlhs ? layout.out.first : layout.out.second}, rule.disable_channelwise_axes);
    if (!gradient.quantize_g || gradient.path != Path::kFast) continue;
    check_types(context, fmt::format("in the product for {}", which), stored(*rule.bwd_qtype),
                stored(residual.quantize->qtype));
    if (!for_dlhs && gradient.quantize_g->zero_point) {
      context.refuse("CNV-RHS-ZP", "the gradient of drhs has a zero point and stands on the right",
                     "a symmetric bwd_calibration_method");
    }
    if (residual.quantize->zero_point) plan.quirks.emplace_back("QUIRK-CONV-ZP");
  }
}

}  // namespace

void plan_conv(const PlanContext& context, NodePlan& plan) {
  const Rule& rule = context.rule;
  const ConvLayout layout = conv_layout(context.node.attributes.conv_layout);
  if (rule.tile_size && std::visit([](auto t) { return t != 0; }, *rule.tile_size)) {
    context.refuse("CNV-TILE", "the rule has a tile_size", "convolutions are not tiled",
                   "give the convolution a rule of its own by module_path or op_names");
    return;
  }
  const WeightRole role =
      weight_role(context.graph, context.node.module, context.node.args[1], plan.rhs.type.shape);
  if (role == WeightRole::kNo || role == WeightRole::kAmbiguous) {
    context.refuse("CNV-WEIGHT", "the kernel is not a param of the op's module",
                   "a quantized convolution's rhs is a weight",
                   "name the param <module>/<name> and the node's module the same");
    return;
  }
  if (role == WeightRole::kByShape) plan.quirks.emplace_back("QUIRK-SHAPE");
  plan.rhs.is_weight = true;
  plan.bwd_qtype = rule.bwd_qtype;
  plan.act_batch_axes = rule.act_batch_axes;
  if (rule.act_qtype && numerics::is_arithmetic_float(plan.lhs.type.dtype)) {
    plan.lhs.quantize =
        plan_side(context, plan.lhs.type.shape, "lhs", *rule.act_qtype, rule.act_calibration_method,
                  {layout.lhs.first}, rule.disable_channelwise_axes);
    if (!plan.lhs.quantize) return;
    plan.lhs.collect_stats = rule.act_static_scale;
    const std::string prefix = context.node.module.empty() ? "" : context.node.module + "/";
    if (plan.lhs.collect_stats) plan.lhs.stats_name = prefix + plan.op_id + "_lhs";
  }
  if (numerics::is_arithmetic_float(plan.rhs.type.dtype)) {
    plan.rhs.quantize = plan_side(context, plan.rhs.type.shape, "rhs", *rule.weight_qtype,
                                  rule.weight_calibration_method, {layout.rhs.first},
                                  rule.disable_channelwise_axes);
    if (!plan.rhs.quantize) return;
  }
  const bool fast = plan.lhs.quantize && plan.rhs.quantize;
  plan.path = fast ? Path::kFast : Path::kSlow;
  plan.result = plan.lhs.type.dtype == plan.rhs.type.dtype
                    ? plan.lhs.type.dtype
                    : numerics::promote(plan.lhs.type.dtype, plan.rhs.type.dtype);
  if (fast) {
    if (plan.rhs.quantize->zero_point) {
      context.refuse("CNV-RHS-ZP", "the kernel is calibrated asymmetrically",
                     "a symmetric weight_calibration_method");
    }
    check_types(context, "forward", stored(plan.lhs.quantize->qtype),
                stored(plan.rhs.quantize->qtype));
    if (plan.lhs.quantize->qtype == QType::kNf4) plan.quirks.emplace_back("QUIRK-NF4-INDEX");
  }
  if (!fast) check_float_types(context, "forward", plan.lhs.type.dtype, plan.rhs.type.dtype);
  if (plan.lhs.type.dtype == DType::kF16) plan.quirks.emplace_back("QUIRK-F16-GUARD");
  if (plan.lhs.collect_stats) plan.quirks.emplace_back("QUIRK-SRQ-DYNAMIC");
  if (context.run.has_backward()) plan_conv_backward(context, layout, plan);
}

void plan_ragged(const PlanContext& context, NodePlan& plan) {
  const Rule& rule = context.rule;
  plan.rhs.is_weight = true;
  plan.bwd_qtype = rule.bwd_qtype;
  if (!rule.act_qtype) {
    context.refuse("RAG-ACT", "the rule has no act_qtype", "a ragged product quantizes both sides",
                   "set act_qtype, or exclude ragged_dot by op_names");
    return;
  }
  const CalibrationMethod absmax;
  plan.lhs.quantize =
      plan_side(context, plan.lhs.type.shape, "lhs", *rule.act_qtype, absmax, {0}, false);
  plan.rhs.quantize =
      plan_side(context, plan.rhs.type.shape, "rhs", *rule.weight_qtype, absmax, {2}, false);
  if (!plan.lhs.quantize || !plan.rhs.quantize) return;
  plan.path = Path::kFast;
  plan.result = numerics::promote(plan.lhs.type.dtype, plan.rhs.type.dtype);
  if (*rule.act_qtype == QType::kNf4 || *rule.weight_qtype == QType::kNf4) {
    plan.quirks.emplace_back("QUIRK-NF4-INDEX");
  }
  if (!context.run.has_backward()) return;
  for (const bool for_dlhs : {true, false}) {
    GradientPlan& gradient = for_dlhs ? plan.dlhs : plan.drhs;
    gradient.residual = rule.bwd_qtype ? Residual::kCodes : Residual::kQuantized;
    gradient.path = rule.bwd_qtype ? Path::kFast : Path::kSlow;
    if (!rule.bwd_qtype) continue;
    gradient.quantize_g = plan_side(context, context.node.type.shape,
                                    fmt::format("the gradient of {}", for_dlhs ? "dlhs" : "drhs"),
                                    *rule.bwd_qtype, absmax, {for_dlhs ? 0 : 1}, false);
  }
}

}  // namespace mxcheck::graph
