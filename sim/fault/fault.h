// Faults as data: what can be wrong with a matrix unit, its kernels, the quantizer, the executor or
// the statistics, and where. One line of faults.def declares a fault; `mxcheck mutate` plants each
// one, and the root-cause classifier tries them as explanations.
//
// A fault is {"kind": ..., "at": {...}}. Code that can be faulty asks its Faults; an empty set
// costs a test of one bit where a whole tensor is handled, and nothing per element.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace mxcheck::fault {

enum class Kind : std::uint8_t {
#define MXCHECK_FAULT(kind, place, how, rule, at, needs, what, catches) kind,
#include "sim/fault/faults.def"
#undef MXCHECK_FAULT
};

enum class Place : std::uint8_t { kMxu, kKernel, kQuant, kExec, kStatistics };
[[nodiscard]] const char* name(Place place);

// What a case must have for a fault to be reached; decided by sim/suite from the case's plan.
enum class Need : std::uint8_t {
  kChange,              // some recorded value changes
  kProduct,             // a product of codes on the matrix unit
  kTwoColumns,          // one with two columns
  kTwoFolds,            // one over several tiles of stationary operands, two buffers
  kUnsignedOperand,     // one with u8 or u4 codes
  kOffsetKernel,        // a product, and a kernel of this host that stores s8 as u8
  kCodes,               // any quantized array of floats
  kIntegerCodes,        // codes that are rounded to integers
  kSymmetricCodes,      // such codes without a zero point
  kSignedCodes,         // signed integer codes
  kAbsmax,              // an absmax calibration
  kChannels,            // a scale per channel
  kFactor,              // a calibration method with a factor
  kZeroPoint,           // a zero point
  kZeroPointProduct,    // a zero point on the fast path
  kReciprocalScale,     // the policy multiplies by a reciprocal constant
  kReciprocalQuotient,  // the policy multiplies by a reciprocal scale
  kMxScale,             // an mx type
  kBlockScale,          // an mx or nv type
  kTiles,               // a tiled axis
  kTileSum,             // a tiled axis on the fast path
  kNoise,               // stochastic rounding
  kMask,                // a masked gradient
  kScale,               // a scaled product of codes
  kTwoScales,           // one with two scales
  kFast,                // the fast path
  kOriginalResidual,    // a gradient product with an original operand that was quantized
  kQuantizedResidual,   // a gradient product with the dequantized operand
  kFolded,              // a gradient with a folded scale
  kStatistics,          // running statistics
  kUpdatedStatistics,   // that are updated
  kFrozenStatistics,    // that are not
};

struct Info {
  Kind kind;
  const char* name;
  Place place;
  const char* how;
  const char* rule;
  const char* at;
  Need needs;
  const char* what;
  const char* catches;
};
[[nodiscard]] const std::vector<Info>& table();
[[nodiscard]] const Info& info(Kind kind);
[[nodiscard]] std::optional<Kind> kind_from_name(std::string_view name);
[[nodiscard]] std::vector<std::string> kind_names();

// Of kinds that live in the matrix unit: the arithmetic of every level, or the stepped array alone.
enum class Level : std::uint8_t { kFunctional, kCycle };

// -1: not stated, hence everywhere.
struct At {
  Level level = Level::kFunctional;
  std::int64_t row = -1, col = -1;  // of a PE
  std::int64_t bit = -1;            // of a register
  std::int64_t bits = -1;           // a width
  friend bool operator==(const At&, const At&) = default;
};

struct Fault {
  Kind kind = Kind{};
  At at;
  friend bool operator==(const Fault&, const Fault&) = default;
};

// A fault at its default place (of a register kind: level functional).
[[nodiscard]] Fault default_fault(Kind kind);
// Every fault of a run of `mxcheck mutate`: each kind at its default place, register kinds at both
// levels.
[[nodiscard]] std::vector<Fault> all_faults();

// {"kind": ..., "at": {...}} or a kind alone; what `at` leaves out has its default.
[[nodiscard]] base::Result<Fault> parse_fault(const std::string& text);
[[nodiscard]] std::string to_json(const Fault& fault);
[[nodiscard]] std::string at_json(const Fault& fault);

// The faults planted in a run; usually none.
class Faults {
 public:
  Faults() = default;
  explicit Faults(const std::vector<Fault>& list) {
    for (const Fault& fault : list) add(fault);
  }

  void add(const Fault& fault);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] bool has(Kind kind) const {
    const auto i = static_cast<std::size_t>(kind);
    return (mask_[i / 64] >> (i % 64) & 1) != 0;
  }
  [[nodiscard]] const std::vector<Fault>& list() const { return list_; }
  friend bool operator==(const Faults&, const Faults&) = default;

 private:
  std::array<std::uint64_t, 4> mask_{};
  std::vector<Fault> list_;
};

}  // namespace mxcheck::fault
