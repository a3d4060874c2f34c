// SARIF logs: structure, places, fingerprints; one approved log beside the other reports' ones is
// compared byte for byte (MXCHECK_APPROVE=1 rewrites it).
#include "reports/sarif.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"

namespace mxcheck::reports {
namespace {

using Json = nlohmann::json;

SarifFinding finding(const std::string& rule, const std::string& file) {
  SarifFinding out;
  out.rule = rule;
  out.message = "a fact\nexpected: another";
  out.file = file;
  out.line = 3;
  out.column = 7;
  out.pointer = "/nodes/0/op";
  return out;
}

SarifRun example() {
  SarifRun run;
  run.version = "1.2.3";
  run.folder = "/suite";
  run.findings = {finding("SHP-DOT", "/suite/cases/a b.json"), finding("CASE-KEY", "/else/c.json"),
                  finding("CASE-KEY", "/else/c.json"), finding("", "")};
  run.findings[1].level = SarifLevel::kWarning;
  run.findings[2].line = 9;
  run.findings[2].suppression = "known \"defect\"";
  run.findings[3].case_id = "qt/dense";
  run.findings[3].message = "bytes \xff\x01";
  return run;
}

TEST_CASE("results name their rule by id and index, rules are described from the table of labels",
          "[sarif]") {
  const Json log = Json::parse(to_sarif(example()));
  CHECK(log["version"] == "2.1.0");
  const Json& run = log["runs"][0];
  const Json& rules = run["tool"]["driver"]["rules"];
  REQUIRE(rules.size() == 3);
  REQUIRE(run["results"].size() == 4);
  for (const Json& result : run["results"]) {
    CHECK(rules[result["ruleIndex"].get<std::size_t>()]["id"] == result["ruleId"]);
  }
  CHECK(rules[0]["id"] == "CASE-KEY");
  CHECK(rules[0]["shortDescription"]["text"] == "An object has a key that means nothing there.");
  CHECK(rules[2]["id"] == "UNLABELLED");
}

TEST_CASE("places are relative URIs below the folder, with line and column where they are known",
          "[sarif]") {
  const Json log = Json::parse(to_sarif(example()));
  const Json& results = log["runs"][0]["results"];
  const Json& place = results[0]["locations"][0]["physicalLocation"];
  CHECK(place["artifactLocation"]["uri"] == "cases/a%20b.json");
  CHECK(place["artifactLocation"]["uriBaseId"] == "%SRCROOT%");
  CHECK(place["region"] == Json{{"startLine", 3}, {"startColumn", 7}});
  const Json& outside = results[1]["locations"][0]["physicalLocation"];
  CHECK(outside["artifactLocation"] == Json{{"uri", "file:///else/c.json"}});
  CHECK(results[2]["suppressions"][0]["justification"] == "known \"defect\"");
  CHECK(!results[3]["locations"][0].contains("physicalLocation"));
  CHECK(sarif_uri("/suite", "/suite") == ".");
  CHECK(sarif_uri("/suite2/a.json", "/suite") == "file:///suite2/a.json");
}

TEST_CASE("a fingerprint ignores the line, and equal findings still differ", "[sarif]") {
  const auto prints = [](const SarifRun& run) {
    std::vector<std::string> out;
    const Json log = Json::parse(to_sarif(run));
    for (const Json& result : log["runs"][0]["results"]) {
      out.push_back(result["partialFingerprints"]["finding/v1"]);
    }
    return out;
  };
  SarifRun run = example();
  const std::vector<std::string> before = prints(run);
  run.findings[0].line = 1000;
  CHECK(prints(run) == before);
  CHECK(before[1] != before[2]);
  run.findings[0].message = "another fact";
  CHECK(prints(run)[0] != before[0]);
}

TEST_CASE("a diagnostic's column in bytes becomes one in characters", "[sarif]") {
  base::Diagnostic d;
  d.severity = base::Severity::kWarning;
  d.label = "REF-UNUSED";
  d.fact = "fact";
  d.expectation = "expectation";
  d.hint = "hint";
  d.line = 2;
  d.column = 6;
  const SarifFinding got = sarif_finding(d, "first\n\xc3\xa4\xc3\xb6 x\n");
  CHECK(got.column == 4);
  CHECK(got.level == SarifLevel::kWarning);
  CHECK(got.message == "fact\nexpected: expectation\nhint: hint");
  CHECK(sarif_finding(d).column == 6);
  d.line = 12;
  CHECK(sarif_finding(d, "short").column == 6);
}

TEST_CASE("the SARIF log is the approved one", "[sarif][baseline]") {
  const std::filesystem::path file = "reports/baselines/lint.sarif";
  const std::string text = to_sarif(example());
  if (std::getenv("MXCHECK_APPROVE") != nullptr) {
    REQUIRE(base::write_file_atomically(file, text).ok());
  }
  const base::Result<std::string> approved = base::read_file(file, 1 << 20);
  REQUIRE(approved.ok());
  CHECK(approved.value() == text);
}

}  // namespace
}  // namespace mxcheck::reports
