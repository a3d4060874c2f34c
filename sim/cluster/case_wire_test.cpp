// What one process writes another reads, to the last field; nothing else is read.
#include "sim/cluster/case_wire.h"

#include <catch2/catch.hpp>

#include "reports/json.h"
#include "reports/testing.h"
#include "sim/cluster/frames.h"

namespace mxcheck::cluster {
namespace {

std::string text_of(const reports::CaseResult& result) {
  reports::RunResult run;
  run.cases = {result};
  return reports::to_json(run);
}

suite::CaseRun rich_run() {
  suite::CaseRun run;
  run.result = reports::invented_run().cases[2];
  base::Diagnostic d;
  d.severity = base::Severity::kWarning;
  d.file = "a.json";
  d.line = 3;
  d.column = 14;
  d.pointer = "/nodes/2";
  d.label = "SHP-DOT";
  d.fact = "fact";
  d.expectation = "expectation";
  d.hint = "hint";
  run.refusal = {d, {}};
  tensor::Tensor value(tensor::DType::kF32, tensor::Shape{2, 3});
  run.dump.emplace("step0/node/y", value);
  return run;
}

}  // namespace

TEST_CASE("a case's run comes back as it was", "[case_wire]") {
  for (const reports::CaseResult& result : reports::invented_run().cases) {
    suite::CaseRun run;
    run.result = result;
    const auto back = from_bytes(to_bytes(run));
    REQUIRE(back.has_value());
    CHECK(text_of(back->result) == text_of(result));
    CHECK(back->refusal.empty());
    CHECK(back->dump.empty());
  }
  const auto back = from_bytes(to_bytes(rich_run()));
  REQUIRE(back.has_value());
  REQUIRE(back->refusal.size() == 2);
  CHECK(base::format(back->refusal[0]) == base::format(rich_run().refusal[0]));
  CHECK(back->refusal[0].severity == base::Severity::kWarning);
  REQUIRE(back->dump.size() == 1);
  CHECK(back->dump.begin()->first == "step0/node/y");
}

TEST_CASE("bytes that are cut, longer or changed are refused or read, never more", "[case_wire]") {
  const std::string bytes = to_bytes(rich_run());
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    CHECK_FALSE(from_bytes(bytes.substr(0, size)).has_value());
  }
  CHECK_FALSE(from_bytes(bytes + "x").has_value());
  for (std::size_t at = 0; at < bytes.size(); at += 11) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    static_cast<void>(from_bytes(changed));
  }
}

TEST_CASE("frames are whole or not there", "[case_wire]") {
  std::string bytes;
  add_frame(bytes, "one");
  add_frame(bytes, "");
  std::size_t offset = 0;
  CHECK(take_frame(bytes, offset) == "one");
  CHECK(take_frame(bytes, offset) == "");
  CHECK_FALSE(take_frame(bytes, offset).has_value());
  offset = 0;
  CHECK_FALSE(take_frame("\xff\xff\xff\xff\xff\xff\xff\xff rest", offset).has_value());
}

}  // namespace mxcheck::cluster
