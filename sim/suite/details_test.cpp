// What reports show beside verdicts, held against the values it is made from.
#include "sim/suite/details.h"

#include <cmath>

#include "sim/suite/run_case.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

constexpr const char* kRule = R"({"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"})";
constexpr const char* kStatic =
    R"({"weight_qtype": "s8", "act_qtype": "s8", "act_static_scale": true})";

casefile::Case case_of(const std::string& text) {
  casefile::LoadedCases loaded = casefile::load_case_text(text, "test.json", ".", "test");
  for (const base::Diagnostic& d : loaded.diagnostics) UNSCOPED_INFO(d.label + ": " + d.fact);
  REQUIRE(loaded.cases.size() == 1);
  return std::move(loaded.cases.front());
}

enum class With { kDetails, kNone };
reports::CaseResult result_of(const std::string& text, With with = With::kDetails) {
  CaseOptions options;
  options.details = with == With::kDetails;
  return run_case(case_of(text), options).result;
}

// Three steps whose inputs grow.
std::string three_steps(const std::string& mode) {
  std::string text = testing::dense(kStatic, "\"steps\": 3, \"mode\": \"" + mode + "\"");
  const std::string x = R"({"random": "normal", "seed": 1, "shape": [4, 6]})";
  text.replace(text.find(x), x.size(),
               R"({"steps": [{"random": "normal", "seed": 1, "shape": [4, 6]},
                  {"random": "normal", "seed": 7, "shape": [4, 6], "scale": 3},
                  {"random": "normal", "seed": 8, "shape": [4, 6], "scale": 9}]})");
  const std::string cotangents = R"(, "cotangents")";
  text.erase(text.find(cotangents), text.rfind("}}") - text.find(cotangents));
  return text;
}

}  // namespace

TEST_CASE("the graph is there with every recorded tensor at its value", "[suite]") {
  const reports::CaseResult result = result_of(testing::dense(kRule));
  REQUIRE(result.graph.size() == 3);
  CHECK(result.graph[0].role == reports::GraphRole::kInput);
  CHECK(result.graph[1].role == reports::GraphRole::kParam);
  CHECK(result.graph[2].role == reports::GraphRole::kQuantized);
  CHECK(result.graph[2].arguments == std::vector<int>{0, 1});
  CHECK(result.graph[2].op == "dot_general");
  CHECK(result.graph[2].tensors.size() > 10);
  for (const reports::TensorState& t : result.graph[2].tensors) {
    CHECK(t.verdict == reports::TensorVerdict::kNone);  // there is no golden
  }
}

TEST_CASE("histograms hold every code, its ties and both ends [QNT-1]", "[suite]") {
  const reports::CaseResult result = result_of(testing::dense(kRule));
  REQUIRE(result.quantizations.size() == 4);
  for (const reports::QuantizationCounts& q : result.quantizations) {
    INFO(q.name);
    REQUIRE(q.histogram.has_value());
    std::int64_t codes = 0, ties = 0;
    for (const std::int64_t count : q.histogram->counts) codes += count;
    for (const std::int64_t count : q.histogram->ties) ties += count;
    CHECK(codes == q.total);
    CHECK(ties == q.ties);
    CHECK(q.histogram->at_low + q.histogram->at_high == q.saturated);
    CHECK(q.sqnr_db.value_or(0) > 30);
    CHECK(q.sqnr_db.value_or(0) < 60);
  }
}

TEST_CASE("a layer of fewer bits is less like the unquantized one", "[suite]") {
  const auto sqnr = [](const std::string& qtype) {
    const reports::CaseResult result = result_of(
        testing::dense(R"({"weight_qtype": ")" + qtype + R"(", "act_qtype": ")" + qtype + "\"}"));
    REQUIRE(result.layers.size() == 1);
    CHECK(result.layers[0].name == "step0/quant/y/fwd");
    return result.layers[0].sqnr_db.value_or(0);
  };
  CHECK(sqnr("s8") > sqnr("s4") + 15);
}

TEST_CASE("a trace adds each step's own value and uses the mean [SRQ-4, SRQ-5]", "[suite]") {
  const std::vector<reports::SrqTrace> traces = result_of(three_steps("calibrate")).traces;
  REQUIRE(traces.size() == 1);
  CHECK(traces[0].part == "absmax");
  REQUIRE(traces[0].steps.size() == 3);
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const reports::SrqStep& step = traces[0].steps[i];
    sum += step.own;
    CHECK(step.updated);
    CHECK(step.count == static_cast<std::int64_t>(i) + 1);
    CHECK(step.sum == Approx(sum));
    CHECK(step.in_use == Approx(sum / static_cast<double>(step.count)));
  }
  CHECK(traces[0].steps[2].own > 2 * traces[0].steps[0].own);
}

TEST_CASE("where nothing updates them statistics are shown frozen [SRQ-4]", "[suite]") {
  const std::vector<reports::SrqTrace> traces = result_of(three_steps("forward")).traces;
  for (const reports::SrqTrace& trace : traces) {
    for (const reports::SrqStep& step : trace.steps) CHECK_FALSE(step.updated);
  }
}

TEST_CASE("products carry what they cost on the array", "[suite]") {
  const reports::CaseResult result = result_of(testing::dense(kRule));
  REQUIRE_FALSE(result.products.empty());
  for (const reports::ProductWidths& p : result.products) {
    CHECK(p.cycles > p.k);
    CHECK(p.peak == 128 * 128);
    CHECK(p.bytes >= p.m * p.k + p.k * p.n + 4 * p.m * p.n);
  }
}

TEST_CASE("verdicts do not depend on details", "[suite]") {
  for (const std::string& text : {testing::dense(kRule), three_steps("calibrate")}) {
    const reports::CaseResult with = result_of(text), without = result_of(text, With::kNone);
    CHECK(with.status == without.status);
    CHECK(with.checks.size() == without.checks.size());
    CHECK(without.graph.empty());
    CHECK(without.traces.empty());
    CHECK(without.layers.empty());
  }
}

TEST_CASE("labels of a case are those it names as words [QNT-1]", "[suite]") {
  std::string text = testing::dense(kRule);
  text.insert(text.find("\"inputs\""), R"("title": "ties (QNT-1), not XQNT-2", )");
  const std::vector<std::string> labels = labels_of(case_of(text));
  CHECK(labels == std::vector<std::string>{"QNT-1"});
  CHECK(ops_of(case_of(text)) == std::vector<std::string>{"dot_general"});
}

}  // namespace mxcheck::suite
