// `matrix`: expansions, their ids and digests, and everything that cannot be expanded.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "sim/casefile/case.h"
#include "sim/casefile/testing.h"

namespace mxcheck::casefile {
namespace {

LoadedCases load(const std::string& text) { return load_case_text(text, "t/a.json", "t", "a"); }

std::string with_matrix(const std::string& matrix) {
  return edited(valid_case(), "\"title\"", "\"matrix\": " + matrix + ", \"title\"");
}

TEST_CASE("a file stands for the product of its lists, the first name slowest [CASE-MATRIX]",
          "[matrix]") {
  std::string text = with_matrix("{\"M\": [4, 2], \"T\": [\"s8\", \"s4\"]}");
  text = edited(text, "[4, 16]", "[\"${M}\", 16]");
  text = edited(text, "[4, 8]", "[\"${M}\", 8]");
  text = edited(text, "\"act_qtype\": \"s8\"", "\"act_qtype\": \"${T}\"");
  text = edited(text, "\"dense\"", "\"dense ${M}x16, ${T}\"");
  const LoadedCases loaded = load(text);
  for (const base::Diagnostic& d : loaded.diagnostics) CHECK(base::format(d) == "");
  REQUIRE(loaded.cases.size() == 4);
  std::vector<std::string> ids;
  std::set<std::string> digests;
  for (const Case& c : loaded.cases) {
    ids.push_back(c.id);
    digests.insert(c.digest);
  }
  CHECK(ids == std::vector<std::string>{"a/M=4/T=s8", "a/M=4/T=s4", "a/M=2/T=s8", "a/M=2/T=s4"});
  CHECK(digests.size() == 4);
  CHECK(loaded.cases[3].title == "dense 2x16, s4");
  CHECK(loaded.cases[3].graph.inputs[0].type.shape == graph::Shape{2, 16});
  CHECK(loaded.cases[3].rules[0].act_qtype == numerics::QType::kS4);
  CHECK(loaded.cases[3].expect.golden == "dense/M=2/T=s4.safetensors");
}

TEST_CASE("a golden that names the expansion is taken as written", "[matrix]") {
  std::string text = with_matrix("{\"S\": [1, 2]}");
  text = edited(text, "dense.safetensors", "dense_${S}.safetensors");
  text = edited(text, "\"seed\": 1", "\"seed\": \"${S}\"");
  const LoadedCases loaded = load(text);
  REQUIRE(loaded.cases.size() == 2);
  CHECK(loaded.cases[1].expect.golden == "dense_2.safetensors");
  CHECK(loaded.cases[1].inputs[0].seed == 2);
}

TEST_CASE("whole lists and objects can be values, and keys are replaced", "[matrix]") {
  std::string text = with_matrix("{\"R\": [[], [{\"weight_qtype\": \"s8\"}]], \"N\": [\"u\"]}");
  text = edited(text, "[{\"weight_qtype\": \"s8\", \"act_qtype\": \"s8\", \"bwd_qtype\": \"s8\"}]",
                "\"${R}\"");
  text = edited(text, "{\"x\": {", "{\"${N}_x\": {");
  text = edited(text, "[\"x\", ", "[\"u_x\", ");
  const LoadedCases loaded = load(text);
  for (const base::Diagnostic& d : loaded.diagnostics) CHECK(base::format(d) == "");
  REQUIRE(loaded.cases.size() == 2);
  CHECK(loaded.cases[0].id == "a/R=[]/N=u");
  CHECK(loaded.cases[0].rules.empty());
  CHECK(loaded.cases[1].rules.size() == 1);
}

TEST_CASE("a problem is placed where the name is used", "[matrix]") {
  const LoadedCases loaded =
      load(edited(with_matrix("{\"S\": [1, -1]}"), "\"seed\": 1", "\"seed\": \"${S}\""));
  CHECK(loaded.cases.size() == 1);
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].label == "CASE-VALUE");
  CHECK(loaded.diagnostics[0].pointer == "/inputs/x/seed");
  CHECK(loaded.diagnostics[0].line == 6);
}

TEST_CASE("expansions that fail alike are reported once", "[matrix]") {
  const LoadedCases loaded =
      load(edited(edited(with_matrix("{\"S\": [1, 2, 3]}"), "\"seed\": 1", "\"seed\": \"${S}\""),
                  "\"relu\"", "\"rleu\""));
  CHECK(loaded.cases.empty());
  CHECK(loaded.diagnostics.size() == 1);
}

