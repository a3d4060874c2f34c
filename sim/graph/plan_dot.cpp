// The plan of a quantized dot_general or einsum: operands, forward path, residuals and gradient
// products, with every override of additional_qt_config (DOT, BWD, EIN, TIL-3, TIL-5).
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "sim/graph/planner.h"
#include "sim/graph/product.h"

namespace mxcheck::graph {
namespace {

// The op's configuration after the overrides, in the norm's own field names.
struct DotConfig {
  std::optional<QType> lhs_qtype, rhs_qtype;
  std::optional<TileSize> tile_size;
  std::optional<CalibrationMethod> lhs_method, rhs_method;
  bool lhs_disable = false, rhs_disable = false;
  struct Gradient {
    std::optional<QType> qtype;
    CalibrationMethod method;
    std::optional<TileSize> tile;
    bool disable = false;
    std::optional<QType> residual_qtype;
    CalibrationMethod residual_method;
    bool residual_disable = false;
  } dlhs, drhs;
  bool disable_clipping = false;
  bool original_residuals = false;
};

template <typename T, typename U>
void override_with(T& field, const std::optional<U>& value) {
  if (value) field = *value;
}

DotConfig configure(const Rule& rule, bool lhs_weight, bool rhs_weight) {
  DotConfig c;
  const auto side = [&](bool weight, std::optional<QType>& qtype,
                        std::optional<CalibrationMethod>& method) {
    qtype = weight ? rule.weight_qtype : rule.act_qtype;
    if (qtype) method = weight ? rule.weight_calibration_method : rule.act_calibration_method;
  };
  side(lhs_weight, c.lhs_qtype, c.lhs_method);
  side(rhs_weight, c.rhs_qtype, c.rhs_method);
  c.tile_size = rule.tile_size;
  c.lhs_disable = c.rhs_disable = rule.disable_channelwise_axes;
  for (DotConfig::Gradient* g : {&c.dlhs, &c.drhs}) {
    g->qtype = rule.bwd_qtype;
    g->method = rule.bwd_calibration_method;
    g->disable = rule.disable_channelwise_axes;
  }
  if (rule.bwd_qtype && lhs_weight) c.dlhs.tile = rule.bwd_weight_grad_tile_size;
  if (rule.bwd_qtype && rhs_weight) c.drhs.tile = rule.bwd_weight_grad_tile_size;
  c.original_residuals = !rule.bwd_qtype;

  const AdditionalConfig& a = rule.additional;
  override_with(c.tile_size, a.tile_size);
  override_with(c.lhs_qtype, a.lhs_qtype);
  override_with(c.rhs_qtype, a.rhs_qtype);
  override_with(c.lhs_method, a.lhs_calibration_method);
  override_with(c.rhs_method, a.rhs_calibration_method);
  override_with(c.lhs_disable, a.lhs_disable_channelwise_axes);
  override_with(c.rhs_disable, a.rhs_disable_channelwise_axes);
  override_with(c.dlhs.qtype, a.dlhs_grad_qtype);
  override_with(c.drhs.qtype, a.drhs_grad_qtype);
  override_with(c.dlhs.method, a.dlhs_grad_calibration_method);
  override_with(c.drhs.method, a.drhs_grad_calibration_method);
  override_with(c.dlhs.disable, a.dlhs_grad_disable_channelwise_axes);
  override_with(c.drhs.disable, a.drhs_grad_disable_channelwise_axes);
  override_with(c.dlhs.tile, a.dlhs_tile_size);
  override_with(c.drhs.tile, a.drhs_tile_size);
  override_with(c.disable_clipping, a.disable_gradient_clipping);
  override_with(c.original_residuals, a.use_original_residuals);
  override_with(c.dlhs.residual_qtype, a.dlhs_residual_qtype);
  override_with(c.drhs.residual_qtype, a.drhs_residual_qtype);
  override_with(c.dlhs.residual_method, a.dlhs_residual_calibration_method);
  override_with(c.drhs.residual_method, a.drhs_residual_calibration_method);
  override_with(c.dlhs.residual_disable, a.dlhs_residual_disable_channelwise_axes);
  override_with(c.drhs.residual_disable, a.drhs_residual_disable_channelwise_axes);
  return c;
}

// BWD-7: is the gradient of an operand calibrated this way clipped to its range?
bool has_mask(const CalibrationMethod& method) {
  const bool from_data = method.kind == CalibrationMethod::Kind::kAbsmax ||
                         method.kind == CalibrationMethod::Kind::kMinmax;
  return !from_data || (!method.arguments.empty() && !(method.arguments[0] >= 1.0));
}

std::optional<std::int64_t> last(const Axes& axes) {
  return axes.empty() ? std::nullopt : std::optional<std::int64_t>(axes.back());
}

Axes range(std::size_t begin, std::size_t count) {
  Axes out(count);
  std::iota(out.begin(), out.end(), static_cast<std::int64_t>(begin));
  return out;
}

Shape pick(const Shape& shape, const Axes& axes) {
  Shape out;
  for (const std::int64_t axis : axes) out.push_back(shape[static_cast<std::size_t>(axis)]);
  return out;
}

template <typename T>
Axes argsort(const std::vector<T>& keys) {
  Axes order = range(0, keys.size());
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  return order;
}

// The operand axes of x (whose gradient is wanted) and y (the residual) in the forward product.
struct BackwardAxes {
  Axes x_contract, x_batch, x_rest, y_contract, y_batch, y_rest;
};

BackwardAxes backward_axes(const DotDimensionNumbers& dot, std::size_t lhs_rank,
                           std::size_t rhs_rank, bool for_dlhs) {
  const Axes lhs_rest = remaining_axes(lhs_rank, dot.lhs_contract, dot.lhs_batch);
  const Axes rhs_rest = remaining_axes(rhs_rank, dot.rhs_contract, dot.rhs_batch);
  if (for_dlhs) {
    return {dot.lhs_contract, dot.lhs_batch, lhs_rest, dot.rhs_contract, dot.rhs_batch, rhs_rest};
  }
  return {dot.rhs_contract, dot.rhs_batch, rhs_rest, dot.lhs_contract, dot.lhs_batch, lhs_rest};
}

void plan_backward_axes(const BackwardAxes& axes, bool for_dlhs, GradientPlan& plan) {
  const std::size_t batch = axes.x_batch.size();
  const std::size_t x_rest = axes.x_rest.size();
  const std::size_t y_rest = axes.y_rest.size();
  plan.dot.lhs_contract = for_dlhs ? range(batch + x_rest, y_rest) : range(batch, y_rest);
  plan.dot.rhs_contract = axes.y_rest;
  plan.dot.lhs_batch = range(0, batch);
  plan.dot.rhs_batch = axes.y_batch;
  Axes layout = axes.x_batch;
  layout.insert(layout.end(), axes.x_rest.begin(), axes.x_rest.end());
  for (const std::int64_t i : argsort(axes.y_contract)) {
    layout.push_back(axes.x_contract[static_cast<std::size_t>(i)]);
  }
  plan.permutation = argsort(layout);
}

struct BackwardInput {
  const DotConfig& config;
  const DotConfig::Gradient& gradient;
  const OperandPlan& residual;
  const char* name;  // "dlhs" or "drhs"
  ValueType g;
  Shape lhs_shape, rhs_shape;
  bool for_dlhs;
};

bool is_block_scaled(QType qtype) { return numerics::info(qtype).mandatory_tile != 0; }

// BWD-2: the residual is the original operand, or the forward Q.
Residual choose_residual(const PlanContext& context, const BackwardInput& in,
                         const BackwardAxes& axes) {
  const OperandPlan& y = in.residual;
  if (in.config.original_residuals || !y.quantize) return Residual::kOriginal;
  const QuantizePlan& q = *y.quantize;
  if (!tiled_axes(y.type.shape, q.scale_shape).empty() || is_block_scaled(q.qtype)) {
    return Residual::kOriginal;
  }
  if (!in.gradient.qtype) return Residual::kQuantized;
  const bool emulated =
      numerics::info(q.qtype).rounding == numerics::QRounding::kEmulated || q.qtype == QType::kNf4;
  if (q.zero_point || emulated) {
    context.refuse("BWD-RESIDUAL",
                   fmt::format("the residual of {} is {} {}", in.name, numerics::name(q.qtype),
                               q.zero_point ? "with a zero point"
                                            : "whose codes stand for another "
                                              "type than they are stored in"),
                   "with bwd_qtype a residual is symmetric and of a plain type",
                   "set use_original_residuals in additional_qt_config");
  }
  for (const std::int64_t axis : axes.y_contract) {
    if (q.scale_shape[static_cast<std::size_t>(axis)] > 1) {
      context.refuse("BWD-SCALE-AXIS",
                     fmt::format("the residual of {} has {} scales along its contracting axis {}",
                                 in.name, q.scale_shape[static_cast<std::size_t>(axis)], axis),
                     "scales only along axes that the gradient shares");
    }
  }
  return Residual::kCodes;
}

GradientPlan plan_gradient(const PlanContext& context, const DotDimensionNumbers& dot,
                           const BackwardInput& in) {
  GradientPlan plan;
  const BackwardAxes axes =
      backward_axes(dot, in.lhs_shape.size(), in.rhs_shape.size(), in.for_dlhs);
  plan_backward_axes(axes, in.for_dlhs, plan);
  plan.residual = choose_residual(context, in, axes);
  OperandView g{in.g, nullptr};
  OperandView y{in.residual.type, nullptr};
  if (plan.residual == Residual::kQuantized) y.quantized = &*in.residual.quantize;
  if (plan.residual == Residual::kCodes) {
    g.type.dtype = numerics::promote(in.g.dtype, y.type.dtype);  // the folded scale promotes g
    y.type.dtype = numerics::info(in.residual.quantize->qtype).stored;
  }
  if (in.gradient.qtype) {
    QuantizeRequest request;
    request.qtype = *in.gradient.qtype;
    request.method = in.gradient.method;
    request.tile = in.gradient.tile;
    request.tiled_axis = last(plan.dot.lhs_contract);
    request.channelwise = remaining_axes(in.g.shape.size(), plan.dot.lhs_contract, {});
    request.disable_channelwise = in.gradient.disable;
    request.what = fmt::format("the gradient of {}", in.name);
    plan.quantize_g = plan_quantize(context, in.g.shape, request);
    if (!plan.quantize_g) return plan;
    g.quantized = &*plan.quantize_g;
    plan.noise = context.rule.bwd_qtype && context.rule.bwd_stochastic_rounding &&
                 numerics::info(*in.gradient.qtype).rounding == numerics::QRounding::kInteger;
  }
  if (y.quantized == nullptr && in.gradient.residual_qtype &&
      numerics::is_arithmetic_float(y.type.dtype)) {
    QuantizeRequest request;
    request.qtype = *in.gradient.residual_qtype;
    request.method = in.gradient.residual_method;
    request.tile = in.gradient.tile;
    request.tiled_axis = last(plan.dot.rhs_contract);
    request.channelwise = remaining_axes(y.type.shape.size(), plan.dot.rhs_contract, {});
    request.disable_channelwise = in.gradient.residual_disable;
    request.what = fmt::format("the residual of {}", in.name);
    plan.quantize_residual = plan_quantize(context, y.type.shape, request);
    if (!plan.quantize_residual) return plan;
    y.quantized = &*plan.quantize_residual;
  }
  const ProductProperties product = dot_properties(g, y, plan.dot);
  plan.path = product.path;
  if (product.refusal) {
    context.refuse(*product.refusal, fmt::format("in the product for {}", in.name),
                   "at most one asymmetric operand, and one tile size for both");
  }
  return plan;
}

void note_quirks(const PlanContext& context, NodePlan& plan) {
  const auto add = [&](const char* label) {
    if (std::find(plan.quirks.begin(), plan.quirks.end(), label) == plan.quirks.end()) {
      plan.quirks.emplace_back(label);
    }
  };
  for (const OperandPlan* side : {&plan.lhs, &plan.rhs}) {
    if (!side->quantize) continue;
    if (side->type.dtype == DType::kF16) add("QUIRK-F16-GUARD");
    const bool structured = !side->quantize->channelwise.empty() || !side->quantize->tiled.empty();
    if (side->quantize->method.kind == CalibrationMethod::Kind::kFixed && structured) {
      add("QUIRK-FIXED");
    }
    if (side->collect_stats) {
      add("QUIRK-SRQ-DYNAMIC");
      if (!side->mask && context.run.has_backward()) add("QUIRK-SRQ-MASK");
    }
  }
  if (!context.run.has_backward()) return;
  if (!plan.bwd_qtype) add("QUIRK-DOT-ORIGINAL");
  if (plan.bwd_qtype && context.rule.bwd_stochastic_rounding && !plan.dlhs.noise &&
      !plan.drhs.noise) {
    add("QUIRK-NOISE-IGNORED");
  }
  const bool tiled = (plan.lhs.quantize && !plan.lhs.quantize->tiled.empty()) ||
                     (plan.rhs.quantize && !plan.rhs.quantize->tiled.empty());
  if (plan.bwd_qtype && tiled) add("QUIRK-TILE-FLOAT");
}

bool plan_roles(const PlanContext& context, NodePlan& plan) {
  const int lhs_value = context.node.args[plan.lowering.swapped ? 1 : 0];
  const int rhs_value = context.node.args[plan.lowering.swapped ? 0 : 1];
  // A summed operand is a new array: only its shape can make it a weight.
  const DType common = numerics::promote(plan.lhs.type.dtype, plan.rhs.type.dtype);
  const auto role = [&](int value, const Axes& summed, OperandPlan& side) {
    if (!summed.empty()) side.type.dtype = common;
    const Axes kept = remaining_axes(side.type.shape.size(), summed, {});
    side.type.shape = pick(side.type.shape, kept);
    return weight_role(context.graph, context.node.module, summed.empty() ? value : -1,
                       side.type.shape);
  };
  const WeightRole lhs = role(lhs_value, plan.lowering.lhs_sum, plan.lhs);
  const WeightRole rhs = role(rhs_value, plan.lowering.rhs_sum, plan.rhs);
  if (lhs == WeightRole::kAmbiguous || rhs == WeightRole::kAmbiguous) {
    context.refuse("RULE-WEIGHTS",
                   fmt::format("three or more params of module '{}' have the shape of an operand",
                               context.node.module),
                   "an operand that is one param, or the shape of at most two");
    return false;
  }
  plan.lhs.is_weight = lhs == WeightRole::kYes || lhs == WeightRole::kByShape;
  plan.rhs.is_weight = rhs == WeightRole::kYes || rhs == WeightRole::kByShape;
  if (lhs == WeightRole::kByShape || rhs == WeightRole::kByShape) {
    plan.quirks.emplace_back("QUIRK-SHAPE");
  }
  if (plan.lhs.is_weight && plan.rhs.is_weight) {
    context.refuse("RULE-WEIGHTS", "both operands are weights of the module",
                   "at most one operand is a weight",
                   "an activation with the shape of a param is taken for it: rename or reshape");
    return false;
  }
  return true;
}

}  // namespace

void plan_backward_dims(const DotDimensionNumbers& dot, std::size_t lhs_rank, std::size_t rhs_rank,
                        bool for_dlhs, GradientPlan& plan) {
  plan_backward_axes(backward_axes(dot, lhs_rank, rhs_rank, for_dlhs), for_dlhs, plan);
}

void plan_dot(const PlanContext& context, NodePlan& plan) {
  if (!plan_roles(context, plan)) return;
  const Rule& rule = context.rule;
  const DotConfig config = configure(rule, plan.lhs.is_weight, plan.rhs.is_weight);
  const DotDimensionNumbers& dot = plan.lowering.dot;
  plan.bwd_qtype = rule.bwd_qtype;
  plan.noise_method = rule.bwd_qtype ? rule.bwd_stochastic_rounding : std::nullopt;
  plan.noise_axes = rule.channelwise_noise_axes;
  plan.act_batch_axes = rule.act_batch_axes;

  bool good = true;
  const auto plan_side = [&](OperandPlan& side, const char* which, const Axes& contract,
                             const std::optional<QType>& qtype,
                             const std::optional<CalibrationMethod>& method, bool disable) {
    if (!qtype || !numerics::is_arithmetic_float(side.type.dtype)) return;
    QuantizeRequest request;
    request.qtype = *qtype;
    request.method = method;
    request.tile = config.tile_size;
    request.tiled_axis = last(contract);
    request.channelwise = remaining_axes(side.type.shape.size(), contract, {});
    request.disable_channelwise = disable;
    request.what = which;
    side.quantize = plan_quantize(context, side.type.shape, request);
    good = good && side.quantize.has_value();
    if (!side.quantize) return;
    side.mask = !config.disable_clipping && has_mask(side.quantize->method);
    side.collect_stats = !side.is_weight && rule.act_qtype && rule.act_static_scale;
    const std::string prefix = context.node.module.empty() ? "" : context.node.module + "/";
    if (side.collect_stats) side.stats_name = prefix + plan.op_id + "_" + which;
  };
  plan_side(plan.lhs, "lhs", dot.lhs_contract, config.lhs_qtype, config.lhs_method,
            config.lhs_disable);
  plan_side(plan.rhs, "rhs", dot.rhs_contract, config.rhs_qtype, config.rhs_method,
            config.rhs_disable);
  if (!good) return;

  const OperandView lhs{plan.lhs.type, plan.lhs.quantize ? &*plan.lhs.quantize : nullptr};
  const OperandView rhs{plan.rhs.type, plan.rhs.quantize ? &*plan.rhs.quantize : nullptr};
  const ProductProperties forward = dot_properties(lhs, rhs, dot);
  plan.path = forward.path;
  plan.result = forward.result;
  if (forward.refusal) {
    context.refuse(*forward.refusal, "both operands are asymmetric",
                   "on the fast path only one operand has a zero point",
                   "use minmax for the activation or the weight, not for both");
    return;
  }
  if (context.run.has_backward()) {
    ValueType g{plan.result, {}};
    for (const Shape& part :
         {pick(plan.lhs.type.shape, dot.lhs_batch),
          pick(plan.lhs.type.shape,
               remaining_axes(plan.lhs.type.shape.size(), dot.lhs_contract, dot.lhs_batch)),
          pick(plan.rhs.type.shape,
               remaining_axes(plan.rhs.type.shape.size(), dot.rhs_contract, dot.rhs_batch))}) {
      g.shape.insert(g.shape.end(), part.begin(), part.end());
    }
    plan.dlhs = plan_gradient(
        context, dot,
        {config, config.dlhs, plan.rhs, "dlhs", g, plan.lhs.type.shape, plan.rhs.type.shape, true});
    plan.drhs = plan_gradient(context, dot,
                              {config, config.drhs, plan.lhs, "drhs", g, plan.lhs.type.shape,
                               plan.rhs.type.shape, false});
  }
  note_quirks(context, plan);
}

}  // namespace mxcheck::graph
