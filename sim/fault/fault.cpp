// The table as code, and faults from text and back.
#include "sim/fault/fault.h"

#include <fmt/format.h>

#include <charconv>

#include "sim/base/diagnostic.h"
#include "sim/base/json.h"
#include "sim/base/text.h"

namespace mxcheck::fault {
namespace {

constexpr std::int64_t kLargestNumber = 4096;

struct Key {
  const char* name;
  std::int64_t At::*member;
};
constexpr Key kKeys[] = {
    {"row", &At::row}, {"col", &At::col}, {"bit", &At::bit}, {"bits", &At::bits}};

bool is_register(const Info& fault) { return std::string_view(fault.how) == "register"; }
bool is_array(const Info& fault) { return std::string_view(fault.how) == "array"; }

std::optional<std::int64_t> number(const base::JsonValue& value) {
  const std::string_view text = value.text();
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (!value.is(base::JsonKind::kNumber) || error != std::errc{} ||
      end != text.data() + text.size() || out < 0 || out > kLargestNumber) {
    return std::nullopt;
  }
  return out;
}

// "" or what is wrong with the member.
std::string read_member(const Info& fault, std::string_view key, const base::JsonValue& value,
                        At& at) {
  if (key == "level" && is_register(fault)) {
    if (value.text() != "functional" && value.text() != "cycle") {
      return "level must be functional or cycle";
    }
    at.level = value.text() == "cycle" ? Level::kCycle : Level::kFunctional;
    return "";
  }
  for (const Key& known : kKeys) {
    if (key != known.name) continue;
    const std::optional<std::int64_t> n = number(value);
    if (!n) return fmt::format("{} must be an integer from 0 to {}", known.name, kLargestNumber);
    at.*known.member = *n;
    return "";
  }
  return fmt::format("'{}' is no place of a fault of kind {}", base::printable(key), fault.name);
}

// "" or what is wrong.
std::string read_at(const Info& fault, const base::JsonValue& value, At& at) {
  if (!value.is(base::JsonKind::kObject)) return "'at' must be an object";
  for (const auto& [key, member] : value.members()) {
    const std::string problem = read_member(fault, key.text(), member, at);
    if (!problem.empty()) return problem;
  }
  return "";
}

base::Result<Kind> read_kind(std::string_view text) {
  if (const auto kind = kind_from_name(text)) return *kind;
  const std::string near = base::nearest(std::string(text), kind_names());
  return base::Error{fmt::format("there is no fault of kind '{}'{}", base::printable(text),
                                 near.empty() ? "" : " (did you mean '" + near + "'?)")};
}

}  // namespace

const char* name(Place place) {
  constexpr const char* kNames[] = {"mxu", "kernel", "quant", "exec", "statistics"};
  return kNames[static_cast<std::size_t>(place)];
}

const std::vector<Info>& table() {
  static const std::vector<Info> lines{
#define MXCHECK_FAULT(kind, place, how, rule, at, needs, what, catches) \
  Info{Kind::kind, #kind, Place::place, how, rule, at, Need::needs, what, catches},
#include "sim/fault/faults.def"
#undef MXCHECK_FAULT
  };
  return lines;
}

const Info& info(Kind kind) { return table()[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_from_name(std::string_view name) {
  for (const Info& line : table()) {
    if (name == line.name) return line.kind;
  }
  return std::nullopt;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> out;
  for (const Info& line : table()) out.emplace_back(line.name);
  return out;
}

Fault default_fault(Kind kind) {
  Fault fault{kind, {}};
  const Info& line = info(kind);
  if (is_array(line)) fault.at.level = Level::kCycle;
  if (*line.at == '\0') return fault;
  base::Diagnostics diagnostics;
  const auto document = base::parse_json(line.at, diagnostics);
  MXCHECK_CHECK(document && read_at(line, document->root(), fault.at).empty(), line.name);
  return fault;
}

std::vector<Fault> all_faults() {
  std::vector<Fault> out;
  for (const Info& line : table()) {
    out.push_back(default_fault(line.kind));
    if (!is_register(line)) continue;
    out.push_back(out.back());
    out.back().at.level = Level::kCycle;
  }
  return out;
}

base::Result<Fault> parse_fault(const std::string& text) {
  if (!text.empty() && text.front() != '{') {
    const base::Result<Kind> kind = read_kind(text);
    if (!kind) return base::Error{kind.error()};
    return default_fault(kind.value());
  }
  base::Diagnostics diagnostics;
  const auto document = base::parse_json(text, diagnostics);
  if (!document || base::has_errors(diagnostics)) {
    return base::Error{"not valid JSON: " + diagnostics.front().fact};
  }
  const base::JsonValue root = document->root();
  const auto named = root.find("kind");
  if (!named || !named->is(base::JsonKind::kString)) return base::Error{"a fault needs a 'kind'"};
  const base::Result<Kind> kind = read_kind(named->text());
  if (!kind) return base::Error{kind.error()};
  Fault fault = default_fault(kind.value());
  for (const auto& [key, value] : root.members()) {
    if (key.text() == "kind") continue;
    if (key.text() != "at") {
      return base::Error{fmt::format("unknown key '{}'", base::printable(key.text()))};
    }
    const std::string problem = read_at(info(fault.kind), value, fault.at);
    if (!problem.empty()) return base::Error{problem};
  }
  return fault;
}

std::string at_json(const Fault& fault) {
  std::vector<std::string> parts;
  if (is_register(info(fault.kind))) {
    parts.push_back(fault.at.level == Level::kCycle ? R"("level": "cycle")"
                                                    : R"("level": "functional")");
  }
  for (const Key& key : kKeys) {
    if (fault.at.*key.member < 0) continue;
    parts.push_back(fmt::format("\"{}\": {}", key.name, fault.at.*key.member));
  }
  return "{" + base::join(parts, ", ") + "}";
}

std::string to_json(const Fault& fault) {
  return fmt::format(R"({{"kind": "{}", "at": {}}})", info(fault.kind).name, at_json(fault));
}

void Faults::add(const Fault& fault) {
  const auto i = static_cast<std::size_t>(fault.kind);
  static_assert(static_cast<std::size_t>(Kind::mask_before_statistics) < 64 * 4);
  mask_[i / 64] |= std::uint64_t{1} << (i % 64);
  list_.push_back(fault);
}

}  // namespace mxcheck::fault
