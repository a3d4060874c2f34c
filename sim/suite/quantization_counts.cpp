// Counts from dumped values alone: codes, scales and the arrays the forward operands came from.
#include "sim/suite/quantization_counts.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <map>

#include "sim/numerics/qtype.h"
#include "sim/suite/operands.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;
using tensor::Tensor;

// Rounds to the dtype, once.
double round_to(DType dtype, double value) {
  Tensor cell(dtype, {1});
  cell.store(0, value);
  return cell.load(0);
}

// The neighbours of `value` in the dtype.
double step_towards(DType dtype, double value, double target) {
  switch (dtype) {
    case DType::kF64:
      return std::nextafter(value, target);
    case DType::kF32:
      return std::nextafter(static_cast<float>(value), static_cast<float>(target));
    default: {
      // f16 and bf16: the next pattern up or down.
      Tensor cell(dtype, {1});
      cell.store(0, value);
      const std::uint64_t sign = 0x8000;
      const std::uint64_t bits = cell.bits(0);
      const bool away = (target > value) == ((bits & sign) == 0);
      if ((bits & ~sign) == 0) return 0;
      cell.set_bits(0, away ? bits + 1 : bits - 1);
      return cell.load(0);
    }
  }
}

struct CodeRange {
  std::int64_t low, high;
};

CodeRange range_of(const Tensor& codes, const std::optional<graph::QuantizePlan>& plan) {
  if (plan) {
    const numerics::QTypeInfo& info = numerics::info(plan->qtype);
    if (info.low != info.high) return {info.low, info.high};
  }
  return {numerics::integer_min(codes.dtype()), numerics::integer_max(codes.dtype())};
}

const graph::NodePlan* plan_of(const graph::Graph& graph, const graph::Plan& plan,
                               const ValueName& name) {
  if (!name.value || !graph.is_node(*name.value)) return nullptr;
  const auto& node = plan.nodes[graph.node_index(*name.value)];
  return node ? &*node : nullptr;
}

std::optional<graph::QuantizePlan> quantize_plan(const graph::NodePlan& node,
                                                 const ValueName& name) {
  const bool lhs = name.leaf.starts_with("lhs");
  if (name.product == "fwd") return lhs ? node.lhs.quantize : node.rhs.quantize;
  const graph::GradientPlan& gradient = name.product == "dlhs" ? node.dlhs : node.drhs;
  return lhs ? gradient.quantize_g : gradient.quantize_residual;
}

}  // namespace

std::optional<QuantizedOperand> QuantizedOperand::find(const Sources& sources,
                                                       const graph::Plan& plan,
                                                       const ValueName& name) {
  const graph::NodePlan* node = plan_of(*sources.graph, plan, name);
  if (node == nullptr || name.product != "fwd" || !name.leaf.ends_with(".qvalue")) {
    return std::nullopt;
  }
  const bool lhs = name.leaf == "lhs.qvalue";
  const graph::OperandPlan& operand = lhs ? node->lhs : node->rhs;
  const auto& summed = lhs ? node->lowering.lhs_sum : node->lowering.rhs_sum;
  if (!operand.quantize || !summed.empty() || operand.quantize->zero_point) return std::nullopt;
  if (numerics::info(operand.quantize->qtype).rounding > numerics::QRounding::kEmulated) {
    return std::nullopt;
  }
  const graph::Node& n = sources.graph->nodes[node->node];
  const std::size_t argument = (lhs != node->lowering.swapped) ? 0 : 1;
  QuantizedOperand out;
  out.x_ = sources.value(name.step, n.args[argument]);
  const std::string prefix = quant_prefix(name.step, name.subject, "fwd");
  out.scale_ = sources.find(prefix + (lhs ? "lhs.scale" : "rhs.scale"));
  const Tensor* codes = sources.find(prefix + name.leaf);
  if (out.x_ == nullptr || out.scale_ == nullptr || codes == nullptr) return std::nullopt;
  if (out.x_->shape() != codes->shape() || out.scale_->rank() != codes->rank()) return std::nullopt;
  if (!numerics::is_arithmetic_float(out.x_->dtype())) return std::nullopt;
  out.scale_strides_ = tensor::row_major_strides(out.scale_->shape());
  for (std::int64_t axis = 0; axis < codes->rank(); ++axis) {
    const std::int64_t scales = out.scale_->dim(axis);
    if (scales == 0 || codes->dim(axis) % scales != 0) return std::nullopt;
    out.ratios_.push_back(codes->dim(axis) / scales);
  }
  return out;
}

