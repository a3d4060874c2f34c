// The static classification of every op's value and gradients.
#include "sim/exec/classify.h"

#include "sim/exec/conv.h"
#include "sim/exec/float_dot.h"
#include "sim/exec/float_ops.h"
#include "sim/graph/planner.h"
#include "sim/graph/product.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::exec {
namespace {

using graph::Axes;
using graph::Graph;
using graph::Node;
using graph::NodePlan;
using graph::Op;
using graph::Path;
using numerics::DType;

Inexact contraction(const std::string& reason) {
  return reason.empty() ? Inexact{} : Inexact{"BND-1", reason};
}

// Float codes (fp8) are contracted in float even on the fast path.
bool integer_codes(const std::optional<graph::QuantizePlan>& q) {
  return q && !numerics::is_float(numerics::info(q->qtype).stored);
}

Shape without(const Shape& shape, const Axes& axes) {
  Shape out;
  for (const std::int64_t axis : graph::remaining_axes(shape.size(), axes, {})) {
    out.push_back(shape[static_cast<std::size_t>(axis)]);
  }
  return out;
}

Shape gradient_shape(const NodePlan& plan) {
  return product_shape(plan.lowering.dot, plan.lhs.type.shape, plan.rhs.type.shape);
}

NodeClasses classify_dot(NodePlan plan, const graph::RunSpec& run, const Policy& policy) {
  NodeClasses out;
  if (!plan.quantized) {  // quantized plans have their operands summed already
    plan.lhs.type.shape = without(plan.lhs.type.shape, plan.lowering.lhs_sum);
    plan.rhs.type.shape = without(plan.rhs.type.shape, plan.lowering.rhs_sum);
  }
  const Shape& lhs = plan.lhs.type.shape;
  const Shape& rhs = plan.rhs.type.shape;
  const bool integers = integer_codes(plan.lhs.quantize) && integer_codes(plan.rhs.quantize);
  if (plan.path != Path::kFast || !integers) {
    out.forward =
        contraction(undefined_order(matrix_view(plan.lowering.dot, lhs, rhs), plan.result, policy));
  }
  if (!run.has_backward()) return out;
  const Shape g = gradient_shape(plan);
  const auto gradient = [&](const graph::GradientPlan& p, const graph::OperandPlan& residual) {
    const bool residual_codes =
        integer_codes(p.quantize_residual) ||
        (p.residual != graph::Residual::kOriginal && integer_codes(residual.quantize));
    if (p.path == Path::kFast && integer_codes(p.quantize_g) && residual_codes) return Inexact{};
    return contraction(
        undefined_order(matrix_view(p.dot, g, residual.type.shape), plan.result, policy));
  };
  out.dlhs = gradient(plan.dlhs, plan.rhs);
  out.drhs = gradient(plan.drhs, plan.lhs);
  return out;
}

NodeClasses classify_conv(const Graph& graph, const Node& node, const NodePlan& plan,
                          const graph::RunSpec& run, const Policy& policy) {
  NodeClasses out;
  const ConvGeometry forward = forward_geometry(node.attributes);
  const Shape& lhs = graph.type(node.args[0]).shape;
  const Shape& rhs = graph.type(node.args[1]).shape;
  const Shape& g = node.type.shape;
  const bool fast = plan.path == Path::kFast && integer_codes(plan.lhs.quantize) &&
                    integer_codes(plan.rhs.quantize);
  if (!fast) {
    out.forward = contraction(undefined_conv_order(forward, lhs, rhs, plan.result, policy));
  }
  if (!run.has_backward()) return out;
  const auto exact = [&](const graph::GradientPlan& p, const graph::OperandPlan& residual) {
    return p.path == Path::kFast && integer_codes(p.quantize_g) && integer_codes(residual.quantize);
  };
  if (!exact(plan.dlhs, plan.rhs)) {
    out.dlhs = contraction(
        undefined_conv_order(dlhs_geometry(forward, lhs, rhs, g), g, rhs, plan.result, policy));
  }
  if (!exact(plan.drhs, plan.lhs)) {
    out.drhs = contraction(
        undefined_conv_order(drhs_geometry(forward, lhs, rhs, g), lhs, g, plan.result, policy));
  }
  return out;
}

NodeClasses classify_ragged(const Graph& graph, const Node& node, const NodePlan& plan,
                            const graph::RunSpec& run, const Policy& policy) {
  NodeClasses out;
  const Shape& lhs = graph.type(node.args[0]).shape;
  const Shape& rhs = graph.type(node.args[1]).shape;
  const Shape& g = node.type.shape;
  const graph::DotDimensionNumbers dense{{2, 0}, {1, 0}, {}, {}};
  const graph::DotDimensionNumbers batched{{1}, {1}, {0}, {0}};
  const auto masked = [&](const Shape& x) { return Shape{rhs[0], x[0], x[1]}; };
  if (!(plan.path == Path::kFast && integer_codes(plan.lhs.quantize) &&
        integer_codes(plan.rhs.quantize))) {
    out.forward =
        contraction(undefined_order(matrix_view(dense, masked(lhs), rhs), plan.result, policy));
  }
  if (!run.has_backward()) return out;
  const bool fast = plan.dlhs.path == Path::kFast && integer_codes(plan.dlhs.quantize_g);
  if (!(fast && integer_codes(plan.rhs.quantize))) {
    out.dlhs = contraction(undefined_order(matrix_view(dense, masked(g), {rhs[0], rhs[2], rhs[1]}),
                                           plan.result, policy));
  }
  if (!(fast && integer_codes(plan.lhs.quantize))) {
    out.drhs = contraction(
        undefined_order(matrix_view(batched, masked(lhs), masked(g)), plan.result, policy));
  }
  return out;
}

// Sums whose order depends on the recording host's vector width (POL-3): over which axes of which
// shape each op sums.
bool host_dependent_value(const Graph& graph, const Node& node) {
  const Shape& x = graph.type(node.args[0]).shape;
  switch (node.op) {
    case Op::reduce_sum:
    case Op::reduce_mean:
      return tensor::host_dependent(x, node.attributes.axes);
    case Op::mse: {
      Axes all;
      for (std::size_t axis = 0; axis < x.size(); ++axis)
        all.push_back(static_cast<std::int64_t>(axis));
      return tensor::host_dependent(x, all);
    }
    default:
      return false;
  }
}

// Does the gradient of some argument sum over axes it was broadcast along, in such an order?
bool host_dependent_gradient(const Graph& graph, const Node& node) {
  const Shape& out = node.type.shape;
  for (const int arg : node.args) {
    const Shape& shape = graph.type(arg).shape;
    if (shape == out || shape.size() > out.size()) continue;
    Axes summed;
    const std::size_t added = out.size() - shape.size();
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
      if (axis < added || (shape[axis - added] == 1 && out[axis] != 1)) {
        summed.push_back(static_cast<std::int64_t>(axis));
      }
    }
    if (tensor::host_dependent(out, summed)) return true;
  }
  return false;
}

