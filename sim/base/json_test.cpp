// RFC 8259 to the letter: what the parser accepts and refuses, and where it says so.
#include "sim/base/json.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace mxcheck::base {
namespace {

std::string label_of(const std::string& text) {
  Diagnostics diagnostics;
  const auto document = parse_json(text, diagnostics);
  if (diagnostics.empty()) return document ? "" : "nothing";
  return diagnostics.front().label;
}

TEST_CASE("what the grammar allows is read [JSON-SYNTAX]", "[json]") {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "1",
                           "-1",
                           "10",
                           "0.0",
                           "0.10",
                           "1e5",
                           "1E5",
                           "1e+5",
                           "1e-05",
                           "-0.0e-0",
                           "1.5E+10",
                           "\"\"",
                           "\"a\"",
                           "[]",
                           "{}",
                           "[ ]",
                           "{ }",
                           "[1]",
                           "[1,2]",
                           "[[],{}]",
                           "{\"\":0}",
                           "{\"a\":{\"b\":[null]}}",
                           " \t\r\n1 \t\r\n",
                           "[\n1\n,\n2\n]",
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\\u0041\"",
                           "\"\\u00e9\"",
                           "\"\\uD834\\uDd1e\"",
                           "\"\\u0000\"",
                           "\"\x7f\"",
                           "\"\xc3\xa9\"",
                           "\"\xf0\x9f\x98\x80\"",
                           "\"\\u20ac/\"",
                           "123456789012345678901234567890",
                           "1e999999"}) {
    INFO(text);
    CHECK(label_of(text).empty());
  }
}

TEST_CASE("what the grammar forbids is refused [JSON-SYNTAX]", "[json]") {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulL",
                           "tru",
                           "True",
                           "NaN",
                           "nan",
                           "Infinity",
                           "-Infinity",
                           "inf",
                           "+1",
                           "-",
                           "--1",
                           "01",
                           "-01",
                           "00",
                           "1.",
                           ".5",
                           "1.e5",
                           "1e",
                           "1e+",
                           "1e-",
                           "0x10",
                           "1_000",
                           "1 2",
                           "1,",
                           "[",
                           "]",
                           "{",
                           "}",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1}",
                           "{]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{'a':1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":1]",
                           "{null:1}",
                           "\"",
                           "\"a",
                           "\"\\\"",
                           "\"\\",
                           "\"\\x41\"",
                           "\"\\u12\"",
                           "\"\\u123g\"",
                           "\"\\uD800\"",
                           "\"\\uD800x\"",
                           "\"\\uD800\\n\"",
                           "\"\\uD800\\uD800\"",
                           "\"\\uDC00\"",
                           "\"\n\"",
                           "\"\t\"",
                           "\"\x1f\"",
                           "'a'",
                           "// c\n1",
                           "/* c */ 1",
                           "1 // c",
                           "# c\n1",
                           "\xEF\xBB\xBF{}",
                           "\f1",
                           "\v1",
                           "[1]]",
                           "{}{}",
                           "\xC2\xA0\x31",
                           "truefalse",
                           "[true false]",
                           "@",
                           "\\u0031"}) {
    INFO(text);
    CHECK(label_of(text) == "JSON-SYNTAX");
  }
  CHECK(label_of(std::string("\0", 1)) == "JSON-SYNTAX");
  CHECK(label_of(std::string("1\0", 2)) == "JSON-SYNTAX");
  CHECK(label_of(std::string("\"a\0b\"", 5)) == "JSON-SYNTAX");
}

TEST_CASE("bytes that are not UTF-8 are refused [JSON-UTF8]", "[json]") {
  for (const char* text : {"\"\xff\"", "\"\xc0\x80\"", "\"\xe2\x82\"", "\xfe\xff",
                           "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\x80\""}) {
    INFO(text);
    CHECK(label_of(text) == "JSON-UTF8");
  }
}

