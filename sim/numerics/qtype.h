// Quantization types and calibration methods as data: what a rule names, before any arithmetic.
// Labels: TYP (table qtypes.def), CAL-1 (methods), TIL (tile sizes), RND-METHOD.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/numerics/dtype.h"

namespace mxcheck::numerics {

enum class QType : std::uint8_t {
#define MXCHECK_QTYPE(enumerator, name, stored, bound, low, high, rounding, asym, tile) enumerator,
#include "sim/numerics/qtypes.def"
#undef MXCHECK_QTYPE
};

enum class QRounding : std::uint8_t { kInteger, kEmulated, kFloat, kMx, kNv, kNf4 };

struct QTypeInfo {
  const char* name;
  DType stored;
  double bound;   // B: a symmetric scale is absmax / B
  int low, high;  // range of integer codes
  QRounding rounding;
  bool asymmetric;     // has a zero-point form (minmax)
  int mandatory_tile;  // 0: none (TIL-MX)
};

[[nodiscard]] const QTypeInfo& info(QType qtype);
[[nodiscard]] inline const char* name(QType qtype) { return info(qtype).name; }
[[nodiscard]] std::optional<QType> qtype_from_name(std::string_view name);
[[nodiscard]] std::vector<std::string> qtype_names();

struct CalibrationMethod {
  enum class Kind : std::uint8_t { kAbsmax, kMinmax, kRms, kFixed };
  Kind kind = Kind::kAbsmax;
  std::vector<double> arguments;  // factor of absmax/minmax/rms, or the bounds of fixed
  friend bool operator==(const CalibrationMethod&, const CalibrationMethod&) = default;
};

struct CalibrationError {
  const char* label;  // CAL-METHOD or CAL-RANGE
  std::string fact;
};
// Parses "absmax,0.9", "fixed,-1,2", ... (CAL-1: lower-cased, split on ',').
[[nodiscard]] std::variant<CalibrationMethod, CalibrationError> parse_calibration_method(
    std::string_view text);
[[nodiscard]] std::string to_string(const CalibrationMethod& method);
// Does this method give a minimum and a maximum, hence a zero point?  minmax, and fixed with two
// bounds that do not cancel.
[[nodiscard]] bool is_asymmetric(const CalibrationMethod& method);

// A tile size: elements per tile, or a fraction in (0, 1] of the axis.
using TileSize = std::variant<std::int64_t, double>;
// CAL-3: the tile in elements of an axis of `dim` elements; nullopt if it is <= 0 or does not
// divide.
[[nodiscard]] std::optional<std::int64_t> resolve_tile(const TileSize& tile, std::int64_t dim);

enum class NoiseMethod : std::uint8_t { kUniform, kLowBitUniform };

}  // namespace mxcheck::numerics
