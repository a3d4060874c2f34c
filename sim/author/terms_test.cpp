// Nothing that a report says is left without an explanation.
#include "sim/author/terms.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "reports/model.h"
#include "sim/base/file.h"

namespace mxcheck::author {
namespace {

// Every key that an object of the schema may have.
void check_keys(const nlohmann::json& schema) {
  if (schema.is_object() && schema.contains("properties")) {
    for (const auto& [key, value] : schema["properties"].items()) {
      INFO(key);
      CHECK(!find_terms(key).empty());
    }
  }
  if (!schema.is_structured()) return;
  for (const auto& value : schema) check_keys(value);
}

}  // namespace

TEST_CASE("every key of the report's schema is explained", "[explain]") {
  check_keys(
      nlohmann::json::parse(base::read_file("reports/schema/report.schema.json", 1 << 20).value()));
}

TEST_CASE("every status and class is explained, whatever the case of its letters", "[explain]") {
  for (int i = 0; i <= static_cast<int>(reports::Status::kSuiteError); ++i) {
    CHECK(!find_terms(reports::name(static_cast<reports::Status>(i))).empty());
  }
  CHECK(find_terms("vacuous").size() == 1);
  CHECK(find_terms("exact").size() == 2);  // the class, and the count of tensors
  CHECK(find_terms("no such word").empty());
}

TEST_CASE("every term names a file that is there", "[explain]") {
  for (const Term& term : terms()) {
    INFO(term.word);
    CHECK(!term.meaning.empty());
    const std::string file = term.file.substr(0, term.file.find_first_of(" ,:"));
    CHECK(std::filesystem::exists(file));
  }
}

}  // namespace mxcheck::author
