// Malformed cases: each is refused with the label of the rule it breaks, at its line and column.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/base/labels.h"
#include "sim/casefile/case.h"
#include "sim/casefile/testing.h"

namespace mxcheck::casefile {
namespace {

LoadedCases load(const std::string& text) { return load_case_text(text, "t/a.json", "t", "a"); }

struct Variant {
  std::string from, to;  // an edit of the valid case
  std::string label;
  std::string at;  // the text the complaint points at, with enough behind it to be found
  std::string pointer;
};

// The first error must be the expected one: an edit breaks one thing.
void check(const Variant& v) {
  INFO(v.from << "  ->  " << v.to);
  const std::string text = edited(valid_case(), v.from, v.to);
  const std::size_t place = v.at.empty() ? text.size() : text.find(v.at);
  REQUIRE(place != std::string::npos);
  const std::size_t line_start = place == 0 ? 0 : text.rfind('\n', place - 1) + 1;
  const LoadedCases loaded = load(text);
  CHECK(loaded.cases.empty());
  REQUIRE_FALSE(loaded.diagnostics.empty());
  const base::Diagnostic& d = loaded.diagnostics.front();
  INFO(base::format(d));
  CHECK(d.label == v.label);
  CHECK(d.line == 1 + std::count(text.begin(), text.begin() + static_cast<long>(place), '\n'));
  CHECK(d.column == static_cast<int>(place - line_start) + 1);
  CHECK(d.pointer == v.pointer);
  CHECK(d.file == "t/a.json");
  CHECK(base::find_label(d.label) != nullptr);
}

TEST_CASE("the valid case is valid", "[casefile]") {
  const LoadedCases loaded = load(valid_case());
  for (const base::Diagnostic& d : loaded.diagnostics) CHECK(base::format(d) == "");
  REQUIRE(loaded.cases.size() == 1);
  const Case& c = loaded.cases[0];
  CHECK(c.id == "a");
  CHECK(c.digest.size() == 64);
  CHECK(c.tags == std::vector<std::string>{"smoke", "qt"});
  CHECK(c.graph.nodes[1].type.shape == graph::Shape{4, 8});
  CHECK(c.plan.nodes[0]->op_id == "dot_general0");
  CHECK(c.run.cotangent_values == std::vector<int>{3});
}

TEST_CASE("text that is not JSON is refused where it ends to be [JSON-SYNTAX] [JSON-DUPLICATE]",
          "[casefile]") {
  check({"\"mxcheck\": 1,", "\"mxcheck\": 1", "JSON-SYNTAX", "\"title\"", ""});
  check({"\"tags\": [\"smoke\",", "\"tags\": [,", "JSON-SYNTAX", ", \"qt\"", "/tags"});
  check({"[4, 16]", "[4, 16,]", "JSON-SYNTAX", "]}},", "/inputs/x/shape"});
  check({"\"seed\": 1,", "\"seed\": 01,", "JSON-SYNTAX", "1, \"shape\"", "/inputs/x"});
  check({"\"fill\": 1", "\"fill\": nan", "JSON-SYNTAX", "nan", "/run/cotangents/y"});
  check({"\"dense\"", "\"den\\qse\"", "JSON-SYNTAX", "qse", ""});
  check({"\"dense\"", "\"dense", "JSON-SYNTAX", "\n  \"tags\"", ""});
  check({"safetensors\"}\n}", "safetensors\"}", "JSON-SYNTAX", "", ""});
  check({"safetensors\"}\n}", "safetensors\"}\n}]", "JSON-SYNTAX", "]\n", ""});
  check({"\"tags\"", "// tags\n\"tags\"", "JSON-SYNTAX", "// tags", ""});
  check({"\"title\": \"dense\"", "\"mxcheck\": 1", "JSON-DUPLICATE", "\"mxcheck\": 1,\n  \"tags\"",
         "/mxcheck"});
}

TEST_CASE("invalid UTF-8 is refused at its byte [JSON-UTF8]", "[casefile]") {
  check({"dense", "d\xC3(", "JSON-UTF8", "\xC3(", ""});
  check({"dense", "\xED\xA0\x80", "JSON-UTF8", "\xED\xA0", ""});
}

TEST_CASE("unknown and missing keys [CASE-KEY] [CASE-MISSING]", "[casefile]") {
  check({"\"title\"", "\"titel\"", "CASE-KEY", "\"titel\"", "/titel"});
  check({"[\"h\"]}", "[\"h\"], \"axis\": 1}", "CASE-KEY", "\"axis\"", "/nodes/1/axis"});
  check({"\"weight_qtype\"", "\"weight_qtpe\"", "CASE-KEY", "\"weight_qtpe\"",
         "/rules/0/weight_qtpe"});
  check({"\"mode\"", "\"modes\"", "CASE-KEY", "\"modes\"", "/run/modes"});
  check({"\"golden\"", "\"gold\"", "CASE-KEY", "\"gold\"", "/expect/gold"});
  check({"\"scale\": 0.25", "\"sigma\": 0.25", "CASE-KEY", "\"sigma\"",
         "/params/Dense_0~1kernel/sigma"});
  check({"\"mxcheck\": 1,\n", "\n", "CASE-MISSING", "{", ""});
  check({"\"op\": \"relu\", ", "", "CASE-MISSING", "{\"name\": \"y\"", "/nodes/1"});
  check({",\n     \"dimension_numbers\": [[[1], [0]], [[], []]]", "", "CASE-MISSING",
         "{\"name\": \"h\"", "/nodes/0"});
  check({", \"cotangents\": {\"y\": {\"fill\": 1, \"shape\": [4, 8]}}", "", "CASE-MISSING",
         "{\"mode\"", "/run"});
  check({"\"mode\": \"grad\"", "\"mode\": \"train\"", "CASE-MISSING", "{\"mode\"", "/run"});
  check({"\"seed\": 1, ", "", "CASE-MISSING", "{\"random\"", "/inputs/x"});
}

TEST_CASE("wrong types and values [CASE-TYPE] [CASE-VALUE] [CASE-VERSION]", "[casefile]") {
  check({"\"mxcheck\": 1", "\"mxcheck\": 2", "CASE-VERSION", "2,\n", "/mxcheck"});
  check({"\"mxcheck\": 1", "\"mxcheck\": \"1\"", "CASE-TYPE", "\"1\"", "/mxcheck"});
  check({"[\"smoke\", \"qt\"]", "\"smoke\"", "CASE-TYPE", "\"smoke\"", "/tags"});
  check({"[4, 16]", "[4, 16.5]", "CASE-TYPE", "16.5", "/inputs/x/shape/1"});
  check({"\"ieee\"", "\"iee\"", "CASE-VALUE", "\"iee\"", "/policy"});
  check({"\"ieee\"", "{\"tie\": \"odd\"}", "CASE-VALUE", "\"odd\"", "/policy/tie"});
  check({"\"ieee\"", "{\"ties\": \"up\"}", "CASE-KEY", "\"ties\"", "/policy/ties"});
  check({"\"grad\"", "\"forward\"", "CASE-VALUE", "\"cotangents\"", "/run/cotangents"});
  check({"\"relu\"", "\"rleu\"", "CASE-VALUE", "\"rleu\"", "/nodes/1/op"});
  check({"\"seed\": 1", "\"seed\": -1", "CASE-VALUE", "-1", "/inputs/x/seed"});
  check({"\"seed\": 1", "\"seed\": 18446744073709551616", "CASE-VALUE", "18446744073709551616",
         "/inputs/x/seed"});
  check({"\"grad\"", "\"grad\", \"steps\": 0", "CASE-VALUE", "0, \"cot", "/run/steps"});
  check(
      {"\"expect\"", "\"checks\": [\"gold\"], \"expect\"", "CASE-VALUE", "\"gold\"]", "/checks/0"});
}

TEST_CASE("names that mean nothing [REF-UNKNOWN] [REF-CYCLE] [REF-DUPLICATE]", "[casefile]") {
  check({"[\"h\"]", "[\"hh\"]", "REF-UNKNOWN", "\"hh\"", "/nodes/1/args/0"});
  check({"[\"h\"]", "[\"y\"]", "REF-CYCLE", "\"y\"]", "/nodes/1/args/0"});
  check({"[\"x\", ", "[\"y\", ", "REF-CYCLE", "\"y\", \"Dense_0", "/nodes/0/args/0"});
  check({"\"name\": \"y\"", "\"name\": \"h\"", "REF-DUPLICATE", "\"h\", \"op\": \"relu\"",
         "/nodes/1/name"});
  check({"\"name\": \"h\"", "\"name\": \"x\"", "REF-DUPLICATE", "\"x\", \"op\"", "/nodes/0/name"});
  check({"{\"y\": {\"fill\"", "{\"x\": {\"fill\"", "REF-UNKNOWN", "\"x\": {\"fill\"",
         "/run/cotangents/x"});
  check({"\"expect\"", "\"quant_stats\": {\"d/count\": {\"fill\": 0, \"shape\": []}}, \"expect\"",
         "REF-UNKNOWN", "\"d/count\"", "/quant_stats/d~1count"});
}

TEST_CASE("shapes that do not fit [SHP-DOT] [SHP-DTYPE] [SHP-ARGS] [SHP-COTANGENT] [SHP-LOSS]",
          "[casefile]") {
  check({"[16, 8]", "[15, 8]", "SHP-DOT", "[\"x\", ", "/nodes/0/args"});
  check({"[[1], [0]]", "[[1], []]", "SHP-DOT", "[[[1]", "/nodes/0/dimension_numbers"});
  check({"[[1], [0]]", "[[2], [0]]", "SHP-AXIS", "[[[2]", "/nodes/0/dimension_numbers"});
  check({"[\"h\"]", "[\"h\", \"x\"]", "SHP-ARGS", "[\"h\", ", "/nodes/1/args"});
  check({"[4, 8]", "[8, 4]", "SHP-COTANGENT", "{\"fill\"", "/run/cotangents/y"});
  check({"\"fill\": 1", "\"fill\": 1, \"dtype\": \"bf16\"", "SHP-COTANGENT", "{\"fill\"",
         "/run/cotangents/y"});
  check({"\"cotangents\": {\"y\": {\"fill\": 1, \"shape\": [4, 8]}}", "\"loss\": \"y\"", "SHP-LOSS",
         "\"y\"}", "/run/loss"});
}

TEST_CASE("tensor sources that say nothing [SRC-FORM] [SRC-SHAPE] [SRC-SIZE] [SRC-DTYPE]",
          "[casefile]") {
  check({"\"random\": \"normal\", ", "", "SRC-FORM", "{\"seed\": 1", "/inputs/x"});
  check({"\"seed\": 1,", "\"fill\": 1,", "SRC-FORM", "{\"random\": \"normal\", \"fill\"",
         "/inputs/x"});
  check({"[4, 16]", "[4, 0]", "SRC-SHAPE", "[4, 0]", "/inputs/x/shape"});
  check({"[4, 16]", "[4, -16]", "SRC-SHAPE", "[4, -16]", "/inputs/x/shape"});
  check({"[4, 16]", "[4000000000, 16]", "SRC-SIZE", "[4000000000", "/inputs/x/shape"});
  check({"[4, 16]", "[4611686018427387904, 4611686018427387904]", "SRC-SIZE",
         "[4611686018427387904", "/inputs/x/shape"});
  check({"\"seed\": 1,", "\"seed\": 1, \"dtype\": \"f99\",", "SRC-DTYPE", "\"f99\"",
         "/inputs/x/dtype"});
  check({"\"seed\": 1,", "\"seed\": 1, \"dtype\": \"s8\",", "SRC-DTYPE", "\"normal\", \"seed\": 1",
         "/inputs/x/random"});
}

TEST_CASE("tensors each allowed are refused when together too large [CASE-SIZE]", "[casefile]") {
  const std::string cotangents = "{\"y\": {\"fill\": 1, \"shape\": [4, 8]}}";
  const auto problems = [&](std::int64_t rows, const std::string& run) {
    std::string text = edited(valid_case(), "[4, 16]", fmt::format("[{}, 16]", rows));
    text = edited(text, "[4, 8]", fmt::format("[{}, 8]", rows));
    return load(edited(text, "\"mode\": \"grad\",", "\"mode\": \"grad\"," + run)).diagnostics;
  };
  CHECK(problems(12'000'000, "").empty());  // x and two nodes: 32 elements a row
  CHECK(problems(1'000'000, "\"steps\": 12,").empty());
  for (const base::Diagnostics& found : {problems(13'000'000, ""), problems(16'000'000, ""),
                                         problems(1'000'000, "\"steps\": 13,")}) {
    REQUIRE(found.size() == 1);
    CHECK(found[0].label == "CASE-SIZE");
    CHECK(found[0].pointer == "/nodes");
    CHECK(found[0].line > 1);
    CHECK(base::find_label("CASE-SIZE") != nullptr);
  }
}

TEST_CASE("products are counted for every contraction [CASE-SIZE]", "[casefile]") {
  const auto labels = [&](const std::string& shapes, const std::string& node) {
    std::string out;
    for (const base::Diagnostic& d : load("{\"mxcheck\": 1, \"inputs\": {" + shapes +
                                          "}, \"nodes\": [{\"name\": \"y\", " + node + "}]}")
                                         .diagnostics) {
      out += d.label + " ";
    }
    return out;
  };
  const auto fill = [](const char* name, const char* shape) {
    return fmt::format("\"{}\": {{\"fill\": 1, \"shape\": {}}}", name, shape);
  };
  const std::string square = fill("a", "[5000, 4000]") + ", " + fill("b", "[4000, 4999]");
  const std::string wide = fill("a", "[5000, 4000]") + ", " + fill("b", "[4000, 5001]");
  const std::string dot =
      "\"op\": \"dot_general\", \"args\": [\"a\", \"b\"], \"dimension_numbers\": [[[1], [0]], [[], "
      "[]]]";
  const std::string einsum =
      "\"op\": \"einsum\", \"args\": [\"a\", \"b\"], \"equation\": \"mk,kn->mn\"";
  CHECK(labels(square, dot) == "");
  CHECK(labels(wide, dot) == "CASE-SIZE ");
  CHECK(labels(square, einsum) == "");
  CHECK(labels(wide, einsum) == "CASE-SIZE ");
  const std::string groups = ", \"g\": {\"values\": [5000], \"dtype\": \"s32\"}";
  const std::string ragged = "\"op\": \"ragged_dot\", \"args\": [\"a\", \"b\", \"g\"]";
  CHECK(labels(fill("a", "[5000, 4000]") + ", " + fill("b", "[1, 4000, 4999]") + groups, ragged) ==
        "");
  CHECK(labels(fill("a", "[5000, 4000]") + ", " + fill("b", "[1, 4000, 5001]") + groups, ragged) ==
        "CASE-SIZE ");
  const std::string conv =
      "\"op\": \"conv_general_dilated\", \"args\": [\"a\", \"b\"], \"padding\": \"SAME\"";
  CHECK(labels(fill("a", "[1, 1000, 1000, 10]") + ", " + fill("b", "[90, 11, 10, 10]"), conv) ==
        "");
  CHECK(labels(fill("a", "[1, 1000, 1000, 10]") + ", " + fill("b", "[90, 12, 10, 10]"), conv) ==
        "CASE-SIZE ");
}

TEST_CASE("a mode that is unknown says nothing about the other keys of run", "[casefile]") {
  const LoadedCases loaded = load(edited(valid_case(), "\"grad\"", "\"gradd\""));
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].pointer == "/run/mode");
}

