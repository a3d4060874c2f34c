// The writers against approved output: reports/baselines holds what each report of one invented run
// must look like, byte for byte (durations are 0). After a wanted change: run this test with
// MXCHECK_APPROVE=1 and read the difference before committing it.
#include <algorithm>
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

TEST_CASE("ten annotations a step, the rest is counted", "[reports]") {
  RunResult run = invented_run();
  run.cases.assign(13, run.cases[2]);
  const std::string text = github_annotations(run);
  std::size_t errors = 0;
  for (std::size_t at = text.find("::error "); at != std::string::npos;
       at = text.find("::error ", at + 1)) {
    ++errors;
  }
  CHECK(errors == 10);
  CHECK(text.ends_with("::notice title=mxcheck::3 more failures are not annotated\n"));
}

TEST_CASE("nothing from a case starts a workflow command or Markdown", "[reports]") {
  RunResult run = invented_run();
  CaseResult& c = run.cases[4];
  c.id = "x\n::error::a%0A,b:c|<script>`@user` **b** [l](u)";
  c.file = "a,b:c%\n::stop-commands::x";
  run.cases = {c};
  const std::string commands = github_annotations(run);
  CHECK(std::count(commands.begin(), commands.end(), '\n') == 1);
  CHECK(commands.find("file=a%2Cb%3Ac%25\\n%3A%3Astop-commands%3A%3Ax,line=1") !=
        std::string::npos);
  const std::string summary = github_summary(run);
  for (const char* syntax : {"<script", "@user", "**b", "](", "|<", "`"}) {
    CHECK(summary.find(syntax) == std::string::npos);
  }
}

TEST_CASE("a step summary keeps to its size and says what it left out", "[reports]") {
  RunResult run = invented_run();
  run.cases.assign(2000, run.cases[2]);
  const std::string text = github_summary(run, 20'000);
  CHECK(text.size() <= 20'000);
  CHECK(text.size() > 15'000);
  CHECK(text.ends_with(" more failures do not fit in here.\n"));
  CHECK(github_summary(run, 100).empty());
  CHECK(github_summary(run).size() <= kGithubSummaryBytes);
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

TEST_CASE("the repeat line survives a shell", "[reports]") {
  CHECK(shell_quote("cases/a b") == "'cases/a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("qt/a=1") == "qt/a=1");
}

}  // namespace mxcheck::reports