TEST_CASE("depth, size and number of values are bounded [JSON-DEPTH] [JSON-SIZE]", "[json]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  const JsonLimits limits;
  CHECK(label_of(nested(limits.depth)).empty());
  CHECK(label_of(nested(limits.depth + 1)) == "JSON-DEPTH");
  CHECK(label_of(std::string(1000000, '[')) == "JSON-DEPTH");
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  CHECK(label_of(objects) == "JSON-DEPTH");
  CHECK(label_of(std::string(limits.bytes + 1, ' ')) == "JSON-SIZE");
  std::string many = "[0";
  for (std::size_t i = 1; i < limits.values; ++i) many += ",0";
  CHECK(label_of(many + "]") == "JSON-SIZE");
  Diagnostics diagnostics;
  JsonLimits small;
  small.values = 3;
  CHECK(parse_json("[1,2]", diagnostics, small));
  CHECK_FALSE(parse_json("[\"\\n\",2,3]", diagnostics, small));
  CHECK_FALSE(parse_json("[1,2,\"\\n\"]", diagnostics, small));
}

TEST_CASE("every key that stands twice is reported [JSON-DUPLICATE]", "[json]") {
  Diagnostics diagnostics;
  const auto document = parse_json(
      "{\"a\":1,\n\"b\":2,\"a\":3,\"\\u0061\":4,\n \"c\":{\"x\":1,\"x\":2}}", diagnostics);
  REQUIRE(document);
  REQUIRE(diagnostics.size() == 3);
  CHECK(diagnostics[0].pointer == "/c/x");
  CHECK(diagnostics[0].line == 3);
  CHECK(diagnostics[0].column == 13);
  CHECK(diagnostics[1].line == 2);
  CHECK(diagnostics[1].column == 7);
  CHECK(document->root().find("a")->text() == "1");
}

TEST_CASE("numbers keep their text and strings lose their escapes", "[json]") {
  Diagnostics diagnostics;
  const auto document = parse_json(
      "{\"n\": -1.50e+03, \"s\": \"a\\n\\u00e9\\uD83D\\uDE00\", \"\\u006b\": true}", diagnostics);
  REQUIRE(document);
  const JsonValue root = document->root();
  CHECK(root.size() == 3);
  CHECK(root.find("n")->text() == "-1.50e+03");
  CHECK(root.find("s")->text() == "a\n\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(root.find("k")->boolean());
  CHECK_FALSE(root.find("x"));
  CHECK(to_json(root) == "{\"n\":-1.50e+03,\"s\":\"a\\n\xc3\xa9\xf0\x9f\x98\x80\",\"k\":true}");
}

TEST_CASE("values know their pointer, line and column", "[json]") {
  Diagnostics diagnostics;
  const auto document = parse_json("{\"a/b\": [10,\n  {\"~\": null}, []],\n\"c\": 1}", diagnostics);
  REQUIRE(document);
  const JsonValue list = *document->root().find("a/b");
  std::vector<JsonValue> items;
  for (const JsonValue& item : list.items()) items.push_back(item);
  REQUIRE(items.size() == 3);
  const JsonValue null = *items[1].find("~");
  CHECK(null.pointer() == "/a~1b/1/~0");
  CHECK(items[2].pointer() == "/a~1b/2");
  CHECK(document->nearest_to("/a~1b/1/~0").index() == null.index());
  CHECK(document->nearest_to("/a~1b/1/q/r").index() == items[1].index());
  CHECK(document->nearest_to("/a~1b/9").index() == list.index());
  CHECK(document->nearest_to("").index() == 0);
  int line = 0;
  int column = 0;
  document->locate(null.node().place, line, column);
  CHECK(line == 2);
  CHECK(column == 9);
}

TEST_CASE("lines are counted across long texts", "[json]") {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i) text += "1,\n";
  text += "  x]";
  Diagnostics diagnostics;
  CHECK_FALSE(parse_json(text, diagnostics));
  CHECK(diagnostics.at(0).line == 5001);
  CHECK(diagnostics.at(0).column == 3);
  CHECK(diagnostics.at(0).pointer == "");
}

TEST_CASE("what is written is read back the same", "[json]") {
  for (const char* text : {"{\"a\":[1,2.50,-0,\"\\\"\\\\\\u0001\"],\"b\":{},\"c\":[]}", "[]",
                           "\"\"", "[true,false,null]"}) {
    Diagnostics diagnostics;
    const auto document = parse_json(text, diagnostics);
    REQUIRE(document);
    CHECK(to_json(document->root()) == text);
  }
  CHECK(quote_json("a\"\x01\x7f\n\xc3\xa9") == "\"a\\\"\\u0001\\u007f\\n\xc3\xa9\"");
}

}  // namespace
}  // namespace mxcheck::base
