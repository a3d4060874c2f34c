// Reading a parsed document: text, members, pointers, positions, and writing a value back.
#include <algorithm>
#include <charconv>
#include <system_error>

#include "sim/base/check.h"
#include "sim/base/json.h"
#include "sim/base/text.h"

namespace mxcheck::base {
namespace {

constexpr std::size_t kMarkEvery = 4096;

}  // namespace

const char* name(JsonKind kind) {
  constexpr const char* kNames[] = {"null",     "a boolean", "a number",
                                    "a string", "a list",    "an object"};
  return kNames[static_cast<std::size_t>(kind)];
}

const JsonNode& JsonValue::node() const { return document_->nodes()[node_]; }

std::string_view JsonValue::text() const { return document_->text(node()); }

JsonValue::Items JsonValue::items() const {
  const std::uint32_t begin = is(JsonKind::kArray) ? node_ + 1 : node().end;
  return {Items::Iterator({*document_, begin}), Items::Iterator({*document_, node().end})};
}

JsonValue::Members JsonValue::members() const {
  const std::uint32_t begin = is(JsonKind::kObject) ? node_ + 1 : node().end;
  return {Members::Iterator({*document_, begin}), Members::Iterator({*document_, node().end})};
}

std::optional<JsonMember> JsonValue::find_member(std::string_view key) const {
  for (const JsonMember& member : members()) {
    if (member.key.text() == key) return member;
  }
  return std::nullopt;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  const std::optional<JsonMember> member = find_member(key);
  return member ? std::optional<JsonValue>(member->value) : std::nullopt;
}

std::string JsonValue::pointer() const {
  std::vector<std::string> tokens;
  for (std::uint32_t at = node_; at != 0; at = document_->nodes()[at].parent) {
    const JsonNode& node = document_->nodes()[at];
    if (document_->nodes()[node.parent].kind == JsonKind::kArray) {
      tokens.push_back(std::to_string(node.position));
    } else {
      // A member's key stands right before its value.
      tokens.push_back(escape_pointer(JsonValue(*document_, node.key ? at : at - 1).text()));
    }
  }
  std::string out;
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) out += "/" + *token;
  return out;
}

JsonValue JsonDocument::nearest_to(std::string_view pointer) const {
  JsonValue at = root();
  while (!pointer.empty()) {
    const std::size_t slash = pointer.find('/', 1);
    const std::string_view token = pointer.substr(1, slash == pointer.npos ? slash : slash - 1);
    pointer = slash == pointer.npos ? "" : pointer.substr(slash);
    std::optional<JsonValue> next;
    std::size_t position = 0;
    const bool number =
        std::from_chars(token.data(), token.data() + token.size(), position).ec == std::errc{};
    if (number && position < at.size()) {
      for (const JsonValue& item : at.items()) {
        if (item.node().position == position) next = item;
        if (next) break;
      }
    }
    for (const JsonMember& member : at.members()) {
      if (!next && escape_pointer(member.key.text()) == token) next = member.value;
    }
    if (!next) return at;
    at = *next;
  }
  return at;
}

JsonDocument::JsonDocument(std::shared_ptr<const std::string> source) : source_(std::move(source)) {
  auto lines = std::make_shared<std::vector<LineMark>>();
  LineMark mark{1, 0};
  for (std::size_t i = 0; i <= source_->size(); ++i) {
    if (i % kMarkEvery == 0) lines->push_back(mark);
    if (i < source_->size() && (*source_)[i] == '\n') {
      mark = {mark.line + 1, static_cast<std::uint32_t>(i + 1)};
    }
  }
  lines_ = std::move(lines);
}

void JsonDocument::locate(std::uint32_t offset, int& line, int& column) const {
  const std::size_t end = std::min<std::size_t>(offset, source_->size());
  LineMark mark = (*lines_)[end / kMarkEvery];
  for (std::size_t i = end - end % kMarkEvery; i < end; ++i) {
    if ((*source_)[i] == '\n') mark = {mark.line + 1, static_cast<std::uint32_t>(i + 1)};
  }
  line = static_cast<int>(mark.line);
  column = static_cast<int>(end - mark.start) + 1;
}

std::uint32_t JsonDocument::append(JsonNode node) {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  node.end = index + 1;
  node.position = index == 0 ? 0 : nodes_[node.parent].length;
  nodes_.push_back(node);
  return index;
}

std::uint32_t JsonDocument::append_text(std::uint32_t place, std::uint32_t parent,
                                        std::string text) {
  JsonNode node;
  node.kind = JsonKind::kString;
  node.place = place;
  node.parent = parent;
  node.decoded = true;
  node.begin = static_cast<std::uint32_t>(decoded_.size());
  node.length = static_cast<std::uint32_t>(text.size());
  decoded_.push_back(std::move(text));
  return append(node);
}

std::string_view JsonDocument::text(const JsonNode& node) const {
  if (node.kind != JsonKind::kString && node.kind != JsonKind::kNumber) return {};
  if (node.decoded) return decoded_[node.begin];
  return std::string_view(*source_).substr(node.begin, node.length);
}

JsonDocument JsonDocument::emptied() const {
  JsonDocument out = *this;
  out.nodes_.clear();
  return out;
}

std::string quote_json(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 32 || c == 127) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// Recursion is bounded by the depth limit of the parser.
std::string to_json(const JsonValue& value, std::string_view separator) {
  std::string out;
  bool first = true;
  switch (value.kind()) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBool:
      return value.boolean() ? "true" : "false";
    case JsonKind::kNumber:
      return std::string(value.text());
    case JsonKind::kString:
      return quote_json(value.text());
    case JsonKind::kArray:
      for (const JsonValue& item : value.items()) {
        if (!first) (out += ",") += separator;
        first = false;
        out += to_json(item, separator);
      }
      return "[" + out + "]";
    case JsonKind::kObject:
      for (const JsonMember& member : value.members()) {
        if (!first) (out += ",") += separator;
        first = false;
        ((out += quote_json(member.key.text())) += ":") += separator;
        out += to_json(member.value, separator);
      }
      return "{" + out + "}";
  }
  return out;
}

}  // namespace mxcheck::base
