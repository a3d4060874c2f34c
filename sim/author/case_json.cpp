// The same facts as graph_text.cpp, field by field.
#include "sim/author/case_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/author/describe.h"

namespace mxcheck::author {
namespace {

using Json = nlohmann::ordered_json;

Json type_json(const graph::ValueType& type) {
  return {{"dtype", numerics::name(type.dtype)}, {"shape", type.shape}};
}

Json class_json(const exec::Inexact& inexact) {
  if (!inexact.any()) return {{"class", "EXACT"}};
  return {{"class", "BOUND"}, {"formula", inexact.formula}, {"reason", inexact.reason}};
}

Json quantize_json(const std::optional<graph::QuantizePlan>& plan) {
  if (!plan) return nullptr;
  Json tiles = Json::array();
  for (const auto& [axis, tile] : plan->tiled) tiles.push_back({{"axis", axis}, {"tile", tile}});
  return {{"qtype", numerics::name(plan->qtype)},  {"method", numerics::to_string(plan->method)},
          {"channelwise_axes", plan->channelwise}, {"tiles", tiles},
          {"scale_shape", plan->scale_shape},      {"zero_point", plan->zero_point}};
}

Json operand_json(const graph::OperandPlan& operand) {
  Json out = type_json(operand.type);
  out["role"] = operand.is_weight ? "weight" : "activation";
  out["quantize"] = quantize_json(operand.quantize);
  out["statistics"] = operand.collect_stats ? Json(operand.stats_name) : Json(nullptr);
  out["gradient_masked"] = operand.mask;
  return out;
}

Json gradient_json(const graph::GradientPlan& plan, const exec::Inexact& inexact) {
  Json out = class_json(inexact);
  out["path"] = path_word(plan.path);
  out["quantize"] = quantize_json(plan.quantize_g);
  out["noise"] = plan.noise;
  out["residual"] = residual_text(plan.residual);
  out["quantize_residual"] = quantize_json(plan.quantize_residual);
  return out;
}

void add_plan(const casefile::Case& c, const graph::NodePlan& plan,
              const exec::NodeClasses& classes, Json& out) {
  out["op_id"] = plan.op_id;
  out["rule"] = plan.rule < 0 ? Json(nullptr) : Json(plan.rule);
  out["quantized"] = plan.quantized;
  out["path"] = path_word(plan.path);
  out["result"] = numerics::name(plan.result);
  out["swapped"] = plan.lowering.swapped;
  out["lhs"] = operand_json(plan.lhs);
  out["rhs"] = operand_json(plan.rhs);
  if (c.run.has_backward()) {
    out["dlhs"] = gradient_json(plan.dlhs, classes.dlhs);
    out["drhs"] = gradient_json(plan.drhs, classes.drhs);
  }
  out["quirks"] = plan.quirks;
}

Json node_json(const casefile::Case& c, std::size_t index) {
  const graph::Node& node = c.graph.nodes[index];
  Json args = Json::array();
  for (const int arg : node.args) args.push_back(c.graph.name(arg));
  Json out = {{"name", node.name},
              {"op", graph::name(node.op)},
              {"module", node.module},
              {"args", args},
              {"type", type_json(node.type)}};
  const exec::NodeClasses classes = classes_of(c, index);
  out["forward"] = class_json(classes.forward);
  if (c.run.has_backward()) out["backward"] = class_json(classes.backward);
  if (c.plan.nodes[index]) add_plan(c, *c.plan.nodes[index], classes, out);
  return out;
}

Json ports_json(const std::vector<graph::Port>& ports) {
  Json out = Json::array();
  for (const graph::Port& port : ports) {
    out.push_back({{"name", port.name}, {"type", type_json(port.type)}});
  }
  return out;
}

Json case_json(const casefile::Case& c) {
  Json out = {{"id", c.id},
              {"file", c.file.string()},
              {"title", c.title},
              {"tags", c.tags},
              {"policy", numerics::describe(c.policy)},
              {"hardware", c.hardware.base},
              {"mode", graph::name(c.run.mode)},
              {"steps", c.run.steps},
              {"inputs", ports_json(c.graph.inputs)},
              {"params", ports_json(c.graph.params)}};
  Json rules = Json::array();
  for (const graph::Rule& rule : c.rules) {
    rules.push_back({{"module_path", rule.module_path}, {"op_names", rule.op_names}});
  }
  out["rules"] = rules;
  Json nodes = Json::array();
  for (std::size_t i = 0; i < c.graph.nodes.size(); ++i) nodes.push_back(node_json(c, i));
  out["nodes"] = nodes;
  return out;
}

}  // namespace

std::string cases_json(const std::vector<casefile::Case>& cases) {
  Json out = Json::array();
  for (const casefile::Case& c : cases) out.push_back(case_json(c));
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mxcheck::author
