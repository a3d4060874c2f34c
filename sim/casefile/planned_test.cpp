// What the plan makes checkable: statistics, batch axes, the seed of stochastic rounding.
#include <catch2/catch.hpp>

#include "sim/casefile/case.h"
#include "sim/casefile/testing.h"

namespace mxcheck::casefile {
namespace {

// The first complaint's label about a static rule with these extra keys and statistics; "" if good.
std::string label_of(const std::string& rule, const std::string& stats, std::string* pointer) {
  std::string text = edited(valid_case(), "\"bwd_qtype\": \"s8\"",
                            "\"bwd_qtype\": \"s8\", \"act_static_scale\": true" + rule);
  if (!stats.empty()) {
    text = edited(text, "\"title\"", "\"quant_stats\": {" + stats + "}, \"title\"");
  }
  const LoadedCases loaded = load_case_text(text, "t/a.json", "t", "a");
  if (loaded.diagnostics.empty()) return "";
  if (pointer != nullptr) *pointer = loaded.diagnostics.front().pointer;
  return loaded.diagnostics.front().label;
}

std::string stat(const std::string& leaf, const std::string& shape, const std::string& dtype) {
  return "\"Dense_0/dot_general0_lhs/" + leaf + "\": {\"fill\": 1, \"shape\": " + shape +
         ", \"dtype\": \"" + dtype + "\"}";
}

TEST_CASE("starting statistics continue a calibration of their kind [STAT-SHAPE] [STAT-KIND]",
          "[casefile]") {
  const std::string count = stat("count", "[]", "s32") + ", ";
  const auto label = [](const std::string& stats, const std::string& rule = "") {
    return label_of(rule, stats, nullptr);
  };
  const std::string minmax = ", \"act_calibration_method\": \"minmax\", \"bwd_qtype\": null";
  CHECK(label("").empty());
  CHECK(label(count + stat("sum_of_absmax", "[1, 1]", "f32")).empty());
  CHECK(label(count + stat("sum_of_absmax", "[4, 1]", "f32")) == "STAT-SHAPE");
  CHECK(label(count + stat("sum_of_absmax", "[1, 1]", "bf16")) == "STAT-SHAPE");
  CHECK(label(stat("count", "[1]", "s32") + ", " + stat("sum_of_absmax", "[1, 1]", "f32")) ==
        "STAT-SHAPE");
  CHECK(label(stat("count", "[]", "s32")) == "STAT-KIND");
  CHECK(label(count + stat("sum_of_max", "[1, 1]", "f32")) == "STAT-KIND");
  CHECK(label(count + stat("sum", "[1, 1]", "f32")) == "STAT-KIND");
  CHECK(label(count + stat("sum_of_absmax", "[4, 1]", "f32"), ", \"act_batch_axes\": [1]").empty());
  CHECK(
      label(
          "\"Dense_0/dot_general0_rhs/count\": {\"fill\": 1, \"shape\": [], \"dtype\": \"s32\"}") ==
      "REF-UNKNOWN");
  CHECK(label("\"count\": {\"fill\": 1, \"shape\": [], \"dtype\": \"s32\"}") == "REF-UNKNOWN");
  CHECK(label("\"Dense_0/dot_general0_lhs/count\": {\"steps\": [{\"fill\": 1, \"shape\": []}]}") ==
        "SRC-FORM");
}

TEST_CASE("batch axes are axes of the activation [SRQ-2] [SHP-AXIS]", "[casefile]") {
  std::string pointer;
  CHECK(label_of(", \"act_batch_axes\": [0, -1]", "", nullptr).empty());
  CHECK(label_of(", \"act_batch_axes\": [2]", "", &pointer) == "SHP-AXIS");
  CHECK(pointer == "/rules/0/act_batch_axes");
  CHECK(label_of(", \"act_batch_axes\": [-3]", "", nullptr) == "SHP-AXIS");
  CHECK(label_of(", \"act_batch_axes\": [0, -2]", "", nullptr) == "SHP-AXIS");
}

TEST_CASE("only an op that draws noise needs a seed [RND-3]", "[casefile]") {
  const auto label = [](const std::string& edit_from, const std::string& edit_to) {
    const std::string text =
        edited(edited(valid_case(), "\"bwd_qtype\": \"s8\"",
                      "\"bwd_qtype\": \"s8\", \"bwd_stochastic_rounding\": \"uniform\""),
               edit_from, edit_to);
    const LoadedCases loaded = load_case_text(text, "t/a.json", "t", "a");
    return loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().label;
  };
  CHECK(label("", "") == "CASE-MISSING");
  CHECK(label("\"mode\"", "\"rng\": {\"stochastic_rounding\": 7}, \"mode\"").empty());
  CHECK(label("\"mode\"", "\"rng\": {}, \"mode\"") == "CASE-MISSING");
  CHECK(label("\"mode\"", "\"rng\": {\"dropout\": 7}, \"mode\"") == "CASE-KEY");
  CHECK(label("{\"mode\": \"grad\", \"cotangents\": {\"y\": {\"fill\": 1, \"shape\": [4, 8]}}}",
              "{\"mode\": \"forward\"}")
            .empty());
}

}  // namespace
}  // namespace mxcheck::casefile