TEST_CASE("rules that cannot be meant [QT-TYPE] [CAL-METHOD] [CAL-RANGE] [RULE-STATIC]",
          "[casefile]") {
  const std::string from = "\"bwd_qtype\": \"s8\"";
  // The edit puts "key": value into the rule; the complaint points at the value.
  const auto rule = [&](const std::string& key, const std::string& value,
                        const std::string& label) {
    check({from, "\"" + key + "\": " + value, label, value + "}]", "/rules/0/" + key});
  };
  rule("bwd_qtype", "\"s16\"", "QT-TYPE");
  rule("bwd_qtype", "\"bf16\"", "QT-TYPE");
  rule("bwd_qtype", "\"s9\"", "QT-TYPE");
  rule("act_calibration_method", "\"absmax,x\"", "CAL-METHOD");
  rule("act_calibration_method", "\"rms\"", "CAL-METHOD");
  rule("act_calibration_method", "\"fixed,1,2\"", "CAL-RANGE");
  rule("tile_size", "1.5", "TIL-DIVIDE");
  rule("tile_size", "0", "TIL-DIVIDE");
  rule("tile_size", "\"4\"", "CASE-TYPE");
  rule("bwd_stochastic_rounding", "\"gauss\"", "RND-METHOD");
  rule("module_path", "\"(\"", "RULE-PATTERN");
  check({from, "\"additional_qt_config\": {\"tile\": 1}", "RULE-KEY", "\"tile\"",
         "/rules/0/additional_qt_config/tile"});
  check({from, "\"op_names\": [\"relu\"]", "CASE-VALUE", "\"relu\"]", "/rules/0/op_names/0"});
  check({"\"act_qtype\": \"s8\", \"bwd_qtype\": \"s8\"", "\"act_static_scale\": true",
         "RULE-STATIC", "true", "/rules/0/act_static_scale"});
  check(
      {from + "}", "\"module_path\": \"Conv.*\"}", "RULE-UNUSED", "{\"weight_qtype\"", "/rules/0"});
  check({from + "}", from + ", \"bwd_stochastic_rounding\": \"uniform\"}", "CASE-MISSING",
         "{\"mode\"", "/run"});
  check({from, "\"tile_size\": 3", "TIL-DIVIDE", "{\"name\": \"h\"", "/nodes/0"});
}

