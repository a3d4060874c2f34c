// One line a value, indented lines for what the plan says of a quantizable node.
#include "sim/author/graph_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/author/describe.h"
#include "sim/base/text.h"

namespace mxcheck::author {
namespace {

using base::printable;

std::string operand_text(const char* side, const graph::OperandPlan& operand) {
  std::string out =
      fmt::format("      {:<5} {:<10} {}  ", side, operand.is_weight ? "weight" : "activation",
                  type_text(operand.type));
  out += operand.quantize ? quantize_text(*operand.quantize) : "stays float";
  if (operand.collect_stats) out += ", statistics " + printable(operand.stats_name);
  if (operand.mask) out += ", gradient masked";
  return out + "\n";
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

}  // namespace

std::string node_text(const casefile::Case& c, std::size_t index) {
  const graph::Node& node = c.graph.nodes[index];
  std::vector<std::string> args;
  for (const int arg : node.args) args.push_back(printable(c.graph.name(arg)));
  std::string out = fmt::format("  {} = {}({})  {}", printable(node.name), graph::name(node.op),
                                fmt::join(args, ", "), type_text(node.type));
  if (!node.module.empty()) out += "  module " + printable(node.module);
  const exec::NodeClasses classes = classes_of(c, index);
  out += "  " + class_text(classes.forward);
  if (c.run.has_backward() && classes.backward.any()) {
    out += "  gradient " + class_text(classes.backward);
  }
  out += "\n";
  return c.plan.nodes[index] ? out + plan_text(c, *c.plan.nodes[index], classes) : out;
}

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

}  // namespace mxcheck::author
