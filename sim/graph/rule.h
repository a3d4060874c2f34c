// Quantization rules as a case states them: plain data, no arithmetic.
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

// What a field of additional_config.def may be set to. In JSON a qtype or a tile size of null is a
// value ("leave this operand in float"), hence the optional.
namespace additional {
using tile = std::optional<TileSize>;
using qtype = std::optional<QType>;
using method = CalibrationMethod;
using flag = bool;
}  // namespace additional

// `additional_qt_config` (numerics.md section 9): only the fields that are set override.
struct AdditionalConfig {
#define MXCHECK_ADDITIONAL(kind, name) std::optional<additional::kind> name;
#include "sim/graph/additional_config.def"
#undef MXCHECK_ADDITIONAL
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
