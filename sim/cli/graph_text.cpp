// Text of `mxcheck show`, straight from graph::Plan and exec's classification.
#include "sim/cli/graph_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/base/text.h"
#include "sim/exec/classify.h"

namespace mxcheck::cli {
namespace {

using base::printable;

std::string type_text(const graph::ValueType& type) {
  return numerics::name(type.dtype) + tensor::to_string(type.shape);
}

std::string axes_text(const graph::Axes& axes) { return fmt::format("[{}]", fmt::join(axes, ",")); }

const char* path_text(graph::Path path) {
  switch (path) {
    case graph::Path::kFloat:
      return "float";
    case graph::Path::kSlow:
      return "slow (dequantize first)";
    case graph::Path::kFast:
      return "fast (codes first)";
  }
  return "";
}

const char* residual_text(graph::Residual residual) {
  switch (residual) {
    case graph::Residual::kOriginal:
      return "original operand";
    case graph::Residual::kQuantized:
      return "quantized operand, dequantized";
    case graph::Residual::kCodes:
      return "raw codes, scale folded into the gradient";
  }
  return "";
}

std::string quantize_text(const graph::QuantizePlan& plan) {
  std::string out = fmt::format("{} {}, channelwise {}", numerics::name(plan.qtype),
                                numerics::to_string(plan.method), axes_text(plan.channelwise));
  for (const auto& [axis, tile] : plan.tiled)
    out += fmt::format(", axis {} tiles of {}", axis, tile);
  out += ", scale " + tensor::to_string(plan.scale_shape);
  return out + (plan.zero_point ? ", zero point" : "");
}

std::string operand_text(const char* side, const graph::OperandPlan& operand) {
  std::string out =
      fmt::format("      {:<5} {:<10} {}  ", side, operand.is_weight ? "weight" : "activation",
                  type_text(operand.type));
  out += operand.quantize ? quantize_text(*operand.quantize) : "stays float";
  if (operand.collect_stats) out += ", statistics " + printable(operand.stats_name);
  if (operand.mask) out += ", gradient masked";
  return out + "\n";
}

std::string class_text(const exec::Inexact& inexact) {
  return inexact.any() ? fmt::format("BOUND({}): {}", inexact.formula, inexact.reason) : "EXACT";
}

std::string gradient_text(const char* side, const graph::GradientPlan& gradient,
                          const exec::Inexact& inexact) {
  std::string out = fmt::format("      {:<5} g ", side);
  out += gradient.quantize_g ? quantize_text(*gradient.quantize_g) : "stays float";
  if (gradient.noise) out += ", with noise";
  out += fmt::format("; residual: {}", residual_text(gradient.residual));
  if (gradient.quantize_residual) out += ", " + quantize_text(*gradient.quantize_residual);
  return out + fmt::format("; path {}; {}\n", path_text(gradient.path), class_text(inexact));
}

std::string rule_text(const casefile::Case& c, const graph::NodePlan& plan) {
  if (plan.rule < 0) return "no rule";
  const graph::Rule& rule = c.rules[static_cast<std::size_t>(plan.rule)];
  std::string out = fmt::format("rule {} '{}'", plan.rule, printable(rule.module_path));
  if (!rule.op_names.empty()) out += fmt::format(" ops {}", fmt::join(rule.op_names, ","));
  return out + (plan.quantized ? "" : " (leaves the op alone)");
}

std::string plan_text(const casefile::Case& c, const graph::NodePlan& plan,
                      const exec::NodeClasses& classes) {
  std::string out =
      fmt::format("      op id {}, {}, path {}, result {}\n", plan.op_id, rule_text(c, plan),
                  path_text(plan.path), numerics::name(plan.result));
  if (plan.lowering.swapped) out += "      operands swapped\n";
  out += operand_text("lhs", plan.lhs) + operand_text("rhs", plan.rhs);
  if (c.run.has_backward()) {
    out += gradient_text("dlhs", plan.dlhs, classes.dlhs);
    out += gradient_text("drhs", plan.drhs, classes.drhs);
  }
  for (const std::string& quirk : plan.quirks) out += "      quirk " + quirk + "\n";
  return out;
}

std::string node_text(const casefile::Case& c, std::size_t index) {
  const graph::Node& node = c.graph.nodes[index];
  std::vector<std::string> args;
  for (const int arg : node.args) args.push_back(printable(c.graph.name(arg)));
  std::string out = fmt::format("  {} = {}({})  {}", printable(node.name), graph::name(node.op),
                                fmt::join(args, ", "), type_text(node.type));
  if (!node.module.empty()) out += "  module " + printable(node.module);
  const exec::NodeClasses classes =
      exec::classify_node(c.graph, index, c.plan.nodes[index], c.run, c.policy);
  out += "  " + class_text(classes.forward);
  if (c.run.has_backward() && classes.backward.any()) {
    out += "  gradient " + class_text(classes.backward);
  }
  out += "\n";
  return c.plan.nodes[index] ? out + plan_text(c, *c.plan.nodes[index], classes) : out;
}

}  // namespace

std::string graph_text(const casefile::Case& c) {
  std::string out = fmt::format("case {}  {}\n", printable(c.id), printable(c.title));
  out += fmt::format("file {}\npolicy {}\nhardware {}\nrun {}, {} steps\n",
                     printable(c.file.string()), numerics::describe(c.policy),
                     printable(c.hardware.base), graph::name(c.run.mode), c.run.steps);
  out += "inputs\n";
  for (const graph::Port& port : c.graph.inputs) {
    out += fmt::format("  {}  {}\n", printable(port.name), type_text(port.type));
  }
  out += "params\n";
  for (const graph::Port& port : c.graph.params) {
    out += fmt::format("  {}  {}\n", printable(port.name), type_text(port.type));
  }
  out += "nodes\n";
  for (std::size_t i = 0; i < c.graph.nodes.size(); ++i) out += node_text(c, i);
  return out;
}

}  // namespace mxcheck::cli
