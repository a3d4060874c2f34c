// A small valid case to start from: a template (or a graph around one op), a mode, types.
// Everything it states can be run at once; it has no expected values yet, `bless` records them.
//
// Modes: float (no rule), qat (straight-through: float gradients), qt (gradients quantized too),
// ptq (forward only), weight_only (forward, activations stay float), srq (static ranges, statistics
// over three steps).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/casefile/draft.h"

namespace mxcheck::author {

enum class NewMode : std::uint8_t { kFloat, kQat, kQt, kPtq, kWeightOnly, kSrq };
[[nodiscard]] const std::vector<std::string>& new_mode_names();
[[nodiscard]] std::optional<NewMode> new_mode_from_name(const std::string& name);

struct NewCase {
  std::string form = "dense";                // a template
  std::string op;                            // an op of ops.def instead; "": the template
  std::optional<NewMode> mode;               // default: qt; of srq: srq
  std::optional<std::string> lhs, rhs, bwd;  // types of activations, weights, gradients; "float"
  numerics::DType dtype = numerics::DType::kF32;
  std::optional<numerics::CalibrationMethod> calibration, weight_calibration, bwd_calibration;
  std::optional<numerics::TileSize> tile;
  numerics::Policy policy;
  std::string hardware = "ideal_int32";
  std::vector<std::int64_t> shape;  // "": the template's own
  std::uint64_t seed = 1;
};

struct TemplateInfo {
  const char* name;
  const char* meaning;
  const char* shape;  // what --shape gives, and the default
};
[[nodiscard]] const std::vector<TemplateInfo>& templates();

// "int8" is s8, "fp8_e4m3" f8e4m3fn, ...; other words stay as they are.
[[nodiscard]] std::string type_alias(const std::string& word);

// The case, or what is wrong with the request in one sentence. What the reader refuses of it (tiles
// that do not divide, types that do not go together) is found by reading it.
[[nodiscard]] base::Result<casefile::Draft> new_case(const NewCase& request);

}  // namespace mxcheck::author
