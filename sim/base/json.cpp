// The JSON parser: one pass, an explicit stack, positions for every value (JSON-*).
//
// Strictly RFC 8259: no comments, no trailing commas, no NaN, no byte order mark. What it accepts
// and refuses is listed in json_test.cpp.
#include "sim/base/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"

namespace mxcheck::base {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 63));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 63)), put(0x80 | (c & 63));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 63)), put(0x80 | ((c >> 6) & 63));
    put(0x80 | (c & 63));
  }
}

constexpr const char* kSpecialHint = "write \"nan\", \"inf\" or \"-inf\" as strings";

class Parser {
 public:
  Parser(std::shared_ptr<const std::string> source, Diagnostics& diagnostics,
         const JsonLimits& limits)
      : text_(*source), document_(std::move(source)), diagnostics_(diagnostics), limits_(limits) {}

  std::optional<JsonDocument> run() {
    if (!check_text()) return std::nullopt;
    skip_space();
    while (true) {
      bool opened = false;
      if (!value(opened)) return std::nullopt;
      if (opened) continue;  // at the first element's or member's value
      bool more = false;
      while (!more && !open_.empty()) {
        if (!after_value(more)) return std::nullopt;
      }
      if (open_.empty()) break;
    }
    skip_space();
    if (at_ != text_.size()) {
      fail(at_, "JSON-SYNTAX", fmt::format("{} after the end of the value", seen()),
           "one JSON value and nothing after it");
      return std::nullopt;
    }
    return std::move(document_);
  }

