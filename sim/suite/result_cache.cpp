// Files only; what is in memory is nothing but the counts.
#include "sim/suite/result_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "reports/json.h"
#include "reports/notes.h"
#include "reports/read.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/temporary_file.h"
#include "sim/base/text.h"
#include "sim/suite/case_result.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;
using reports::CaseResult;

constexpr const char* kTagFile = "CACHEDIR.TAG";
// The signature is that of https://bford.info/cachedir/.
constexpr const char* kTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Results of cases that passed, kept by mxcheck run --cache. May be removed at any time.\n";
constexpr const char* kMagic = "mxcheck-cache 1 ";
constexpr std::size_t kHexDigits = 64, kFolderDigits = 2;
constexpr std::uint64_t kLargestEntry = std::uint64_t{256} << 20;
constexpr std::size_t kMostWarnings = 10;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Nothing else in the folder is ever removed.
bool is_entry(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::string folder = file.parent_path().filename().string();
  constexpr std::size_t kStem = kHexDigits - kFolderDigits;
  return folder.size() == kFolderDigits && is_hex(folder) && name.size() >= kStem &&
         is_hex(name.substr(0, kStem)) &&
         (name.substr(kStem) == ".json" ||
          base::is_leftover(name, name.substr(0, kStem) + ".json"));
}

// Empty, or a cache already, or one that is just being made.
bool may_be_cache(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / kTagFile, error)) return true;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with(kTagFile)) return false;
  }
  return !error;
}

struct Opened {
  std::optional<CaseResult> result;
  std::string problem;
};

Opened open_entry(std::string text, const casefile::Case& c) {
  const std::size_t head = std::string_view(kMagic).size() + kHexDigits + 1;
  if (text.size() < head || !text.starts_with(kMagic) || text[head - 1] != '\n') {
    return {std::nullopt, "is no entry of a cache"};
  }
  const std::string digest = text.substr(head - 1 - kHexDigits, kHexDigits);
  text.erase(0, head);
  if (base::sha256_hex(text) != digest) return {std::nullopt, "is damaged"};
  base::Diagnostics problems;
  std::optional<reports::RunResult> run = reports::parse_report(std::move(text), "", problems);
  const bool right = run && run->cases.size() == 1 && run->cases[0].id == c.id &&
                     run->cases[0].digest == c.digest &&
                     run->cases[0].status == reports::Status::kPass;
  if (!right) return {std::nullopt, "does not hold the result it should"};
  return {std::move(run->cases[0]), ""};
}

}  // namespace

std::string result_key(const std::string& tool, const casefile::Case& c, const FileDigests& files,
                       const CaseOptions& options) {
  const CaseResult blank = blank_result(c, options);
  std::string out = "mxcheck result 1\n";
  const auto add = [&](const char* what, const std::string& value) {
    // Quoted: a line break in a name from outside begins no line here.
    out += fmt::format("{}: {}\n", what, base::quote_json(value));
  };
  add("tool", tool);
  add("id", c.id);
  add("case", c.digest);
  add("golden", files.golden);
  add("data", files.data);
  add("policy", blank.policy);
  add("hardware", options.profile ? mxu::describe(*options.profile) : "of the case");
  add("level", exec::name(options.level));
  add("isa", kernels::name(options.isa));
  for (const kernels::Isa isa : options.fast_isas) add("fast isa", kernels::name(isa));
  for (const fault::Fault& fault : options.faults) add("fault", fault::to_json(fault));
  add("seed", std::to_string(options.seed));
  add("checks", options.checks == Checks::kAll ? "all" : "device");
  add("explain", fmt::format("{} {}", options.explain, options.explain_milliseconds));
  add("details", options.details ? "yes" : "no");
  add("fake_quant pairs", std::to_string(options.fake_quant_pairs));
  return out;
}

base::Result<std::unique_ptr<ResultCache>> ResultCache::open(const fs::path& folder,
                                                             const std::string& tool,
                                                             const CaseOptions& options) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder, error)) {
    return base::Error{folder.string() + " cannot be made or is no folder"};
  }
  if (!may_be_cache(folder)) {
    return base::Error{folder.string() + " holds other things and is no cache of results"};
  }
  if (!fs::exists(folder / kTagFile, error)) {
    const base::Status written = base::write_file_atomically(folder / kTagFile, kTag);
    if (!written) return base::Error{written.error()};
  }
  return std::unique_ptr<ResultCache>(new ResultCache(folder, tool, options));
}

fs::path ResultCache::entry(const casefile::Case& c, const FileDigests& files) const {
  const std::string key = base::sha256_hex(result_key(tool_, c, files, options_));
  return folder_ / key.substr(0, kFolderDigits) / (key.substr(kFolderDigits) + ".json");
}

std::optional<CaseResult> ResultCache::find(const casefile::Case& c, const FileDigests& files) {
  const fs::path file = entry(c, files);
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  base::Result<std::string> text = base::read_file(file, kLargestEntry);
  if (!text) {
    warn(text.error());
    return std::nullopt;
  }
  Opened opened = open_entry(std::move(text).value(), c);
  if (!opened.result) {
    warn(fmt::format("{} {}; the case runs", file.string(), opened.problem));
    return std::nullopt;
  }
  fs::last_write_time(file, fs::file_time_type::clock::now(), error);  // it was of use
  ++found_;
  opened.result->file = c.file.string();
  opened.result->notes.insert(opened.result->notes.begin(), reports::kCachedNote);
  return std::move(opened.result);
}

void ResultCache::keep(const casefile::Case& c, const FileDigests& files,
                       const CaseResult& result) {
  if (result.status != reports::Status::kPass || file_digests(c) != files) return;
  if (!base::is_valid_utf8(c.id)) return;  // a report cannot name it
  reports::RunResult run;
  run.cases = {result};
  const std::string text = reports::to_json(run);
  const base::Status written =
      base::write_file_unflushed(entry(c, files), kMagic + base::sha256_hex(text) + "\n" + text);
  if (written) {
    ++kept_;
  } else {
    warn(written.error());
  }
}

void ResultCache::shrink(std::uint64_t bytes) {
  if (kept_ == 0) return;
  struct Entry {
    fs::file_time_type used;
    std::uintmax_t size;
    fs::path file;
  };
  std::vector<Entry> entries;
  std::uintmax_t sum = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;
    if (!is_entry(it->path()) || !it->is_regular_file(gone)) continue;
    const auto used = fs::last_write_time(it->path(), gone);
    const std::uintmax_t size = gone ? 0 : fs::file_size(it->path(), gone);
    if (gone) continue;
    entries.push_back({used, size, it->path()});
    sum += size;
  }
  if (sum <= bytes) return;
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.used < b.used; });
  // A tenth of room, so that not every run has to.
  const std::uintmax_t aim = bytes - bytes / 10;
  for (const Entry& e : entries) {
    if (sum <= aim) break;
    std::error_code gone;
    fs::remove(e.file, gone);
    sum -= e.size;
  }
}

std::vector<std::string> ResultCache::warnings() const {
  const std::lock_guard lock(mutex_);
  return warnings_;
}

void ResultCache::warn(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (warnings_.size() < kMostWarnings) warnings_.push_back(text);
}

}  // namespace mxcheck::suite
