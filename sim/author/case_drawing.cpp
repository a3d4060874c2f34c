// Colours tell inputs, params, quantized and float nodes apart; a dashed border says BOUND.
#include "sim/author/case_drawing.h"

#include <fmt/format.h>

#include "sim/author/describe.h"
#include "sim/author/graph_text.h"
#include "sim/base/text.h"

namespace mxcheck::author {
namespace {

using base::printable;
using reports::Drawing;
using reports::DrawingNode;

std::string operand_line(const char* side, const graph::OperandPlan& operand) {
  if (!operand.quantize)
    return fmt::format("{} stays {}", side, numerics::name(operand.type.dtype));
  const graph::QuantizePlan& plan = *operand.quantize;
  std::string out =
      fmt::format("{} {} {}", side, numerics::name(plan.qtype), numerics::to_string(plan.method));
  for (const auto& [axis, tile] : plan.tiled) out += fmt::format(" tile {}", tile);
  out += " scale " + tensor::to_string(plan.scale_shape);
  if (plan.zero_point) out += " +zp";
  if (operand.collect_stats) out += " stats";
  return out;
}

std::string gradient_line(const char* side, const graph::GradientPlan& plan,
                          const exec::Inexact& inexact) {
  const std::string g = plan.quantize_g ? numerics::name(plan.quantize_g->qtype) : "float";
  return fmt::format("{} g {}{}, {}{}", side, g, plan.noise ? " noise" : "", path_word(plan.path),
                     inexact.any() ? ", BOUND(" + inexact.formula + ")" : "");
}

std::string short_class(const exec::NodeClasses& classes) {
  if (classes.forward.any()) return class_text(classes.forward);
  for (const exec::Inexact* one : {&classes.backward, &classes.dlhs, &classes.drhs}) {
    if (one->any()) return "EXACT, gradient " + class_text(*one);
  }
  return "EXACT";
}

bool is_bound(const exec::NodeClasses& classes) {
  return classes.forward.any() || classes.backward.any() || classes.dlhs.any() ||
         classes.drhs.any();
}

void add_plan_lines(const casefile::Case& c, const graph::NodePlan& plan,
                    const exec::NodeClasses& classes, DrawingNode& to) {
  to.lines.push_back(fmt::format("{}, {}", plan.op_id, rule_text(c, plan)));
  if (plan.quantized) {
    to.lines.push_back(operand_line("lhs", plan.lhs));
    to.lines.push_back(operand_line("rhs", plan.rhs));
    if (c.run.has_backward()) {
      to.lines.push_back(gradient_line("dlhs", plan.dlhs, classes.dlhs));
      to.lines.push_back(gradient_line("drhs", plan.drhs, classes.drhs));
    }
  }
  for (const std::string& quirk : plan.quirks) to.lines.push_back("quirk " + quirk);
}

DrawingNode drawn_node(const casefile::Case& c, std::size_t index) {
  const graph::Node& node = c.graph.nodes[index];
  const auto& plan = c.plan.nodes[index];
  const exec::NodeClasses classes = classes_of(c, index);
  DrawingNode out;
  out.id = node.name;
  out.lines = {fmt::format("{} = {}", printable(node.name), graph::name(node.op))};
  std::string type = type_text(node.type);
  if (plan) type += fmt::format("  {} path", path_word(plan->path));
  if (!node.module.empty()) type += "  in " + printable(node.module);
  out.lines.push_back(type);
  if (plan) add_plan_lines(c, *plan, classes, out);
  out.lines.push_back(short_class(classes));
  const bool quantized = plan && (plan->lhs.quantize || plan->rhs.quantize);
  const bool layout = graph::info(node.op).kind == graph::OpKind::kLayout;
  out.cls = quantized ? "quantized" : layout ? "layout" : "float";
  if (is_bound(classes)) out.cls += " bound";
  out.tooltip = node_text(c, index);
  return out;
}

std::string edge_label(const casefile::Case& c, std::size_t index, std::size_t argument) {
  const graph::Node& node = c.graph.nodes[index];
  std::string out = argument_name(node, argument);
  const auto& plan = c.plan.nodes[index];
  if (!plan || argument > 1) return node.args.size() == 1 ? "" : out;
  // The plan speaks of the product after a swap.
  const bool lhs = (argument == 0) != plan->lowering.swapped;
  return out + ((lhs ? plan->lhs : plan->rhs).is_weight ? " weight" : " activation");
}

std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return "\"" + out + "\"";
}

}  // namespace

Drawing case_drawing(const casefile::Case& c) {
  Drawing out;
  out.heading = {c.title.empty() ? c.id : c.id + ": " + c.title, run_text(c)};
  for (const graph::Port& port : c.graph.inputs) {
    out.nodes.push_back({port.name, {port.name, "input " + type_text(port.type)}, "input", ""});
  }
  for (const graph::Port& port : c.graph.params) {
    out.nodes.push_back({port.name, {port.name, "param " + type_text(port.type)}, "param", ""});
  }
  for (std::size_t i = 0; i < c.graph.nodes.size(); ++i) {
    out.nodes.push_back(drawn_node(c, i));
    const graph::Node& node = c.graph.nodes[i];
    for (std::size_t a = 0; a < node.args.size(); ++a) {
      out.edges.push_back({c.graph.name(node.args[a]), node.name, edge_label(c, i, a), ""});
    }
  }
  out.legend = {{"input", "input"}, {"param", "param"},   {"quantized", "quantized"},
                {"float", "float"}, {"layout", "layout"}, {"float bound", "BOUND, not EXACT"}};
  return out;
}

std::string dot_text(const casefile::Case& c) {
  const Drawing drawing = case_drawing(c);
  std::string out = fmt::format(
      "digraph {} {{\n  label={};\n  labelloc=t;\n  node [shape=box, style=\"rounded,filled\", "
      "fillcolor=white, fontname=monospace, fontsize=10];\n  edge [fontname=monospace, "
      "fontsize=9];\n",
      quoted(c.id), quoted(base::join(drawing.heading, " | ")));
  for (const DrawingNode& node : drawing.nodes) {
    std::string label;
    for (const std::string& line : node.lines) {
      const std::string one = quoted(line);
      label += one.substr(1, one.size() - 2) + "\\l";
    }
    const std::string cls = node.cls.substr(0, node.cls.find(' '));
    const char* fill = cls == "input"       ? "lightblue"
                       : cls == "param"     ? "moccasin"
                       : cls == "quantized" ? "lavender"
                                            : "white";
    const bool bound = node.cls.size() > cls.size();
    out += fmt::format("  {} [label=\"{}\", fillcolor={}{}];\n", quoted(node.id), label, fill,
                       bound ? ", style=\"rounded,filled,dashed\"" : "");
  }
  for (const reports::DrawingEdge& edge : drawing.edges) {
    out += fmt::format("  {} -> {} [label={}];\n", quoted(edge.from), quoted(edge.to),
                       quoted(edge.label));
  }
  return out + "}\n";
}

}  // namespace mxcheck::author
