// Lookups by recorded names; the arithmetic (sums, folds, calibrations) is golden/reference's.
#include "sim/suite/operands.h"

#include <algorithm>

#include "golden/reference/exact_rounding.h"
#include "golden/reference/operand_sum.h"
#include "golden/reference/srq_reference.h"
#include "sim/graph/conv_layout.h"

namespace mxcheck::suite {
namespace {

using graph::Axes;
using graph::Op;
using tensor::Shape;
using tensor::Tensor;

Axes inverse(const Axes& permutation) {
  Axes out(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    out[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return out;
}

// (axis of g, axis of the residual) that share an index in a gradient product.
std::vector<std::pair<std::int64_t, std::int64_t>> shared_axes(const graph::Node& node,
                                                               const graph::GradientPlan& gradient,
                                                               bool dlhs) {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  if (node.op == Op::conv_general_dilated) {
    const graph::ConvLayout layout = graph::conv_layout(node.attributes.conv_layout);
    if (dlhs) return {{layout.out.second, layout.rhs.first}};
    return {{layout.out.first, layout.lhs.first}};
  }
  if (node.op == Op::ragged_dot) {
    if (dlhs) return {{1, 2}};
    return {{0, 0}};
  }
  for (std::size_t i = 0; i < gradient.dot.lhs_contract.size(); ++i) {
    out.emplace_back(gradient.dot.lhs_contract[i], gradient.dot.rhs_contract[i]);
  }
  for (std::size_t i = 0; i < gradient.dot.lhs_batch.size(); ++i) {
    out.emplace_back(gradient.dot.lhs_batch[i], gradient.dot.rhs_batch[i]);
  }
  return out;
}

// BWD-3, CNV-3, RAG-2: g times the residual's scale, in their promoted dtype.
Tensor folded(const Tensor& g, const Tensor& scale,
              const std::vector<std::pair<std::int64_t, std::int64_t>>& axes) {
  const numerics::DType dtype = numerics::promote(g.dtype(), scale.dtype());
  const std::vector<std::int64_t> strides = tensor::row_major_strides(scale.shape());
  Tensor out(dtype, g.shape());
  for (std::int64_t i = 0; i < g.size(); ++i) {
    const std::vector<std::int64_t> index = tensor::unravel(i, g.shape());
    std::int64_t at = 0;
    for (const auto& [g_axis, y_axis] : axes) {
      if (scale.dim(y_axis) == 1) continue;
      at += index[static_cast<std::size_t>(g_axis)] * strides[static_cast<std::size_t>(y_axis)];
    }
    out.store(i, reference::exact_multiply(dtype, g.load(i), scale.load(at)));
  }
  return out;
}

// SRQ-2: the shape of a calibration averaged over batch axes.
Shape batch_shape(Shape shape, const Axes& batch_axes) {
  for (const std::int64_t axis : batch_axes) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    shape[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)] = 1;
  }
  return shape;
}

// TIL-1: may these be the scales of an array of that shape?
bool fits(const Shape& shape, const Shape& scale) {
  if (shape.size() != scale.size()) return false;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (scale[axis] <= 0 || shape[axis] % scale[axis] != 0) return false;
  }
  return true;
}

const std::optional<graph::QuantizePlan>& how_quantized(const graph::Node& node,
                                                        const graph::NodePlan& plan,
                                                        const QuantizationId& id) {
  static const std::optional<graph::QuantizePlan> kNone;
  if (id.product == "fwd") return id.lhs ? plan.lhs.quantize : plan.rhs.quantize;
  const bool dlhs = id.product == "dlhs";
  const graph::GradientPlan& gradient = dlhs ? plan.dlhs : plan.drhs;
  const bool dot = node.op == Op::dot_general || node.op == Op::einsum;
  const bool is_gradient = dot || dlhs ? id.lhs : !id.lhs;
  if (is_gradient) return gradient.quantize_g;
  return dot ? gradient.quantize_residual : kNone;
}

// What was quantized in a gradient product: g, g with a scale folded in, or a residual.
std::optional<Tensor> gradient_input(const Recorded& run, const graph::NodePlan& plan,
                                     const QuantizationId& id) {
  const graph::Node& node = run.sources.graph->nodes[id.node];
  const bool dlhs = id.product == "dlhs";
  const graph::GradientPlan& gradient = dlhs ? plan.dlhs : plan.drhs;
  const bool dot = node.op == Op::dot_general || node.op == Op::einsum;
  if (dot && !id.lhs) return lowered_operand(run.sources, plan, id.step, !dlhs);
  const std::optional<Tensor> g = lowered_cotangent(run.sources, plan, id.step);
  if (!g || gradient.residual != graph::Residual::kCodes) return g;
  const std::string side = dlhs ? "rhs.scale" : "lhs.scale";
  const Tensor* scale = run.sources.find(quant_prefix(id.step, node.name, "fwd") + side);
  if (scale == nullptr) return std::nullopt;
  return folded(*g, *scale, shared_axes(node, gradient, dlhs));
}

}  // namespace

std::optional<Tensor> lowered_operand(const Sources& sources, const graph::NodePlan& plan, int step,
                                      bool lhs) {
  const graph::Node& node = sources.graph->nodes[plan.node];
  const std::size_t argument = (lhs != plan.lowering.swapped) ? 0 : 1;
  const Tensor* value = sources.value(step, node.args[argument]);
  if (value == nullptr) return std::nullopt;
  const Axes& summed = lhs ? plan.lowering.lhs_sum : plan.lowering.rhs_sum;
  if (summed.empty()) return *value;
  const numerics::DType common = numerics::promote(sources.graph->type(node.args[0]).dtype,
                                                   sources.graph->type(node.args[1]).dtype);
  return reference::operand_sum(*value, summed, common);
}

