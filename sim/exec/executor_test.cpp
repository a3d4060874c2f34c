// The executor on graphs small enough to follow by hand: names, isolation, accumulation order,
// statistics and training.
#include "sim/exec/executor.h"

#include <catch2/catch.hpp>

#include "sim/graph/infer.h"

namespace mxcheck::exec {
namespace {

using graph::Graph;
using graph::Node;
using graph::Op;
using graph::Values;
using numerics::DType;
using tensor::Shape;
using tensor::Tensor;

Tensor tensor_of(const std::vector<float>& values, Shape shape) {
  Tensor out(DType::kF32, std::move(shape));
  std::copy(values.begin(), values.end(), out.mutable_data<float>().begin());
  return out;
}

Node node(const char* name, Op op, std::vector<int> args, const char* module = "") {
  Node n;
  n.name = name;
  n.op = op;
  n.args = std::move(args);
  n.module = module;
  return n;
}

struct Program {
  Graph graph;
  std::vector<graph::Rule> rules;
  graph::RunSpec run;
  graph::RunData data;
  numerics::Policy policy;
  mxu::Profile profile;

  Outcome execute(const Values* golden = nullptr) {
    base::Diagnostics diagnostics;
    infer(graph, diagnostics);
    const graph::Plan plan = make_plan(graph, rules, run, diagnostics);
    REQUIRE(diagnostics.empty());
    base::Result<Outcome> outcome =
        exec::run({graph, rules, plan, run, data, policy, profile, Level::kFunctional, golden});
    REQUIRE(outcome.ok());
    return std::move(outcome).value();
  }
};

// y = x . D/kernel with x [2,2], both int8.
Program dense() {
  Program p;
  p.graph.inputs.push_back({"x", {DType::kF32, {2, 2}}});
  p.graph.params.push_back({"D/kernel", {DType::kF32, {2, 1}}});
  Node y = node("y", Op::dot_general, {0, 1}, "D");
  y.attributes.dot = {{1}, {0}, {}, {}};
  p.graph.nodes.push_back(y);
  graph::Rule rule;
  rule.weight_qtype = rule.act_qtype = numerics::QType::kS8;
  p.rules.push_back(rule);
  p.data.params.push_back(tensor_of({127.5f, 1.0f}, {2, 1}));
  p.data.steps.push_back({{tensor_of({127.5f, 2.0f, -255.0f, 4.0f}, {2, 2})}, {}});
  return p;
}

TEST_CASE("a product of power-of-two scales is what integers say [DOT-1, DOT-5]", "[exec]") {
  const Outcome out = dense().execute();
  // Row scales 1 and 2, column scale 1; 127.5 ties to even and saturates: 127.
  CHECK(out.values.at("step0/quant/y/fwd/lhs.qvalue").load_int(0) == 127);
  CHECK(out.values.at("step0/quant/y/fwd/lhs.qvalue").load_int(2) == -128);
  CHECK(out.values.at("step0/quant/y/fwd/acc").load_int(0) == 127 * 127 + 2 * 1);
  CHECK(out.values.at("step0/node/y").load(1) == (-128.0 * 127 + 2 * 1) * 2);
  CHECK(out.products.size() == 1);
}

TEST_CASE("isolated values come from the golden values of their inputs", "[exec]") {
  Program p = dense();
  p.graph.nodes.push_back(node("z", Op::neg, {2}));
  Values golden;
  golden["step0/node/y"] = tensor_of({5.0f, 6.0f}, {2, 1});
  const Outcome isolated = p.execute(&golden);
  CHECK(isolated.values.at("step0/node/z").load(0) == -5);
  CHECK(isolated.values.at("step0/node/y").load(0) == 127 * 127 + 2);  // its own value
  CHECK(p.execute().values.at("step0/node/z").load(0) == -(127 * 127 + 2));
}

TEST_CASE("cotangents of several uses are added last use first [BWD-10]", "[exec]") {
  Program p;
  p.graph.inputs.push_back({"x", {DType::kF32, {1}}});
  p.graph.nodes.push_back(node("a", Op::neg, {0}));
  p.graph.nodes.push_back(node("b", Op::neg, {0}));
  p.graph.nodes.push_back(node("c", Op::neg, {0}));
  p.run.mode = graph::Mode::kGrad;
  p.run.cotangent_values = {1, 2, 3};
  graph::StepData step;
  step.inputs = {tensor_of({1}, {1})};
  // (c + b) + a keeps the small number, (a + b) + c would lose it.
  step.cotangents[1] = tensor_of({-1e8f}, {1});
  step.cotangents[2] = tensor_of({1.0f}, {1});
  step.cotangents[3] = tensor_of({-1.0f}, {1});
  p.data.steps.push_back(step);
  CHECK(p.execute().values.at("step0/grad/input/x").load(0) == 1e8f);
  step.cotangents[1] = tensor_of({1.0f}, {1});
  step.cotangents[3] = tensor_of({-1e8f}, {1});
  step.cotangents[2] = tensor_of({1e8f}, {1});
  p.data.steps[0] = step;
  CHECK(p.execute().values.at("step0/grad/input/x").load(0) == -1.0f);
}

TEST_CASE("statistics are updated before they are used, and frozen in forward [SRQ-5]", "[exec]") {
  Program p = dense();
  p.rules[0].act_static_scale = true;
  p.run.mode = graph::Mode::kCalibrate;
  p.run.update_quant_stats = true;
  p.run.steps = 2;
  p.data.steps.push_back({{tensor_of({255.0f, 0.0f, -382.5f, 0.0f}, {2, 2})}, {}});
  const Outcome out = p.execute();
  CHECK(out.values.at("step1/stats/D/dot_general0_lhs/count").load_int(0) == 2);
  // Means 191.25 and 318.75; the second step already uses (191.25 + 318.75) / 2 = 255.
  CHECK(out.values.at("step1/stats/D/dot_general0_lhs/sum_of_absmax").load(0) == 510);
  CHECK(out.values.at("step1/quant/y/fwd/lhs.scale").load(0) == 2);

  p.run.mode = graph::Mode::kForward;
  p.run.update_quant_stats = false;
  p.data.quant_stats["D/dot_general0_lhs/count"] = Tensor(DType::kS32, {});
  p.data.quant_stats["D/dot_general0_lhs/count"].store_int(0, 1);
  p.data.quant_stats["D/dot_general0_lhs/sum_of_absmax"] = tensor_of({510.0f}, {1, 1});
  const Outcome frozen = p.execute();
  CHECK(frozen.values.at("step1/stats/D/dot_general0_lhs/count").load_int(0) == 1);
  CHECK(frozen.values.at("step0/quant/y/fwd/lhs.scale").load(0) == 4);
}

TEST_CASE("SGD with momentum carries params and velocity over steps", "[exec]") {
  Program p;
  p.graph.inputs.push_back({"x", {DType::kF32, {1}}});
  p.graph.params.push_back({"w", {DType::kF32, {1}}});
  p.graph.nodes.push_back(node("y", Op::mul, {0, 1}));
  p.run.mode = graph::Mode::kTrain;
  p.run.steps = 2;
  p.run.optimizer = graph::Optimizer{0.5, 0.5};
  p.run.cotangent_values = {2};
  graph::StepData step;
  step.inputs = {tensor_of({2.0f}, {1})};
  step.cotangents[2] = tensor_of({1.0f}, {1});
  p.data.steps = {step, step};
  p.data.params = {tensor_of({10.0f}, {1})};
  const Outcome out = p.execute();
  CHECK(out.values.at("step0/param/w").load(0) == 9.0);        // v = 2
  CHECK(out.values.at("step1/param/w").load(0) == 9.0 - 1.5);  // v = 3
}

TEST_CASE("what is not fixed in bits is classed, and what follows from it too", "[exec]") {
  Program p;
  p.graph.inputs.push_back({"a", {DType::kF32, {4, 400}}});
  p.graph.inputs.push_back({"b", {DType::kF32, {400, 4}}});
  Node y = node("y", Op::dot_general, {0, 1});
  y.attributes.dot = {{1}, {0}, {}, {}};
  p.graph.nodes.push_back(y);
  p.graph.nodes.push_back(node("z", Op::neg, {2}));
  p.data.steps.push_back({{Tensor(DType::kF32, {4, 400}), Tensor(DType::kF32, {400, 4})}, {}});
  const Outcome out = p.execute();
  CHECK_FALSE(out.classes.at("step0/node/y").exact);
  CHECK(out.classes.at("step0/node/y").formula == "BND-1");
  CHECK(out.classes.at("step0/node/z").exact);
  CHECK(out.classes.at("step0/node/z").upstream_inexact);
  p.policy.dot_block = 200;
  CHECK(p.execute().classes.empty());
}

TEST_CASE("subnormals are flushed in f32 arithmetic and kept by moves [POL-8, POL-9]", "[exec]") {
  Program p;
  p.graph.inputs.push_back({"x", {DType::kF32, {1}}});
  p.graph.nodes.push_back(node("n", Op::neg, {0}));
  p.graph.nodes.push_back(node("s", Op::add, {0, 0}));
  p.data.steps.push_back({{tensor_of({0x1p-130f}, {1})}, {}});
  const Outcome out = p.execute();
  CHECK(out.values.at("step0/node/n").load(0) == -0x1p-130);
  CHECK(out.values.at("step0/node/s").bits(0) == 0);
}

}  // namespace
}  // namespace mxcheck::exec
