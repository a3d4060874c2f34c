// `mxcheck merge R1.json R2.json ... -o R.json`: the reports of the shards of one run as the report
// of the whole run. Exit code and last line are those the whole run would have had.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "reports/console.h"
#include "reports/merge.h"
#include "reports/read.h"
#include "sim/base/text.h"
#include "sim/cli/console_option.h"
#include "sim/cli/options.h"
#include "sim/cli/report_files.h"

namespace mxcheck::cli {
namespace {

using Strings = std::vector<std::string>;

CommandLine command_line() {
  CommandLine line;
  line.command = "merge";
  line.synopsis =
      "mxcheck merge REPORT.json... -o R.json [options]    JSON reports of run, one a shard\n\n"
      "Joins the reports of all shards of one run. The result does not depend on their order and\n"
      "is what one process would have written, except times (those of the shards are added).\n"
      "Refused (exit 4): a shard or a case that is missing or there twice, a run that stopped\n"
      "early, runs that differ in version, commit, options, instruction sets or cases.";
  line.options.add_options()                                                              //
      ("output,o", po::value<std::string>(), "write the joined report to FILE, as JSON")  //
      ("allow-incomplete",
       "join what there is: shards may be missing, runs may have stopped early; the report is "
       "marked incomplete, and the exit code is not 0");
  add_console_options(line.options);
  line.options.add_options()("help,h", "this text");
  add_report_options(line.options);
  line.examples =
      "  mxcheck run cases --shard-index 0 --shard-count 2 --report json=shard0.json\n"
      "  mxcheck run cases --shard-index 1 --shard-count 2 --report json=shard1.json\n"
      "  mxcheck merge shard0.json shard1.json -o report.json --report junit=junit.xml\n"
      "  mxcheck merge shard*.json -o report.json --allow-incomplete\n";
  return line;
}

// The file of -o is one more report, and none of those that are read.
std::vector<ReportRequest> outputs(const po::variables_map& map, const Strings& inputs) {
  std::vector<ReportRequest> requests = report_requests(map);
  if (has(map, "output")) add_report_request("output", {"json", text(map, "output", "")}, requests);
  if (requests.empty() && !has(map, "annotate")) {
    throw UsageError("mxcheck merge needs -o R.json, --report KIND=FILE or --annotate github");
  }
  for (const ReportRequest& request : requests) {
    for (const std::string& input : inputs) {
      std::error_code error;
      if (std::filesystem::equivalent(request.file, input, error)) {
        throw UsageError(
            fmt::format("{} is read, and would be written over", base::printable(request.file)));
      }
    }
  }
  return requests;
}

// nullopt after every problem of every file.
std::optional<reports::RunResult> joined(const Strings& files, reports::Gaps gaps) {
  base::Diagnostics problems;
  std::vector<reports::ShardReport> parts;
  for (const std::string& file : files) {
    std::optional<reports::RunResult> run = reports::read_report(file, problems);
    if (run) parts.push_back({file, std::move(*run)});
  }
  // What cannot be read is not missed as well.
  const bool unread = parts.size() < files.size();
  std::optional<reports::RunResult> out =
      reports::merge(std::move(parts), unread ? reports::Gaps::kAllowed : gaps, problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  return unread ? std::nullopt : std::move(out);
}

}  // namespace

int run_merge(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const Strings files = texts(map, "paths");
  if (files.empty())
    throw UsageError("mxcheck merge needs the reports of all shards: REPORT.json...");
  const std::vector<ReportRequest> requests = outputs(map, files);
  check_annotate(map);
  const reports::ConsoleStyle style = console_style(map);
  const std::optional<reports::RunResult> run = joined(
      files, has(map, "allow-incomplete") ? reports::Gaps::kAllowed : reports::Gaps::kRefused);
  if (!run) return kExitUsage;
  reports::ConsoleWriter console(style, run->context);
  for (const reports::CaseResult& c : run->cases) fmt::print("{}", console.finished(c));
  bool written = write_reports(*run, requests);
  written = annotate(map, *run) && written;
  fmt::print("{}", console.summary(*run));
  if (!written) return kExitUsage;
  if (run->cases.empty()) return kExitNothing;
  const reports::Totals totals = reports::totals(*run);
  if (totals.failed > 0) return kExitFailed;
  if (run->incomplete) return kExitInterrupted;
  // A shard of conform may have nothing that the device claims; what all have together may not.
  if (run->context.device.empty() || totals.passed > 0) return kExitOk;
  fmt::print(stderr, "mxcheck: nothing that the device claims\n");
  return kExitNothing;
}

}  // namespace mxcheck::cli
