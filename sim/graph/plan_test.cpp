// What a rule makes of an op: roles, op ids, paths, residuals, quirks and refusals.
#include "sim/graph/plan.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/graph/match.h"
#include "sim/graph/planner.h"
#include "sim/graph/product.h"

namespace mxcheck::graph {
namespace {

Rule s8_rule() {
  Rule rule;
  rule.weight_qtype = QType::kS8;
  rule.act_qtype = QType::kS8;
  return rule;
}

CalibrationMethod method(const char* text) {
  return std::get<CalibrationMethod>(numerics::parse_calibration_method(text));
}

// x [4, k] times D/kernel [k, 6] in module D.
Graph dense(std::int64_t k = 8) {
  Graph g;
  g.inputs.push_back({"x", {DType::kF32, {4, k}}});
  g.params.push_back({"D/kernel", {DType::kF32, {k, 6}}});
  Node node;
  node.name = "y";
  node.op = Op::dot_general;
  node.module = "D";
  node.args = {0, 1};
  node.attributes.dot = {{1}, {0}, {}, {}};
  g.nodes.push_back(node);
  base::Diagnostics none;
  infer(g, none);
  REQUIRE(none.empty());
  return g;
}

RunSpec backward() {
  RunSpec run;
  run.mode = Mode::kGrad;
  return run;
}

std::vector<std::string> labels(const Graph& g, const std::vector<Rule>& rules,
                                const RunSpec& run) {
  base::Diagnostics diagnostics;
  (void)make_plan(g, rules, run, diagnostics);
  std::vector<std::string> out;
  for (const base::Diagnostic& d : diagnostics) out.push_back(d.label);
  return out;
}

using Labels = std::vector<std::string>;

TEST_CASE("a quantized dense layer takes the fast path with one scale a row and column [DOT-2]",
          "[plan]") {
  base::Diagnostics none;
  const Plan plan = make_plan(dense(), {s8_rule()}, backward(), none);
  REQUIRE(none.empty());
  const NodePlan& y = *plan.nodes[0];
  CHECK(y.op_id == "dot_general0");
  CHECK(y.path == Path::kFast);
  CHECK_FALSE(y.lhs.is_weight);
  CHECK(y.rhs.is_weight);
  CHECK(y.lhs.quantize->scale_shape == Shape{4, 1});
  CHECK(y.rhs.quantize->scale_shape == Shape{1, 6});
  CHECK(y.dlhs.residual == Residual::kOriginal);  // BWD-2: no bwd_qtype
  CHECK(y.drhs.dot.lhs_contract == Axes{0});
  CHECK(y.drhs.permutation == Axes{1, 0});
}

TEST_CASE("with bwd_qtype the residual's codes are used, its scale folded [BWD-3]", "[plan]") {
  Rule rule = s8_rule();
  rule.bwd_qtype = QType::kS8;
  base::Diagnostics none;
  const Plan plan = make_plan(dense(), {rule}, backward(), none);
  CHECK(plan.nodes[0]->dlhs.residual == Residual::kCodes);
  CHECK(plan.nodes[0]->dlhs.path == Path::kFast);
  CHECK(plan.nodes[0]->drhs.quantize_g->scale_shape == Shape{1, 6});
}

TEST_CASE("a small tile dequantizes first, a large one does not [DOT-2, TIL-3]", "[plan]") {
  Rule rule = s8_rule();
  rule.tile_size = TileSize(std::int64_t{64});
  base::Diagnostics none;
  CHECK(make_plan(dense(256), {rule}, {}, none).nodes[0]->path == Path::kSlow);
  rule.tile_size = TileSize(std::int64_t{128});
  CHECK(make_plan(dense(256), {rule}, {}, none).nodes[0]->path == Path::kFast);
  rule.tile_size = TileSize(0.5);
  CHECK(make_plan(dense(256), {rule}, {}, none).nodes[0]->lhs.quantize->scale_shape == Shape{4, 2});
}

TEST_CASE("the mask is left out where the range covers the data [BWD-7]", "[plan]") {
  const std::pair<const char*, bool> rows[] = {{"absmax", false},    {"absmax,1.5", false},
                                               {"absmax,0.9", true}, {"minmax,0.5", true},
                                               {"rms,2", true},      {"fixed,1", true}};
  for (const auto& [text, masked] : rows) {
    Rule rule = s8_rule();
    rule.act_calibration_method = method(text);
    base::Diagnostics none;
    CHECK(make_plan(dense(), {rule}, backward(), none).nodes[0]->lhs.mask == masked);
  }
}

TEST_CASE("the first rule that matches decides, matched or not an op is counted [RULE-UNUSED]",
          "[plan]") {
  Graph g = dense();
  Node second = g.nodes[0];
  second.name = "z";
  g.nodes.push_back(second);
  Rule alone;
  alone.module_path = "D";
  base::Diagnostics diagnostics;
  const Plan plan = make_plan(g, {alone, s8_rule()}, {}, diagnostics);
  CHECK_FALSE(plan.nodes[0]->quantized);
  CHECK(plan.nodes[1]->op_id == "dot_general1");
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].label == "RULE-UNUSED");
}

