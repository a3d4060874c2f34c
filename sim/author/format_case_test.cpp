// The layout of a case file: nothing but line breaks and the order of known keys changes, twice is
// once, and what is no JSON is told with its place.
#include "sim/author/format_case.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "sim/casefile/draft.h"

namespace mxcheck::author {
namespace {

namespace fs = std::filesystem;

std::string formatted(const std::string& text) {
  base::Diagnostics problems;
  const auto out = formatted_case(text, "a.json", problems);
  REQUIRE(problems.empty());
  return out.value();
}

std::vector<std::string> written(const std::string& text, const fs::path& file) {
  std::vector<std::string> out;
  const casefile::LoadedCases loaded = casefile::load_case_text(text, file, ".", "x");
  for (const casefile::Case& c : loaded.cases) out.push_back(c.matrix + casefile::write_case(c));
  for (const casefile::Refusal& refusal : loaded.refused) out.push_back(refusal.label);
  return out;
}

}  // namespace

TEST_CASE("every case of the suite keeps its meaning, and is in layout already", "[fmt]") {
  std::size_t files = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator("cases")) {
    if (entry.path().extension() != ".json") continue;
    const std::string text = base::read_file(entry.path(), 1 << 24).value();
    const std::string once = formatted(text);
    INFO(entry.path());
    CHECK(formatted(once) == once);
    CHECK(nlohmann::json::parse(once) == nlohmann::json::parse(text));
    CHECK(written(once, entry.path()) == written(text, entry.path()));
    for (const casefile::Case& c : casefile::load_case_file(entry.path(), ".", "x").cases) {
      CHECK(formatted(casefile::write_case(c)) == casefile::write_case(c));
    }
    ++files;
  }
  CHECK(files > 400);
}

TEST_CASE("keys get the order of the format, names chosen by the author keep theirs", "[fmt]") {
  const std::string text =
      R"({"nodes":[{"axes":[0],"op":"reduce_sum","keepdims":true,"args":["b"],"name":"s"}],)"
      R"("inputs":{"b":{"shape":[2],"fill":1e0},"a":{"dtype":"s8","fill":-0,"shape":[2]}},)"
      R"("run":{"steps":1,"mode":"forward"},"surprise":null,"mxcheck":1})";
  CHECK(formatted(text) ==
        "{\n"
        "  \"mxcheck\": 1,\n"
        "  \"inputs\": {\"b\": {\"fill\": 1e0, \"shape\": [2]}, \"a\": {\"fill\": -0, \"shape\": "
        "[2], \"dtype\": \"s8\"}},\n"
        "  \"nodes\": [{\"name\": \"s\", \"op\": \"reduce_sum\", \"args\": [\"b\"], \"axes\": [0], "
        "\"keepdims\": true}],\n"
        "  \"run\": {\"mode\": \"forward\", \"steps\": 1},\n"
        "  \"surprise\": null\n"
        "}\n");
}

TEST_CASE("numbers keep their text, a matrix its placeholders, another file its order", "[fmt]") {
  const std::string text =
      R"({"mxcheck":1,"matrix":{"K":[1.0,10e-1]},"inputs":{"x":{"fill":1,"shape":["${K}"]}}})";
  const std::string out = formatted(text);
  CHECK(out.find("[1.0, 10e-1]") != std::string::npos);
  CHECK(out.find("\"shape\": [\"${K}\"]") != std::string::npos);
  CHECK(formatted(R"({"title":1,"mxchecks":2})") == "{\n  \"title\": 1,\n  \"mxchecks\": 2\n}\n");
}

TEST_CASE("what is no JSON or has a key twice is refused with its place", "[fmt]") {
  for (const char* text : {"", "{", "{\"a\": 1,}", "{\"a\": 1, \"a\": 2}", "{\"a\": \"\xff\"}"}) {
    base::Diagnostics problems;
    CHECK(!formatted_case(text, "a.json", problems));
    REQUIRE(!problems.empty());
    CHECK(problems.front().file == "a.json");
    CHECK(problems.front().line == 1);
  }
}

TEST_CASE("a unified diff shows changes with their surroundings", "[fmt]") {
  CHECK(unified_diff("a\n", "a\n", "f").empty());
  CHECK(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "f") ==
        "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  CHECK(unified_diff("", "a\n", "f") == "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
  CHECK(unified_diff("a", "a\n", "f") ==
        "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

}  // namespace mxcheck::author
