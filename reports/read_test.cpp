// Reports read back: the identity on what was written, and every damage noticed.
#include "reports/read.h"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/json.h"
#include "sim/base/file.h"

namespace mxcheck::reports {
namespace {

using Json = nlohmann::json;

std::string approved() {
  const auto text = base::read_file("reports/baselines/report.json", 1 << 20);
  REQUIRE(text.ok());
  return text.value();
}

// Every field the approved report leaves empty.
RunResult rich_run() {
  RunResult run;
  run.incomplete = true;
  run.context.seed = std::numeric_limits<std::uint64_t>::max();
  run.context.faults = {"{\"kind\": \"round_down\"}"};
  CaseResult c;
  c.id = "a \"quoted\" \\ id";
  c.paths = {{"fast", "kernel", "licence", 3}};
  c.kernels = {{"kernel", "gemm", "avx2", 7}};
  c.quirks = {"QUIRK-SHAPE at y"};
  c.notes = {"n"};
  CheckResult check;
  check.check = "ste";
  check.worst_fraction = std::numeric_limits<double>::infinity();
  check.figures = {{"step0/grad/param/w", Class::kBound, "BND-5", 8, 0.1, 0.75, std::nullopt},
                   {"x", Class::kExact, "", 8, 0, std::nullopt, -12.25}};
  check.relations = {{"permute_k", 2, 40, {{"one product", 3}}}};
  Finding f;
  f.judged = false;
  f.worst_ulp = std::numeric_limits<std::uint64_t>::max();
  f.worst_fraction = std::numeric_limits<double>::quiet_NaN();
  check.findings = {f};
  c.checks = {check};
  c.milliseconds = 0.1;
  run.cases = {c};
  return run;
}

std::optional<RunResult> parse(const std::string& text, base::Diagnostics* problems = nullptr) {
  base::Diagnostics unused;
  return parse_report(text, "r.json", problems != nullptr ? *problems : unused);
}

base::Diagnostics refusals(const std::string& text) {
  base::Diagnostics problems;
  CHECK_FALSE(parse(text, &problems).has_value());
  REQUIRE_FALSE(problems.empty());
  return problems;
}

}  // namespace

TEST_CASE("a report that is read back is the report", "[reports]") {
  for (const std::string& text : {approved(), to_json(rich_run())}) {
    base::Diagnostics problems;
    const std::optional<RunResult> run = parse(text, &problems);
    for (const base::Diagnostic& d : problems) UNSCOPED_INFO(base::format(d));
    REQUIRE(run.has_value());
    CHECK(to_json(*run) == text);
  }
}

TEST_CASE("every key is needed, no other is known, every value has its kind [RPT-KEY, RPT-VALUE]",
          "[reports]") {
  const std::set<std::string> free_keys{"x", "scale", "quotient"};  // of facts
  const std::set<std::string> added_later{
      "expectation",    "device", "expectations", "window",     "deltas",
      "ulps",           "pe_map", "sqnr_db",      "histogram",  "cycles",
      "bytes",          "peak",   "line",         "ops",        "labels",
      "graph",          "layers", "traces",       "edge_bytes", "selected_cases",
      "selected_digest"};
  const Json report = Json::parse(approved());
  const Json flat = report.flatten();
  for (const auto& [pointer, leaf] : flat.items()) {
    static_cast<void>(leaf);
    INFO(pointer);
    const Json::json_pointer at(pointer);
    Json wrong = report;
    wrong[at] = Json::object();
    // The kinds that an object may replace: facts without a member, where none is needed.
    if (report[at] != Json::object()) CHECK_FALSE(parse(wrong.dump()).has_value());
    const Json::json_pointer parent = at.parent_pointer();
    if (!report[parent].is_object() || free_keys.contains(at.back())) continue;
    Json less = report;
    less[parent].erase(at.back());
    const bool figure = pointer.find("/figures/") != std::string::npos ||
                        pointer.find("/layers/") != std::string::npos;
    CHECK(parse(less.dump()).has_value() == (added_later.contains(at.back()) && !figure));
    Json more = report;
    more[parent]["colour"] = 1;
    if (report[at] != Json::object()) CHECK(refusals(more.dump()).at(0).label == "RPT-KEY");
  }
}

TEST_CASE("a cell of a window has one side or both [RPT-VALUE]", "[reports]") {
  Json report = Json::parse(approved());
  const Json values = report.flatten();
  std::string cell;
  for (const auto& [pointer, value] : values.items()) {
    const std::size_t at = pointer.find("/window/cells/0/0");
    if (cell.empty() && at != std::string::npos) cell = pointer.substr(0, pointer.size() - 2);
  }
  REQUIRE_FALSE(cell.empty());
  report[Json::json_pointer(cell)] = {"1", "0x01", "2"};
  const base::Diagnostic d = refusals(report.dump()).at(0);
  CHECK(d.label == "RPT-VALUE");
  CHECK(d.pointer == cell);
}

TEST_CASE("what is no report is refused with its place [RPT-VERSION, RPT-FILE]", "[reports]") {
  const auto label = [](const std::string& text) { return refusals(text).at(0).label; };
  CHECK(label("{}") == "RPT-KEY");
  CHECK(label("[1]") == "RPT-VALUE");
  CHECK(label("{\"mxcheck_report\": 2}") == "RPT-VERSION");
  CHECK(label("{\"mxcheck_report\": 1.5}") == "RPT-VALUE");
  CHECK(label("") == "JSON-SYNTAX");
  CHECK(label(std::string(1000, '[')) == "JSON-DEPTH");
  CHECK(label("{\"mxcheck_report\": 1, \"mxcheck_report\": 1}") == "JSON-DUPLICATE");
  std::string text = approved();
  text.replace(text.find("\"passed\": 3"), 11, "\"passed\": 4");
  const base::Diagnostic d = refusals(text).at(0);
  CHECK(d.label == "RPT-VALUE");
  CHECK(d.pointer == "/totals");
  CHECK(d.line > 10);
  base::Diagnostics problems;
  CHECK_FALSE(read_report("no/such/report.json", problems).has_value());
  CHECK(problems.at(0).label == "RPT-FILE");
}

}  // namespace mxcheck::reports
