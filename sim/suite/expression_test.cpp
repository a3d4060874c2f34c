// Selection expressions: precedence, error positions, hostile lengths and depths.
#include "sim/suite/expression.h"

#include <catch2/catch.hpp>

namespace mxcheck::suite {
namespace {

bool matches(const std::string& text, const std::string& id) {
  const auto expression = Expression::parse(text);
  REQUIRE(expression.ok());
  return expression.value().matches(id);
}

}  // namespace

TEST_CASE("a word matches as a part of the id, slash included", "[suite]") {
  CHECK(matches("qt/", "qt/dense"));
  CHECK_FALSE(matches("qt/", "qt_dense"));
  CHECK(matches("act", "cal/act_qt_0"));
  CHECK_FALSE(matches("ACT", "cal/act_qt_0"));
}

TEST_CASE("not binds closer than and, and closer than or", "[suite]") {
  CHECK(matches("a or b and c", "a"));
  CHECK_FALSE(matches("(a or b) and c", "a"));
  CHECK(matches("not a and b", "b"));
  CHECK(matches("not (a and b)", "a"));
  CHECK(matches("not not a", "a"));
  CHECK(matches("x and not y or z", "z y"));
}

TEST_CASE("a malformed expression says where it is wrong", "[suite]") {
  for (const char* text : {"", "and", "a b", "(a", "a)", "not", "a or", "a and or b", "()"}) {
    INFO(text);
    CHECK_FALSE(Expression::parse(text).ok());
  }
  CHECK(Expression::parse("a b").error() == "at column 3: expected 'and' or 'or' before 'b'");
  CHECK(Expression::parse("a or").error() == "at column 5: expected a word");
}

TEST_CASE("deep nesting is refused, not crashed on", "[suite]") {
  CHECK_FALSE(Expression::parse(std::string(2000, '(') + "a" + std::string(2000, ')')).ok());
  std::string nots;
  for (int i = 0; i < 900; ++i) nots += "not ";
  CHECK_FALSE(Expression::parse(nots + "a").ok());
  CHECK_FALSE(Expression::parse(std::string(100000, 'a')).ok());
}

}  // namespace mxcheck::suite
