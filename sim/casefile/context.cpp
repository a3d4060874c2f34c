// Typed access to JSON values with reports (CASE-*).
#include "sim/casefile/context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "sim/casefile/number.h"
#include "sim/casefile/source.h"

namespace mxcheck::casefile {

std::string shortened(std::string_view text) {
  constexpr std::size_t kMost = 60;
  if (text.size() <= kMost) return std::string(text);
  std::size_t cut = kMost;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return fmt::format("{}...", text.substr(0, cut));
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kMostCandidates = 1000;
  if (candidates.size() > kMostCandidates) return "";
  const std::string near = base::nearest(std::string(word), candidates);
  return near.empty() || near == word ? "" : fmt::format("did you mean \"{}\"?", near);
}

Position position_of(const JsonValue& value) {
  Position position;
  value.document().locate(value.node().place, position.line, position.column);
  return position;
}

void Context::add(base::Severity severity, const JsonValue& at, const std::string& label,
                  const std::string& fact, const std::string& expectation,
                  const std::string& hint) {
  if (severity == base::Severity::kError) ++errors_;
  if (diagnostics_.size() > most_) return;
  base::Diagnostic d;
  d.severity = severity;
  d.file = file_.string();
  const Position position = position_of(at);
  d.line = position.line;
  d.column = position.column;
  d.pointer = at.pointer();
  d.label = label;
  d.fact = fact;
  d.expectation = expectation;
  d.hint = hint;
  if (diagnostics_.size() == most_) {
    d.fact = "more problems than are shown";
    d.expectation = d.hint = "";
  }
  // Expansions of a matrix share most of their problems; the first that has one is named.
  constexpr std::string_view kNamed = " (in the expansion ";
  const auto same = [&](const base::Diagnostic& other) {
    return other.line == d.line && other.column == d.column && other.label == d.label &&
           other.fact.starts_with(d.fact) &&
           (other.fact.size() == d.fact.size() ||
            std::string_view(other.fact).substr(d.fact.size()).starts_with(kNamed));
  };
  if (std::any_of(diagnostics_.begin(), diagnostics_.end(), same)) return;
  if (!expansion_.empty()) d.fact += fmt::format("{}{})", kNamed, shortened(expansion_));
  diagnostics_.push_back(std::move(d));
}

const base::Result<tensor::SafetensorsIndex>& Context::stored_file(
    const std::filesystem::path& path) {
  const auto known = stored_.headers.find(path);
  if (known != stored_.headers.end()) return known->second;
  return stored_.headers.emplace(path, tensor::read_safetensors_index(path)).first->second;
}

const FoundFile& Context::find(const std::string& relative) {
  const auto known = stored_.found.find(relative);
  if (known != stored_.found.end()) return known->second;
  if (stored_.found.size() >= kMaxFiles) {
    static const FoundFile too_many =
        PathProblem{"SRC-FILE", fmt::format("the case names more than {} files", kMaxFiles)};
    return too_many;
  }
  return stored_.found.emplace(relative, find_file(file_, root_, relative)).first->second;
}

void Context::error(const JsonValue& at, const std::string& label, const std::string& fact,
                    const std::string& expectation, const std::string& hint) {
  add(base::Severity::kError, at, label, fact, expectation, hint);
}

void Context::warn(const JsonValue& at, const std::string& label, const std::string& fact,
                   const std::string& expectation, const std::string& hint) {
  add(base::Severity::kWarning, at, label, fact, expectation, hint);
}

void Context::place(const base::JsonDocument& document, const base::Diagnostic& finding) {
  const JsonValue at = document.nearest_to(finding.pointer);
  add(finding.severity, at, finding.label, finding.fact, finding.expectation, finding.hint);
}

void Context::check_keys(const JsonValue& object, const std::vector<std::string>& known,
                         const std::string& what, const std::string& label) {
  for (const JsonMember& member : object.members()) {
    const std::string_view key = member.key.text();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (full()) return;
    error(member.key, label, fmt::format("{} has no key \"{}\"", what, shortened(key)),
          fmt::format("keys: {}", fmt::join(known, ", ")), did_you_mean(key, known));
  }
}

std::optional<JsonValue> Context::require(const JsonValue& object, const std::string& key,
                                          const std::string& what) {
  std::optional<JsonValue> value = object.find(key);
  if (!value) {
    error(object, "CASE-MISSING", fmt::format("{} has no \"{}\"", what, key),
          fmt::format("the key \"{}\"", key));
  }
  return value;
}

bool Context::expect_kind(const JsonValue& value, JsonKind kind) {
  if (value.is(kind)) return true;
  error(value, "CASE-TYPE", fmt::format("found {}", base::name(value.kind())), base::name(kind));
  return false;
}

std::optional<bool> Context::boolean(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kBool)) return std::nullopt;
  return value.boolean();
}