TEST_CASE("an activation of a param's shape is taken for it [QUIRK-SHAPE]", "[plan]") {
  Graph g = dense();
  g.inputs.push_back({"z", {DType::kF32, {6, 8}}});
  // Inputs come first: the param moves up by one.
  g.nodes[0].args = {1, 0};
  g.inputs[0].type.shape = {8, 6};
  g.nodes[0].attributes.dot = {{1}, {0}, {}, {}};
  base::Diagnostics diagnostics;
  infer(g, diagnostics);
  const Plan plan = make_plan(g, {s8_rule()}, {}, diagnostics);
  CHECK(plan.nodes[0]->rhs.is_weight);
  CHECK(plan.nodes[0]->quirks == std::vector<std::string>{"QUIRK-SHAPE"});
}

TEST_CASE("what cannot be computed is refused by its label", "[plan]") {
  Rule rule = s8_rule();
  rule.tile_size = TileSize(std::int64_t{3});
  CHECK(labels(dense(), {rule}, {}) == Labels{"TIL-DIVIDE", "TIL-DIVIDE"});

  rule = s8_rule();
  rule.act_calibration_method = rule.weight_calibration_method = method("minmax");
  CHECK(labels(dense(), {rule}, {}) == Labels{"DOT-ASYM2"});

  rule = s8_rule();
  rule.act_qtype = QType::kU8;
  rule.act_calibration_method = method("minmax");
  CHECK(labels(dense(), {rule}, {}) == Labels{"QT-ASYM-TYPE"});

  rule = s8_rule();
  rule.weight_qtype = QType::kMxfp8;
  CHECK(labels(dense(), {rule}, {}) == Labels{"TIL-MX"});

  rule = s8_rule();
  rule.bwd_qtype = QType::kS8;
  rule.act_calibration_method = method("minmax");
  CHECK(labels(dense(), {rule}, backward()) == Labels{"BWD-RESIDUAL"});
  CHECK(labels(dense(), {rule}, {}).empty());  // only where there is a backward pass

  rule = s8_rule();
  rule.bwd_qtype = QType::kS8;
  rule.tile_size = TileSize(std::int64_t{1});
  CHECK(labels(dense(), {rule}, backward()) == Labels{"BWD-SCALE-AXIS", "BWD-SCALE-AXIS"});
}

TEST_CASE("refusals that no rule can reach still guard the planner [TIL-CHANNEL, DOT-TILE2]",
          "[plan]") {
  const Graph g = dense();
  base::Diagnostics diagnostics;
  const Rule rule = s8_rule();
  const PlanContext context{g, rule, {}, g.nodes[0], diagnostics};
  QuantizeRequest request;
  request.method = CalibrationMethod{};
  request.tile = TileSize(std::int64_t{2});
  request.tiled_axis = 1;
  request.channelwise = {0, 1};
  request.what = "lhs";
  CHECK_FALSE(plan_quantize(context, {4, 8}, request));
  REQUIRE(diagnostics.size() == 1);
  CHECK(diagnostics[0].label == "TIL-CHANNEL");

  QuantizePlan tiles_256;
  tiles_256.scale_shape = {256, 2};
  QuantizePlan tiles_128;
  tiles_128.scale_shape = {4, 8};
  const OperandView lhs{{DType::kF32, {256, 512}}, &tiles_256};
  const OperandView rhs{{DType::kF32, {512, 8}}, &tiles_128};
  CHECK(dot_properties(lhs, rhs, {{1}, {0}, {}, {}}).refusal == "DOT-TILE2");
}

