// Ties, saturated and sensitive codes of one quantized operand, counted from recorded values.
#include "sim/suite/quantization_counts.h"

#include <catch2/catch.hpp>

namespace mxcheck::suite {
namespace {

using numerics::DType;
using tensor::Tensor;

// x [1, 4] quantized with scale 2: quotients 0.5 (a tie), -127.5 (a tie, saturated), 1.25, 0.
struct Example {
  graph::Graph graph;
  graph::Plan plan;
  graph::RunData data;
  graph::Values values;

  Example() {
    graph.inputs.push_back({"x", {DType::kF32, {1, 4}}});
    graph.inputs.push_back({"w", {DType::kF32, {4, 1}}});
    graph::Node node;
    node.name = "y";
    node.op = graph::Op::dot_general;
    node.args = {0, 1};
    graph.nodes.push_back(node);
    graph::NodePlan how;
    how.lhs.quantize.emplace();
    plan.nodes.emplace_back(how);
    Tensor x(DType::kF32, {1, 4});
    Tensor codes(DType::kS8, {1, 4});
    const double xs[] = {1, -255, 2.5, 0};
    const std::int64_t qs[] = {0, -128, 1, 0};
    for (std::int64_t i = 0; i < 4; ++i) {
      x.store(i, xs[i]);
      codes.store_int(i, qs[i]);
    }
    Tensor scale(DType::kF32, {1, 1});
    scale.store(0, 2);
    data.steps.resize(1);
    data.steps[0].inputs = {x, Tensor(DType::kF32, {4, 1})};
    values = {{"step0/quant/y/fwd/lhs.qvalue", codes}, {"step0/quant/y/fwd/lhs.scale", scale}};
  }

  [[nodiscard]] Sources sources() const {
    Sources out;
    out.graph = &graph;
    out.data = &data;
    out.values = &values;
    return out;
  }
};

}  // namespace

TEST_CASE("ties, saturated and sensitive codes are counted [QNT-1, TYP-1]", "[suite]") {
  const Example example;
  const auto counts = count_quantizations(example.sources(), example.plan);
  REQUIRE(counts.size() == 1);
  CHECK(counts[0].name == "step0/quant/y/fwd/lhs");
  CHECK(counts[0].total == 4);
  CHECK(counts[0].saturated == 1);
  CHECK(counts[0].zero == 2);
  CHECK(counts[0].ties == 2);
  CHECK(counts[0].sensitive == 2);
}

TEST_CASE("the origin of a code is its x, scale and quotient", "[suite]") {
  const Example example;
  const Sources sources = example.sources();
  const ValueName name = parse_value_name(example.graph, "step0/quant/y/fwd/lhs.qvalue");
  const auto operand = QuantizedOperand::find(sources, example.plan, name);
  REQUIRE(operand.has_value());
  const CodeOrigin origin = operand->origin(1);
  CHECK(origin.x == -255);
  CHECK(origin.scale == 2);
  CHECK(origin.quotient == -127.5);
  CHECK(origin.tie);
  CHECK_FALSE(operand->origin(2).sensitive);
}

}  // namespace mxcheck::suite
