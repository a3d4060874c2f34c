// Operands of recorded products. Gradient products stand in the layout of the recorded `out`:
// dot_general and einsum as (g, residual), convolution and ragged_dot as the forward product seen
// from the operand (dlhs: (g, rhs), drhs: (lhs, g)).
#include "sim/suite/product_view.h"

#include <algorithm>

#include "sim/suite/operands.h"

namespace mxcheck::suite {
namespace {

using graph::Op;
using reference::QuantizedView;
using tensor::Tensor;

// One product while it is being put together.
class Builder {
 public:
  Builder(const Sources& sources, const graph::NodePlan& plan, const ProductId& id)
      : sources_(sources), plan_(plan), id_(id), node_(sources.graph->nodes[id.node]) {}

  std::optional<ProductView> build() {
    return id_.product == "fwd" ? forward() : backward(id_.product == "dlhs");
  }

 private:
  [[nodiscard]] const Tensor* recorded(const std::string& product, const std::string& leaf) const {
    return sources_.find(quant_prefix(id_.step, node_.name, product) + leaf);
  }

  // Codes, scale and zero point recorded under product/side, or nullopt.
  std::optional<QuantizedView> recorded_view(const std::string& product, const std::string& side,
                                             const std::optional<graph::QuantizePlan>& how,
                                             graph::Path path) const {
    const Tensor* codes = recorded(product, side + ".qvalue");
    const Tensor* scale = recorded(product, side + ".scale");
    if (codes == nullptr || scale == nullptr) return std::nullopt;
    const Tensor* zero_point = recorded(product, side + ".zero_point");
    return reference::quantized_view(
        *codes, *scale, zero_point == nullptr ? std::nullopt : std::optional<Tensor>(*zero_point),
        meaning(how, path));
  }

  // What the codes' bytes mean. nf4 codes multiplied before they are scaled are multiplied as the
  // indices they are (QUIRK-NF4-INDEX); dequantized first, they stand for their values.
  [[nodiscard]] static std::optional<numerics::QType> meaning(
      const std::optional<graph::QuantizePlan>& how, graph::Path path) {
    if (!how) return std::nullopt;
    if (how->qtype == numerics::QType::kNf4 && path == graph::Path::kFast) return std::nullopt;
    return how->qtype;
  }

  [[nodiscard]] const graph::OperandPlan& operand(bool lhs) const {
    return lhs ? plan_.lhs : plan_.rhs;
  }

  // The float operand of the lowered product.
  std::optional<QuantizedView> original(bool lhs) const {
    const std::optional<Tensor> value = lowered_operand(sources_, plan_, id_.step, lhs);
    if (!value) return std::nullopt;
    return reference::raw_view(*value);
  }

  std::optional<QuantizedView> forward_operand(bool lhs) const {
    const graph::OperandPlan& how = operand(lhs);
    if (how.quantize) return recorded_view("fwd", lhs ? "lhs" : "rhs", how.quantize, plan_.path);
    return original(lhs);
  }

  // The residual of a gradient product (BWD-2, BWD-3, BWD-4, CNV-2).
  std::optional<QuantizedView> residual(bool of_lhs, const graph::GradientPlan& gradient) const {
    const graph::OperandPlan& how = operand(of_lhs);
    if (gradient.quantize_residual) {
      return recorded_view(id_.product, "rhs", gradient.quantize_residual, gradient.path);
    }
    if (gradient.residual == graph::Residual::kOriginal || !how.quantize) return original(of_lhs);
    if (gradient.residual == graph::Residual::kQuantized) {
      return recorded_view("fwd", of_lhs ? "lhs" : "rhs", how.quantize, gradient.path);
    }
    const Tensor* codes = recorded("fwd", of_lhs ? "lhs.qvalue" : "rhs.qvalue");
    if (codes == nullptr) return std::nullopt;
    return reference::quantized_view(*codes, std::nullopt, std::nullopt,
                                     meaning(how.quantize, gradient.path));
  }

  // The gradient that arrives, in the layout of the lowered product.
  std::optional<QuantizedView> incoming(const graph::GradientPlan& gradient,
                                        const std::string& side) const {
    if (gradient.quantize_g)
      return recorded_view(id_.product, side, gradient.quantize_g, gradient.path);
    const std::optional<Tensor> g = lowered_cotangent(sources_, plan_, id_.step);
    if (!g) return std::nullopt;
    return reference::raw_view(*g);
  }

