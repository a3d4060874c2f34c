// DEV-KEY, DEV-VALUE, DEV-VERSION, DEV-FILE.
#include "sim/device/device_file.h"

#include <catch2/catch.hpp>

namespace mxcheck::device {
namespace {

const char* const kGood = R"({"mxcheck_device": 1, "name": "n", "version": "1", "tier": "process",
 "process": {"command": ["true"], "environment": {"A": "b"}},
 "limits": {"request_seconds": 0.5, "memory_mib": 64, "restarts": 0},
 "capabilities": {"ops": ["product"], "dtypes": {"lhs": ["s8"]}, "shape_limits": {"k": 4},
                  "profiles": ["gemmini_16", {"base": "ideal_int32", "rows": 8}],
                  "tolerance": {"product": {"absolute": 1}}}})";

std::string with(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("a device file is read with its claims", "[device]") {
  base::Diagnostics problems;
  const auto file = parse_device_file(kGood, "folder/d.json", problems);
  REQUIRE(file);
  CHECK(file->folder == "folder");
  CHECK(file->command == std::vector<std::string>{"true"});
  CHECK(file->limits.request_seconds == 0.5);
  CHECK(file->limits.memory_bytes == std::uint64_t{64} << 20);
  CHECK(file->capabilities.max_k == 4);
  CHECK(file->capabilities.profiles.at(1).settings.at(0).key == "rows");
  CHECK(file->capabilities.tolerance(Op::kProduct).absolute == 1);
  CHECK(file->capabilities.tolerance(Op::kQuantize).bits());
}

TEST_CASE("every problem of a device file is reported at its place", "[device]") {
  base::Diagnostics problems;
  const auto file = parse_device_file(
      R"({"mxcheck_device": 1, "name": " ", "versoin": "1", "tier": "process", "library": {},
 "process": {"command": []}, "limits": {"request_seconds": 0},
 "capabilities": {"ops": ["produkt", "product", "product"], "dtypes": {"lhs": ["s9"]}}})",
      "d.json", problems);
  CHECK_FALSE(file);
  std::vector<std::string> places;
  for (const base::Diagnostic& d : problems) places.push_back(d.label + " " + d.pointer);
  const std::vector<std::string> expected{"DEV-KEY /versoin",
                                          "DEV-VALUE /name",
                                          "DEV-KEY ",
                                          "DEV-KEY /library",
                                          "DEV-VALUE /process/command",
                                          "DEV-VALUE /limits/request_seconds",
                                          "DEV-VALUE /capabilities/ops/0",
                                          "DEV-VALUE /capabilities/ops/2",
                                          "DEV-VALUE /capabilities/dtypes/lhs/0",
                                          "DEV-KEY /capabilities"};
  CHECK(places == expected);
  CHECK(problems.front().hint == "did you mean \"version\"?");
  CHECK(problems.front().line == 1);
}

TEST_CASE("what cannot be meant is refused with its label", "[device]") {
  const std::pair<std::string, const char*> table[] = {
      {with("\"mxcheck_device\": 1", "\"mxcheck_device\": 2"), "DEV-VERSION"},
      {with("\"process\": {\"command\": [\"true\"]", "\"process\": {\"command\": [\"\"]"),
       "DEV-VALUE"},
      {with("{\"A\": \"b\"}", "{\"A=\": \"b\"}"), "DEV-KEY"},
      {with("0.5", "1e9"), "DEV-VALUE"},
      {with("\"k\": 4", "\"k\": 0"), "DEV-VALUE"},
      {with("\"absolute\": 1", "\"absolute\": -1"), "DEV-VALUE"},
      {with("[\"product\"]", "[\"product\", \"quantize\"]"), "DEV-KEY"},
      {with("\"tier\": \"process\"", "\"tier\": \"pipe\""), "DEV-VALUE"},
      {with("[\"gemmini_16\", {\"base\": \"ideal_int32\", \"rows\": 8}]", "[]"), "DEV-VALUE"},
  };
  for (const auto& [text, label] : table) {
    base::Diagnostics problems;
    INFO(text);
    CHECK_FALSE(parse_device_file(text, "d.json", problems));
    REQUIRE_FALSE(problems.empty());
    CHECK(problems.front().label == label);
  }
  base::Diagnostics problems;
  CHECK_FALSE(read_device_file("/no/such/file.json", problems));
  CHECK(problems.at(0).label == "DEV-FILE");
}

TEST_CASE("what a device does not claim is outside, with the reason", "[device]") {
  base::Diagnostics problems;
  const auto file = parse_device_file(kGood, "d.json", problems);
  REQUIRE(file);
  Request r;
  r.operands = {{"lhs", tensor::Tensor(tensor::DType::kS8, {2, 4})},
                {"rhs", tensor::Tensor(tensor::DType::kS8, {4, 3})}};
  r.shape = {2, 3};
  CHECK(outside(file->capabilities, r).empty());
  r.operands[0].second = tensor::Tensor(tensor::DType::kS8, {2, 5});
  CHECK(outside(file->capabilities, r) == "k is 5, the device takes up to 4");
  r.operands[0].second = tensor::Tensor(tensor::DType::kU8, {2, 4});
  CHECK(outside(file->capabilities, r) == "u8 x s8, the device takes s8 x s8");
  r.op = Op::kQuantize;
  CHECK(outside(file->capabilities, r) == "the device does not claim quantize");
}

}  // namespace
}  // namespace mxcheck::device
