// Quantization rules as a case states them (case-format.md, Rules): plain data, no arithmetic.
// Which rule a node gets, and what follows from it, is decided in plan.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/numerics/qtype.h"

namespace mxcheck::graph {

using numerics::CalibrationMethod;
using numerics::NoiseMethod;
using numerics::QType;
using numerics::TileSize;

// Fields of `additional_qt_config` (numerics.md section 9); only those that are set override.
// In JSON a qtype of null is a value ("leave this operand in float"), hence the nested optionals.
struct AdditionalConfig {
  std::optional<std::optional<TileSize>> tile_size;
  std::optional<std::optional<QType>> lhs_qtype, rhs_qtype;
  std::optional<CalibrationMethod> lhs_calibration_method, rhs_calibration_method;
  std::optional<bool> lhs_disable_channelwise_axes, rhs_disable_channelwise_axes;
  std::optional<std::optional<QType>> dlhs_grad_qtype, drhs_grad_qtype;
  std::optional<CalibrationMethod> dlhs_grad_calibration_method, drhs_grad_calibration_method;
  std::optional<bool> dlhs_grad_disable_channelwise_axes, drhs_grad_disable_channelwise_axes;
  std::optional<std::optional<TileSize>> dlhs_tile_size, drhs_tile_size;
  std::optional<bool> disable_gradient_clipping;
  std::optional<bool> use_original_residuals;
  std::optional<std::optional<QType>> dlhs_residual_qtype, drhs_residual_qtype;
  std::optional<CalibrationMethod> dlhs_residual_calibration_method,
      drhs_residual_calibration_method;
  std::optional<bool> dlhs_residual_disable_channelwise_axes,
      drhs_residual_disable_channelwise_axes;
  friend bool operator==(const AdditionalConfig&, const AdditionalConfig&) = default;
};

struct Rule {
  std::string module_path = ".*";
  std::vector<std::string> op_names;
  std::optional<QType> weight_qtype, act_qtype, bwd_qtype;
  std::optional<TileSize> tile_size;
  CalibrationMethod weight_calibration_method, act_calibration_method, bwd_calibration_method;
  bool act_static_scale = false;
  std::vector<std::int64_t> act_batch_axes = {0};
  std::optional<TileSize> bwd_weight_grad_tile_size;
  std::optional<NoiseMethod> bwd_stochastic_rounding;
  std::vector<std::int64_t> channelwise_noise_axes = {0};
  bool disable_channelwise_axes = false;
  AdditionalConfig additional;
  std::string pointer;  // JSON pointer of the rule, for diagnostics
  friend bool operator==(const Rule&, const Rule&) = default;
};

}  // namespace mxcheck::graph
