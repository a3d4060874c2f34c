// Straight from graph::Plan and exec's classification.
#include "sim/author/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/base/text.h"

namespace mxcheck::author {

using base::printable;

std::string type_text(const graph::ValueType& type) {
  return numerics::name(type.dtype) + tensor::to_string(type.shape);
}

const char* path_word(graph::Path path) {
  constexpr const char* kWords[] = {"float", "slow", "fast"};
  return kWords[static_cast<std::size_t>(path)];
}

const char* path_text(graph::Path path) {
  constexpr const char* kTexts[] = {"float", "slow (dequantize first)", "fast (codes first)"};
  return kTexts[static_cast<std::size_t>(path)];
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
  std::string out = fmt::format("{} {}, channelwise [{}]", numerics::name(plan.qtype),
                                numerics::to_string(plan.method), fmt::join(plan.channelwise, ","));
  for (const auto& [axis, tile] : plan.tiled)
    out += fmt::format(", axis {} tiles of {}", axis, tile);
  out += ", scale " + tensor::to_string(plan.scale_shape);
  return out + (plan.zero_point ? ", zero point" : "");
}

std::string class_text(const exec::Inexact& inexact) {
  return inexact.any() ? fmt::format("BOUND({}): {}", inexact.formula, inexact.reason) : "EXACT";
}

std::string rule_text(const casefile::Case& c, const graph::NodePlan& plan) {
  if (plan.rule < 0) return "no rule";
  const graph::Rule& rule = c.rules[static_cast<std::size_t>(plan.rule)];
  std::string out = fmt::format("rule {} '{}'", plan.rule, printable(rule.module_path));
  if (!rule.op_names.empty()) {
    out += " ops " + printable(base::join(rule.op_names, ","));
  }
  return out + (plan.quantized ? "" : " (leaves the op alone)");
}

std::string argument_name(const graph::Node& node, std::size_t i) {
  const std::vector<std::string>& names = graph::info(node.op).arguments;
  return i < names.size() && names[i] != "..." ? names[i] : std::to_string(i);
}

std::string run_text(const casefile::Case& c) {
  return fmt::format("policy {}, hardware {}{}, run {}, {} step{}", numerics::describe(c.policy),
                     printable(c.hardware.base), c.hardware.settings.empty() ? "" : " (changed)",
                     graph::name(c.run.mode), c.run.steps, c.run.steps == 1 ? "" : "s");
}

exec::NodeClasses classes_of(const casefile::Case& c, std::size_t node) {
  return exec::classify_node(c.graph, node, c.plan.nodes[node], c.run, c.policy);
}

}  // namespace mxcheck::author
