// Expectations: what a file may say, what becomes of a status, what is refused and where.
#include "sim/suite/expectations.h"

#include <catch2/catch.hpp>

#include "sim/suite/glob.h"

namespace mxcheck::suite {
namespace {

using reports::CaseResult;
using reports::CheckResult;
using reports::Status;

std::string file_of(const std::string& entries) {
  return "{\"mxcheck_expectations\": 1,\n \"entries\": [" + entries + "]}";
}

Expectations read(const std::string& entries) {
  base::Diagnostics problems;
  auto out = Expectations::parse(file_of(entries), "e.json", problems);
  for (const base::Diagnostic& d : problems) UNSCOPED_INFO(base::format(d));
  REQUIRE(out.has_value());
  return *out;
}

base::Diagnostics refusals(const std::string& text) {
  base::Diagnostics problems;
  CHECK_FALSE(Expectations::parse(text, "e.json", problems).has_value());
  return problems;
}

CaseResult result_of(Status status) {
  CaseResult c;
  c.id = "qt/a";
  c.policy = "ieee, quotient=reciprocal";
  c.hardware = "ideal_int32";
  c.status = status;
  return c;
}

// A case that fails in one check and passes in another.
CaseResult failing() {
  CaseResult c = result_of(Status::kFail);
  CheckResult golden, fast;
  golden.check = "golden";
  golden.status = Status::kFail;
  fast.check = "fast";
  c.checks = {golden, fast};
  return c;
}

CaseResult applied(const std::string& entries, CaseResult c, const std::string& isa = "scalar") {
  const Expectations expectations = read(entries);
  auto uses = expectations.no_uses();
  expectations.apply(isa, c, uses);
  return c;
}

std::string entry(const std::string& more) {
  return "{\"id\": \"qt/a\", \"reason\": \"known\", " + more + "}";
}

}  // namespace

TEST_CASE("a status that comes as expected is XFAIL, a pass against it XPASS", "[expect]") {
  struct Row {
    const char* expected;
    Status actual, becomes;
  };
  const std::vector<Row> rows{{"FAIL", Status::kFail, Status::kXfail},
                              {"FAIL", Status::kPass, Status::kXpass},
                              {"FAIL", Status::kVacuous, Status::kVacuous},
                              {"FAIL", Status::kSuiteError, Status::kSuiteError},
                              {"FAIL", Status::kSkip, Status::kSkip},
                              {"VACUOUS", Status::kVacuous, Status::kXfail},
                              {"VACUOUS", Status::kPass, Status::kXpass},
                              {"VACUOUS", Status::kFail, Status::kFail},
                              {"SKIP", Status::kSkip, Status::kSkip},
                              {"SKIP", Status::kPass, Status::kXpass},
                              {"UNDEFINED", Status::kUndefined, Status::kUndefined},
                              {"SUITE_ERROR", Status::kSuiteError, Status::kXfail},
                              {"DUT_ERROR", Status::kDutError, Status::kXfail}};
  for (const Row& row : rows) {
    INFO(row.expected << " " << name(row.actual));
    const CaseResult c =
        applied(entry("\"status\": \"" + std::string(row.expected) + "\""), result_of(row.actual));
    CHECK(name(c.status) == std::string(name(row.becomes)));
    if (c.expectation) {
      CHECK(c.expectation->actual == row.actual);
      CHECK(c.reason.find("known") != std::string::npos);
    }
  }
}

TEST_CASE("a pass against an entry that is not strict stays a pass, with a note", "[expect]") {
  const CaseResult c =
      applied(entry("\"status\": \"FAIL\", \"strict\": false"), result_of(Status::kPass));
  CHECK(c.status == Status::kPass);
  REQUIRE(c.notes.size() == 1);
  CHECK(c.notes[0] == "FAIL is expected and did not come: known");
}

TEST_CASE("an expected check excuses no other", "[expect]") {
  CHECK(applied(entry("\"status\": \"FAIL\", \"check\": \"golden\""), failing()).status ==
        Status::kXfail);
  CaseResult both = failing();
  both.checks[1].status = Status::kFail;
  CHECK(applied(entry("\"status\": \"FAIL\", \"check\": \"golden\""), both).status ==
        Status::kFail);
  CHECK(applied(entry("\"status\": \"FAIL\""), both).status == Status::kXfail);
  // The check that is expected to fail passes: not what was said, whatever else is.
  CHECK(applied(entry("\"status\": \"FAIL\", \"check\": \"fast\""), failing()).status ==
        Status::kFail);
  CHECK(applied(entry("\"status\": \"FAIL\", \"check\": \"golden\"") + "," +
                    entry("\"status\": \"FAIL\", \"check\": \"fast\""),
                failing())
            .status == Status::kXpass);
  // A check that did not run says nothing.
  CaseResult good = result_of(Status::kPass);
  CHECK(applied(entry("\"status\": \"FAIL\", \"check\": \"cycle\""), good).status == Status::kPass);
}

TEST_CASE("an entry holds only under its conditions", "[expect]") {
  const auto status = [](const std::string& condition) {
    return applied(entry("\"status\": \"FAIL\", " + condition), failing(), "scalar").status;
  };
  CHECK(status("\"policy\": \"ieee,quotient=reciprocal\"") == Status::kXfail);
  CHECK(status("\"policy\": \"ieee\"") == Status::kFail);
  CHECK(status("\"hardware\": \"ideal_int32\"") == Status::kXfail);
  CHECK(status("\"hardware\": \"gemmini_16\"") == Status::kFail);
  CHECK(status("\"isa\": \"scalar\"") == Status::kXfail);
  CHECK(status("\"isa\": \"avx2\"") == Status::kFail);
}

TEST_CASE("a star stays inside one part of an id, two stars do not", "[expect]") {
  struct Row {
    const char *pattern, *text;
    bool matches;
  };
  const std::vector<Row> rows{{"qt/*", "qt/a", true},
                              {"qt/*", "qt/a/K=1", false},
                              {"qt/**", "qt/a/K=1", true},
                              {"**", "a/b/c", true},
                              {"*", "a/b", false},
                              {"**/K=?", "qt/a/K=1", true},
                              {"**/K=?", "qt/a/K=10", false},
                              {"*a*b*/c", "xaxxbx/c", true},
                              {"**a*/c", "a/b/a/c", true},
                              {"qt/?", "qt//", false},
                              {"", "", true},
                              {"", "a", false},
                              {"a", "", false},
                              {"*", "", true},
                              {"**b/*c", "ab/b/xc", true},
                              {"a**c", "a/b/cb", false}};
  for (const Row& row : rows) {
    INFO(row.pattern << " " << row.text);
    CHECK(glob_matches(row.pattern, row.text) == row.matches);
  }
}

TEST_CASE("an entry that matches no case is reported at its place [XFAIL-UNUSED]", "[expect]") {
  const Expectations expectations = read(entry("\"status\": \"FAIL\"") + ",\n  " +
                                         "{\"glob\": \"qat/*\", \"status\": \"FAIL\", "
                                         "\"reason\": \"r\"}");
  CHECK(expectations.unused({"qt/a", "qat/b"}).empty());
  const base::Diagnostics unused = expectations.unused({"qt/a"});
  REQUIRE(unused.size() == 1);
  CHECK(unused[0].label == "XFAIL-UNUSED");
  CHECK(unused[0].line == 3);
  CHECK(unused[0].pointer == "/entries/1");
}

TEST_CASE("every problem of a file is told at once, with label and place", "[expect]") {
  const base::Diagnostics all = refusals(file_of(
      "\n{\"id\": \"a*\", \"status\": \"FAIL\", \"reason\": \"r\"},"
      "\n{\"id\": \"a\", \"glob\": \"b\", \"status\": \"FAIL\", \"reason\": \"r\"},"
      "\n{\"id\": \"a\", \"status\": \"PASS\", \"reason\": \" \"},"
      "\n{\"id\": \"a\", \"status\": \"SKIP\", \"check\": \"golden\", \"reason\": \"r\", "
      "\"isa\": \"avx3\", \"policy\": \"iee\", \"hardware\": \"x\", \"strict\": 1, \"who\": 2},"
      "\n{\"id\": \"a\", \"status\": \"FAIL\", \"reason\": \"r\"},"
      "\n{\"id\": \"a\", \"status\": \"SKIP\", \"reason\": \"again\"},"
      "\n[]"));
  std::vector<std::string> found;
  for (const base::Diagnostic& d : all) found.push_back(d.label + " " + std::to_string(d.line));
  const std::vector<std::string> wanted{"XFAIL-VALUE 3",  "XFAIL-KEY 4",       "XFAIL-VALUE 5",
                                        "XFAIL-REASON 5", "XFAIL-KEY 6",       "XFAIL-VALUE 6",
                                        "XFAIL-VALUE 6",  "XFAIL-VALUE 6",     "XFAIL-VALUE 6",
                                        "XFAIL-VALUE 6",  "XFAIL-DUPLICATE 8", "XFAIL-VALUE 9"};
  CHECK(found == wanted);
}

TEST_CASE("what is no expectations file is refused", "[expect]") {
  const auto label = [](const std::string& text) { return refusals(text).at(0).label; };
  CHECK(label("{\"mxcheck_expectations\": 2, \"entries\": []}") == "XFAIL-VERSION");
  CHECK(label("{\"entries\": []}") == "XFAIL-KEY");
  CHECK(label("{\"mxcheck_expectations\": 1}") == "XFAIL-KEY");
  CHECK(label("[]") == "XFAIL-VALUE");
  CHECK(label("{") == "JSON-SYNTAX");
  CHECK(label("{\"mxcheck_expectations\": 1, \"entries\": [], \"entries\": []}") ==
        "JSON-DUPLICATE");
  CHECK(label(std::string(100, '[')) == "JSON-DEPTH");
  base::Diagnostics problems;
  CHECK_FALSE(Expectations::read("no/such/file.json", problems).has_value());
  CHECK(problems.at(0).label == "XFAIL-FILE");
}

}  // namespace mxcheck::suite
