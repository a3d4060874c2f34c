// What counts as the same reason, and the edits of drafts; the whole is tested in scripts/e2e.
#include "sim/suite/minimize.h"

#include <catch2/catch.hpp>

#include "sim/suite/minimize_edit.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using casefile::Draft;
using reports::CaseResult;
using reports::CheckResult;
using reports::Finding;
using reports::Status;

Case read(const std::string& text) {
  casefile::LoadedCases loaded = casefile::load_case_text(text, "test.json", ".", "test");
  for (const base::Diagnostic& d : loaded.diagnostics) UNSCOPED_INFO(base::format(d));
  REQUIRE(loaded.cases.size() == 1);
  return std::move(loaded.cases.front());
}

Case dense_case() { return read(testing::dense("{\"weight_qtype\": \"s8\"}")); }

CaseResult failing(const std::string& finding, const std::string& rule,
                   std::optional<std::vector<std::string>> causes) {
  CaseResult out;
  out.status = Status::kFail;
  CheckResult check;
  check.check = "golden";
  check.mode = "isolated";
  check.status = Status::kFail;
  Finding f;
  f.name = finding;
  f.rule = rule;
  check.findings = {f};
  if (causes) {
    check.root_cause.emplace();
    check.root_cause->causes = *causes;
  }
  out.checks = {check};
  return out;
}

const char* const kCodes = "step0/quant/y/fwd/lhs.qvalue";

}  // namespace

TEST_CASE("a reason is its causes: fewer are the same, others are not", "[minimize]") {
  const Case c = dense_case();
  const auto reason = reason_of(c, failing(kCodes, "QNT-1", {{"a", "b"}}), "golden");
  REQUIRE(reason.has_value());
  const auto same = [&](const CaseResult& r) { return same_reason(c, r, *reason); };
  CHECK(same(failing(kCodes, "QNT-1", {{"a", "b"}})));
  CHECK(same(failing("step0/node/y", "", {{"b"}})));
  CHECK_FALSE(same(failing(kCodes, "QNT-1", {{"a", "c"}})));
  CHECK_FALSE(same(failing(kCodes, "QNT-1", {{}})));
  CHECK_FALSE(same(failing(kCodes, "QNT-1", {})));
}

TEST_CASE("without a cause a reason is the rule and the kind of value", "[minimize]") {
  const Case c = dense_case();
  const auto reason = reason_of(c, failing(kCodes, "QNT-1", {{}}), "");
  REQUIRE(reason.has_value());
  const auto same = [&](const CaseResult& r) { return same_reason(c, r, *reason); };
  CHECK(same(failing(kCodes, "QNT-1", {})));
  CHECK_FALSE(same(failing(kCodes, "QNT-2", {})));
  CHECK_FALSE(same(failing("step0/quant/y/fwd/rhs.qvalue", "QNT-1", {})));
  CHECK_FALSE(same(failing("step0/node/y", "QNT-1", {})));
  CaseResult other = failing(kCodes, "QNT-1", {});
  other.checks[0].mode = "end_to_end";
  CHECK_FALSE(same(other));
  other.checks[0].check = "ste";
  CHECK_FALSE(reason_of(c, other, "golden").has_value());
  CaseResult good = failing(kCodes, "QNT-1", {});
  good.checks[0].status = Status::kPass;
  CHECK_FALSE(same(good));
}

TEST_CASE("a literal keeps the elements of the indices that are kept", "[minimize]") {
  Draft draft = casefile::draft_of(read(R"({"mxcheck": 1,
    "inputs": {"x": {"values": [[1, 2, 3], [4, 5, 6]]}},
    "nodes": [{"name": "y", "op": "relu", "args": ["x"]}]})"));
  const auto numbers = [](const Draft& d) { return d.inputs[0].second.numbers; };
  using Where = DimSlot::Where;
  const std::vector<std::string> columns{"1", "3", "4", "6"}, row{"4", "5", "6"};
  CHECK(numbers(with_dims(draft, {{Where::kInput, 0, 1}}, {0, 2})) == columns);
  CHECK(numbers(with_dims(draft, {{Where::kInput, 0, 0}}, {1})) == row);
  CHECK(dim_at(with_dims(draft, {{Where::kInput, 0, 0}}, {1}), {Where::kInput, 0, 0}) == 1);
  CHECK(dim_slots(draft).size() == 2);
}

TEST_CASE("a node that goes leaves its value and hands its cotangent on", "[minimize]") {
  const Case c = read(R"({"mxcheck": 1,
    "inputs": {"x": {"fill": 2, "shape": [2]}, "w": {"fill": 3, "shape": [2]}},
    "nodes": [{"name": "a", "op": "mul", "args": ["x", "w"]},
              {"name": "b", "op": "neg", "args": ["a"]}],
    "run": {"mode": "grad", "cotangents": {"b": {"fill": 1, "shape": [2]}}}})");
  graph::Values values;
  tensor::Tensor six(numerics::DType::kF32, {2}), minus(numerics::DType::kF32, {2});
  for (int i = 0; i < 2; ++i) six.store(i, 6), minus.store(i, -1);
  values.emplace("step0/node/a", six);
  values.emplace("step0/ct/a", minus);
  const Draft draft = casefile::draft_of(c);
  const Draft last = without_node(draft, 1, values);
  REQUIRE(last.nodes.size() == 1);
  REQUIRE(last.run.cotangents.size() == 1);
  CHECK(last.run.cotangents[0].first == "a");
  CHECK(last.run.cotangents[0].second.numbers == std::vector<std::string>{"-1", "-1"});
  const Draft cut = without_node(draft, 0, values);
  REQUIRE(cut.inputs.size() == 1);
  CHECK(cut.inputs[0].first == "a");
  CHECK(cut.inputs[0].second.numbers == std::vector<std::string>{"6", "6"});
  CHECK(only_node(draft, 1, values).nodes.size() == 1);
  CHECK(bypassed(draft, 0, 1).nodes[0].args == std::vector<std::string>{"w"});
}

}  // namespace mxcheck::suite
