// The writers against approved output: reports/baselines holds what each report of one invented run
// must look like, byte for byte (durations are 0). After a wanted change: run this test with
// MXCHECK_APPROVE=1 and read the difference before committing it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "reports/console.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "sim/base/file.h"

namespace mxcheck::reports {
namespace {

Finding code_finding() {
  Finding f;
  f.name = "step0/quant/y/fwd/lhs.qvalue";
  f.differ = 3;
  f.total = 64;
  f.rule = "QNT-1";
  f.explanation = "all 3 agree with policy quotient=reciprocal";
  Mismatch m;
  m.index = {0, 7};
  m.ours = "-128", m.ours_bits = "0x80";
  m.theirs = "-127", m.theirs_bits = "0x81";
  m.tie = true;
  m.facts = {{"x", "-2.7182817"}, {"scale", "0.021319857"}, {"quotient", "-127.50000"}};
  f.mismatches = {m};
  return f;
}

Finding bound_finding() {
  Finding f;
  f.name = "step0/node/z";
  f.cls = Class::kBound;
  f.formula = "BND-1";
  f.differ = 1;
  f.total = 4;
  f.worst_fraction = 1.75;
  f.worst_ulp = 9;
  Mismatch m;
  m.index = {3};
  m.ours = "1.0000011", m.ours_bits = "0x3f800009";
  m.theirs = "1", m.theirs_bits = "0x3f800000";
  m.ulp = 9;
  m.bound_fraction = 1.75;
  f.mismatches = {m};
  return f;
}

CaseResult case_of(const std::string& id, Status status, const std::string& reason) {
  CaseResult c;
  c.id = id;
  c.file = "cases/" + id + ".json";
  c.policy = "ieee";
  c.hardware = "ideal_int32";
  c.mode = "grad";
  c.status = status;
  c.reason = reason;
  return c;
}

CheckResult failed_check(const std::string& mode) {
  CheckResult check;
  check.check = "golden";
  check.mode = mode;
  check.status = Status::kFail;
  return check;
}

RunResult invented_run() {
  RunResult run;
  run.context.version = "0.1.0";
  run.context.commit = "unknown";
  run.context.paths = {"cases"};
  CaseResult failing = case_of("qt/dense_int8", Status::kFail, "");
  CheckResult isolated = failed_check("isolated");
  isolated.tensors = 12, isolated.elements = 700, isolated.exact = 11, isolated.bound = 1;
  isolated.equal = 10, isolated.worst_fraction = 1.75, isolated.worst_name = "step0/node/z";
  isolated.findings = {code_finding(), bound_finding()};
  isolated.root_cause =
      RootCause{{"policy quotient=reciprocal", "policy quotient=reciprocal_f32_f16"},
                {"quotient_reciprocal", ""},
                2,
                61,
                140,
                12.5};
  failing.checks = {isolated};
  failing.products = {{"step0/quant/y/fwd", 1, 4, 16, 8, 14, 14}};
  failing.quantizations = {{"step0/quant/y/fwd/lhs", 64, 3, 1, 3, 5, 2}};
  failing.kernels = {{"gemm_x_scalar", "gemm", "scalar", 3},
                     {"noise_scalar", "noise", "scalar", 0}};
  CaseResult hostile = case_of("x/<a&\"b\x01\xff", Status::kVacuous, "all \x02 zero ]]>");
  CaseResult missing = case_of("qt/missing", Status::kFail, "");
  CheckResult check = failed_check("end_to_end");
  Finding absent;
  absent.name = "step0/node/q";
  absent.problem = "the run does not produce it";
  check.findings = {absent};
  missing.checks = {check};
  run.cases = {case_of("qat/a", Status::kPass, ""),
               case_of("qat/a", Status::kPass, ""),
               failing,
               missing,
               hostile,
               case_of("hw/trap", Status::kUndefined, "overflow at (0,1,2)"),
               case_of("hw/skip", Status::kSkip, "no kernel"),
               case_of("bug", Status::kSuiteError, "a check failed"),
               case_of("known", Status::kXfail, "FAIL as expected: issue 12"),
               case_of("mended", Status::kXpass, "passed, but FAIL is expected: issue 13")};
  run.cases[8].expectation = Expectation{"kno*", Status::kFail, Status::kFail, "", "issue 12"};
  run.cases[9].expectation =
      Expectation{"mended", Status::kFail, Status::kPass, "golden", "issue 13"};
  run.context.expectations = "cases/expectations/known.json";
  run.expectations = {{"kno*", true, Status::kFail, "", "issue 12", 1, 1},
                      {"mended", false, Status::kFail, "golden", "issue 13", 1, 1},
                      {"gone", false, Status::kVacuous, "", "issue 14", 0, 0}};
  return run;
}

void check_baseline(const std::string& file, const std::string& text) {
  const std::string path = "reports/baselines/" + file;
  if (std::getenv("MXCHECK_APPROVE") != nullptr) {
    REQUIRE(base::write_file_atomically(path, text).ok());
  }
  const auto approved = base::read_file(path, 1 << 20);
  REQUIRE(approved.ok());
  CHECK(approved.value() == text);
}

std::string console_text(const RunResult& run, ConsoleStyle style) {
  ConsoleWriter writer(style, run.context);
  std::string text;
  for (const CaseResult& c : run.cases) text += writer.finished(c);
  return text + writer.summary(run);
}

}  // namespace

TEST_CASE("console text is the approved one", "[reports]") {
  check_baseline("console.txt", console_text(invented_run(), {}));
  check_baseline("console_vv.txt",
                 console_text(invented_run(), {.verbosity = Verbosity::kVeryVerbose}));
}

TEST_CASE("the JSON report is the approved one", "[reports]") {
  check_baseline("report.json", to_json(invented_run()));
}

TEST_CASE("the JUnit report is the approved one", "[reports]") {
  check_baseline("junit.xml", to_junit(invented_run()));
}

TEST_CASE("no control character reaches a terminal or XML", "[reports]") {
  for (const std::string& text : {console_text(invented_run(), {}), to_junit(invented_run())}) {
    for (const char ch : text) CHECK((static_cast<unsigned char>(ch) >= 0x20 || ch == '\n'));
  }
}

TEST_CASE("infinite and undefined fractions stay valid JSON", "[reports]") {
  RunResult run = invented_run();
  run.cases[2].checks[0].worst_fraction = std::numeric_limits<double>::infinity();
  const auto parsed = nlohmann::json::parse(to_json(run));
  CHECK(parsed["cases"][2]["checks"][0]["worst_bound_fraction"] == "inf");
}

TEST_CASE("after ten failures in full the rest is counted", "[reports]") {
  RunResult run = invented_run();
  const CaseResult failing = run.cases[2];
  run.cases.assign(9, failing);
  const std::string text = console_text(run, {});
  CHECK(text.find("... 8 more failures") != std::string::npos);
  CHECK(text.find("0 passed, 9 failed, 0 skipped\n") == text.size() - 30);
}

TEST_CASE("the repeat line survives a shell", "[reports]") {
  CHECK(shell_quote("cases/a b") == "'cases/a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("qt/a=1") == "qt/a=1");
}

}  // namespace mxcheck::reports