 private:
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }

  [[nodiscard]] std::string seen() const {
    if (done()) return "the end of the file";
    std::size_t length = 1;
    while (at_ + length < text_.size() && (text_[at_ + length] & 0xC0) == 0x80) ++length;
    return fmt::format("'{}'", printable(text_.substr(at_, length)));
  }

  bool fail(std::size_t offset, const char* label, std::string fact, std::string expectation,
            std::string hint = "") {
    Diagnostic d;
    d.label = label;
    d.fact = std::move(fact);
    d.expectation = std::move(expectation);
    d.hint = std::move(hint);
    document_.locate(static_cast<std::uint32_t>(offset), d.line, d.column);
    if (!open_.empty()) d.pointer = JsonValue(document_, open_.back()).pointer();
    diagnostics_.push_back(std::move(d));
    return false;
  }

  bool syntax(std::string expectation, std::string hint = "") {
    return fail(at_, "JSON-SYNTAX", "found " + seen(), std::move(expectation), std::move(hint));
  }

  bool check_text() {
    if (text_.size() > limits_.bytes) {
      return fail(0, "JSON-SIZE", fmt::format("the text has {} bytes", text_.size()),
                  fmt::format("at most {} bytes", limits_.bytes),
                  "keep large tensors in a .safetensors file");
    }
    const std::size_t bad = first_invalid_utf8(text_);
    if (bad != std::string_view::npos) {
      return fail(bad, "JSON-UTF8",
                  fmt::format("byte 0x{:02x} is not part of a UTF-8 character",
                              static_cast<unsigned char>(text_[bad])),
                  "UTF-8 text", "save the file as UTF-8");
    }
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") {
      return fail(0, "JSON-SYNTAX", "the file begins with a byte order mark", "JSON text",
                  "save the file as UTF-8 without a byte order mark");
    }
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool add(JsonNode node, std::uint32_t* where = nullptr) {
    if (document_.nodes().size() >= limits_.values) {
      return fail(node.place, "JSON-SIZE", fmt::format("more than {} values", limits_.values),
                  "fewer values", "keep large tensors in a .safetensors file");
    }
    node.parent = open_.empty() ? 0 : open_.back();
    const std::uint32_t index = document_.append(node);
    if (where != nullptr) *where = index;
    return true;
  }

  // Parses a scalar, an empty container, or opens a container and stops before its first value.
  bool value(bool& opened) {
    JsonNode node;
    node.place = static_cast<std::uint32_t>(at_);
    switch (peek()) {
      case '{':
      case '[':
        return open(node, opened);
      case '"':
        return string();
      case 't':
        return word("true", JsonKind::kBool, true);
      case 'f':
        return word("false", JsonKind::kBool, false);
      case 'n':
        return word("null", JsonKind::kNull, false);
      default:
        break;
    }
    if (peek() == '-' || is_digit(peek())) return number();
    const bool special = std::string_view("NIi+").find(peek()) != std::string_view::npos && !done();
    return syntax("a value", special ? kSpecialHint : "");
  }

  bool open(JsonNode node, bool& opened) {
    if (open_.size() >= limits_.depth) {
      return fail(at_, "JSON-DEPTH", fmt::format("nested deeper than {}", limits_.depth),
                  "lists and objects nested less deep");
    }
    node.kind = peek() == '{' ? JsonKind::kObject : JsonKind::kArray;
    std::uint32_t index = 0;
    if (!add(node, &index)) return false;
    open_.push_back(index);
    ++at_;
    skip_space();
    if (peek() == (node.kind == JsonKind::kObject ? '}' : ']')) {
      close();
      return true;
    }
    opened = true;
    return node.kind == JsonKind::kObject ? key() : true;
  }

  bool key() {
    if (peek() != '"') return syntax("a key in double quotes, or the end of the object");
    if (!string()) return false;
    document_.at(static_cast<std::uint32_t>(document_.nodes().size() - 1)).key = true;
    skip_space();
    if (peek() != ':') return syntax("':' after the key");
    ++at_;
    skip_space();
    return true;
  }

  bool after_value(bool& more) {
    JsonNode& container = document_.at(open_.back());
    const bool object = container.kind == JsonKind::kObject;
    ++container.length;
    skip_space();
    if (peek() == ',') {
      ++at_;
      skip_space();
      if (peek() == '}' || peek() == ']') return syntax("another element after ','");
      more = true;
      return object ? key() : true;
    }
    if (peek() != (object ? '}' : ']')) {
      return syntax(object ? "',' or '}'" : "',' or ']'",
                    peek() == '/' || peek() == '#' ? "JSON has no comments" : "");
    }
    close();
    return true;
  }

  void close() {
    ++at_;
    const std::uint32_t index = open_.back();
    document_.at(index).end = static_cast<std::uint32_t>(document_.nodes().size());
    if (document_.at(index).kind == JsonKind::kObject) check_duplicates(index);
    open_.pop_back();
  }

  void check_duplicates(std::uint32_t object) {
    keys_.clear();
    for (const JsonMember& member : JsonValue(document_, object).members()) {
      keys_.emplace_back(member.key.text(), member.key.index());
    }
    std::sort(keys_.begin(), keys_.end());
    constexpr std::size_t kMostReported = 100;
    for (std::size_t i = 1; i < keys_.size() && diagnostics_.size() < kMostReported; ++i) {
      if (keys_[i].first != keys_[i - 1].first) continue;
      fail(document_.at(keys_[i].second).place, "JSON-DUPLICATE",
           fmt::format("the key \"{}\" stands twice in one object", keys_[i].first),
           "each key once", "remove one of the two");
      diagnostics_.back().pointer = JsonValue(document_, keys_[i].second).pointer();
    }
  }

  bool word(std::string_view expected, JsonKind kind, bool truth) {
    if (text_.substr(at_, expected.size()) != expected) {
      const bool nan = text_.substr(at_, 3) == "nan";
      return syntax("a value", nan ? kSpecialHint : "");
    }
    JsonNode node;
    node.place = static_cast<std::uint32_t>(at_);
    node.kind = kind;
    node.truth = truth;
    at_ += expected.size();
    return add(node);
  }

  bool digits() {
    if (!is_digit(peek())) return syntax("a digit");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    JsonNode node;
    node.kind = JsonKind::kNumber;
    node.place = node.begin = static_cast<std::uint32_t>(at_);
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
      if (is_digit(peek())) return syntax("a number without leading zeros");
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return false;
    }
    node.length = static_cast<std::uint32_t>(at_) - node.begin;
    return add(node);
  }

  bool string() {
    JsonNode node;
    node.kind = JsonKind::kString;
    node.place = static_cast<std::uint32_t>(at_);
    const std::size_t begin = ++at_;
    while (!done() && peek() != '"' && peek() != '\\' && static_cast<unsigned char>(peek()) >= 32) {
      ++at_;
    }
    if (peek() == '\\') return escaped_string(node, begin);
    if (peek() != '"') return unfinished_string();
    node.begin = static_cast<std::uint32_t>(begin);
    node.length = static_cast<std::uint32_t>(at_ - begin);
    ++at_;
    return add(node);
  }

  bool unfinished_string() {
    return syntax("the closing '\"' of a string",
                  done() ? "" : "control characters are written as escapes: \\n, \\t, \\u0000");
  }

  bool escaped_string(const JsonNode& node, std::size_t begin) {
    std::string out(text_.substr(begin, at_ - begin));
    while (peek() != '"') {
      if (done() || static_cast<unsigned char>(peek()) < 32) return unfinished_string();
      if (peek() != '\\') {
        out += text_[at_++];
        continue;
      }
      ++at_;
      if (!escape(out)) return false;
    }
    ++at_;
    if (document_.nodes().size() >= limits_.values) return add(node);
    document_.append_text(node.place, open_.empty() ? 0 : open_.back(), std::move(out));
    return true;
  }

  bool escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (peek() != 'u') {
      const std::size_t which = done() ? std::string_view::npos : kLetters.find(peek());
      if (which == std::string_view::npos)
        return syntax(
            "one of the escapes \\\" \\\\ \\/ \\b \\f "
            "\\n \\r \\t \\u0000");
      out += kMeanings[which];
      ++at_;
      return true;
    }
    std::uint32_t unit = 0;
    if (!hex4(unit)) return false;
    if (unit >= 0xD800 && unit <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
      std::uint32_t low = 0;
      ++at_;
      if (!hex4(low)) return false;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
        return true;
      }
    }
    if (unit >= 0xD800 && unit <= 0xDFFF) return syntax("a pair of surrogates, high then low");
    append_utf8(out, unit);
    return true;
  }

  // "uXXXX" at the current place.
  bool hex4(std::uint32_t& unit) {
    ++at_;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!letter && !is_digit(c)) return syntax("four hexadecimal digits after \\u");
      unit = unit * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
      ++at_;
    }
    return true;
  }

  std::string_view text_;
  JsonDocument document_;
  Diagnostics& diagnostics_;
  JsonLimits limits_;
  std::size_t at_ = 0;
  std::vector<std::uint32_t> open_;  // the lists and objects around the current place
  std::vector<std::pair<std::string_view, std::uint32_t>> keys_;
};

}  // namespace

std::optional<JsonDocument> parse_json(std::string text, Diagnostics& diagnostics,
                                       const JsonLimits& limits) {
  return Parser(std::make_shared<const std::string>(std::move(text)), diagnostics, limits).run();
}

}  // namespace mxcheck::base
