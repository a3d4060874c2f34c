// Weights stay params of the node's module, everything else becomes an input, so that planning
// again finds the roles the case gave.
#include "sim/suite/one_node.h"

#include "sim/graph/infer.h"

namespace mxcheck::suite {
namespace {

using tensor::Tensor;

// A weight belongs to the node's module; no argument is called as the node is.
std::string argument_name(const graph::Node& node, bool weight, std::size_t argument) {
  constexpr const char* kArguments[] = {"lhs", "rhs", "group_sizes"};
  std::string name = weight && !node.module.empty() ? node.module + "/" : "";
  name += kArguments[argument];
  return name == node.name ? name + "_" : name;
}

bool same_plan(const std::optional<graph::QuantizePlan>& a,
               const std::optional<graph::QuantizePlan>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->qtype == b->qtype && a->channelwise == b->channelwise &&
                a->zero_point == b->zero_point);
}

bool same_operand(const graph::OperandPlan& a, const graph::OperandPlan& b) {
  return a.is_weight == b.is_weight && a.collect_stats == b.collect_stats && a.mask == b.mask &&
         same_plan(a.quantize, b.quantize);
}

bool same_gradient(const graph::GradientPlan& a, const graph::GradientPlan& b) {
  return a.residual == b.residual && a.noise == b.noise && same_plan(a.quantize_g, b.quantize_g) &&
         same_plan(a.quantize_residual, b.quantize_residual);
}

// The statistics before a step: the recorded ones of the step before, or the case's.
graph::Values statistics_before(const exec::Request& request, const graph::Values& values, int step,
                                const graph::NodePlan& plan) {
  graph::Values out;
  const std::string before = "step" + std::to_string(step - 1) + "/stats/";
  for (const graph::OperandPlan* side : {&plan.lhs, &plan.rhs}) {
    if (!side->collect_stats) continue;
    for (const char* leaf : {"/count", "/sum_of_absmax", "/sum_of_min", "/sum_of_max"}) {
      const std::string name = side->stats_name + leaf;
      const graph::Values& from = step == 0 ? request.data.quant_stats : values;
      const auto found = from.find(step == 0 ? name : before + name);
      if (found != from.end()) out.emplace(name, found->second);
    }
  }
  return out;
}

}  // namespace

std::optional<OneNode> OneNode::find(const exec::Request& request, const graph::Values& values,
                                     int step, std::size_t node) {
  const std::optional<graph::NodePlan>& plan = request.plan.nodes[node];
  if (!plan) return std::nullopt;
  const graph::Node& original = request.graph.nodes[node];
  Sources sources;
  sources.graph = &request.graph;
  sources.data = &request.data;
  sources.values = &values;

  OneNode out(request);
  out.swapped_ = plan->lowering.swapped;
  graph::StepData data;
  graph::Node copy = original;
  std::vector<bool> weight(original.args.size(), false);
  weight[out.argument(true)] = plan->lhs.is_weight;
  weight[out.argument(false)] = plan->rhs.is_weight;
  for (std::size_t arg = 0; arg < original.args.size(); ++arg) {
    const Tensor* value = sources.value(step, original.args[arg]);
    if (value == nullptr) return std::nullopt;
    graph::Port port{argument_name(original, weight[arg], arg), {value->dtype(), value->shape()}};
    if (weight[arg]) {
      out.graph_.params.push_back(port);
      out.data_.params.push_back(*value);
    } else {
      out.graph_.inputs.push_back(port);
      data.inputs.push_back(*value);
    }
  }
  for (std::size_t arg = 0; arg < original.args.size(); ++arg) {
    copy.args[arg] = *out.graph_.find(argument_name(original, weight[arg], arg));
  }
  out.graph_.nodes.push_back(copy);
  if (plan->rule >= 0) out.rules_.push_back(request.rules[static_cast<std::size_t>(plan->rule)]);
  out.plan_.nodes.push_back(*plan);
  out.plan_.nodes[0]->node = 0;
  out.plan_.nodes[0]->rule = plan->rule >= 0 ? 0 : -1;
  out.run_.update_quant_stats = request.run.update_quant_stats;
  out.run_.stochastic_rounding_seed = request.run.stochastic_rounding_seed;
  out.data_.quant_stats = statistics_before(request, values, step, *plan);
  out.data_.steps.push_back(data);
  if (const Tensor* ct = sources.find("step" + std::to_string(step) + "/ct/" + original.name)) {
    out.run_.mode = graph::Mode::kGrad;
    out.set_cotangent(*ct);
  }
  return out;
}

