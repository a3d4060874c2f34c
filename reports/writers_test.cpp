// The writers against approved output: reports/baselines holds what each report of one invented run
// must look like, byte for byte (durations are 0). After a wanted change: run this test with
// MXCHECK_APPROVE=1 and read the difference before committing it.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "reports/console.h"
#include "reports/github.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "reports/sarif_run.h"
#include "reports/testing.h"
#include "sim/base/file.h"

namespace mxcheck::reports {
namespace {

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

TEST_CASE("annotations and step summary are the approved ones", "[reports]") {
  check_baseline("github.txt", github_annotations(invented_run()));
  check_baseline("github.md", github_summary(invented_run()));
}

TEST_CASE("failures as SARIF are the approved ones", "[reports]") {
  check_baseline("failures.sarif", to_sarif(invented_run(), ""));
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
  CHECK(text.find("... 17 more failures") != std::string::npos);
  CHECK(text.find("0 passed, 9 failed, 0 skipped\n") == text.size() - 30);
}

}  // namespace mxcheck::reports
