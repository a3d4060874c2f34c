// Widths of products and the place of a wrong accumulator, on a graph small enough to see.
#include "sim/suite/product_notes.h"

#include <catch2/catch.hpp>

#include "sim/graph/infer.h"

namespace mxcheck::suite {
namespace {

using tensor::DType;
using tensor::Tensor;

struct RawProduct {
  graph::Graph graph;
  std::vector<graph::Rule> rules;
  graph::Plan plan;
  graph::RunSpec run;
  graph::RunData data;
  numerics::Policy policy;
  mxu::Profile profile = *mxu::preset("gemmini_16");

  // [2, 32] x [32, 1] of s8 codes, all `left` and all -128.
  explicit RawProduct(std::int64_t left) {
    graph.inputs = {{"a", {DType::kS8, {2, 32}}}, {"b", {DType::kS8, {32, 1}}}};
    graph::Node y;
    y.name = "y";
    y.op = graph::Op::dot_general;
    y.args = {0, 1};
    y.attributes.dot = {{1}, {0}, {}, {}};
    graph.nodes.push_back(y);
    base::Diagnostics none;
    infer(graph, none);
    plan = make_plan(graph, rules, run, none);
    Tensor a(DType::kS8, {2, 32});
    Tensor b(DType::kS8, {32, 1});
    for (std::int64_t i = 0; i < 64; ++i) a.store_int(i, left);
    for (std::int64_t i = 0; i < 32; ++i) b.store_int(i, -128);
    data.steps.push_back({{a, b}, {}});
  }
  [[nodiscard]] exec::Request request(const exec::ProductObserver* observer = nullptr) const {
    return {graph,   rules,   plan, run, data, policy, profile, exec::Level::kFunctional,
            nullptr, observer};
  }
};

TEST_CASE("the widths a product's sums needed are counted", "[suite]") {
  const RawProduct p(-128);
  WidthCollector widths(p.profile);
  REQUIRE(exec::run(p.request(widths.observer())).ok());
  const auto products = widths.take();
  REQUIRE(products.size() == 1);
  CHECK(products[0].k == 32);
  CHECK(products[0].partial_bits == 20);  // 16 * 2^14 = 2^18 needs 20 bits with its sign
  CHECK(products[0].acc_bits == 21);
  CHECK_FALSE(width_note(p.profile, products).empty());
}

TEST_CASE("vectors that reach an edge leave nothing to say", "[suite]") {
  RawProduct p(-128);
  p.profile.partial_bits = 16;
  WidthCollector widths(p.profile);
  REQUIRE(exec::run(p.request(widths.observer())).ok());
  CHECK(width_note(p.profile, widths.take()).empty());
}

TEST_CASE("a wrong accumulator is placed in the array", "[suite]") {
  const RawProduct p(1);
  graph::Values expected;
  Tensor acc(DType::kS32, {2, 1});
  acc.store_int(0, -128 * 32);
  acc.store_int(1, -128 * 31);
  expected["step0/quant/y/fwd/acc"] = acc;
  reports::CheckResult check;
  reports::Finding finding;
  finding.name = "step0/quant/y/fwd/acc";
  check.findings.push_back(finding);
  localise_findings(p.request(), expected, check);
  const std::string& text = check.findings[0].explanation;
  CHECK(text.find("16 x 16 array") != std::string::npos);
  CHECK(text.find("output [1,0]") != std::string::npos);
  CHECK(text.find("1 of 2 outputs") != std::string::npos);
}

}  // namespace
}  // namespace mxcheck::suite