TEST_CASE("every problem of a file is reported, in one go [CASE-KEY] [SRC-RANGE]", "[casefile]") {
  std::string text = edited(valid_case(), "\"title\"", "\"titel\"");
  text = edited(text, "\"seed\": 1", "\"seed\": 1.5");
  text = edited(text, "\"relu\"", "\"rleu\"");
  text = edited(text, "\"s8\"", "\"s16\"");
  text = edited(text, "\"grad\"", "\"gard\"");
  const LoadedCases loaded = load(text);
  std::vector<std::string> labels;
  for (const base::Diagnostic& d : loaded.diagnostics) labels.push_back(d.label);
  CHECK(labels ==
        std::vector<std::string>{"CASE-KEY", "CASE-VALUE", "CASE-VALUE", "QT-TYPE", "CASE-VALUE"});
  CHECK(loaded.diagnostics[0].hint == "did you mean \"title\"?");
  CHECK(loaded.diagnostics[2].hint == "did you mean \"relu\"?");
}

TEST_CASE("a shape error does not hide what does not depend on it [SHP-DOT]", "[casefile]") {
  const LoadedCases loaded = load(edited(
      edited(valid_case(), "[16, 8]", "[15, 8]"), "{\"name\": \"y\"",
      "{\"name\": \"z\", \"op\": \"reshape\", \"args\": [\"x\"], \"shape\": [3]}, {\"name\": "
      "\"y\""));
  REQUIRE(loaded.diagnostics.size() == 2);
  CHECK(loaded.diagnostics[0].label == "SHP-DOT");
  CHECK(loaded.diagnostics[1].label == "SHP-RESHAPE");
}

