// profile_keys.def and presets.def as data, and the reading of one value by its key's kind.
#include "sim/mxu/profile_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "sim/base/check.h"
#include "sim/base/text.h"

namespace mxcheck::mxu::internal {
namespace {

std::vector<Preset> load_presets() {
  std::vector<Preset> result;
#define MXCHECK_PRESET(name, letter, note) result.push_back({name, letter, note, {}});
#define MXCHECK_SET(key, json, letter, source) \
  result.back().settings.push_back({key, json, letter, source});
#include "sim/mxu/presets.def"
#undef MXCHECK_PRESET
#undef MXCHECK_SET
  return result;
}

const std::vector<DType> kOperandTypes = {DType::kS8, DType::kU8, DType::kS4, DType::kU4};

std::string quoted(const std::vector<std::pair<std::string, std::int64_t>>& words) {
  std::vector<std::string> parts;
  for (const auto& [word, value] : words) parts.push_back(fmt::format("\"{}\"", word));
  return base::join(parts, ", ");
}

std::optional<std::string> set_number(Profile& profile, const Key& key,
                                      const nlohmann::json& value) {
  const auto words = words_of(key);
  if (value.is_number_integer() &&
      !(value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX})) {
    const auto number = value.get<std::int64_t>();
    if (number >= key.low && number <= key.high) {
      key.set(profile, number);
      return std::nullopt;
    }
  }
  const std::string text = value.is_string() ? value.get<std::string>()
                           : value.is_null() ? "none"
                                             : "";
  for (const auto& [word, special] : words) {
    if (text != word) continue;
    key.set(profile, special);
    return std::nullopt;
  }
  std::string expectation =
      "an integer from " + std::to_string(key.low) + " to " + std::to_string(key.high);
  if (!words.empty()) expectation += ", or " + quoted(words);
  return expectation;
}

std::optional<std::string> set_one_of(Profile& profile, const Key& key,
                                      const nlohmann::json& value) {
  for (const std::string& part : base::split(key.words, ' ')) {
    std::int64_t allowed = 0;
    std::from_chars(part.data(), part.data() + part.size(), allowed);
    if (!value.is_number_integer() || value != allowed) continue;
    key.set(profile, allowed);
    return std::nullopt;
  }
  return "one of " + base::join(base::split(key.words, ' '), ", ");
}

std::optional<std::string> set_word(Profile& profile, const Key& key, const nlohmann::json& value) {
  for (const auto& [word, number] : words_of(key)) {
    if (!value.is_string() || value.get_ref<const std::string&>() != word) continue;
    key.set(profile, number);
    return std::nullopt;
  }
  return "one of " + quoted(words_of(key));
}

std::optional<std::string> set_types(Profile& profile, const Key& key,
                                     const nlohmann::json& value) {
  const std::string expectation = "a list of different types out of \"s8\", \"u8\", \"s4\", \"u4\"";
  if (!value.is_array() || value.empty()) return expectation;
  std::vector<DType> types;
  for (const nlohmann::json& item : value) {
    if (!item.is_string()) return expectation;
    const auto type = numerics::dtype_from_name(item.get<std::string>());
    if (!type || std::count(kOperandTypes.begin(), kOperandTypes.end(), *type) == 0 ||
        std::count(types.begin(), types.end(), *type) != 0) {
      return expectation;
    }
    types.push_back(*type);
  }
  profile.*key.types = types;
  return std::nullopt;
}

}  // namespace

const std::vector<Key>& keys() {
#define MXCHECK_KEY(member, kind, low, high, words, meaning)                             \
  Key{#member,                                                                           \
      KeyKind::kind,                                                                     \
      low,                                                                               \
      high,                                                                              \
      words,                                                                             \
      meaning,                                                                           \
      [](const Profile& p) { return static_cast<std::int64_t>(p.member); },              \
      [](Profile& p, std::int64_t v) { p.member = static_cast<decltype(p.member)>(v); }, \
      nullptr},
#define MXCHECK_TYPES_KEY(member, meaning) \
  Key{#member, KeyKind::kTypes, 0, 0, "", meaning, nullptr, nullptr, &Profile::member},
  static const std::vector<Key> kKeys = {
#include "sim/mxu/profile_keys.def"
  };
#undef MXCHECK_KEY
#undef MXCHECK_TYPES_KEY
  return kKeys;
}

const Key* find_key(std::string_view name) {
  for (const Key& key : keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> kPresets = load_presets();
  return kPresets;
}

const Preset* find_preset(std::string_view name) {
  for (const Preset& preset : presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

std::vector<std::pair<std::string, std::int64_t>> words_of(const Key& key) {
  std::vector<std::pair<std::string, std::int64_t>> result;
  if (key.kind == KeyKind::kOneOf || *key.words == '\0') return result;
  for (const std::string& part : base::split(key.words, ' ')) {
    const std::size_t equals = part.find('=');
    auto value = static_cast<std::int64_t>(result.size());
    if (equals != std::string::npos) {
      std::from_chars(part.data() + equals + 1, part.data() + part.size(), value);
    }
    result.emplace_back(part.substr(0, equals), value);
  }
  return result;
}

std::optional<std::string> set_from_json(Profile& profile, const Key& key,
                                         const std::string& json) {
  const nlohmann::json value = nlohmann::json::parse(json, nullptr, false);
  switch (key.kind) {
    case KeyKind::kNumber:
      return set_number(profile, key, value);
    case KeyKind::kOneOf:
      return set_one_of(profile, key, value);
    case KeyKind::kWord:
      return set_word(profile, key, value);
    case KeyKind::kTypes:
      return set_types(profile, key, value);
  }
  MXCHECK_CHECK(false, key.name);
}

}  // namespace mxcheck::mxu::internal
