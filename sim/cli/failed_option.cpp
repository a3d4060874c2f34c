// Where the memory lies, and that it stays small.
#include "sim/cli/failed_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "reports/read.h"
#include "sim/base/digest.h"
#include "sim/base/text.h"

namespace mxcheck::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLast = "last";  // without a report

// "" where there is no place for it.
fs::path memory_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && fs::path(cache).is_absolute()) return fs::path(cache) / "mxcheck/failed";
  const char* home = std::getenv("HOME");
  if (home == nullptr || !fs::path(home).is_absolute()) return {};
  return fs::path(home) / ".cache/mxcheck/failed";
}

fs::path memory_file() {
  std::error_code error;
  const fs::path folder = memory_folder(), here = fs::current_path(error);
  if (folder.empty() || error) return {};
  constexpr std::size_t kDigits = 32;
  return folder / (base::sha256_hex(here.string()).substr(0, kDigits) + ".json");
}

// Folders come and go; the oldest memories go when there are many.
void forget_oldest(const fs::path& folder) {
  constexpr std::size_t kMost = 200;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    files.emplace_back(it->last_write_time(ignored), it->path());
  }
  if (files.size() <= kMost) return;
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + kMost < files.size(); ++i) fs::remove(files[i].second, error);
}

[[noreturn]] void refuse(const base::Diagnostics& problems) {
  std::string message = "--rerun-failed: it cannot be told what failed";
  for (const base::Diagnostic& d : problems) message += "\n" + base::format(d);
  throw UsageError(message);
}

}  // namespace

void add_failed_option(po::options_description& options) {
  options.add_options()(
      "rerun-failed", po::value<std::string>()->implicit_value(kLast),
      "only cases that failed: since they last passed in runs from this folder, or =REPORT.json: "
      "in that report. Exit 5 if none had");
}

bool wants_failed(const po::variables_map& map) {
  const std::string value = text(map, "rerun-failed", "");
  return !value.empty() && value != "0" && value != "false";
}

std::optional<suite::FailedCases> failed_before(const po::variables_map& map) {
  if (!wants_failed(map)) return std::nullopt;
  const std::string value = text(map, "rerun-failed", "");
  base::Diagnostics problems;
  if (value != kLast && value != "1" && value != "true") {
    const auto report = reports::read_report(value, problems);
    if (!report) refuse(problems);
    return suite::FailedCases::of(*report);
  }
  const fs::path file = memory_file();
  if (file.empty()) {
    throw UsageError(
        "--rerun-failed: neither XDG_CACHE_HOME nor HOME names a folder to remember failures in; "
        "--rerun-failed=REPORT.json takes those of a report");
  }
  std::optional<suite::FailedCases> out = suite::FailedCases::read(file, problems);
  if (!out) refuse(problems);
  return out;
}

void remember_failed(const reports::RunResult& run, const std::vector<fs::path>& folders) {
  const fs::path file = memory_file();
  if (file.empty() || run.cases.empty()) return;
  std::error_code error;
  const bool there = fs::exists(file, error);
  const bool failures = reports::totals(run).failed > 0;
  if (!there && !failures) return;
  base::Diagnostics problems;
  std::optional<suite::FailedCases> failed = suite::FailedCases::read(file, problems);
  if (!failed) failed.emplace();  // damaged: a new one
  failed->update(run, folders);
  const base::Status written = failed->write(file);
  if (!written) {
    fmt::print(stderr, "mxcheck: warning: --rerun-failed will not know of this run: {}\n",
               base::printable(written.error()));
  } else if (!there) {
    forget_oldest(file.parent_path());
  }
}

}  // namespace mxcheck::cli