  [[nodiscard]] std::vector<std::int64_t> groups() const {
    return group_sizes(sources_, node_, id_.step);
  }

  std::optional<ProductView> finish(reference::Contraction contraction,
                                    std::optional<QuantizedView> lhs,
                                    std::optional<QuantizedView> rhs, graph::Path path) const {
    const Tensor* out = recorded(id_.product, "out");
    if (out != nullptr && out->shape() != contraction.result) return std::nullopt;
    const numerics::DType result =
        out != nullptr ? out->dtype() : numerics::promote(lhs->qvalue.dtype(), rhs->qvalue.dtype());
    ProductView view;
    view.quantized = lhs->scale.has_value() || rhs->scale.has_value();
    view.product = {std::move(contraction), std::move(*lhs), std::move(*rhs), path, result};
    return view;
  }

  std::optional<ProductView> forward() const {
    std::optional<QuantizedView> lhs = forward_operand(true);
    std::optional<QuantizedView> rhs = forward_operand(false);
    if (!lhs || !rhs) return std::nullopt;
    const tensor::Shape a = lhs->qvalue.shape();
    const tensor::Shape b = rhs->qvalue.shape();
    reference::Contraction contraction =
        node_.op == Op::conv_general_dilated ? reference::conv_contraction(node_.attributes, a, b)
        : node_.op == Op::ragged_dot         ? reference::ragged_contraction(a, b, groups())
                                             : reference::dot_contraction(plan_.lowering.dot, a, b);
    return finish(std::move(contraction), std::move(lhs), std::move(rhs), plan_.path);
  }

  std::optional<ProductView> backward(bool dlhs) const {
    const graph::GradientPlan& gradient = dlhs ? plan_.dlhs : plan_.drhs;
    const bool dot = node_.op == Op::dot_general || node_.op == Op::einsum;
    std::optional<QuantizedView> g = incoming(gradient, dot || dlhs ? "lhs" : "rhs");
    std::optional<QuantizedView> other = residual(!dlhs, gradient);
    if (!g || !other) return std::nullopt;
    if (dot) {
      reference::Contraction contraction =
          reference::dot_contraction(gradient.dot, g->qvalue.shape(), other->qvalue.shape());
      return finish(std::move(contraction), std::move(g), std::move(other), gradient.path);
    }
    const tensor::Shape a = shape_of(true);
    const tensor::Shape b = shape_of(false);
    const bool conv = node_.op == Op::conv_general_dilated;
    if (dlhs) {
      reference::Contraction contraction = conv ? reference::conv_dlhs(node_.attributes, a, b)
                                                : reference::ragged_dlhs(a, b, groups());
      return finish(std::move(contraction), std::move(g), std::move(other), gradient.path);
    }
    reference::Contraction contraction = conv ? reference::conv_drhs(node_.attributes, a, b)
                                              : reference::ragged_drhs(a, b, groups());
    return finish(std::move(contraction), std::move(other), std::move(g), gradient.path);
  }

  [[nodiscard]] tensor::Shape shape_of(bool lhs) const {
    return sources_.graph->type(node_.args[lhs ? 0 : 1]).shape;
  }

  const Sources& sources_;
  const graph::NodePlan& plan_;
  const ProductId& id_;
  const graph::Node& node_;
};

}  // namespace

std::optional<ProductView> product_view(const Sources& sources, const graph::Plan& plan,
                                        const ProductId& id) {
  const std::optional<graph::NodePlan>& node = plan.nodes[id.node];
  if (!node) return std::nullopt;
  return Builder(sources, *node, id).build();
}

std::vector<std::int64_t> transpose_order(const tensor::Shape& shape,
                                          const graph::Axes& permutation) {
  Tensor positions(numerics::DType::kS64, shape);
  const std::span<std::int64_t> data = positions.mutable_data<std::int64_t>();
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::int64_t>(i);
  const Tensor moved = tensor::transpose(positions, permutation);
  const std::span<const std::int64_t> order = moved.data<std::int64_t>();
  return {order.begin(), order.end()};
}

}  // namespace mxcheck::suite
