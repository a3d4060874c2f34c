// The kinds of reports are one table; a kind is a name and a function from the result to text.
#include "sim/cli/report_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "reports/github.h"
#include "reports/html/html.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "reports/sarif_run.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mxcheck::cli {
namespace {

struct Kind {
  const char* name;
  std::string (*text)(const reports::RunResult& run);
  bool details;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list{
      {"json", reports::to_json, true},
      {"junit", reports::to_junit, false},
      {"html", [](const reports::RunResult& run) { return reports::to_html(run); }, true},
      {"sarif",
       [](const reports::RunResult& run) {
         std::error_code error;
         return reports::to_sarif(run, std::filesystem::current_path(error));
       },
       false},
  };
  return list;
}

std::vector<std::string> kind_names() {
  std::vector<std::string> out;
  for (const Kind& kind : kinds()) out.emplace_back(kind.name);
  return out;
}

const Kind& kind_of(const std::string& name) {
  return *std::find_if(kinds().begin(), kinds().end(),
                       [&](const Kind& kind) { return name == kind.name; });
}

void complain(const std::string& text) {
  fmt::print(stderr, "mxcheck: error: {}\n", base::printable(text));
}

}  // namespace

void add_report_options(po::options_description& options) {
  static const std::string kHelp = "KIND=FILE, KIND " + base::join(kind_names(), ", ") +
                                   " (repeatable); the HTML is one file for a browser";
  options.add_options()                                                              //
      ("report", po::value<std::vector<std::string>>()->composing(), kHelp.c_str())  //
      ("annotate", po::value<std::string>(),
       "github: failures as workflow commands, and a step summary for GITHUB_STEP_SUMMARY");
}

std::vector<ReportRequest> report_requests(const po::variables_map& map) {
  const std::vector<std::string> known = kind_names();
  std::vector<ReportRequest> out;
  for (const std::string& request : texts(map, "report")) {
    const std::size_t equals = request.find('=');
    if (equals == std::string::npos || equals + 1 == request.size()) {
      throw UsageError(fmt::format("--report is '{}'; it must be KIND=FILE, KIND one of: {}",
                                   base::printable(request), base::join(known, ", ")));
    }
    const ReportRequest one{request.substr(0, equals), request.substr(equals + 1)};
    if (std::find(known.begin(), known.end(), one.kind) == known.end()) {
      throw UsageError(fmt::format("--report: there is no kind '{}'; there are: {}{}",
                                   base::printable(one.kind), base::join(known, ", "),
                                   did_you_mean(one.kind, known)));
    }
    add_report_request("report", one, out);
  }
  return out;
}

void add_report_request(const char* option, const ReportRequest& one,
                        std::vector<ReportRequest>& requests) {
  check_output_folder(option, one.file);
  std::error_code error;
  if (std::filesystem::is_directory(one.file, error)) {
    throw UsageError(
        fmt::format("--{}: {} is a folder, not a file", option, base::printable(one.file)));
  }
  const bool twice = std::any_of(requests.begin(), requests.end(), [&](const auto& other) {
    return std::filesystem::path(other.file).lexically_normal() ==
           std::filesystem::path(one.file).lexically_normal();
  });
  if (twice) {
    throw UsageError(
        fmt::format("--{}: two reports would go to {}", option, base::printable(one.file)));
  }
  requests.push_back(one);
}

bool wants_details(const std::vector<ReportRequest>& requests) {
  return std::any_of(requests.begin(), requests.end(),
                     [](const ReportRequest& request) { return kind_of(request.kind).details; });
}

bool write_reports(const reports::RunResult& run, const std::vector<ReportRequest>& requests) {
  bool good = true;
  for (const ReportRequest& request : requests) {
    const base::Status written =
        base::write_file_atomically(request.file, kind_of(request.kind).text(run));
    if (!written) complain(written.error());
    good = good && written.ok();
  }
  return good;
}

void check_annotate(const po::variables_map& map) {
  if (has(map, "annotate")) (void)one_of(map, "annotate", "github", {"github"});
}

bool annotate(const po::variables_map& map, const reports::RunResult& run) {
  if (!has(map, "annotate")) return true;
  fmt::print("{}", reports::github_annotations(run));
  const char* file = std::getenv("GITHUB_STEP_SUMMARY");
  if (file == nullptr || *file == '\0') return true;
  std::error_code error;
  const std::uintmax_t have = std::filesystem::file_size(file, error);
  const std::uintmax_t used =
      error ? 0 : std::min<std::uintmax_t>(have, reports::kGithubSummaryBytes);
  const base::Status written =
      base::append_to_file(file, reports::github_summary(run, reports::kGithubSummaryBytes - used));
  if (!written) complain("GITHUB_STEP_SUMMARY: " + written.error());
  return written.ok();
}

}  // namespace mxcheck::cli
