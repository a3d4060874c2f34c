// The file is JSON of one list; it is read as hostile as any other.
#include "sim/suite/failed_cases.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/file.h"
#include "sim/base/json_reader.h"
#include "sim/base/text.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;
using base::JsonReader;
using base::JsonValue;

constexpr int kVersion = 1;
constexpr base::JsonLimits kLimits{std::size_t{64} << 20, 4'000'000, 8};

std::string real_path(const fs::path& file) {
  std::error_code error;
  const fs::path out = fs::weakly_canonical(file, error);
  return error ? file.string() : out.string();
}

bool is_below(const std::string& file, const fs::path& folder) {
  const std::string prefix = real_path(folder);
  return file.starts_with(prefix.ends_with("/") ? prefix : prefix + "/");
}

// Is the case of one file, whose id may have been made below another folder, on the list?
bool among(const std::vector<std::string>& ids, const std::string& id) {
  return std::any_of(ids.begin(), ids.end(), [&](const std::string& other) {
    return other == id || other.ends_with("/" + id) || id.ends_with("/" + other);
  });
}

}  // namespace

std::optional<FailedCases> FailedCases::read(const fs::path& file, base::Diagnostics& diagnostics) {
  std::error_code error;
  if (!fs::exists(file, error)) return FailedCases();
  base::Result<std::string> text = base::read_file(file, kLimits.bytes);
  if (!text) {
    base::Diagnostic d;
    d.file = file.string();
    d.label = "RPT-FILE";
    d.fact = text.error();
    diagnostics.push_back(d);
    return std::nullopt;
  }
  base::Diagnostics problems;
  const auto document = base::parse_json(std::move(text).value(), problems, kLimits);
  JsonReader reader(file.string(), {"RPT-KEY", "RPT-VALUE"}, problems);
  FailedCases out;
  if (document && reader.check_object(document->root(), {"mxcheck_failed", "cases"}, "the file")) {
    const auto version = reader.require(document->root(), "mxcheck_failed", "the file");
    if (version) static_cast<void>(reader.integer(*version, kVersion, kVersion));
    const auto cases = reader.require(document->root(), "cases", "the file");
    if (cases && reader.expect_kind(*cases, base::JsonKind::kArray)) {
      for (const JsonValue& item : cases->items()) {
        if (reader.full() || !reader.check_object(item, {"file", "id"}, "a case")) break;
        const auto name = reader.require(item, "file", "a case");
        const auto id = reader.require(item, "id", "a case");
        if (!name || !id) continue;
        out.by_file_[reader.string(*name).value_or("")].push_back(reader.string(*id).value_or(""));
      }
    }
  }
  for (base::Diagnostic& d : problems) {
    d.file = file.string();
    d.hint = "delete the file; a run of everything makes it anew";
  }
  diagnostics.insert(diagnostics.end(), problems.begin(), problems.end());
  if (!problems.empty()) return std::nullopt;
  return out;
}

FailedCases FailedCases::of(const reports::RunResult& run) {
  FailedCases out;
  for (const reports::CaseResult& c : run.cases) {
    if (reports::verdict(c.status) == reports::Verdict::kFailed) out.by_file_[""].push_back(c.id);
  }
  std::sort(out.by_file_[""].begin(), out.by_file_[""].end());
  return out;
}

std::size_t FailedCases::size() const {
  std::size_t out = 0;
  for (const auto& [file, ids] : by_file_) out += ids.size();
  return out;
}

bool FailedCases::has(const std::string& file, const std::string& id) const {
  const auto any = by_file_.find("");
  if (any != by_file_.end() && std::binary_search(any->second.begin(), any->second.end(), id)) {
    return true;
  }
  const auto found = by_file_.find(file);
  return found != by_file_.end() && among(found->second, id);
}

void FailedCases::select(Collection& collection) const {
  std::erase_if(collection.cases,
                [&](const casefile::Case& c) { return !has(real_path(c.file), c.id); });
  std::erase_if(collection.refused, [&](const RefusedCase& refused) {
    return !has(real_path(refused.file.file), refused.id);
  });
  collection.selected.clear();
  for (const casefile::Case& c : collection.cases) collection.selected.emplace_back(c.id, c.digest);
  for (const RefusedCase& refused : collection.refused) {
    collection.selected.emplace_back(refused.id, "");
  }
  std::sort(collection.selected.begin(), collection.selected.end());
}

void FailedCases::update(const reports::RunResult& run, const std::vector<fs::path>& folders) {
  std::map<std::string, Ids> ran, failed;
  for (const reports::CaseResult& c : run.cases) {
    const std::string file = real_path(c.file);
    ran[file].push_back(c.id);
    if (reports::verdict(c.status) == reports::Verdict::kFailed) failed[file].push_back(c.id);
  }
  for (auto& [file, ids] : by_file_) {
    const auto now = ran.find(file);
    const auto covered = [&](const fs::path& folder) { return is_below(file, folder); };
    const bool gone =
        now == ran.end() && !run.incomplete && std::any_of(folders.begin(), folders.end(), covered);
    if (gone) continue;
    for (std::string& id : ids) {
      if (now == ran.end() || !among(now->second, id)) failed[file].push_back(std::move(id));
    }
  }
  by_file_ = std::move(failed);
}

base::Status FailedCases::write(const fs::path& file) const {
  if (by_file_.empty()) {
    std::error_code error;
    fs::remove(file, error);
    if (error)
      return base::Error{fmt::format("cannot remove {}: {}", file.string(), error.message())};
    return base::Unit{};
  }
  std::string lines;
  for (const auto& [name, ids] : by_file_) {
    for (const std::string& id : ids) {
      if (!base::is_valid_utf8(name) || !base::is_valid_utf8(id)) continue;  // JSON has no words
      lines += fmt::format("{}\n    {{\"file\": {}, \"id\": {}}}", lines.empty() ? "" : ",",
                           base::quote_json(name), base::quote_json(id));
    }
  }
  return base::write_file_atomically(
      file,
      fmt::format("{{\n  \"mxcheck_failed\": {},\n  \"cases\": [{}\n  ]\n}}\n", kVersion, lines));
}

}  // namespace mxcheck::suite
