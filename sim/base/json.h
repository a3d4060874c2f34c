// JSON text (RFC 8259) as a document that remembers where everything stands.
//
// Input is hostile: invalid UTF-8, duplicate keys, depth, size and number of values are checked,
// and parsing uses no recursion. Numbers keep their text, so that no reader can round or truncate
// one by accident. Labels: JSON-SYNTAX, JSON-DUPLICATE, JSON-DEPTH, JSON-SIZE, JSON-UTF8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostic.h"

namespace mxcheck::base {

// What a text may cost: a document takes about 30 bytes a value beside its text.
struct JsonLimits {
  std::size_t bytes = std::size_t{24} << 20;
  std::size_t values = 1'000'000;  // keys are values too
  std::size_t depth = 64;
};

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
[[nodiscard]] const char* name(JsonKind kind);  // "a list", "an object", "a number", ...

// One value in pre-order: a list is followed by its elements, an object by key, value, key, ...
struct JsonNode {
  std::uint32_t place = 0;     // byte offset in the text where a complaint should point
  std::uint32_t begin = 0;     // of the text of a number or string: offset, or index if decoded
  std::uint32_t length = 0;    // of that text; lists and objects: number of elements or members
  std::uint32_t end = 0;       // first node after this one and everything in it
  std::uint32_t parent = 0;    // the root is its own parent
  std::uint32_t position = 0;  // among the parent's elements or members
  JsonKind kind = JsonKind::kNull;
  bool key = false;      // of a member
  bool decoded = false;  // the text is one of the document's decoded strings (escapes)
  bool truth = false;    // of a bool
};

class JsonDocument;
struct JsonMember;

// A handle: valid as long as its document stays where it is.
class JsonValue {
 public:
  JsonValue(const JsonDocument& document, std::uint32_t node) : document_(&document), node_(node) {}

  [[nodiscard]] JsonKind kind() const { return node().kind; }
  [[nodiscard]] bool is(JsonKind kind) const { return node().kind == kind; }
  [[nodiscard]] bool boolean() const { return node().truth; }
  // A string's characters, or a number as it is written.
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] std::size_t size() const { return node().length; }
  [[nodiscard]] std::optional<JsonMember> find_member(std::string_view key) const;
  [[nodiscard]] std::optional<JsonValue> find(std::string_view key) const;
  [[nodiscard]] std::string pointer() const;  // RFC 6901
  [[nodiscard]] const JsonNode& node() const;
  [[nodiscard]] std::uint32_t index() const { return node_; }
  [[nodiscard]] const JsonDocument& document() const { return *document_; }
  // The value after this one and its contents; only inside the same parent.
  [[nodiscard]] JsonValue next() const { return {*document_, node().end}; }

  class Items;
  class Members;
  [[nodiscard]] Items items() const;      // of a list; empty for anything else
  [[nodiscard]] Members members() const;  // of an object; empty for anything else

 private:
  const JsonDocument* document_;
  std::uint32_t node_;
};

struct JsonMember {
  JsonValue key, value;
};

class JsonValue::Items {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonValue at) : at_(at) {}
    JsonValue operator*() const { return at_; }
    Iterator& operator++() {
      at_ = at_.next();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return at_.index() != other.at_.index(); }

   private:
    JsonValue at_;
  };
  Items(Iterator begin, Iterator end) : begin_(begin), end_(end) {}
  [[nodiscard]] Iterator begin() const { return begin_; }
  [[nodiscard]] Iterator end() const { return end_; }

 private:
  Iterator begin_, end_;
};

class JsonValue::Members {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonValue key) : key_(key) {}
    JsonMember operator*() const { return {key_, key_.next()}; }
    Iterator& operator++() {
      key_ = key_.next().next();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return key_.index() != other.key_.index(); }

   private:
    JsonValue key_;
  };
  Members(Iterator begin, Iterator end) : begin_(begin), end_(end) {}
  [[nodiscard]] Iterator begin() const { return begin_; }
  [[nodiscard]] Iterator end() const { return end_; }

 private:
  Iterator begin_, end_;
};

class JsonDocument {
 public:
  explicit JsonDocument(std::shared_ptr<const std::string> source);

  [[nodiscard]] JsonValue root() const { return {*this, 0}; }
  [[nodiscard]] const std::vector<JsonNode>& nodes() const { return nodes_; }
  [[nodiscard]] const std::string& source() const { return *source_; }
  // The value a pointer names, or the innermost existing one on the way to it.
  [[nodiscard]] JsonValue nearest_to(std::string_view pointer) const;
  // 1-based line and column (in bytes) of a byte offset.
  void locate(std::uint32_t offset, int& line, int& column) const;

  // Building: nodes are appended in pre-order; whoever builds sets `end` when a container closes
  // and counts its `length` up after each element or member.
  std::uint32_t append(JsonNode node);
  std::uint32_t append_text(std::uint32_t place, std::uint32_t parent, std::string text);
  JsonNode& at(std::uint32_t node) { return nodes_[node]; }
  [[nodiscard]] std::string_view text(const JsonNode& node) const;
  // A document without values over the same text and decoded strings.
  [[nodiscard]] JsonDocument emptied() const;

 private:
  struct LineMark {
    std::uint32_t line, start;  // number and first byte of the line the mark lies in
  };
  std::shared_ptr<const std::string> source_;
  std::vector<JsonNode> nodes_;
  std::vector<std::string> decoded_;
  std::shared_ptr<const std::vector<LineMark>> lines_;  // one mark every few thousand bytes
};

// nullopt: the text is not JSON (one diagnostic says why and where, without the file's name).
// Duplicate keys are reported, all of them, and the document still comes back.
[[nodiscard]] std::optional<JsonDocument> parse_json(std::string text, Diagnostics& diagnostics,
                                                     const JsonLimits& limits = {});

// Compact text of a value; `separator` ends each comma and colon ("" or " ").
[[nodiscard]] std::string to_json(const JsonValue& value, std::string_view separator = "");
// A string in quotes, with the escapes JSON needs and no others.
[[nodiscard]] std::string quote_json(std::string_view text);

}  // namespace mxcheck::base
