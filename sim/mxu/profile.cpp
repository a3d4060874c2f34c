// Profiles from presets and settings: the contradictions between keys, and their reporting.
#include "sim/mxu/profile.h"

#include <algorithm>
#include <set>

#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/mxu/profile_table.h"

namespace mxcheck::mxu {
namespace {

using internal::Key;

base::Diagnostic at(const Source& source, const Setting& setting, std::string label,
                    std::string fact) {
  base::Diagnostic d;
  d.file = source.file;
  d.pointer = setting.pointer;
  d.line = setting.line;
  d.column = setting.column;
  d.label = std::move(label);
  d.fact = std::move(fact);
  return d;
}

base::Diagnostic at(const Source& source, std::string label, std::string fact) {
  return at(source, Setting{"", "", source.pointer, source.line, source.column}, std::move(label),
            std::move(fact));
}

std::string shown(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  const std::string safe = base::printable(text);
  return safe.size() <= kLongest ? safe : safe.substr(0, kLongest) + "...";
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string near = base::nearest(word, candidates);
  return near.empty() ? "" : "did you mean \"" + near + "\"?";
}

// Every group must end where a pass ends: otherwise a group would be split between two sums.
void check_group(const Profile& profile, const Source& source, const std::vector<Setting>& settings,
                 base::Diagnostics& diagnostics) {
  if (profile.chunk == kChunkAll) return;
  const std::int64_t chunk = chunk_length(profile, 1);
  if (chunk % profile.product_group == 0) return;
  const auto said = std::find_if(settings.begin(), settings.end(), [](const Setting& s) {
    return s.key == "chunk" || s.key == "product_group" || s.key == "rows";
  });
  const std::string fact = "product_group " + std::to_string(profile.product_group) +
                           " does not divide the chunk of " + std::to_string(chunk);
  base::Diagnostic d =
      said == settings.end() ? at(source, "HW-GROUP", fact) : at(source, *said, "HW-GROUP", fact);
  d.expectation = "a chunk of whole groups, so that no group is split between two passes";
  diagnostics.push_back(d);
}

void apply(Profile& profile, const Setting& setting, const Source& source,
           std::set<std::string>& seen, base::Diagnostics& diagnostics) {
  const Key* key = internal::find_key(setting.key);
  if (key == nullptr) {
    base::Diagnostic d =
        at(source, setting, "HW-KEY", "unknown hardware key \"" + shown(setting.key) + "\"");
    d.expectation = "one of " + base::join(profile_keys(), ", ");
    d.hint = did_you_mean(setting.key, profile_keys());
    diagnostics.push_back(d);
    return;
  }
  if (!seen.insert(setting.key).second) {
    diagnostics.push_back(at(source, setting, "HW-KEY", setting.key + " is given twice"));
    return;
  }
  if (const auto expectation = internal::set_from_json(profile, *key, setting.json)) {
    base::Diagnostic d =
        at(source, setting, "HW-VALUE", setting.key + " is " + shown(setting.json));
    d.expectation = *expectation;
    d.hint = key->meaning;
    diagnostics.push_back(d);
  }
}

}  // namespace

std::int64_t chunk_length(const Profile& profile, std::int64_t k) {
  if (profile.chunk == kChunkAll) return std::max<std::int64_t>(k, 1);
  return profile.chunk == kChunkRows ? profile.rows * profile.macs_per_pe : profile.chunk;
}

ParsedProfile make_profile(const std::string& base, const std::vector<Setting>& settings,
                           const Source& source) {
  ParsedProfile result;
  std::optional<Profile> profile = preset(base);
  if (!profile) {
    base::Diagnostic d = at(source, "HW-BASE", "unknown hardware preset \"" + shown(base) + "\"");
    d.expectation = "one of " + base::join(preset_names(), ", ");
    d.hint = did_you_mean(base, preset_names());
    result.diagnostics.push_back(d);
    profile.emplace();
  }
  std::set<std::string> seen;
  for (const Setting& setting : settings) {
    apply(*profile, setting, source, seen, result.diagnostics);
  }
  check_group(*profile, source, settings, result.diagnostics);
  if (!base::has_errors(result.diagnostics)) result.profile = profile;
  return result;
}

std::optional<Profile> preset(std::string_view name) {
  const internal::Preset* found = internal::find_preset(name);
  if (found == nullptr) return std::nullopt;
  Profile profile;
  profile.base = found->name;
  for (const internal::PresetSetting& setting : found->settings) {
    const Key* key = internal::find_key(setting.key);
    MXCHECK_CHECK(key != nullptr, setting.key);
    const auto problem = internal::set_from_json(profile, *key, setting.json);
    MXCHECK_CHECK(!problem, std::string(setting.key) + ": " + problem.value_or(""));
  }
  return profile;
}

Refusal refuse_types(const Profile& profile, DType lhs, DType rhs) {
  const auto refuses = [](const std::vector<DType>& accepted, DType type) {
    return std::find(accepted.begin(), accepted.end(), type) == accepted.end();
  };
  const auto refusal = [&](const char* side, DType type, const std::vector<DType>& accepted) {
    std::vector<std::string> names;
    for (const DType t : accepted) names.emplace_back(numerics::name(t));
    return Refusal{"HW-TYPE", std::string(side) + " operand is " + numerics::name(type) +
                                  ", the profile " + describe(profile) + " accepts " +
                                  base::join(names, ", ")};
  };
  if (refuses(profile.lhs_types, lhs)) return refusal("left", lhs, profile.lhs_types);
  if (refuses(profile.rhs_types, rhs)) return refusal("right", rhs, profile.rhs_types);
  return {};
}

Refusal refuse_shape(const Profile& profile, std::int64_t m, std::int64_t n, std::int64_t k) {
  if (profile.tail != Tail::kRefuse) return {};
  const auto refusal = [&](const char* extent, std::int64_t size, const char* side,
                           std::int64_t unit) {
    if (size % unit == 0) return Refusal{};
    return Refusal{"HW-TAIL", std::string(extent) + " = " + std::to_string(size) +
                                  " is no multiple of the array's " + std::to_string(unit) + ' ' +
                                  side + " and the profile " + describe(profile) +
                                  " refuses tails"};
  };
  const bool output = profile.dataflow == Dataflow::kOutputStationary;
  const bool input = profile.dataflow == Dataflow::kInputStationary;
  const Refusal along_rows = output ? refusal("M", m, "rows", profile.rows)
                                    : refusal("K", k, "rows", profile.rows * profile.macs_per_pe);
  if (along_rows.refused()) return along_rows;
  return input ? refusal("M", m, "columns", profile.cols)
               : refusal("N", n, "columns", profile.cols);
}

}  // namespace mxcheck::mxu
