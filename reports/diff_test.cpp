// Differences of two reports: what is told, and what of it is a regression.
#include "reports/diff.h"

#include <catch2/catch.hpp>
#include <functional>

namespace mxcheck::reports {
namespace {

RunResult run_of_two() {
  RunResult run;
  for (const char* id : {"a", "b"}) {
    CaseResult c;
    c.id = id;
    c.digest = "d1";
    CheckResult golden;
    golden.check = "golden";
    golden.mode = "isolated";
    golden.tensors = 4, golden.equal = 3, golden.bound = 1, golden.worst_fraction = 0.5;
    golden.figures = {{"f", Class::kBound, "BND-1", 4, 0.5, {}, {}}};
    c.checks = {golden};
    c.quantizations = {{"step0/quant/y/fwd/lhs", 64, 3, 1, 3, 5, 2, {}, {}}};
    run.cases.push_back(c);
  }
  return run;
}

struct Row {
  const char* what;
  std::function<void(RunResult&)> edit;  // of B
  std::int64_t regressions;
  std::size_t differences;
};

Finding finding(std::int64_t differ) {
  Finding f;
  f.name = "step0/node/y";
  f.differ = differ;
  f.total = 8;
  return f;
}

}  // namespace

TEST_CASE("a report does not differ from itself", "[reports]") {
  const ReportDiff d = diff(run_of_two(), run_of_two());
  CHECK(d.differences.empty());
  CHECK(d.same == 2);
  CHECK(d.regressions() == 0);
}

TEST_CASE("what is worse in B is a regression, what is other is only told", "[reports]") {
  const auto check = [](RunResult& r) -> CheckResult& { return r.cases[0].checks[0]; };
  const std::vector<Row> rows{
      {"fails", [](RunResult& r) { r.cases[0].status = Status::kFail; }, 1, 1},
      {"is skipped", [](RunResult& r) { r.cases[0].status = Status::kSkip; }, 1, 1},
      {"fails as expected", [](RunResult& r) { r.cases[0].status = Status::kXfail; }, 0, 1},
      {"is lost", [](RunResult& r) { r.cases.pop_back(); }, 1, 0},
      {"is new", [](RunResult& r) { r.cases.push_back(r.cases[0]); }, 0, 0},
      {"a tensor less is equal", [&](RunResult& r) { check(r).equal = 2; }, 1, 1},
      {"a tensor more is equal", [&](RunResult& r) { check(r).equal = 4; }, 0, 1},
      {"more tensors, all equal", [&](RunResult& r) { check(r).tensors = 6, check(r).equal = 5; },
       0, 1},
      {"a tensor differs, said by name and in the count",
       [&](RunResult& r) {
         check(r).findings = {finding(2)};
         check(r).equal = 2;
       },
       1, 2},
      {"the same of another case",
       [&](RunResult& r) {
         check(r).findings = {finding(2)};
         check(r).equal = 2;
         r.cases[0].digest = "d2";
       },
       0, 3},
      {"the golden is another", [](RunResult& r) { r.cases[0].golden_digest = "g"; }, 0, 1},
      {"more of the bound", [&](RunResult& r) { check(r).worst_fraction = 0.75; }, 0, 1},
      {"more of a tensor's bound", [&](RunResult& r) { check(r).figures[0].worst_fraction = 0.75; },
       0, 1},
      {"ties", [](RunResult& r) { r.cases[0].quantizations[0].ties = 4; }, 0, 1},
      {"saturated", [](RunResult& r) { r.cases[0].quantizations[0].saturated = 4; }, 0, 1},
      {"sensitive", [](RunResult& r) { r.cases[0].quantizations[0].sensitive = {}; }, 0, 1},
      {"a check went", [](RunResult& r) { r.cases[0].checks.clear(); }, 0, 1},
      {"slow", [](RunResult& r) { r.cases[0].milliseconds = r.milliseconds = 1e6; }, 0, 0}};
  for (const Row& row : rows) {
    INFO(row.what);
    RunResult b = run_of_two();
    row.edit(b);
    const ReportDiff d = diff(run_of_two(), b);
    CHECK(d.regressions() == row.regressions);
    CHECK(d.differences.size() == row.differences);
  }
}

TEST_CASE("a case that failed in A is no regression of B", "[reports]") {
  RunResult a = run_of_two(), b = run_of_two();
  a.cases[0].status = Status::kFail;
  a.cases[0].checks[0].findings = {finding(2)};
  b.cases[0].status = Status::kSuiteError;
  b.cases[0].checks[0].findings = {finding(3)};
  const ReportDiff d = diff(a, b);
  CHECK(d.regressions() == 0);
  CHECK(to_text(d).find("a golden isolated step0/node/y  differ 2 of 8 -> 3 of 8") !=
        std::string::npos);
}

TEST_CASE("the text names regressions first and counts them last", "[reports]") {
  RunResult b = run_of_two();
  b.cases[0].status = Status::kFail;
  b.cases[0].id = "a\x1b[31m";
  b.context.isa = "avx2";
  RunResult a = run_of_two();
  a.cases[0].id = b.cases[0].id;
  const std::string text = to_text(diff(a, b));
  CHECK(text.find("run: isa scalar -> avx2\nREGRESSION a\\x1b[31m  status PASS -> FAIL\n") == 0);
  CHECK(text.ends_with("2 cases in A, 2 in B, 1 without a difference, 1 regressions\n"));
}

}  // namespace mxcheck::reports
