// One walk over the plan's nodes; every line names a need and the fact that fulfils it.
#include "sim/suite/fault_needs.h"

#include "sim/tensor/tensor.h"

namespace mxcheck::suite {
namespace {

using fault::Need;
using graph::GradientPlan;
using graph::NodePlan;
using graph::OperandPlan;
using graph::QuantizePlan;
using graph::Residual;
using numerics::CalibrationMethod;
using numerics::DType;
using numerics::Policy;
using numerics::QRounding;

bool is_block(QRounding rounding) {
  return rounding == QRounding::kMx || rounding == QRounding::kNv;
}

void add_quantization(const QuantizePlan& q, Needs& needs) {
  const numerics::QTypeInfo& type = numerics::info(q.qtype);
  const bool integer =
      type.rounding == QRounding::kInteger || type.rounding == QRounding::kEmulated;
  needs.set(Need::kCodes);
  needs.set_if(integer, Need::kIntegerCodes);
  needs.set_if(integer && !q.zero_point, Need::kSymmetricCodes);
  needs.set_if(integer && type.low < 0, Need::kSignedCodes);
  needs.set_if(q.method.kind == CalibrationMethod::Kind::kAbsmax, Need::kAbsmax);
  needs.set_if(q.method.kind == CalibrationMethod::Kind::kAbsmax &&
                   tensor::element_count(q.scale_shape).value_or(1) > 1,
               Need::kChannels);
  needs.set_if(q.method.kind != CalibrationMethod::Kind::kFixed && !q.method.arguments.empty(),
               Need::kFactor);
  needs.set_if(q.zero_point, Need::kZeroPoint);
  needs.set_if(type.rounding == QRounding::kMx, Need::kMxScale);
  needs.set_if(is_block(type.rounding), Need::kBlockScale);
  needs.set_if(!q.tiled.empty(), Need::kTiles);
}

// Needs of the rewrites that only some dtypes see (POL-2, POL-7).
void add_reciprocals(const OperandPlan& operand, const Policy& policy, Needs& needs) {
  const bool rewritten = operand.type.dtype != DType::kBF16 &&
                         tensor::element_count(operand.quantize->scale_shape).value_or(1) != 1;
  needs.set_if(rewritten && policy.scale_constant == Policy::Division::kReciprocal,
               Need::kReciprocalScale);
  needs.set_if(rewritten && policy.quotient == Policy::Division::kReciprocal,
               Need::kReciprocalQuotient);
}

DType held_type(const OperandPlan& operand) {
  return operand.quantize ? numerics::info(operand.quantize->qtype).stored : operand.type.dtype;
}

bool unsigned_codes(DType type) { return type == DType::kU8 || type == DType::kU4; }

void add_forward(const NodePlan& p, bool is_dot, Needs& needs) {
  const bool fast = p.path == graph::Path::kFast;
  const auto zero_point = [](const OperandPlan& x) { return x.quantize && x.quantize->zero_point; };
  const auto tiled = [](const OperandPlan& x) { return x.quantize && !x.quantize->tiled.empty(); };
  needs.set_if(fast && is_dot, Need::kFast);
  needs.set_if(fast && (p.lhs.quantize || p.rhs.quantize), Need::kScale);
  needs.set_if(fast && p.lhs.quantize && p.rhs.quantize, Need::kTwoScales);
  needs.set_if(fast && (zero_point(p.lhs) || zero_point(p.rhs)), Need::kZeroPointProduct);
  needs.set_if(fast && (tiled(p.lhs) || tiled(p.rhs)), Need::kTileSum);
  needs.set_if(fast && unsigned_codes(held_type(p.lhs)), Need::kUnsignedOperand);
}

// `y`: the operand the gradient is multiplied with.
void add_gradient(const NodePlan& p, const GradientPlan& g, const OperandPlan& y, bool is_dot,
                  Needs& needs) {
  if (g.quantize_g) add_quantization(*g.quantize_g, needs);
  if (g.quantize_residual) add_quantization(*g.quantize_residual, needs);
  const bool fast = g.path == graph::Path::kFast;
  const bool residual_scale =
      g.quantize_residual || (g.residual == Residual::kQuantized && y.quantize.has_value());
  needs.set_if(fast && is_dot, Need::kFast);
  needs.set_if(fast && (g.quantize_g || residual_scale), Need::kScale);
  needs.set_if(fast && g.quantize_g && residual_scale, Need::kTwoScales);
  needs.set_if(fast && g.quantize_g && g.quantize_g->zero_point, Need::kZeroPointProduct);
  needs.set_if(g.noise && p.noise_method.has_value(), Need::kNoise);
  needs.set_if(g.residual == Residual::kCodes, Need::kFolded);
  needs.set_if(g.residual == Residual::kQuantized && y.quantize.has_value(),
               Need::kQuantizedResidual);
  needs.set_if(is_dot && g.residual == Residual::kOriginal && !g.quantize_residual && y.quantize,
               Need::kOriginalResidual);
}

void add_node(const NodePlan& p, bool is_dot, const graph::RunSpec& run, const Policy& policy,
              Needs& needs) {
  for (const OperandPlan* operand : {&p.lhs, &p.rhs}) {
    if (!operand->quantize) continue;
    add_quantization(*operand->quantize, needs);
    add_reciprocals(*operand, policy, needs);
    needs.set_if(operand->mask && run.has_backward(), Need::kMask);
    if (!operand->collect_stats) continue;
    needs.set(Need::kStatistics);
    needs.set(run.update_quant_stats ? Need::kUpdatedStatistics : Need::kFrozenStatistics);
  }
  add_forward(p, is_dot, needs);
  if (!run.has_backward()) return;
  add_gradient(p, p.dlhs, p.rhs, is_dot, needs);
  add_gradient(p, p.drhs, p.lhs, is_dot, needs);
}

}  // namespace

Needs needs_of(const graph::Graph& graph, const graph::Plan& plan, const graph::RunSpec& run,
               const Policy& policy) {
  Needs needs;
  needs.set(Need::kChange);
  for (const auto& node : plan.nodes) {
    if (!node || !node->quantized) continue;
    const graph::Op op = graph.nodes[node->node].op;
    const bool is_dot = op != graph::Op::conv_general_dilated && op != graph::Op::ragged_dot;
    add_node(*node, is_dot, run, policy, needs);
  }
  return needs;
}

void add_product_needs(std::int64_t m, std::int64_t k, std::int64_t n, const mxu::Profile& profile,
                       Needs& needs) {
  const bool columns_hold_m = profile.dataflow == mxu::Dataflow::kInputStationary;
  const std::int64_t columns = columns_hold_m ? m : n;
  if (m == 0 || n == 0 || k == 0) return;
  needs.set_if(k >= 2 && columns >= 2, Need::kProduct);
  needs.set_if(columns >= 2 && profile.cols >= 2, Need::kTwoColumns);
  const bool folds = k > profile.rows * profile.macs_per_pe || columns > profile.cols;
  needs.set_if(
      folds && profile.weight_buffers == 2 && profile.dataflow != mxu::Dataflow::kOutputStationary,
      Need::kTwoFolds);
}

}  // namespace mxcheck::suite
