// Golden names taken apart, node names with slashes included, and where their arrays come from.
#include "sim/suite/values.h"

#include <catch2/catch.hpp>

namespace mxcheck::suite {
namespace {

using numerics::DType;
using tensor::Tensor;

graph::Graph two_nodes() {
  graph::Graph graph;
  graph.inputs.push_back({"x", {DType::kF32, {2}}});
  graph.params.push_back({"m/w", {DType::kF32, {2}}});
  graph::Node node;
  node.name = "block/h";
  node.op = graph::Op::add;
  node.args = {0, 1};
  node.type = {DType::kF32, {2}};
  graph.nodes.push_back(node);
  return graph;
}

Tensor filled(double value) {
  Tensor out(DType::kF32, {2});
  out.store(0, value);
  return out;
}

}  // namespace

TEST_CASE("golden names are split from the right, so node names may hold slashes", "[suite]") {
  const graph::Graph graph = two_nodes();
  const ValueName quant = parse_value_name(graph, "step12/quant/block/h/fwd/lhs.qvalue");
  CHECK(quant.kind == ValueKind::kQuant);
  CHECK(quant.step == 12);
  CHECK(quant.subject == "block/h");
  CHECK(quant.product == "fwd");
  CHECK(quant.leaf == "lhs.qvalue");
  CHECK(quant.value == 2);
  CHECK(parse_value_name(graph, "step0/grad/param/m/w").value == 1);
  CHECK(parse_value_name(graph, "step0/stats/m/dot_general0_lhs/count").kind == ValueKind::kStats);
}

TEST_CASE("names that are none are recognised as such", "[suite]") {
  const graph::Graph graph = two_nodes();
  for (const char* name :
       {"", "step", "step/node/x", "stepx/node/x", "step0", "step0/", "step0/quant/",
        "step0/quant/h", "step99999999999999999999/node/x", "node/x"}) {
    INFO(name);
    CHECK(parse_value_name(graph, name).kind == ValueKind::kOther);
  }
}

TEST_CASE("a later step reads the params of the step before", "[suite]") {
  const graph::Graph graph = two_nodes();
  graph::RunData data;
  data.steps.resize(2);
  data.steps[0].inputs = {filled(1)};
  data.steps[1].inputs = {filled(2)};
  data.params = {filled(3)};
  const graph::Values values = {{"step0/param/m/w", filled(4)}, {"step0/node/block/h", filled(5)}};
  const graph::Values golden = {{"step0/node/block/h", filled(6)}};
  Sources sources;
  sources.graph = &graph;
  sources.data = &data;
  sources.values = &values;
  CHECK(sources.value(0, 0)->load(0) == 1);
  CHECK(sources.value(1, 0)->load(0) == 2);
  CHECK(sources.value(0, 1)->load(0) == 3);
  CHECK(sources.value(1, 1)->load(0) == 4);
  CHECK(sources.value(0, 2)->load(0) == 5);
  CHECK(sources.value(2, 0) == nullptr);
  sources.preferred = &golden;
  CHECK(sources.value(0, 2)->load(0) == 6);
}

}  // namespace mxcheck::suite
