// Complaints with places; the labels come from whoever reads.
#include "sim/base/json_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace mxcheck::base {
namespace {

constexpr std::size_t kMostShown = 60;

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(std::string(word), candidates);
  return near.empty() || near == word ? "" : fmt::format("did you mean \"{}\"?", near);
}

// All of the text, or nothing.
template <typename T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string shortened(std::string_view text) {
  if (text.size() <= kMostShown) return std::string(text);
  std::size_t cut = kMostShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return fmt::format("{}...", text.substr(0, cut));
}

void JsonReader::error(const JsonValue& at, const std::string& label, const std::string& fact,
                       const std::string& expectation, const std::string& hint) {
  ++errors_;
  if (errors_ > kMostReported) return;
  Diagnostic d;
  d.file = file_;
  at.document().locate(at.node().place, d.line, d.column);
  d.pointer = at.pointer();
  d.label = label;
  d.fact = fact;
  d.expectation = expectation;
  d.hint = hint;
  if (errors_ == kMostReported) {
    d.fact = "more problems than are shown";
    d.expectation = d.hint = "";
  }
  diagnostics_.push_back(std::move(d));
}

bool JsonReader::check_object(const JsonValue& value, const std::vector<std::string_view>& known,
                              const std::string& what) {
  if (!expect_kind(value, JsonKind::kObject)) return false;
  for (const JsonMember& member : value.members()) {
    const std::string_view key = member.key.text();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (full()) return false;
    error(member.key, labels_.key, fmt::format("{} has no key \"{}\"", what, shortened(key)),
          fmt::format("keys: {}", fmt::join(known, ", ")),
          did_you_mean(key, {known.begin(), known.end()}));
  }
  return true;
}

std::optional<JsonValue> JsonReader::require(const JsonValue& object, std::string_view key,
                                             const std::string& what) {
  std::optional<JsonValue> value = object.find(key);
  if (!value) {
    error(object, labels_.key, fmt::format("{} has no \"{}\"", what, key),
          fmt::format("the key \"{}\"", key));
  }
  return value;
}

bool JsonReader::expect_kind(const JsonValue& value, JsonKind kind) {
  if (value.is(kind)) return true;
  refuse_value(value, fmt::format("found {}", name(value.kind())), name(kind));
  return false;
}

std::optional<bool> JsonReader::boolean(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kBool)) return std::nullopt;
  return value.boolean();
}

std::optional<std::string> JsonReader::string(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kString)) return std::nullopt;
  return std::string(value.text());
}

std::vector<std::string> JsonReader::strings(const JsonValue& value) {
  std::vector<std::string> out;
  if (!expect_kind(value, JsonKind::kArray)) return out;
  const std::size_t before = errors_;
  for (const JsonValue& item : value.items()) {
    if (const auto text = string(item)) out.push_back(*text);
    if (full()) break;
  }
  if (errors_ != before) out.clear();
  return out;
}

std::optional<std::int64_t> JsonReader::integer(const JsonValue& value, std::int64_t low,
                                                std::int64_t high) {
  if (!expect_kind(value, JsonKind::kNumber)) return std::nullopt;
  const std::optional<std::int64_t> number = parsed<std::int64_t>(value.text());
  if (number && *number >= low && *number <= high) return number;
  const bool half = high == std::numeric_limits<std::int64_t>::max();
  refuse_value(value, shortened(value.text()),
               half ? fmt::format("an integer from {}", low)
                    : fmt::format("an integer from {} to {}", low, high));
  return std::nullopt;
}

std::optional<std::uint64_t> JsonReader::natural(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kNumber)) return std::nullopt;
  const std::optional<std::uint64_t> number = parsed<std::uint64_t>(value.text());
  if (!number) {
    refuse_value(value, shortened(value.text()), "an integer from 0 to 18446744073709551615");
  }
  return number;
}

std::optional<double> JsonReader::number(const JsonValue& value) {
  if (value.is(JsonKind::kString)) {
    if (value.text() == "inf") return std::numeric_limits<double>::infinity();
    if (value.text() == "-inf") return -std::numeric_limits<double>::infinity();
    if (value.text() == "nan") return std::numeric_limits<double>::quiet_NaN();
  } else if (value.is(JsonKind::kNumber)) {
    if (const auto number = parsed<double>(value.text())) return number;
  }
  refuse_value(value,
               value.is(JsonKind::kString) || value.is(JsonKind::kNumber)
                   ? shortened(value.text())
                   : fmt::format("found {}", name(value.kind())),
               "a number in the range of f64, or \"inf\", \"-inf\", \"nan\"");
  return std::nullopt;
}

std::optional<std::size_t> JsonReader::choice(const JsonValue& value,
                                              const std::vector<std::string>& words) {
  if (!expect_kind(value, JsonKind::kString)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), value.text());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  refuse_value(value, fmt::format("\"{}\"", shortened(value.text())),
               fmt::format("one of {}", fmt::join(words, ", ")), did_you_mean(value.text(), words));
  return std::nullopt;
}

}  // namespace mxcheck::base
