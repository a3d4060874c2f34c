// Quantization rules: every key of a rule, every field of additional_qt_config.
// Labels: QT-TYPE (TYP-2), CAL-METHOD, CAL-RANGE, TIL-DIVIDE, RND-METHOD, RULE-STATIC, RULE-KEY,
// RULE-PATTERN.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/casefile/number.h"
#include "sim/casefile/reader.h"
#include "sim/graph/match.h"

namespace mxcheck::casefile {
namespace {

using graph::AdditionalConfig;
using graph::Rule;
using numerics::CalibrationMethod;
using numerics::QType;
using numerics::TileSize;

std::optional<QType> read_qtype(Context& context, const JsonValue& value) {
  if (value.is(JsonKind::kNull)) return std::nullopt;
  if (!context.expect_kind(value, JsonKind::kString)) return std::nullopt;
  const std::optional<QType> qtype = numerics::qtype_from_name(value.text());
  if (qtype) return qtype;
  const bool wide = numerics::dtype_from_name(value.text()).has_value();
  const std::vector<std::string> names = numerics::qtype_names();
  context.error(
      value, "QT-TYPE",
      wide ? fmt::format("\"{}\" is wider than one byte, or no type to quantize to", value.text())
           : fmt::format("unknown quantization type \"{}\"", shortened(value.text())),
      fmt::format("null or one of {}", fmt::join(names, ", ")), did_you_mean(value.text(), names));
  return std::nullopt;
}

std::optional<CalibrationMethod> read_method(Context& context, const JsonValue& value) {
  constexpr std::size_t kMostBytes = 128;
  const auto text = context.string(value);
  if (!text) return std::nullopt;
  auto parsed = numerics::parse_calibration_method(text->substr(0, kMostBytes));
  if (const auto* method = std::get_if<CalibrationMethod>(&parsed)) return *method;
  const auto& error = std::get<numerics::CalibrationError>(parsed);
  context.error(
      value, error.label, error.fact,
      error.label == std::string("CAL-RANGE")
          ? "bounds a <= 0 <= b with a < b"
          : "\"absmax[,s]\", \"minmax[,s]\", \"rms,s\" or \"fixed,a[,b]\"",
      did_you_mean(text->substr(0, text->find(',')), {"absmax", "minmax", "rms", "fixed"}));
  return std::nullopt;
}

// 4 is a number of elements, 0.25 and 1.0 are fractions of the axis.
std::optional<TileSize> read_tile(Context& context, const JsonValue& value) {
  if (value.is(JsonKind::kNull)) return std::nullopt;
  if (!context.expect_kind(value, JsonKind::kNumber)) return std::nullopt;
  const auto refuse = [&] {
    context.error(value, "TIL-DIVIDE", fmt::format("the tile size {}", shortened(value.text())),
                  "a positive integer, or a fraction in (0, 1]");
  };
  if (is_integer_literal(value.text())) {
    const std::optional<std::int64_t> elements = exact_int64(value.text());
    if (elements && *elements > 0) return TileSize(*elements);
  } else {
    const double fraction = to_f64(value.text());
    if (fraction > 0 && fraction <= 1) return TileSize(fraction);
  }
  refuse();
  return std::nullopt;
}

void read_axes(Context& context, const JsonValue& value, std::vector<std::int64_t>& out) {
  if (const auto axes = context.integers(value)) out = *axes;
}

void read_flag(Context& context, const JsonValue& value, bool& out) {
  if (const auto flag = context.boolean(value)) out = *flag;
}

void read_pattern(Context& context, const JsonValue& value, Rule& rule) {
  const auto pattern = context.string(value);
  if (!pattern) return;
  const graph::ModulePattern compiled(*pattern);
  if (compiled.error()) {
    context.error(value, "RULE-PATTERN", *compiled.error(),
                  "a short regular expression for the whole module path");
    return;
  }
  rule.module_path = *pattern;
}

void read_op_names(Context& context, const JsonValue& value, Rule& rule) {
  if (value.is(JsonKind::kNull)) return;
  if (!context.expect_kind(value, JsonKind::kArray)) return;
  std::vector<std::string> quantizable;
  for (const std::string& name : graph::op_names()) {
    if (graph::is_quantizable(*graph::op_from_name(name))) quantizable.push_back(name);
  }
  for (const JsonValue& item : value.items()) {
    if (const auto index = context.choice(item, quantizable)) {
      rule.op_names.push_back(quantizable[*index]);
    }
  }
}

void read_noise(Context& context, const JsonValue& value, Rule& rule) {
  if (value.is(JsonKind::kNull)) return;
  const auto method = context.choice(value, {"uniform", "low_bit_uniform"}, "RND-METHOD");
  if (method) rule.bwd_stochastic_rounding = static_cast<numerics::NoiseMethod>(*method);
}

void read_additional(Context& context, const JsonValue& config, AdditionalConfig& out) {
  if (config.is(JsonKind::kNull)) return;
  if (!context.expect_kind(config, JsonKind::kObject)) return;
  std::vector<std::string> known;
  const auto field = [&](const char* key, auto read) {
    known.emplace_back(key);
    if (const auto value = config.find(key)) read(*value);
  };
  const auto qtype = [&](const char* key, std::optional<std::optional<QType>>& to) {
    field(key, [&](const JsonValue& v) { to = read_qtype(context, v); });
  };
  const auto tile = [&](const char* key, std::optional<std::optional<TileSize>>& to) {
    field(key, [&](const JsonValue& v) { to = read_tile(context, v); });
  };
  const auto method = [&](const char* key, std::optional<CalibrationMethod>& to) {
    field(key, [&](const JsonValue& v) { to = read_method(context, v); });
  };
  const auto flag = [&](const char* key, std::optional<bool>& to) {
    field(key, [&](const JsonValue& v) { to = context.boolean(v); });
  };
#define MXCHECK_ADDITIONAL(kind, name) kind(#name, out.name);
#include "sim/graph/additional_config.def"
#undef MXCHECK_ADDITIONAL
  context.check_keys(config, known, "additional_qt_config", "RULE-KEY");
}

void read_rule(Context& context, const JsonValue& value, Rule& rule) {
  std::vector<std::string> known;
  const auto field = [&](const char* key, auto read) {
    known.emplace_back(key);
    if (const auto found = value.find(key)) read(*found);
  };
  const auto qtype = [&](const char* key, std::optional<QType>& to) {
    field(key, [&](const JsonValue& v) { to = read_qtype(context, v); });
  };
  const auto method = [&](const char* key, CalibrationMethod& to) {
    field(key, [&](const JsonValue& v) {
      if (const auto read = read_method(context, v)) to = *read;
    });
  };
  field("module_path", [&](const JsonValue& v) { read_pattern(context, v, rule); });
  field("op_names", [&](const JsonValue& v) { read_op_names(context, v, rule); });
  qtype("weight_qtype", rule.weight_qtype);
  qtype("act_qtype", rule.act_qtype);
  qtype("bwd_qtype", rule.bwd_qtype);
  field("tile_size", [&](const JsonValue& v) { rule.tile_size = read_tile(context, v); });
  method("weight_calibration_method", rule.weight_calibration_method);
  method("act_calibration_method", rule.act_calibration_method);
  method("bwd_calibration_method", rule.bwd_calibration_method);
  field("act_static_scale", [&](const JsonValue& v) {
    read_flag(context, v, rule.act_static_scale);
    const auto act = value.find("act_qtype");
    if (rule.act_static_scale && (!act || act->is(JsonKind::kNull))) {
      context.error(v, "RULE-STATIC", "act_static_scale without act_qtype",
                    "a type for the activations whose scale is static", "add \"act_qtype\"");
    }
  });
  field("act_batch_axes", [&](const JsonValue& v) { read_axes(context, v, rule.act_batch_axes); });
  field("bwd_weight_grad_tile_size",
        [&](const JsonValue& v) { rule.bwd_weight_grad_tile_size = read_tile(context, v); });
  field("bwd_stochastic_rounding", [&](const JsonValue& v) { read_noise(context, v, rule); });
  field("channelwise_noise_axes",
        [&](const JsonValue& v) { read_axes(context, v, rule.channelwise_noise_axes); });
  field("disable_channelwise_axes",
        [&](const JsonValue& v) { read_flag(context, v, rule.disable_channelwise_axes); });
  field("additional_qt_config",
        [&](const JsonValue& v) { read_additional(context, v, rule.additional); });
  context.check_keys(value, known, "a rule");
}

}  // namespace

void read_rules(Context& context, const JsonValue& rules, Case& c) {
  constexpr std::size_t kMostRules = 1000;
  if (!context.expect_kind(rules, JsonKind::kArray)) return;
  if (rules.size() > kMostRules) {
    context.error(rules, "CASE-VALUE", fmt::format("{} rules", rules.size()),
                  fmt::format("at most {} rules", kMostRules));
    return;
  }
  for (const JsonValue& value : rules.items()) {
    Rule& rule = c.rules.emplace_back();
    rule.pointer = value.pointer();
    if (context.expect_kind(value, JsonKind::kObject)) read_rule(context, value, rule);
  }
}

}  // namespace mxcheck::casefile