std::optional<Tensor> lowered_cotangent(const Sources& sources, const graph::NodePlan& plan,
                                        int step) {
  const graph::Node& node = sources.graph->nodes[plan.node];
  const Tensor* ct = sources.find("step" + std::to_string(step) + "/ct/" + node.name);
  if (ct == nullptr) return std::nullopt;
  if (node.op != Op::einsum) return *ct;
  return tensor::transpose(*ct, inverse(plan.lowering.permutation));
}

std::vector<std::int64_t> group_sizes(const Sources& sources, const graph::Node& node, int step) {
  std::vector<std::int64_t> out;
  const Tensor* sizes = sources.value(step, node.args[2]);
  for (std::int64_t i = 0; sizes != nullptr && i < sizes->size(); ++i) {
    out.push_back(sizes->load_int(i));
  }
  return out;
}

std::int64_t multiplications(const reference::Contraction& contraction) {
  const std::int64_t outputs = tensor::element_count(contraction.result).value_or(0);
  if (outputs == 0) return 0;
  std::vector<reference::Pair> pairs;
  contraction.pairs_of(0, pairs);
  return outputs * static_cast<std::int64_t>(pairs.size());
}

std::optional<RecordedStatistics> statistics_after(const Sources& sources, int step,
                                                   const std::string& name, bool asymmetric) {
  const std::string prefix = "step" + std::to_string(step) + "/stats/" + name + "/";
  const Tensor* count = sources.find(prefix + "count");
  if (count == nullptr) return std::nullopt;
  RecordedStatistics out;
  out.count = *count;
  const std::vector<std::string> parts =
      asymmetric ? std::vector<std::string>{"min", "max"} : std::vector<std::string>{"absmax"};
  for (const std::string& part : parts) {
    const Tensor* sum = sources.find(prefix + "sum_of_" + part);
    if (sum == nullptr) return std::nullopt;
    out.sums.push_back(*sum);
  }
  return out;
}

std::optional<reference::Calibration> operand_calibration(const Recorded& run,
                                                          const graph::NodePlan& plan, int step,
                                                          bool lhs) {
  const graph::OperandPlan& operand = lhs ? plan.lhs : plan.rhs;
  const std::optional<Tensor> x = lowered_operand(run.sources, plan, step, lhs);
  if (!x || !operand.quantize) return std::nullopt;
  reference::Calibration own =
      reference::calibrate(*x, operand.quantize->method, operand.quantize->scale_shape);
  if (!operand.collect_stats) return own;
  const std::optional<RecordedStatistics> after =
      statistics_after(run.sources, step, operand.stats_name, own.asymmetric);
  if (!after || after->sums.front().shape() != batch_shape(own.shape, plan.act_batch_axes)) {
    return std::nullopt;
  }
  reference::StatisticsInUse in_use{after->sums, after->count.load_int(0), plan.act_batch_axes,
                                    run.policy, x->dtype()};
  return reference::calibration_in_use(own, in_use);
}

std::optional<QuantizationView> quantization_view(const Recorded& run, const QuantizationId& id) {
  const std::optional<graph::NodePlan>& plan = run.plan.nodes[id.node];
  if (!plan || !reference::models(run.policy)) return std::nullopt;
  const graph::Node& node = run.sources.graph->nodes[id.node];
  const std::optional<graph::QuantizePlan>& how = how_quantized(node, *plan, id);
  if (!how) return std::nullopt;
  const std::string side = id.lhs ? "lhs" : "rhs";
  const std::string prefix = quant_prefix(id.step, node.name, id.product);
  const Tensor* codes = run.sources.find(prefix + side + ".qvalue");
  const Tensor* scale = run.sources.find(prefix + side + ".scale");
  const Tensor* zero_point = run.sources.find(prefix + side + ".zero_point");
  if (codes == nullptr || scale == nullptr || !fits(codes->shape(), scale->shape())) {
    return std::nullopt;
  }
  QuantizationView view;
  view.name = prefix + side;
  view.step = id.step, view.node = id.node, view.product = id.product, view.lhs = id.lhs;
  view.recorded = reference::quantized_view(
      *codes, *scale, zero_point == nullptr ? std::nullopt : std::optional<Tensor>(*zero_point),
      how->qtype);
  const bool forward = id.product == "fwd";
  const std::optional<Tensor> x = forward ? lowered_operand(run.sources, *plan, id.step, id.lhs)
                                          : gradient_input(run, *plan, id);
  if (!x || x->shape() != codes->shape()) return std::nullopt;
  view.quantization = {*x, *how, run.policy, std::nullopt, std::nullopt};
  if (forward) {
    view.statistics = (id.lhs ? plan->lhs : plan->rhs).collect_stats;
    view.quantization.calibration = operand_calibration(run, *plan, id.step, id.lhs);
    if (!view.quantization.calibration) return std::nullopt;
  } else if (const Tensor* noise = run.sources.find(prefix + "noise"); noise != nullptr) {
    const bool residual = id.lhs == false && node.op != Op::conv_general_dilated;
    if (!residual) view.quantization.noise = *noise;
  }
  return view;
}

std::vector<QuantizationView> quantizations(const Recorded& run, int steps) {
  std::vector<QuantizationView> out;
  for (int step = 0; step < steps; ++step) {
    for (std::size_t node = 0; node < run.plan.nodes.size(); ++node) {
      for (const char* product : {"fwd", "dlhs", "drhs"}) {
        for (const bool lhs : {true, false}) {
          std::optional<QuantizationView> view = quantization_view(run, {step, node, product, lhs});
          if (view) out.push_back(std::move(*view));
        }
      }
    }
  }
  return out;
}

}  // namespace mxcheck::suite