NodeClasses classify_float(const Graph& graph, const Node& node) {
  NodeClasses out;
  const char* host_order = "a sum over several axes whose order depends on the host's vectors";
  if (host_dependent_value(graph, node)) out.forward = {"BND-2", host_order};
  if (node.op == Op::avg_pool && host_dependent_avg_pool(graph.type(node.args[0]), node)) {
    out.forward = {"BND-2", host_order};
    out.backward = out.forward;
  }
  const bool broadcasts = graph::info(node.op).arguments.size() == 2 || node.op == Op::layer_norm ||
                          node.op == Op::broadcast_to;
  const bool elementwise = node.op != Op::take && node.op != Op::softmax_cross_entropy;
  if (broadcasts && elementwise && host_dependent_gradient(graph, node)) {
    out.backward = {"BND-2", host_order};
  }
  const bool transcendental = node.op == Op::exp || node.op == Op::log || node.op == Op::tanh ||
                              node.op == Op::logistic || node.op == Op::gelu ||
                              node.op == Op::silu || node.op == Op::softmax ||
                              node.op == Op::log_softmax || node.op == Op::softmax_cross_entropy;
  if (node.type.dtype == DType::kF64 && transcendental) {
    out.forward = {"BND-6", "transcendental functions of f64 are not fixed in bits"};
    out.backward = out.forward;
  }
  return out;
}

}  // namespace

NodeClasses classify_node(const Graph& graph, std::size_t index,
                          const std::optional<NodePlan>& plan, const graph::RunSpec& run,
                          const Policy& policy) {
  const Node& node = graph.nodes[index];
  if (!plan) return classify_float(graph, node);
  switch (node.op) {
    case Op::conv_general_dilated:
      return classify_conv(graph, node, *plan, run, policy);
    case Op::ragged_dot:
      return classify_ragged(graph, node, *plan, run, policy);
    default:
      return classify_dot(*plan, run, policy);
  }
}

}  // namespace mxcheck::exec
