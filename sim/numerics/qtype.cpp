// The qtype table, calibration methods from text, tile sizes.
#include "sim/numerics/qtype.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "sim/base/text.h"

namespace mxcheck::numerics {
namespace {

constexpr std::array kTable{
#define MXCHECK_QTYPE(enumerator, name, stored, bound, low, high, rounding, asym, tile) \
  QTypeInfo{name, DType::stored, bound, low, high, QRounding::rounding, asym, tile},
#include "sim/numerics/qtypes.def"
#undef MXCHECK_QTYPE
};

constexpr std::array<const char*, 4> kMethodNames{"absmax", "minmax", "rms", "fixed"};

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(0, 1);
  return text;
}

std::optional<double> number(const std::string& text) {
  const std::string t = trimmed(text);
  const char* begin = t.data() + (!t.empty() && t[0] == '+' ? 1 : 0);
  double value = 0;
  const auto [end, error] = std::from_chars(begin, t.data() + t.size(), value);
  if (error != std::errc{} || end != t.data() + t.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

CalibrationError malformed(std::string fact) { return {"CAL-METHOD", std::move(fact)}; }

}  // namespace

const QTypeInfo& info(QType qtype) { return kTable[static_cast<std::size_t>(qtype)]; }

std::optional<QType> qtype_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (name == kTable[i].name) return static_cast<QType>(i);
  }
  return std::nullopt;
}

std::vector<std::string> qtype_names() {
  std::vector<std::string> out;
  for (const QTypeInfo& entry : kTable) out.emplace_back(entry.name);
  return out;
}

std::variant<CalibrationMethod, CalibrationError> parse_calibration_method(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::vector<std::string> parts = base::split(lower, ',');
  CalibrationMethod method;
  bool known = false;
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (trimmed(parts[0]) == kMethodNames[i]) {
      method.kind = static_cast<CalibrationMethod::Kind>(i);
      known = true;
    }
  }
  if (!known) return malformed(fmt::format("unknown calibration method '{}'", text));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::optional<double> argument = number(parts[i]);
    if (!argument) return malformed(fmt::format("argument '{}' is not a number", parts[i]));
    method.arguments.push_back(*argument);
  }
  const std::size_t count = method.arguments.size();
  switch (method.kind) {
    case CalibrationMethod::Kind::kAbsmax:
    case CalibrationMethod::Kind::kMinmax:
      if (count > 1) return malformed(fmt::format("'{}' takes at most one factor", text));
      break;
    case CalibrationMethod::Kind::kRms:
      if (count != 1) return malformed(fmt::format("'{}': rms takes exactly one factor", text));
      break;
    case CalibrationMethod::Kind::kFixed: {
      if (count < 1 || count > 2) return malformed("fixed takes one or two bounds");
      const double low = count == 2 ? method.arguments[0] : -method.arguments[0];
      const double high = count == 2 ? method.arguments[1] : method.arguments[0];
      if (!(low <= 0 && high >= 0 && low < high)) {
        return CalibrationError{
            "CAL-RANGE", fmt::format("the fixed range [{}, {}] is empty or without 0", low, high)};
      }
      break;
    }
  }
  return method;
}

std::string to_string(const CalibrationMethod& method) {
  std::string out = kMethodNames[static_cast<std::size_t>(method.kind)];
  for (const double argument : method.arguments) out += fmt::format(",{}", argument);
  return out;
}

bool is_asymmetric(const CalibrationMethod& method) {
  if (method.kind == CalibrationMethod::Kind::kMinmax) return true;
  return method.kind == CalibrationMethod::Kind::kFixed && method.arguments.size() == 2 &&
         method.arguments[0] + method.arguments[1] != 0;
}

std::optional<std::int64_t> resolve_tile(const TileSize& tile, std::int64_t dim) {
  std::int64_t size = 0;
  if (const auto* elements = std::get_if<std::int64_t>(&tile)) {
    size = *elements;
  } else {
    size = static_cast<std::int64_t>(
        std::nearbyint(static_cast<double>(dim) * std::get<double>(tile)));
  }
  if (size <= 0 || dim % size != 0) return std::nullopt;
  return size;
}

}  // namespace mxcheck::numerics
