// Which arrays a gradient product multiplied, and which the straight-through gradient would.
#include "sim/suite/gradient_view.h"

#include "sim/graph/planner.h"

namespace mxcheck::suite {
namespace {

using graph::Op;

std::int64_t extent(const tensor::Shape& shape, const graph::Axes& axes) {
  std::int64_t out = 1;
  for (const std::int64_t axis : axes) out *= shape[static_cast<std::size_t>(axis)];
  return out;
}

}  // namespace

reference::Contraction GradientView::contraction() const {
  const tensor::Shape& a = plan().lhs.type.shape;
  const tensor::Shape& b = plan().rhs.type.shape;
  if (node().op == Op::conv_general_dilated) {
    if (dlhs) return reference::conv_dlhs(node().attributes, a, b);
    return reference::swap_operands(reference::conv_drhs(node().attributes, a, b));
  }
  if (node().op == Op::ragged_dot) {
    const std::vector<std::int64_t> groups = group_sizes(sources_, node(), step);
    if (dlhs) return reference::ragged_dlhs(a, b, groups);
    return reference::swap_operands(reference::ragged_drhs(a, b, groups));
  }
  const graph::DotDimensionNumbers& dims = plan().lowering.dot;
  return dlhs ? reference::dot_dlhs(dims, a, b) : reference::dot_drhs(dims, a, b);
}

std::optional<QuantizedView> GradientView::view(const std::string& name,
                                                std::optional<numerics::QType> qtype,
                                                bool zero_points) const {
  const Tensor* codes = sources_.find(name + ".qvalue");
  const Tensor* scale = sources_.find(name + ".scale");
  const Tensor* zero = zero_points ? sources_.find(name + ".zero_point") : nullptr;
  if (codes == nullptr || scale == nullptr) return std::nullopt;
  return reference::quantized_view(
      *codes, *scale, zero == nullptr ? std::nullopt : std::optional<Tensor>(*zero), qtype);
}

std::optional<QuantizedView> GradientView::residual() const {
  const graph::OperandPlan& other = dlhs ? plan().rhs : plan().lhs;
  const graph::GradientPlan& how = gradient_plan();
  if (how.residual == graph::Residual::kOriginal || !other.quantize) {
    const std::optional<Tensor> original = lowered_operand(sources_, plan(), step, !dlhs);
    if (!original) return std::nullopt;
    return reference::raw_view(*original);
  }
  const std::string name = quant_prefix(step, node().name, "fwd") + (dlhs ? "rhs" : "lhs");
  const bool as_codes = how.residual == graph::Residual::kCodes && !is_dot();
  const bool indices = as_codes && other.quantize->qtype == numerics::QType::kNf4;
  return view(name, indices ? std::nullopt : std::optional(other.quantize->qtype), !as_codes);
}

reference::FloatOrder GradientView::order(const numerics::Policy& policy) const {
  const graph::DotDimensionNumbers& dims = plan().lowering.dot;
  const tensor::Shape& a = plan().lhs.type.shape;
  const tensor::Shape& b = plan().rhs.type.shape;
  const std::int64_t rows =
      extent(a, graph::remaining_axes(a.size(), dims.lhs_contract, dims.lhs_batch));
  const std::int64_t columns =
      extent(b, graph::remaining_axes(b.size(), dims.rhs_contract, dims.rhs_batch));
  reference::FloatOrder out;
  out.m = dlhs ? rows : columns;
  out.k = dlhs ? columns : rows;
  out.n = extent(a, dims.lhs_contract);
  out.ascending = policy.dot_order == numerics::Policy::DotOrder::kAscendingFused &&
                  policy.excess_precision == numerics::Policy::ExcessPrecision::kNone &&
                  !(numerics::simplifies(policy) && out.k == 1);
  return out;
}

std::optional<QuantizedView> GradientView::multiplied_gradient(const Tensor& g) const {
  const graph::GradientPlan& how = gradient_plan();
  if (!how.quantize_g) return reference::raw_view(g);
  const std::string side = is_dot() || dlhs ? "lhs" : "rhs";
  return view(prefix() + side, how.quantize_g->qtype, true);
}

std::optional<QuantizedView> GradientView::multiplied_residual(const QuantizedView& ste) const {
  const graph::GradientPlan& how = gradient_plan();
  if (how.quantize_residual) return view(prefix() + "rhs", how.quantize_residual->qtype, true);
  if (how.residual != graph::Residual::kCodes) return ste;
  QuantizedView codes = ste;
  codes.scale.reset();
  codes.zero_point.reset();
  return codes;
}

bool GradientView::multiplies_indices() const {
  const graph::GradientPlan& how = gradient_plan();
  return !is_dot() && how.quantize_g && how.quantize_g->qtype == numerics::QType::kNf4 &&
         how.path == graph::Path::kFast;
}

}  // namespace mxcheck::suite
