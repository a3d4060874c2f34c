// Rules as JSON: every key of the reader in rules.cpp, where it differs from the default.
#include "sim/casefile/number.h"
#include "sim/casefile/write_parts.h"

namespace mxcheck::casefile {
namespace {

using base::quote_json;

std::string qtype_text(const std::optional<numerics::QType>& qtype) {
  return qtype ? quote_json(numerics::name(*qtype)) : "null";
}

// 1 and 1.0 mean different tiles.
std::string tile_text(const std::optional<numerics::TileSize>& tile) {
  if (!tile) return "null";
  if (const auto* elements = std::get_if<std::int64_t>(&*tile)) return std::to_string(*elements);
  const std::string text = f64_text(std::get<double>(*tile));
  return is_integer_literal(text) ? text + ".0" : text;
}

std::string additional_text(const graph::AdditionalConfig& config) {
  Object out;
  const auto tile = [&](const char* key, const auto& v) {
    if (v) out.add(key, tile_text(*v));
  };
  const auto qtype = [&](const char* key, const auto& v) {
    if (v) out.add(key, qtype_text(*v));
  };
  const auto method = [&](const char* key, const auto& v) {
    if (v) out.add_text(key, numerics::to_string(*v));
  };
  const auto flag = [&](const char* key, const auto& v) {
    if (v) out.add(key, boolean(*v));
  };
#define MXCHECK_ADDITIONAL(kind, name) kind(#name, config.name);
#include "sim/graph/additional_config.def"
#undef MXCHECK_ADDITIONAL
  return out.empty() ? "" : out.text();
}

}  // namespace

std::string rule_text(const graph::Rule& rule) {
  const graph::Rule usual;
  Object out;
  const auto method = [&](const char* key, const numerics::CalibrationMethod& v) {
    if (!(v == numerics::CalibrationMethod{})) out.add_text(key, numerics::to_string(v));
  };
  if (rule.module_path != usual.module_path) out.add_text("module_path", rule.module_path);
  if (!rule.op_names.empty()) out.add("op_names", texts(rule.op_names));
  if (rule.weight_qtype) out.add("weight_qtype", qtype_text(rule.weight_qtype));
  if (rule.act_qtype) out.add("act_qtype", qtype_text(rule.act_qtype));
  if (rule.bwd_qtype) out.add("bwd_qtype", qtype_text(rule.bwd_qtype));
  if (rule.tile_size) out.add("tile_size", tile_text(rule.tile_size));
  method("weight_calibration_method", rule.weight_calibration_method);
  method("act_calibration_method", rule.act_calibration_method);
  method("bwd_calibration_method", rule.bwd_calibration_method);
  if (rule.act_static_scale) out.add("act_static_scale", "true");
  if (rule.act_batch_axes != usual.act_batch_axes) {
    out.add("act_batch_axes", integers(rule.act_batch_axes));
  }
  if (rule.bwd_weight_grad_tile_size) {
    out.add("bwd_weight_grad_tile_size", tile_text(rule.bwd_weight_grad_tile_size));
  }
  if (rule.bwd_stochastic_rounding) {
    const bool uniform = *rule.bwd_stochastic_rounding == numerics::NoiseMethod::kUniform;
    out.add_text("bwd_stochastic_rounding", uniform ? "uniform" : "low_bit_uniform");
  }
  if (rule.channelwise_noise_axes != usual.channelwise_noise_axes) {
    out.add("channelwise_noise_axes", integers(rule.channelwise_noise_axes));
  }
  if (rule.disable_channelwise_axes) out.add("disable_channelwise_axes", "true");
  const std::string more = additional_text(rule.additional);
  if (!more.empty()) out.add("additional_qt_config", more);
  return out.text();
}

}  // namespace mxcheck::casefile
