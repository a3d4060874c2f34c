// The label table is complete and well-formed: one line per label, explained, with its file.
#include "sim/base/labels.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>
#include <set>

namespace mxcheck::base {
namespace {

TEST_CASE("every label has one line, a sentence and a file that exists", "[labels]") {
  const std::regex form("[A-Z]{2,5}-[A-Z0-9-]+");
  std::set<std::string> seen;
  for (const Label& label : labels()) {
    INFO(label.id);
    CHECK(std::regex_match(label.id, form));
    CHECK(seen.insert(label.id).second);
    const std::string meaning = label.meaning;
    CHECK(meaning.size() > 10);
    CHECK(meaning.back() == '.');
    CHECK(std::filesystem::exists(label.file));
    const bool quirk = std::string(label.id).rfind("QUIRK-", 0) == 0;
    CHECK(quirk == (label.kind == LabelKind::kQuirk));
  }
}

TEST_CASE("labels are found by their id", "[labels]") {
  REQUIRE(find_label("BWD-7") != nullptr);
  CHECK(find_label("BWD-7")->kind == LabelKind::kRule);
  CHECK(find_label("JSON-SYNTAX")->kind == LabelKind::kRefusal);
  CHECK(find_label("BWD-77") == nullptr);
  CHECK(label_ids().size() == labels().size());
  CHECK(label_ids(LabelKind::kQuirk).size() == 10);
  CHECK(std::string(name(LabelKind::kQuirk)) == "quirk");
}

}  // namespace
}  // namespace mxcheck::base
