// The words of a finding, and the order in which findings are likely causes of each other.
#include "reports/finding_text.h"

#include <catch2/catch.hpp>

#include "reports/testing.h"

namespace mxcheck::reports {

TEST_CASE("a finding names its tensor, class, count and first element", "[reports]") {
  CheckResult check;
  check.check = "golden";
  check.mode = "end_to_end";
  Finding f = code_finding();
  CHECK(finding_headline(check, f) ==
        "golden end_to_end step0/quant/y/fwd/lhs.qvalue  EXACT  3 of 64 differ, first [0,7]");
  f.problem = "the run does not produce it";
  CHECK(finding_headline(check, f).find("  the run does not produce it") != std::string::npos);
}

TEST_CASE("the other side of a difference is named by what it is", "[reports]") {
  CheckResult check;
  check.check = "golden";
  Finding f = code_finding();
  CHECK(finding_details(check, f).find("sim -128 (0x80)  golden -127 (0x81)") != std::string::npos);
  CHECK(finding_details(check, f).find("rule QNT-1\n") != std::string::npos);
  check.check = "device";
  CHECK(finding_details(check, f).find("  device -127") != std::string::npos);
  check.check = "fake_quant";
  f.formula = "BND-4";
  CHECK(finding_details(check, f).find("  exact -127") != std::string::npos);
}

TEST_CASE("what stands first in the flow of values comes first", "[reports]") {
  const char* const flow[] = {"step0/quant/y/fwd/lhs.qvalue", "step0/quant/y/fwd/acc",
                              "step0/quant/y/fwd/out",        "step0/node/y",
                              "step0/quant/y/dlhs/lhs.scale", "step0/quant/y/dlhs/acc",
                              "step0/quant/y/dlhs/out",       "step0/ct/x",
                              "step0/grad/param/D/kernel",    "step1/stats/D/sum"};
  for (std::size_t i = 0; i < std::size(flow); ++i) {
    INFO(flow[i]);
    CHECK(place_in_flow(flow[i]) == static_cast<int>(i));
  }
}

TEST_CASE("a root cause tells how far it was looked for", "[reports]") {
  RootCause cause;
  cause.failing = 1;
  cause.tried = cause.changes = 9;
  CHECK(root_cause_text(cause) ==
        "  root cause: no single change explains it (1 failing tensor)\n");
  cause.causes = {"a", "b", "c", "d", "e", "f"};
  cause.failing = 5;
  cause.tried = 3;
  CHECK(root_cause_text(cause) ==
        "  root cause: a, or b, or c, or d, or 2 more (5 failing tensors; cut short after 3 of 9 "
        "changes, 0 ms)\n");
}

}  // namespace mxcheck::reports
