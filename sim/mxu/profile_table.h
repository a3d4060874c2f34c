// The key table of profile_keys.def as run-time data: the one place that knows how a key's JSON
// value and a Profile's member correspond. Internal to sim/mxu (profile_*.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/mxu/profile.h"

namespace mxcheck::mxu::internal {

enum class KeyKind : std::uint8_t { kNumber, kOneOf, kWord, kTypes };

struct Key {
  const char* name;
  KeyKind kind;
  std::int64_t low, high;
  const char* words;
  const char* meaning;
  std::int64_t (*get)(const Profile&);
  void (*set)(Profile&, std::int64_t);
  std::vector<DType> Profile::*types;  // kTypes only
};

struct PresetSetting {
  const char* key;
  const char* json;
  char letter;
  const char* source;
};
struct Preset {
  const char* name;
  char letter;
  const char* note;
  std::vector<PresetSetting> settings;
};

[[nodiscard]] const std::vector<Key>& keys();
[[nodiscard]] const Key* find_key(std::string_view name);
[[nodiscard]] const std::vector<Preset>& presets();
[[nodiscard]] const Preset* find_preset(std::string_view name);
// "exact=0" -> {"exact", 0}; plain words are numbered from 0.
[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> words_of(const Key& key);

// Sets `key` from JSON text; on failure the expectation in words.
[[nodiscard]] std::optional<std::string> set_from_json(Profile& profile, const Key& key,
                                                       const std::string& json);

}  // namespace mxcheck::mxu::internal
