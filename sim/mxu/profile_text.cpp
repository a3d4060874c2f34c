// Profiles as people and reports see them: values, evidence letters, differences to the preset.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/mxu/profile.h"
#include "sim/mxu/profile_table.h"

namespace mxcheck::mxu {

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const internal::Preset& preset : internal::presets()) names.emplace_back(preset.name);
  return names;
}

std::string preset_note(std::string_view name) {
  const internal::Preset* found = internal::find_preset(name);
  return found == nullptr ? "" : found->note;
}

std::vector<std::string> profile_keys() {
  std::vector<std::string> names;
  for (const internal::Key& key : internal::keys()) names.emplace_back(key.name);
  return names;
}

std::string key_meaning(std::string_view key) {
  const internal::Key* found = internal::find_key(key);
  return found == nullptr ? "" : found->meaning;
}

std::string key_value(const Profile& profile, std::string_view key) {
  const internal::Key* found = internal::find_key(key);
  MXCHECK_CHECK(found != nullptr, std::string(key));
  if (found->kind == internal::KeyKind::kTypes) {
    std::vector<std::string> names;
    for (const DType type : profile.*found->types) {
      names.push_back(fmt::format("\"{}\"", numerics::name(type)));
    }
    return "[" + base::join(names, ", ") + "]";
  }
  const std::int64_t value = found->get(profile);
  for (const auto& [word, number] : internal::words_of(*found)) {
    if (number == value) return fmt::format("\"{}\"", word);
  }
  return std::to_string(value);
}

Evidence evidence(const Profile& profile, std::string_view key) {
  const internal::Preset* found = internal::find_preset(profile.base);
  MXCHECK_CHECK(found != nullptr, profile.base);
  if (key_value(profile, key) != key_value(*preset(profile.base), key)) return {'G', "given"};
  for (const internal::PresetSetting& setting : found->settings) {
    if (setting.key == key) return {setting.letter, setting.source};
  }
  return {found->letter, "default"};
}

std::vector<std::string> unknown_keys(const Profile& profile) {
  std::vector<std::string> result;
  for (const std::string& key : profile_keys()) {
    if (evidence(profile, key).letter == 'U') result.push_back(key);
  }
  return result;
}

std::string describe(const Profile& profile) {
  const std::optional<Profile> base = preset(profile.base);
  MXCHECK_CHECK(base.has_value(), profile.base);
  std::string text = profile.base;
  for (const std::string& key : profile_keys()) {
    const std::string value = key_value(profile, key);
    if (value != key_value(*base, key)) text += fmt::format(", {}={}", key, value);
  }
  return text;
}

std::string info_text(const Profile& profile) {
  std::string text = fmt::format("{}\n  {}\n", describe(profile), preset_note(profile.base));
  for (const std::string& key : profile_keys()) {
    const Evidence e = evidence(profile, key);
    text += fmt::format("  {} {:<21} {:<26} {} [{}]\n", e.letter, key, key_value(profile, key),
                        key_meaning(key), e.source);
  }
  text +=
      "  D documented, I inferred, U unknown, G given here; on a U key agreement is with this\n"
      "  profile only, never with the device.\n";
  return text;
}

std::string info_json(const Profile& profile) {
  nlohmann::ordered_json keys = nlohmann::ordered_json::object();
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();
  settings["base"] = profile.base;
  for (const std::string& key : profile_keys()) {
    const Evidence e = evidence(profile, key);
    const auto value = nlohmann::ordered_json::parse(key_value(profile, key));
    keys[key] = {{"value", value}, {"evidence", std::string(1, e.letter)}, {"source", e.source}};
    settings[key] = value;
  }
  const nlohmann::ordered_json result = {{"name", profile.base},
                                         {"note", preset_note(profile.base)},
                                         {"profile", settings},
                                         {"keys", keys}};
  return result.dump(2);
}

}  // namespace mxcheck::mxu