TEST_CASE("a problem names the first expansion that has it", "[matrix]") {
  const LoadedCases loaded =
      load(edited(with_matrix("{\"S\": [16, 8, 4]}"), "[16, 8]", "[\"${S}\", 8]"));
  CHECK(loaded.cases.size() == 1);
  REQUIRE(loaded.diagnostics.size() == 2);  // 8 and 4 in its text: two facts
  CHECK(loaded.diagnostics[0].fact.ends_with(" (in the expansion a/S=8)"));
  CHECK(loaded.diagnostics[1].fact.ends_with(" (in the expansion a/S=4)"));
  CHECK(loaded.diagnostics[0].line == 9);
}

TEST_CASE("a name of the matrix that nothing mentions is warned of [REF-UNUSED]", "[matrix]") {
  const LoadedCases loaded =
      load(edited(with_matrix("{\"S\": [1, 2], \"T\": [\"${S}\"]}"), "\"dense\"", "\"a ${T} b\""));
  CHECK(loaded.cases.size() == 2);
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].severity == base::Severity::kWarning);
  CHECK(loaded.diagnostics[0].label == "REF-UNUSED");
  CHECK(loaded.diagnostics[0].pointer == "/matrix/S");
}

TEST_CASE("the number of expansions is said when it is too large [CASE-MATRIX]", "[matrix]") {
  std::string list = "[0";
  for (int i = 1; i < 200; ++i) list += fmt::format(",{}", i);
  list += "]";
  const LoadedCases loaded =
      load(with_matrix("{\"A\": " + list + ", \"B\": " + list + ", \"C\": " + list + "}"));
  CHECK(loaded.cases.empty());
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics[0].fact == "200 * 200 * 200 = 8000000 expansions");
}

TEST_CASE("matrices that cannot be expanded are refused [CASE-MATRIX]", "[matrix]") {
  const auto label = [](const std::string& matrix, const std::string& from = "",
                        const std::string& to = "") {
    const LoadedCases loaded = load(edited(with_matrix(matrix), from, to));
    REQUIRE_FALSE(loaded.diagnostics.empty());
    CHECK(loaded.diagnostics[0].line > 0);
    return loaded.diagnostics[0].label;
  };
  CHECK(label("[]") == "CASE-TYPE");
  CHECK(label("{\"A\": 1}") == "CASE-TYPE");
  CHECK(label("{\"A\": []}") == "CASE-MATRIX");
  CHECK(label("{\"A b\": [1]}") == "CASE-MATRIX");
  CHECK(label("{\"A\": [1, \"1\"]}") == "CASE-MATRIX");
  CHECK(label("{\"A\": [1]}", "\"dense\"", "\"${B}\"") == "CASE-MATRIX");
  CHECK(label("{\"A\": [\"x\"]}", "\"x\": {", "\"${A}\": {\"fill\": 1, \"shape\": []}, \"x\": {") ==
        "CASE-MATRIX");
  std::string many = "[0";
  for (int i = 1; i < 101; ++i) (many += ",") += std::to_string(i);
  many += "]";
  CHECK(label("{\"A\": " + many + ", \"B\": " + many + "}") == "CASE-MATRIX");
}

TEST_CASE("expansions cannot grow without bound [CASE-MATRIX]", "[matrix]") {
  // 1000 uses of a value of 10,000 elements, and a string of 1000 times 100,000 characters.
  std::string list = "[0";
  for (int i = 1; i < 10000; ++i) list += ",0";
  list += "]";
  std::string uses = "[\"${A}\"";
  for (int i = 1; i < 1000; ++i) uses += ",\"${A}\"";
  uses += "]";
  const LoadedCases lists =
      load(edited(with_matrix("{\"A\": [" + list + "]}"), "[\"smoke\", \"qt\"]", uses));
  CHECK(lists.diagnostics.at(0).label == "CASE-VALUE");  // too long for an id
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "${A}";
  const LoadedCases strings =
      load(edited(with_matrix("{\"A\": [\"" + std::string(500, 'a') + "\"]}"), "\"dense\"",
                  "\"" + text + "\""));
  CHECK(strings.diagnostics.at(0).label == "CASE-MATRIX");
}

TEST_CASE("an expansion that expects its refusal does not stop the others", "[matrix]") {
  std::string text = with_matrix("{\"T\": [\"s8\", \"s16\"]}");
  text = edited(text, "{\"golden\": \"dense.safetensors\"}", "{\"error\": \"QT-TYPE\"}");
  text = edited(text, "\"act_qtype\": \"s8\"", "\"act_qtype\": \"${T}\"");
  const LoadedCases loaded = load(text);
  CHECK(loaded.diagnostics.empty());
  REQUIRE(loaded.cases.size() == 1);
  CHECK(loaded.cases[0].id == "a/T=s8");
  REQUIRE(loaded.refused.size() == 1);
  CHECK(loaded.refused[0].id == "a/T=s16");
}

}  // namespace
}  // namespace mxcheck::casefile