CodeOrigin QuantizedOperand::origin(std::int64_t i) const {
  const std::vector<std::int64_t> index = tensor::unravel(i, x_->shape());
  std::int64_t at = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    at += index[axis] / ratios_[axis] * scale_strides_[axis];
  }
  CodeOrigin out;
  const DType dtype = x_->dtype();
  out.x = x_->load(i);
  out.scale = scale_->load(at);
  // A double quotient rounded again is right for every narrower dtype (2p + 2 bits).
  out.quotient = round_to(dtype, out.x / out.scale);
  if (!std::isfinite(out.quotient)) return out;
  out.tie = std::abs(out.quotient - std::trunc(out.quotient)) == 0.5;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double up = step_towards(dtype, out.quotient, kInfinity);
  const double down = step_towards(dtype, out.quotient, -kInfinity);
  out.sensitive = std::nearbyint(up) != std::nearbyint(down);
  return out;
}

std::string QuantizedOperand::text(double value) const {
  if (x_->dtype() == DType::kF64) return fmt::format("{}", value);
  return fmt::format("{}", static_cast<float>(value));
}

namespace {

// Ties and sensitive codes by the independent quantizer, for every quantization it can follow.
using Verdicts = std::map<std::string, reference::QuantizeVerdict>;
Verdicts verdicts_of(const Sources& sources, const graph::Plan& plan,
                     const numerics::Policy* policy) {
  Verdicts out;
  if (policy == nullptr || sources.data == nullptr) return out;
  const Recorded run{sources, plan, *policy};
  const auto steps = static_cast<int>(sources.data->steps.size());
  for (const QuantizationView& view : quantizations(run, steps)) {
    out.emplace(view.name, reference::check_quantize(view.quantization, view.recorded));
  }
  return out;
}

}  // namespace

std::vector<reports::QuantizationCounts> count_quantizations(const Sources& sources,
                                                             const graph::Plan& plan,
                                                             const numerics::Policy* policy) {
  const Verdicts verdicts = verdicts_of(sources, plan, policy);
  std::vector<reports::QuantizationCounts> out;
  for (const auto& [text, codes] : *sources.values) {
    if (!text.ends_with(".qvalue") || !numerics::is_integer(codes.dtype())) continue;
    const ValueName name = parse_value_name(*sources.graph, text);
    const graph::NodePlan* node = plan_of(*sources.graph, plan, name);
    if (node == nullptr) continue;
    reports::QuantizationCounts counts;
    counts.name = text.substr(0, text.size() - std::string(".qvalue").size());
    counts.total = codes.size();
    const CodeRange range = range_of(codes, quantize_plan(*node, name));
    const std::optional<QuantizedOperand> operand = QuantizedOperand::find(sources, plan, name);
    const auto verdict = verdicts.find(counts.name);
    const bool known = verdict != verdicts.end();
    if (operand || known) counts.ties = counts.sensitive = 0;
    if (known) {
      counts.ties = verdict->second.ties;
      counts.sensitive = verdict->second.by_one_ulp;
      counts.reciprocal = verdict->second.sensitive;
    }
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const std::int64_t code = codes.load_int(i);
      counts.saturated += code == range.low || code == range.high ? 1 : 0;
      counts.zero += code == 0 ? 1 : 0;
      if (!operand || known) continue;
      const CodeOrigin origin = operand->origin(i);
      *counts.ties += origin.tie ? 1 : 0;
      *counts.sensitive += origin.sensitive ? 1 : 0;
    }
    out.push_back(std::move(counts));
  }
  return out;
}

}  // namespace mxcheck::suite