TEST_CASE("duplicate keys do not hide other problems [JSON-DUPLICATE]", "[casefile]") {
  const LoadedCases loaded =
      load(edited(edited(valid_case(), "\"title\"", "\"mxcheck\""), "\"relu\"", "\"rleu\""));
  REQUIRE(loaded.diagnostics.size() == 2);
  CHECK(loaded.diagnostics[1].label == "CASE-VALUE");
}

TEST_CASE("a case with too many parts is refused as a whole [CASE-VALUE]", "[casefile]") {
  std::string inputs;
  std::string nodes;
  for (int i = 0; i < 4000; ++i) {
    inputs += "\"u" + std::to_string(i) + "\": {\"fill\": 0, \"shape\": []}, ";
    nodes += "{\"name\": \"n" + std::to_string(i) + "\", \"op\": \"neg\", \"args\": [\"x\"]}, ";
  }
  check({"\"x\": {", inputs + "\"x\": {", "CASE-VALUE", "{\"u0\"", "/inputs"});
  check({"{\"name\": \"h\"", nodes + "{\"name\": \"h\"", "CASE-VALUE", "[\n    {\"name\": \"n0",
         "/nodes"});
}

TEST_CASE("an unused input is a warning [REF-UNUSED]", "[casefile]") {
  const LoadedCases loaded = load(
      edited(valid_case(), "\"inputs\": {", "\"inputs\": {\"u\": {\"fill\": 0, \"shape\": []}, "));
  REQUIRE(loaded.cases.size() == 1);
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].label == "REF-UNUSED");
  CHECK(loaded.diagnostics[0].severity == base::Severity::kWarning);
}