const Tensor& OneNode::operand(std::size_t argument) const {
  const int value = node().args[argument];
  return graph_.is_param(value) ? data_.params[graph_.param_index(value)]
                                : data_.steps[0].inputs[static_cast<std::size_t>(value)];
}

void OneNode::set_operand(std::size_t argument, Tensor value) {
  const int number = node().args[argument];
  graph::Port& port = graph_.is_param(number) ? graph_.params[graph_.param_index(number)]
                                              : graph_.inputs[static_cast<std::size_t>(number)];
  port.type = {value.dtype(), value.shape()};
  if (graph_.is_param(number)) {
    data_.params[graph_.param_index(number)] = std::move(value);
  } else {
    for (graph::StepData& step : data_.steps) step.inputs[static_cast<std::size_t>(number)] = value;
  }
}

void OneNode::set_steps(std::size_t argument, std::vector<Tensor> values) {
  const auto number = static_cast<std::size_t>(node().args[argument]);
  MXCHECK_CHECK(graph_.is_input(node().args[argument]), "only inputs change from step to step");
  const graph::StepData first = data_.steps[0];
  data_.steps.assign(values.size(), first);
  for (std::size_t k = 0; k < values.size(); ++k) data_.steps[k].inputs[number] = values[k];
  run_.steps = static_cast<int>(values.size());
}

const Tensor* OneNode::cotangent() const {
  const auto& given = data_.steps[0].cotangents;
  const auto found = given.find(graph_.node_value(0));
  return found == given.end() ? nullptr : &found->second;
}

void OneNode::set_cotangent(Tensor value) {
  run_.cotangent_values = {graph_.node_value(0)};
  for (graph::StepData& step : data_.steps) {
    step.cotangents.insert_or_assign(graph_.node_value(0), value);
  }
}

void OneNode::forward_only() {
  run_.mode = graph::Mode::kForward;
  run_.cotangent_values.clear();
  for (graph::StepData& step : data_.steps) step.cotangents.clear();
}

bool OneNode::plan_again() {
  base::Diagnostics problems;
  graph::infer(graph_, problems);
  if (base::has_errors(problems)) return false;
  graph::Plan made = graph::make_plan(graph_, rules_, run_, problems);
  if (base::has_errors(problems) || !made.nodes[0]) return false;
  const graph::NodePlan& before = plan();
  const graph::NodePlan& after = *made.nodes[0];
  const bool same = before.quantized == after.quantized && before.path == after.path &&
                    before.result == after.result && same_operand(before.lhs, after.lhs) &&
                    same_operand(before.rhs, after.rhs) &&
                    (!run_.has_backward() || (same_gradient(before.dlhs, after.dlhs) &&
                                              same_gradient(before.drhs, after.drhs)));
  if (same) {
    // The new plan counts ops from 0; statistics keep their names.
    const std::string lhs_stats = before.lhs.stats_name, rhs_stats = before.rhs.stats_name;
    made.nodes[0]->lhs.stats_name = lhs_stats;
    made.nodes[0]->rhs.stats_name = rhs_stats;
    plan_ = std::move(made);
  }
  return same;
}

exec::Request OneNode::request() const {
  exec::Request out{graph_, rules_, plan_, run_, data_, *policy_, *profile_, level_};
  out.isa = isa_;
  out.pool = pool_;
  return out;
}

std::optional<exec::Outcome> OneNode::execute() const {
  base::Result<exec::Outcome> outcome = exec::run(request());
  if (!outcome) return std::nullopt;
  exec::Outcome value = std::move(outcome).value();
  if (value.undefined || base::has_errors(value.diagnostics)) return std::nullopt;
  return value;
}

Recorded OneNode::recorded(const graph::Values& values, const numerics::Policy& policy) const {
  Sources sources;
  sources.graph = &graph_;
  sources.data = &data_;
  sources.values = &values;
  return {sources, plan_, policy};
}

std::string OneNode::gradient_name(std::size_t argument) const {
  const int value = node().args[argument];
  const std::string kind = graph_.is_param(value) ? "param/" : "input/";
  return "step0/grad/" + kind + graph_.name(value);
}

}  // namespace mxcheck::suite
