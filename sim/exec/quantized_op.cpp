// Quantizable ops: quantize by plan, contract, and in the backward pass fold, quantize the
// gradient, contract, transpose and mask (BWD-1..BWD-9, CNV-2..CNV-4, RAG-1, RAG-2).
#include "sim/exec/quantized_op.h"

#include <algorithm>

#include "sim/exec/conv.h"
#include "sim/exec/float_dot.h"
#include "sim/exec/ragged.h"
#include "sim/graph/planner.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::exec {
namespace {

using fault::Kind;
using graph::Axes;
using graph::Op;
using graph::Residual;

quant::Spec spec_of(const graph::QuantizePlan& plan) {
  return {plan.qtype, plan.method, plan.channelwise, plan.tiled};
}

void record_operand(const QuantizedContext& c, const std::string& name, const Operand& x) {
  if (!x.q) return;
  c.record(name + ".qvalue", x.q->qvalue);
  c.record(name + ".scale", x.q->scale);
  if (x.q->zero_point) c.record(name + ".zero_point", *x.q->zero_point);
}

void record_product(const QuantizedContext& c, const std::string& product, const Operand& lhs,
                    const Operand& rhs, const ProductResult& result) {
  if (!c.plan.quantized) return;
  record_operand(c, product + "/lhs", lhs);
  record_operand(c, product + "/rhs", rhs);
  if (result.acc) c.record(product + "/acc", *result.acc);
  c.record(product + "/out", result.out);
}

Operand quantize_operand(const QuantizedContext& c, const Tensor& x, const graph::OperandPlan& plan,
                         std::optional<quant::Calibration>& calibration) {
  if (!plan.quantize) return {x, std::nullopt};
  const VectorIsa isa = vector_isa(c.engine);
  calibration = calibrate(x, spec_of(*plan.quantize), c.policy, isa);
  const quant::Calibration own = *calibration;
  if (plan.collect_stats) calibration = c.collect(plan.stats_name, own);
  const quant::Scaling scaling =
      quant::compute_scaling(*calibration, plan.quantize->qtype, c.policy);
  if (c.policy.faults.has(Kind::mask_before_statistics)) calibration = own;
  return {Tensor(), quantize(x, plan.quantize->qtype, scaling, c.policy, nullptr, isa)};
}

Operand quantized_now(const QuantizedContext& c, const Tensor& x, const graph::QuantizePlan& plan,
                      const Tensor* noise) {
  return {Tensor(), quantize_dynamic(x, spec_of(plan), c.policy, noise, vector_isa(c.engine))};
}

// A sum over whole axes in `dtype`, the promoted dtype of both operands (EIN-1), removing them.
Tensor sum_axes(const Tensor& operand, const Axes& axes, numerics::DType dtype,
                const Policy& policy) {
  if (axes.empty()) return operand;
  const Tensor x = convert_float(operand, dtype);
  return numerics::dispatch(x.dtype(), policy, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    return tensor::store<A>(tensor::reduce_sum(tensor::load<A>(x), x.shape(), axes,
                                               policy.reduce_order, tensor::rounded_add<A>),
                            tensor::reduced_shape(x.shape(), axes, false));
  });
}

// The transpose of sum_axes: x repeated along the axes that were summed away, in `like`'s dtype.
Tensor broadcast_axes(const Tensor& sum, const Axes& axes, const Tensor& like) {
  if (axes.empty()) return sum;
  const Tensor x = convert_float(sum, like.dtype());
  Tensor out(x.dtype(), like.shape());
  const std::vector<std::int64_t> map = tensor::reduction_map(like.shape(), axes);
  for (std::size_t i = 0; i < map.size(); ++i) {
    out.set_bits(static_cast<std::int64_t>(i), x.bits(map[i]));
  }
  return out;
}