TEST_CASE("module paths are matched in full, in bounded time [RULE-PATTERN]", "[plan]") {
  CHECK(ModulePattern("a/.*").matches("a/b"));
  CHECK_FALSE(ModulePattern("a").matches("a/b"));
  CHECK(ModulePattern("attn/(query|key)").matches("attn/key"));
  CHECK(ModulePattern(".*").matches(""));
  CHECK(ModulePattern("(?!head).*").matches("Dense_0"));
  CHECK_FALSE(ModulePattern("(?!head).*").matches("head"));
  CHECK(ModulePattern(".*(?<!k)").matches("attn"));
  CHECK_FALSE(ModulePattern(".*(?<!k)").matches("block"));
  CHECK(ModulePattern("(?i)dense_\\d").matches("Dense_0"));
  CHECK(ModulePattern("Dense_(?P<n>\\d)").matches("Dense_7"));
  // A POSIX class is none in Python: [[:alpha:] is a set of characters, then a bracket follows.
  CHECK_FALSE(ModulePattern("[[:alpha:]]+").matches("top"));
  CHECK(ModulePattern("[[:alpha:]]+").matches("a]]"));
  CHECK(ModulePattern("[]a]+").matches("a]"));
  CHECK(ModulePattern("a{,2}").matches("aa"));
  CHECK(ModulePattern("\\<a").matches("<a"));
  CHECK(ModulePattern("a\\Z").matches("a"));
  CHECK(ModulePattern("\\Qa\\E").error());
  CHECK(ModulePattern("(?R)").error());
  CHECK(ModulePattern("a\\").error());
  CHECK(ModulePattern("(a").error());
  CHECK(ModulePattern(std::string(2000, 'a')).error());
  CHECK(ModulePattern("((((((((((((((((((a))))))))))))))))))").error());
  CHECK(ModulePattern("(a{60}){60}").error());
}

// The product of eleven of these counts is 0 modulo 2^64, and so were all products behind it.
TEST_CASE("counts of any number are too many repeats [RULE-PATTERN]", "[plan]") {
  std::string counts = "a{";
  for (int i = 0; i < 11; ++i) counts += "1000000,";
  for (const std::string& pattern : {counts + "1}", counts + "1}(a{60}){60}"}) {
    INFO(pattern);
    const auto error = ModulePattern(pattern).error();
    REQUIRE(error.has_value());
    CHECK(error->find("repeat counts") != std::string::npos);
  }
}

TEST_CASE("a comment in a module path is left out, one without end refused [RULE-PATTERN]",
          "[plan]") {
  CHECK(ModulePattern("a+(?#b)c").matches("aac"));
  CHECK_FALSE(ModulePattern("a+(?#b)c").matches("abc"));
  // The library would read this for ever.
  CHECK(ModulePattern("(.?+(?#)x(").error().has_value());
  CHECK(ModulePattern("a+(?#b").error().has_value());
}

// Boost.Regex alone bounds a search by the square of the pattern's length: seconds for the second
// of these, and a case asks for many. And a search that gave up passed for a mismatch.
TEST_CASE("a search that explodes gives up after a fixed number of steps [RULE-PATTERN]",
          "[plan]") {
  std::string many = "(?:";
  while (many.size() + 12 < kMaxModulePath) many += "(?:a|a?)*|";
  many += "a)*b";
  for (const std::string& pattern :
       {std::string("(a+)+b"), many, std::string("(?:(?:)*)*(a*)*\\1c")}) {
    INFO(pattern);
    const ModulePattern compiled(pattern);
    REQUIRE_FALSE(compiled.error());
    MatchBudget budget;
    CHECK(compiled.match(std::string(kMaxModulePath, 'a'), budget) == Match::kGaveUp);
    CHECK(budget.reads == kMaxReadsOfCase - kMaxReads);
    CHECK_FALSE(compiled.matches(std::string(kMaxModulePath, 'a')));
  }
  MatchBudget little;
  little.reads = 3;
  CHECK(ModulePattern("(a|b)*").match("abab", little) == Match::kGaveUp);
  CHECK(little.reads == 0);
  MatchBudget enough;
  CHECK(ModulePattern("(a|b)*").match("abab", enough) == Match::kYes);
  CHECK(enough.reads < kMaxReadsOfCase);
}

}  // namespace
}  // namespace mxcheck::graph