TEST_CASE("a case that expects its refusal keeps its problems to itself", "[casefile]") {
  const auto expecting = [](const std::string& error, const std::string& type) {
    return load(edited(
        edited(valid_case(), "\"golden\": \"dense.safetensors\"", "\"error\": \"" + error + "\""),
        "\"s8\"", "\"" + type + "\""));
  };
  const LoadedCases refused = expecting("QT-TYPE", "s16");
  CHECK(refused.cases.empty());
  CHECK(refused.diagnostics.empty());
  REQUIRE(refused.refused.size() == 1);
  CHECK(refused.refused[0].label == "QT-TYPE");
  CHECK(refused.refused[0].tags == std::vector<std::string>{"smoke", "qt"});
  CHECK(refused.refused[0].diagnostics.at(0).label == "QT-TYPE");
  const LoadedCases accepted = expecting("QT-TYPE", "s8");
  CHECK(accepted.refused.empty());
  REQUIRE(accepted.cases.size() == 1);
  CHECK(accepted.cases[0].expect.error == "QT-TYPE");
  CHECK(expecting("*", "s16").refused.size() == 1);
  const LoadedCases unknown = expecting("QT-TYPO", "s8");
  REQUIRE(unknown.refused.size() == 1);
  CHECK(unknown.refused[0].diagnostics.at(0).label == "CASE-VALUE");
}

TEST_CASE("an einsum of three operands is refused as such [EIN-ARITY]", "[casefile]") {
  check(
      {"\"op\": \"dot_general\", \"module\": \"Dense_0\", \"args\": [\"x\", \"Dense_0/kernel\"],\n "
       "    "
       "\"dimension_numbers\": [[[1], [0]], [[], []]]}",
       "\"op\": \"einsum\", \"args\": [\"x\", \"Dense_0/kernel\", \"x\"], \"equation\": "
       "\"ab,bc,ab->ac\"}",
       "EIN-ARITY", "\"ab,bc,ab->ac\"", "/nodes/0/equation"});
}

TEST_CASE("a missing file is a problem of its own [CASE-FILE]", "[casefile]") {
  const LoadedCases loaded = load_case_file("/nonexistent/a.json", "/nonexistent", "a");
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].label == "CASE-FILE");
  CHECK(loaded.diagnostics[0].line == 1);  // every refusal of a file has a place
}

}  // namespace
}  // namespace mxcheck::casefile
