// Products through product_view, float ops through their own formulas, cotangents and gradients as
// the sum of the products that feed them.
#include "sim/suite/value_bound.h"

#include <cmath>

#include "golden/reference/bounds.h"
#include "sim/suite/product_view.h"

namespace mxcheck::suite {
namespace {

using graph::Op;
using reference::Bound;
using tensor::Tensor;

// Of one computation of the product's `out` against its exact value.
std::optional<Bound> product_bound(const Sources& sources, const graph::Plan& plan,
                                   const ProductId& id) {
  const std::optional<ProductView> view = product_view(sources, plan, id);
  if (!view) return std::nullopt;
  const reference::QuantizedProduct& product = view->product;
  if (view->quantized) return reference::product_bounds(product).computed;
  return reference::float_contraction_bound(product.contraction, product.lhs.qvalue,
                                            product.rhs.qvalue, product.result);
}

Bound permuted(const Bound& bound, const std::vector<std::int64_t>& order) {
  Bound out{bound.formula, {}};
  for (const std::int64_t i : order) {
    out.per_element.push_back(bound.per_element[static_cast<std::size_t>(i)]);
  }
  return out;
}

// Shape of a dot's result: batch, lhs rest, rhs rest.
tensor::Shape result_shape(const graph::Node& node, const graph::Axes& permutation) {
  tensor::Shape out(node.type.shape.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    out[static_cast<std::size_t>(permutation[i])] = node.type.shape[i];
  }
  return out;
}

std::optional<Bound> node_bound(const Sources& sources, const graph::Plan& plan,
                                const ValueName& name, const Tensor& value) {
  const graph::Graph& graph = *sources.graph;
  const std::size_t index = graph.node_index(*name.value);
  const graph::Node& node = graph.nodes[index];
  if (graph::is_quantizable(node.op)) {
    const std::optional<Bound> bound = product_bound(sources, plan, {name.step, index, "fwd"});
    if (!bound || node.op != Op::einsum) return bound;
    const graph::Axes& permutation = plan.nodes[index]->lowering.permutation;
    return permuted(*bound, transpose_order(result_shape(node, permutation), permutation));
  }
  const Tensor* x = sources.value(name.step, node.args[0]);
  if (x == nullptr) return std::nullopt;
  switch (node.op) {
    case Op::reduce_sum:
    case Op::reduce_mean: {
      reference::ReduceOptions options;
      options.reduction =
          node.op == Op::reduce_sum ? reference::Reduction::kSum : reference::Reduction::kMean;
      options.axes = node.attributes.axes;
      return reference::reduce_bound(*x, options);
    }
    case Op::softmax:
    case Op::log_softmax:
      return reference::softmax_bound(node.op, node.attributes.axis, *x, value);
    default:
      if (!reference::has_function_bound(node.op)) return std::nullopt;
      return reference::function_bound(node, *x, value);
  }
}

// The gradient product that node `user` sends to its argument number `arg`, in the argument's own
// layout.
std::optional<Bound> contribution_bound(const Sources& sources, const graph::Plan& plan, int step,
                                        std::size_t user, std::size_t arg) {
  const graph::Node& node = sources.graph->nodes[user];
  const auto& how = plan.nodes[user];
  if (!how || arg > 1) return std::nullopt;
  const bool lhs = (arg == 0) != how->lowering.swapped;
  const ProductId id{step, user, lhs ? "dlhs" : "drhs"};
  const std::optional<ProductView> view = product_view(sources, plan, id);
  const std::optional<Bound> bound = product_bound(sources, plan, id);
  if (!view || !bound) return std::nullopt;
  if (!(lhs ? how->lowering.lhs_sum : how->lowering.rhs_sum).empty()) return std::nullopt;
  if (node.op != Op::dot_general && node.op != Op::einsum) return bound;
  const graph::GradientPlan& gradient = lhs ? how->dlhs : how->drhs;
  return permuted(*bound, transpose_order(view->product.contraction.result, gradient.permutation));
}

// A cotangent with one contribution, from a product. Sums of several contributions have no formula
// here: their partial sums are not recorded.
std::optional<Bound> cotangent_bound(const Sources& sources, const graph::Plan& plan,
                                     const ValueName& name, const Tensor& value) {
  std::optional<Bound> out;
  int uses = 0;
  for (std::size_t user = 0; user < sources.graph->nodes.size(); ++user) {
    const graph::Node& node = sources.graph->nodes[user];
    for (std::size_t arg = 0; arg < node.args.size(); ++arg) {
      if (node.args[arg] != *name.value) continue;
      ++uses;
      out = contribution_bound(sources, plan, name.step, user, arg);
    }
  }
  if (uses != 1 || !out) return std::nullopt;
  if (static_cast<std::int64_t>(out->per_element.size()) != value.size()) return std::nullopt;
  // One more rounding where the product is wider than the operand.
  for (std::int64_t i = 0; i < value.size(); ++i) {
    if (!std::isfinite(value.load(i))) continue;
    out->per_element[static_cast<std::size_t>(i)] +=
        value.dtype() == numerics::DType::kF64 ? 0
                                               : reference::ulp(value.dtype(), value.load(i)) / 2;
  }
  return out;
}

}  // namespace

std::optional<Bound> value_bound(const Sources& sources, const graph::Plan& plan,
                                 const ValueName& name, const Tensor& value) {
  if (!name.value || !numerics::is_float(value.dtype())) return std::nullopt;
  std::optional<Bound> one_sided;
  switch (name.kind) {
    case ValueKind::kQuant:
      if (name.leaf == "out") {
        const std::size_t index = sources.graph->node_index(*name.value);
        one_sided = product_bound(sources, plan, {name.step, index, name.product});
      }
      break;
    case ValueKind::kNode:
      one_sided = node_bound(sources, plan, name, value);
      break;
    case ValueKind::kCotangent:
    case ValueKind::kGradParam:
    case ValueKind::kGradInput:
      one_sided = cotangent_bound(sources, plan, name, value);
      break;
    default:
      break;
  }
  if (!one_sided) return std::nullopt;
  Bound bound = reference::two_sided(*one_sided);
  if (static_cast<std::int64_t>(bound.per_element.size()) != value.size()) return std::nullopt;
  return bound;
}

}  // namespace mxcheck::suite
