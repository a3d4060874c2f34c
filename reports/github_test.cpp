// What GitHub shows of a run: no more than it takes, and nothing a case could have written for it.
#include "reports/github.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "reports/testing.h"

namespace mxcheck::reports {

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

}  // namespace mxcheck::reports
