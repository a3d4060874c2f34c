// A profile: everything the values and cycles of a matrix unit depend on, as data (keys:
// profile_keys.def, presets: presets.def). Read from JSON with every problem listed at once.
//
// Labels: HW-JSON, HW-BASE, HW-KEY, HW-VALUE, HW-GROUP (a profile that cannot be meant);
// HW-TYPE, HW-TAIL (a product the profile refuses).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/numerics/dtype.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::mxu {

using numerics::DType;

enum class Dataflow : std::uint8_t { kWeightStationary, kOutputStationary, kInputStationary };
enum class Overflow : std::uint8_t { kWrap, kSaturate, kTrap };
enum class Extension : std::uint8_t { kSign, kZero };
enum class ChunkOrder : std::uint8_t { kAscending, kDescending };
enum class AccInit : std::uint8_t { kFirst, kLast };
enum class Tail : std::uint8_t { kPad, kDrop, kRefuse };
enum class Emulation : std::uint8_t { kNone, kBf16F32 };

inline constexpr std::int64_t kChunkRows = 0;
inline constexpr std::int64_t kChunkAll = -1;
inline constexpr std::int64_t kExactGroup = 0;
inline constexpr std::int64_t kAllSticky = -1;

struct Profile {
  std::string base = "ideal_int32";  // the preset it started from
  std::int64_t rows = 128, cols = 128;
  Dataflow dataflow = Dataflow::kWeightStationary;
  std::vector<DType> lhs_types = {DType::kS8, DType::kU8, DType::kS4, DType::kU4};
  std::vector<DType> rhs_types = {DType::kS8, DType::kU8, DType::kS4, DType::kU4};
  std::int64_t product_group = 1;
  std::int64_t group_bits = kExactGroup;
  Overflow group_overflow = Overflow::kWrap;
  std::int64_t partial_bits = 32;
  Overflow partial_overflow = Overflow::kWrap;
  Extension partial_extension = Extension::kSign;
  std::int64_t chunk = kChunkRows;
  ChunkOrder chunk_order = ChunkOrder::kAscending;
  std::int64_t acc_bits = 32;
  Overflow acc_overflow = Overflow::kWrap;
  AccInit acc_init = AccInit::kFirst;
  std::int64_t delivery_shift = 0;
  numerics::Rounding delivery_round = numerics::Rounding::kFloor;
  std::int64_t delivery_sticky_bits = kAllSticky;
  std::int64_t delivery_bits = 32;
  Overflow delivery_overflow = Overflow::kWrap;
  Tail tail = Tail::kPad;
  Emulation emulation = Emulation::kNone;
  std::int64_t weight_load_cycles = 0;  // 0: one per row
  std::int64_t weight_buffers = 2;
  std::int64_t acc_rows = 0;  // 0: unlimited
  std::int64_t lhs_fifo = 0;  // 0: unlimited
  std::int64_t macs_per_pe = 1;

  friend bool operator==(const Profile&, const Profile&) = default;
};

// K consumed by one pass over a product with this K: chunk with its words resolved, at least 1.
[[nodiscard]] std::int64_t chunk_length(const Profile& profile, std::int64_t k);

// --- reading ------------------------------------------------------------------------------------

// One `KEY: VALUE` of a case's `hardware` or of a file, with its place.
struct Setting {
  std::string key;
  std::string json;  // the value as JSON text
  std::string pointer;
  int line = 0, column = 0;
};
struct Source {
  std::string file;
  std::string pointer;  // of the whole profile
  int line = 0, column = 0;
};
struct ParsedProfile {
  std::optional<Profile> profile;  // nullopt iff there is an error
  base::Diagnostics diagnostics;
};

// The preset `base` with the settings applied; reports every unknown key, bad value and
// contradiction.
[[nodiscard]] ParsedProfile make_profile(const std::string& base,
                                         const std::vector<Setting>& settings,
                                         const Source& source);
// A whole profile as JSON text: "NAME" or {"base": NAME, KEY: VALUE, ...}; `base` may be left out.
[[nodiscard]] ParsedProfile parse_profile(std::string_view json, const std::string& file);

// --- presets and text ---------------------------------------------------------------------------

[[nodiscard]] std::optional<Profile> preset(std::string_view name);
[[nodiscard]] std::vector<std::string> preset_names();
[[nodiscard]] std::string preset_note(std::string_view name);

[[nodiscard]] std::vector<std::string> profile_keys();
[[nodiscard]] std::string key_meaning(std::string_view key);
// The value of a key as JSON text.
[[nodiscard]] std::string key_value(const Profile& profile, std::string_view key);

// D documented, I inferred, U unknown; G: given by the user, not by the preset.
struct Evidence {
  char letter = 'U';
  std::string source;
};
[[nodiscard]] Evidence evidence(const Profile& profile, std::string_view key);
// Keys with evidence U: on these agreement is with the profile only, never with a device.
[[nodiscard]] std::vector<std::string> unknown_keys(const Profile& profile);

// "gemmini_16" or "gemmini_16, rows=32": the preset and every key that differs from it.
[[nodiscard]] std::string describe(const Profile& profile);
// The table of all keys with value, evidence and meaning (`mxcheck info --hardware NAME`).
[[nodiscard]] std::string info_text(const Profile& profile);
// The same as one JSON object; parse_profile() of its "profile" member gives the profile back.
[[nodiscard]] std::string info_json(const Profile& profile);

// --- what a product may be ----------------------------------------------------------------------

struct Refusal {
  std::string label;  // "" : accepted
  std::string fact;
  [[nodiscard]] bool refused() const { return !label.empty(); }
};
[[nodiscard]] Refusal refuse_types(const Profile& profile, DType lhs, DType rhs);
// Tail::kRefuse against the sides of the array that M, N, K lie on.
[[nodiscard]] Refusal refuse_shape(const Profile& profile, std::int64_t m, std::int64_t n,
                                   std::int64_t k);

}  // namespace mxcheck::mxu