Axes inverse(const Axes& permutation) {
  Axes out(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    out[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return out;
}

// g times a residual's scale, both brought to g's axes, in their promoted dtype (BWD-3, CNV-3).
// `scale` already has g's rank, with 1 where it does not vary.
Tensor fold_scale(const Tensor& g, const Tensor& scale, const Policy& policy, VectorIsa isa) {
  const OutputScale on_g{scale, {}};
  if (policy.faults.has(Kind::gradient_scale_not_folded)) return g;
  const Tensor folded = multiply_by_scale(g, on_g, policy, isa);
  return policy.faults.has(Kind::gradient_scale_folded_twice)
             ? multiply_by_scale(folded, on_g, policy)
             : folded;
}

// The residual's scale moved to g's axes by the gradient product's dimension numbers.
Tensor scale_on_gradient(const Tensor& scale, const graph::DotDimensionNumbers& dot,
                         std::size_t g_rank) {
  Shape shape(g_rank, 1);
  Axes order;  // scale axes in the order of g's axes
  for (std::size_t axis = 0; axis < g_rank; ++axis) {
    const auto a = static_cast<std::int64_t>(axis);
    const auto look = [&](const Axes& g_axes, const Axes& y_axes) {
      for (std::size_t i = 0; i < g_axes.size(); ++i) {
        if (g_axes[i] == a) {
          shape[axis] = scale.dim(y_axes[i]);
          order.push_back(y_axes[i]);
        }
      }
    };
    look(dot.lhs_contract, dot.rhs_contract);
    look(dot.lhs_batch, dot.rhs_batch);
  }
  for (const std::int64_t axis : graph::remaining_axes(scale.shape().size(), order, {})) {
    order.push_back(axis);
  }
  return tensor::transpose(scale, order).reshaped(shape);
}

Tensor along_axis(const Tensor& scale, std::size_t rank, std::int64_t axis) {
  Shape shape(rank, 1);
  shape[static_cast<std::size_t>(axis)] = scale.size();
  return scale.reshaped(shape);
}

std::optional<Tensor> noise_for(const QuantizedContext& c, const QuantizedState& state,
                                const graph::GradientPlan& plan, const Shape& shape,
                                const std::string& product) {
  if (!plan.noise || !state.noise_key) return std::nullopt;
  Tensor noise = make_noise(*state.noise_key, *c.plan.noise_method, shape, c.plan.noise_axes,
                            c.policy, vector_isa(c.engine));
  c.record(product + "/noise", noise);
  return noise;
}

Operand residual_operand(const QuantizedContext& c, const graph::GradientPlan& plan,
                         const Tensor& original, const Operand& forward) {
  switch (plan.residual) {
    case Residual::kOriginal:
      if (plan.quantize_residual) {
        return quantized_now(c, original, *plan.quantize_residual, nullptr);
      }
      if (forward.q && c.policy.faults.has(Kind::residual_dequantized)) return forward;
      return {original, std::nullopt};
    case Residual::kQuantized:
      if (c.policy.faults.has(Kind::residual_original)) return {original, std::nullopt};
      return forward;
    case Residual::kCodes:
      return {forward.q->qvalue, std::nullopt};
  }
  return {original, std::nullopt};
}

struct GradientInput {
  const graph::GradientPlan& plan;
  const Operand& residual;    // forward operand
  const Tensor& residual_in;  // the float it came from
  const Tensor& x_in;         // the operand whose gradient this is
  const graph::OperandPlan& x_plan;
  const std::optional<quant::Calibration>& calibration;
  const char* product;  // "dlhs" or "drhs"
};

Tensor dot_gradient(const QuantizedContext& c, const QuantizedState& state, const Tensor& g_in,
                    const GradientInput& in) {
  Tensor g = g_in;
  const Operand y = residual_operand(c, in.plan, in.residual_in, in.residual);
  if (in.plan.residual == Residual::kCodes) {
    g = fold_scale(g, scale_on_gradient(in.residual.q->scale, in.plan.dot, g.shape().size()),
                   c.policy, vector_isa(c.engine));
  }
  Operand left{g, std::nullopt};
  if (in.plan.quantize_g) {
    const std::optional<Tensor> noise = noise_for(c, state, in.plan, g.shape(), in.product);
    left = quantized_now(c, g, *in.plan.quantize_g, noise ? &*noise : nullptr);
  }
  c.engine.begin(c.name + "/" + in.product);
  const ProductResult result = contract(left, y, in.plan.dot, in.plan.path, c.policy, c.engine);
  record_product(c, in.product, left, y, result);
  Tensor grad = tensor::transpose(result.out, in.plan.permutation);
  if (in.x_plan.mask && in.calibration) {
    grad = quant::clip_gradient(grad, in.x_in, *in.calibration, c.policy.faults);
  }
  // A quantized op's gradient keeps the type of its product; a float op's is cast to its operand's.
  return c.plan.quantized || !numerics::is_arithmetic_float(in.x_in.dtype())
             ? grad
             : convert_float(grad, in.x_in.dtype());
}

std::vector<Contribution> dot_backward(const QuantizedContext& c, const QuantizedState& state,
                                       const Tensor& g_out) {
  const graph::EinsumLowering& lowering = c.plan.lowering;
  const Tensor g = lowering.permutation.empty()
                       ? g_out
                       : tensor::transpose(g_out, inverse(lowering.permutation));
  Tensor dlhs = dot_gradient(c, state, g,
                             {c.plan.dlhs, state.rhs, state.rhs_in, state.lhs_in, c.plan.lhs,
                              state.lhs_calibration, "dlhs"});
  Tensor drhs = dot_gradient(c, state, g,
                             {c.plan.drhs, state.lhs, state.lhs_in, state.rhs_in, c.plan.rhs,
                              state.rhs_calibration, "drhs"});
  const std::size_t lhs_arg = lowering.swapped ? 1 : 0;
  const std::size_t rhs_arg = lowering.swapped ? 0 : 1;
  dlhs = broadcast_axes(dlhs, lowering.lhs_sum, *c.args[lhs_arg]);
  drhs = broadcast_axes(drhs, lowering.rhs_sum, *c.args[rhs_arg]);
  return {{lhs_arg, dlhs}, {rhs_arg, drhs}};
}

Tensor dot_forward(const QuantizedContext& c, QuantizedState& state) {
  const graph::EinsumLowering& lowering = c.plan.lowering;
  const Tensor& first = *c.args[lowering.swapped ? 1 : 0];
  const Tensor& second = *c.args[lowering.swapped ? 0 : 1];
  const numerics::DType common = numerics::promote(first.dtype(), second.dtype());
  state.lhs_in = sum_axes(first, lowering.lhs_sum, common, c.policy);
  state.rhs_in = sum_axes(second, lowering.rhs_sum, common, c.policy);
  state.lhs = quantize_operand(c, state.lhs_in, c.plan.lhs, state.lhs_calibration);
  state.rhs = quantize_operand(c, state.rhs_in, c.plan.rhs, state.rhs_calibration);
  const ProductResult result =
      contract(state.lhs, state.rhs, lowering.dot, c.plan.path, c.policy, c.engine);
  record_product(c, "fwd", state.lhs, state.rhs, result);
  return lowering.permutation.empty() ? result.out
                                      : tensor::transpose(result.out, lowering.permutation);
}

Tensor conv_forward(const QuantizedContext& c, QuantizedState& state) {
  state.lhs_in = *c.args[0];
  state.rhs_in = *c.args[1];
  state.lhs = quantize_operand(c, state.lhs_in, c.plan.lhs, state.lhs_calibration);
  state.rhs = quantize_operand(c, state.rhs_in, c.plan.rhs, state.rhs_calibration);
  const ProductResult result =
      convolve(state.lhs, state.rhs, forward_geometry(c.node.attributes), c.policy, c.engine);
  record_product(c, "fwd", state.lhs, state.rhs, result);
  return result.out;
}

// The gradient side of a convolution or ragged product: g with the residual's scale folded in, and
// quantized if the plan says so; and the residual as it enters.
struct GradientSides {
  Operand g, residual;
};

// What of a forward operand enters a gradient product: codes alone, or as they stand.
Operand code_residual(const QuantizedContext& c, const Operand& forward) {
  if (!forward.q->zero_point || !c.policy.faults.has(Kind::conv_zero_point_in_backward)) {
    return {forward.q->qvalue, std::nullopt};
  }
  quant::Quantized q = *forward.q;
  for (std::int64_t i = 0; i < q.scale.size(); ++i) q.scale.store(i, 1.0);
  return {Tensor(), q};
}

GradientSides gradient_sides(const QuantizedContext& c, const graph::GradientPlan& plan,
                             const Tensor& g_in, const Operand& forward, const Tensor& original,
                             const std::function<Tensor(const Tensor&)>& scale_on_g) {
  Tensor g = g_in;
  Operand residual = forward;
  if (plan.residual == Residual::kCodes) {
    g = fold_scale(g, scale_on_g(forward.q->scale), c.policy, vector_isa(c.engine));
    residual = code_residual(c, forward);
  } else if (c.policy.faults.has(Kind::residual_original)) {
    residual = {original, std::nullopt};
  }
  Operand left{g, std::nullopt};
  if (plan.quantize_g) left = quantized_now(c, g, *plan.quantize_g, nullptr);
  return {left, residual};
}

Operand reversed(const Operand& x, const Axes& axes) {
  if (!x.q) return {reverse_spatial(x.raw, axes), std::nullopt};
  quant::Quantized q = *x.q;
  q.qvalue = reverse_spatial(q.qvalue, axes);
  return {Tensor(), q};
}

std::vector<Contribution> conv_backward(const QuantizedContext& c, const QuantizedState& state,
                                        const Tensor& g) {
  const ConvGeometry forward = forward_geometry(c.node.attributes);
  const Shape& lhs = state.lhs_in.shape();
  const Shape& rhs = state.rhs_in.shape();
  const std::size_t rank = g.shape().size();
  const GradientSides left = gradient_sides(
      c, c.plan.dlhs, g, state.rhs, state.rhs_in,
      [&](const Tensor& scale) { return along_axis(scale, rank, forward.layout.out.second); });
  const bool not_reversed = c.policy.faults.has(Kind::conv_kernel_not_reversed);
  const Operand kernel =
      not_reversed ? left.residual : reversed(left.residual, forward.layout.rhs.spatial);
  c.engine.begin(c.name + "/dlhs");
  const ProductResult dlhs =
      convolve(left.g, kernel, dlhs_geometry(forward, lhs, rhs, g.shape()), c.policy, c.engine);
  record_product(c, "dlhs", left.g, kernel, dlhs);

  const GradientSides right = gradient_sides(
      c, c.plan.drhs, g, state.lhs, state.lhs_in,
      [&](const Tensor& scale) { return along_axis(scale, rank, forward.layout.out.first); });
  c.engine.begin(c.name + "/drhs");
  const ProductResult drhs = convolve(
      right.residual, right.g, drhs_geometry(forward, lhs, rhs, g.shape()), c.policy, c.engine);
  record_product(c, "drhs", right.residual, right.g, drhs);
  return {{0, dlhs.out}, {1, drhs.out}};
}

Tensor ragged_forward(const QuantizedContext& c, QuantizedState& state) {
  state.lhs_in = *c.args[0];
  state.rhs_in = *c.args[1];
  state.lhs = quantize_operand(c, state.lhs_in, c.plan.lhs, state.lhs_calibration);
  state.rhs = quantize_operand(c, state.rhs_in, c.plan.rhs, state.rhs_calibration);
  const RowGroups groups = row_groups(*c.args[2], state.lhs_in.dim(0), c.policy.faults);
  const ProductResult result = ragged_product(state.lhs, state.rhs, groups, c.policy, c.engine);
  record_product(c, "fwd", state.lhs, state.rhs, result);
  return result.out;
}

Operand swap_last_axes(const Operand& x) {
  if (!x.q) return {tensor::transpose(x.raw, {0, 2, 1}), std::nullopt};
  quant::Quantized q = *x.q;
  q.qvalue = tensor::transpose(q.qvalue, {0, 2, 1});
  q.scale = tensor::transpose(q.scale, {0, 2, 1});
  return {Tensor(), q};
}

std::vector<Contribution> ragged_backward(const QuantizedContext& c, const QuantizedState& state,
                                          const Tensor& g) {
  const RowGroups groups = row_groups(*c.args[2], state.lhs_in.dim(0), c.policy.faults);
  const GradientSides left =
      gradient_sides(c, c.plan.dlhs, g, state.rhs, state.rhs_in,
                     [](const Tensor& scale) { return along_axis(scale, 2, 1); });
  const Operand kernel = swap_last_axes(left.residual);
  c.engine.begin(c.name + "/dlhs");
  const ProductResult dlhs = ragged_product(left.g, kernel, groups, c.policy, c.engine);
  record_product(c, "dlhs", left.g, kernel, dlhs);

  const GradientSides right =
      gradient_sides(c, c.plan.drhs, g, state.lhs, state.lhs_in,
                     [](const Tensor& scale) { return along_axis(scale, 2, 0); });
  c.engine.begin(c.name + "/drhs");
  const ProductResult drhs =
      ragged_weight_gradient(right.residual, right.g, groups, c.policy, c.engine);
  record_product(c, "drhs", right.residual, right.g, drhs);
  return {{0, dlhs.out}, {1, drhs.out}};
}

}  // namespace

Tensor quantized_forward(const QuantizedContext& context, QuantizedState& state) {
  context.engine.begin(context.name + "/fwd");
  switch (context.node.op) {
    case Op::conv_general_dilated:
      return conv_forward(context, state);
    case Op::ragged_dot:
      return ragged_forward(context, state);
    default:
      return dot_forward(context, state);
  }
}

std::vector<Contribution> quantized_backward(const QuantizedContext& context,
                                             const QuantizedState& state, const Tensor& g) {
  switch (context.node.op) {
    case Op::conv_general_dilated:
      return conv_backward(context, state, g);
    case Op::ragged_dot:
      return ragged_backward(context, state, g);
    default:
      return dot_backward(context, state, g);
  }
}

}  // namespace mxcheck::exec
