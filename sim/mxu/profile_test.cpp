// Profiles as data: presets, files, overrides, and every way of getting one wrong.
#include "sim/mxu/profile.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace mxcheck::mxu {
namespace {

std::vector<std::string> labels(const ParsedProfile& parsed) {
  std::vector<std::string> result;
  for (const auto& d : parsed.diagnostics) result.push_back(d.label);
  std::sort(result.begin(), result.end());
  return result;
}

TEST_CASE("every preset reads back from its own JSON", "[mxu]") {
  REQUIRE(preset_names().size() == 11);
  for (const std::string& name : preset_names()) {
    const Profile p = *preset(name);
    CHECK(describe(p) == name);
    const auto info = nlohmann::json::parse(info_json(p));
    const ParsedProfile parsed = parse_profile(info["profile"].dump(), "x.json");
    REQUIRE(parsed.profile);
    CHECK(*parsed.profile == p);
    CHECK(info["keys"].size() == profile_keys().size());
    for (const std::string& key : profile_keys()) {
      const char letter = evidence(p, key).letter;
      CHECK((letter == 'D' || letter == 'I' || letter == 'U'));
    }
  }
}

TEST_CASE("a profile is a name or an object of overrides", "[mxu]") {
  CHECK(parse_profile("\"gemmini_16\"", "").profile->partial_bits == 20);
  const ParsedProfile parsed =
      parse_profile(R"({"base": "gemmini_16", "rows": 32, "acc_overflow": "saturate",
                        "group_bits": 18, "delivery_sticky_bits": "none", "chunk": "all"})",
                    "");
  REQUIRE(parsed.profile);
  CHECK(describe(*parsed.profile) ==
        "gemmini_16, rows=32, group_bits=18, chunk=\"all\", acc_overflow=\"saturate\"");
  CHECK(evidence(*parsed.profile, "rows").letter == 'G');
  CHECK(parse_profile("{}", "").profile == preset("ideal_int32"));
}

TEST_CASE("all problems of a profile are listed at once [HW-KEY] [HW-VALUE] [HW-GROUP]", "[mxu]") {
  const ParsedProfile parsed = parse_profile(R"({
    "base": "ideal_int32", "rows": 0, "partial_bits": -4, "colz": 3, "chunk": 6,
    "product_group": 4, "acc_bits": 1.5, "dataflow": "sideways", "lhs_types": ["s8", "f32"],
    "cols": 4, "cols": 8})",
                                             "dir/x.json");
  CHECK_FALSE(parsed.profile);
  CHECK(labels(parsed) == std::vector<std::string>{"HW-GROUP", "HW-KEY", "HW-KEY", "HW-VALUE",
                                                   "HW-VALUE", "HW-VALUE", "HW-VALUE", "HW-VALUE"});
  const auto& first = parsed.diagnostics.front();
  CHECK(first.file == "dir/x.json");
  CHECK(first.line == 2);
  CHECK(first.column == 36);
  CHECK(first.pointer == "/rows");
  const auto unknown = std::find_if(parsed.diagnostics.begin(), parsed.diagnostics.end(),
                                    [](const auto& d) { return d.pointer == "/colz"; });
  CHECK(unknown->hint == "did you mean \"cols\"?");
}

TEST_CASE("what is no profile at all is refused [HW-JSON] [HW-BASE]", "[mxu]") {
  CHECK(labels(parse_profile("[1]", "")) == std::vector<std::string>{"HW-JSON"});
  CHECK(labels(parse_profile("{\"rows\": 3", "")) == std::vector<std::string>{"HW-JSON"});
  CHECK(labels(parse_profile("{\"base\": 3}", "")) == std::vector<std::string>{"HW-JSON"});
  CHECK(labels(parse_profile("\"gemini_16\"", "")) == std::vector<std::string>{"HW-BASE"});
  CHECK(parse_profile("\"gemini_16\"", "").diagnostics[0].hint == "did you mean \"gemmini_16\"?");
  CHECK(labels(parse_profile(std::string(70000, ' '), "")) == std::vector<std::string>{"HW-JSON"});
  CHECK(labels(parse_profile("{\"rows\": " + std::string(9000, '[') + std::string(9000, ']') + "}",
                             "")) == std::vector<std::string>{"HW-VALUE"});
  CHECK(labels(parse_profile("{\"rows\": 99999999999999999999}", "")) ==
        std::vector<std::string>{"HW-VALUE"});
}

TEST_CASE("presets say which of their keys nobody published", "[mxu]") {
  const auto unknown = unknown_keys(*preset("tpu_v1"));
  CHECK(std::count(unknown.begin(), unknown.end(), "acc_overflow") == 1);
  CHECK(std::count(unknown.begin(), unknown.end(), "rows") == 0);
  CHECK(unknown_keys(*preset("ideal_int32")).empty());
  CHECK(info_text(*preset("tpu_v1")).find("U acc_overflow") != std::string::npos);
}

}  // namespace
}  // namespace mxcheck::mxu
