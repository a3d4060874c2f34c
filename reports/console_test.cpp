// Console text beyond the approved one (writers_test.cpp): when lines appear, and how to repeat
// them.
#include "reports/console.h"

#include <catch2/catch.hpp>

#include "reports/testing.h"

namespace mxcheck::reports {

TEST_CASE("the repeat line survives a shell", "[reports]") {
  CHECK(shell_quote("cases/a b") == "'cases/a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("qt/a=1") == "qt/a=1");
}

TEST_CASE("a case that passes has a line only where it is asked for", "[reports]") {
  const RunResult run = invented_run();
  CaseResult passed;
  passed.id = "qt/x";
  passed.status = Status::kPass;
  CHECK(ConsoleWriter({}, run.context).finished(passed).empty());
  ConsoleWriter verbose({.verbosity = Verbosity::kVerbose}, run.context);
  CHECK(verbose.finished(passed) == "PASS qt/x  (0.0 ms)\n");
  CHECK(case_headline(passed).empty());
}

TEST_CASE("a failure is repeated with what made it fail", "[reports]") {
  CaseResult failed;
  failed.id = "qt/a b";
  failed.policy = "quotient=reciprocal, tie=away";
  RunContext context;
  context.paths = {"cases"};
  context.level = "functional";
  context.isa = "scalar";
  context.faults = {"round_toward_zero"};
  context.seed = 7;
  CHECK(repeat_command(failed, context) ==
        "mxcheck run cases --id 'qt/a b' --policy quotient=reciprocal,tie=away "
        "--fault round_toward_zero --seed 7 --level functional --isa scalar");
}

}  // namespace mxcheck::reports