std::optional<std::string> Context::string(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kString)) return std::nullopt;
  return std::string(value.text());
}

bool Context::check_name(const JsonValue& at, std::string_view name) {
  const bool control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 32 || c == 127;
  });
  if (!name.empty() && name.size() <= kMaxNameBytes && !control) return true;
  error(at, "CASE-VALUE", fmt::format("the name \"{}\"", shortened(name)),
        fmt::format("1 to {} bytes without control characters", kMaxNameBytes));
  return false;
}

std::optional<std::string> Context::name(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kString) || !check_name(value, value.text())) {
    return std::nullopt;
  }
  return std::string(value.text());
}

std::optional<std::int64_t> Context::integer(const JsonValue& value, std::int64_t low,
                                             std::int64_t high) {
  if (!expect_kind(value, JsonKind::kNumber)) return std::nullopt;
  const std::optional<std::int64_t> number = exact_int64(value.text());
  if (!number) {
    error(value, "CASE-TYPE",
          fmt::format("{} is not an integer of 64 bits", shortened(value.text())), "an integer");
    return std::nullopt;
  }
  if (*number < low || *number > high) {
    error(value, "CASE-VALUE", fmt::format("{}", *number),
          fmt::format("a number from {} to {}", low, high));
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> Context::seed(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kNumber)) return std::nullopt;
  const std::optional<std::uint64_t> number = exact_uint64(value.text());
  if (!number) {
    error(value, "CASE-VALUE", fmt::format("the seed {}", shortened(value.text())),
          "an integer from 0 to 18446744073709551615");
  }
  return number;
}

std::optional<double> Context::number(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kNumber)) return std::nullopt;
  const double number = to_f64(value.text());
  if (std::isfinite(number)) return number;
  error(value, "CASE-VALUE", shortened(value.text()), "a number in the range of f64");
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> Context::integers(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kArray)) return std::nullopt;
  std::vector<std::int64_t> out;
  const std::size_t before = errors_;
  for (const JsonValue& item : value.items()) {
    if (const auto number = integer(item)) out.push_back(*number);
    if (full()) break;
  }
  return errors_ == before ? std::optional(out) : std::nullopt;
}

std::optional<std::vector<std::string>> Context::strings(const JsonValue& value) {
  if (!expect_kind(value, JsonKind::kArray)) return std::nullopt;
  std::vector<std::string> out;
  const std::size_t before = errors_;
  for (const JsonValue& item : value.items()) {
    if (const auto text = string(item)) out.push_back(*text);
    if (full()) break;
  }
  return errors_ == before ? std::optional(out) : std::nullopt;
}

std::optional<std::size_t> Context::choice(const JsonValue& value,
                                           const std::vector<std::string>& words,
                                           const std::string& label) {
  if (!expect_kind(value, JsonKind::kString)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), value.text());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  error(value, label, fmt::format("\"{}\"", shortened(value.text())),
        fmt::format("one of {}", fmt::join(words, ", ")), did_you_mean(value.text(), words));
  return std::nullopt;
}

}  // namespace mxcheck::casefile
