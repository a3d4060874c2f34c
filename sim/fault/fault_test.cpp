// Faults as text and back; the table is complete and unambiguous.
#include "sim/fault/fault.h"

#include <catch2/catch.hpp>
#include <set>

#include "sim/base/labels.h"

namespace mxcheck::fault {

TEST_CASE("every line of the table has a name, a rule, a description and what catches it",
          "[fault]") {
  std::set<std::string> names;
  for (const Info& line : table()) {
    INFO(line.name);
    CHECK(names.insert(line.name).second);
    CHECK(base::find_label(line.rule) != nullptr);
    CHECK(std::string(line.what).size() > 10);
    CHECK(std::string(line.catches).size() > 5);
    CHECK(info(line.kind).name == line.name);
    const std::string how = line.how;
    CHECK((how == "site" || how == "register" || how == "array" || how == "kernel" ||
           how.starts_with("policy ") || how.starts_with("profile ")));
  }
  CHECK(table().size() >= 60);
}

TEST_CASE("a fault reads back from its own text", "[fault]") {
  for (const Fault& fault : all_faults()) {
    const base::Result<Fault> back = parse_fault(to_json(fault));
    REQUIRE(back.ok());
    CHECK(back.value() == fault);
  }
  const base::Result<Fault> moved =
      parse_fault(R"({"kind": "weight_stuck_at_1", "at": {"level": "cycle", "row": 5, "bit": 3}})");
  REQUIRE(moved.ok());
  CHECK(moved.value().at.row == 5);
  CHECK(moved.value().at.bit == 3);
  CHECK(moved.value().at.level == Level::kCycle);
  CHECK(parse_fault("round_down").value() == default_fault(Kind::round_down));
}

TEST_CASE("what is no fault is refused with the reason", "[fault]") {
  const std::pair<const char*, const char*> bad[] = {
      {"round_dwon", "did you mean 'round_down'"},
      {"", "JSON"},
      {"{", "JSON"},
      {"{}", "needs a 'kind'"},
      {R"({"kind": 3})", "needs a 'kind'"},
      {R"({"kind": "round_down", "where": {}})", "unknown key 'where'"},
      {R"({"kind": "round_down", "at": 3})", "must be an object"},
      {R"({"kind": "round_down", "at": {"level": "cycle"}})", "no place"},
      {R"({"kind": "weight_stuck_at_1", "at": {"bit": -1}})", "integer"},
      {R"({"kind": "weight_stuck_at_1", "at": {"bit": 1.5}})", "integer"},
      {R"({"kind": "weight_stuck_at_1", "at": {"level": "fast"}})", "functional or cycle"},
  };
  for (const auto& [text, part] : bad) {
    const base::Result<Fault> fault = parse_fault(text);
    INFO(text);
    REQUIRE_FALSE(fault.ok());
    CHECK(fault.error().find(part) != std::string::npos);
  }
}

TEST_CASE("a set of faults knows its members only", "[fault]") {
  Faults faults;
  CHECK(faults.empty());
  faults.add(default_fault(Kind::mask_missing));
  for (const Info& line : table())
    CHECK(faults.has(line.kind) == (line.kind == Kind::mask_missing));
}

}  // namespace mxcheck::fault
