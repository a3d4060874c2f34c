// `mxcheck diff A.json B.json`: what changed between two run reports; exit 1 on a regression.
#include <fmt/format.h>

#include "reports/diff.h"
#include "reports/read.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "diff";
  line.synopsis =
      "mxcheck diff A.json B.json [options]    JSON reports of run; A is the earlier one\n\n"
      "A regression (exit 1): a case that passed in A and does not in B (a skip counts), a tensor\n"
      "that was equal in bits in A and is not in B, a case of A that B does not have. Use of\n"
      "bounds, counts of codes, cases only in B and speed are told and not judged.";
  line.options.add_options()                                              //
      ("json", po::value<std::string>(), "write the difference to FILE")  //
      ("quiet,q", "regressions and the last line only")                   //
      ("help,h", "this text");
  line.examples =
      "  mxcheck run cases --report json=before.json\n"
      "  mxcheck diff before.json after.json\n"
      "  mxcheck diff before.json after.json -q --json diff.json\n";
  return line;
}

std::optional<reports::RunResult> read(const std::string& file) {
  base::Diagnostics problems;
  std::optional<reports::RunResult> run = reports::read_report(file, problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  return run;
}

}  // namespace

int run_diff(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::vector<std::string> files = texts(map, "paths");
  if (files.size() != 2) throw UsageError("mxcheck diff needs two reports: A.json B.json");
  const std::string json = text(map, "json", "");
  check_output_folder("json", json);
  const std::optional<reports::RunResult> a = read(files[0]);
  const std::optional<reports::RunResult> b = read(files[1]);
  if (!a || !b) return kExitUsage;
  reports::ReportDiff diff = reports::diff(*a, *b);
  if (!json.empty()) {
    const base::Status written = base::write_file_atomically(json, reports::to_json(diff));
    if (!written) throw UsageError("--json: " + base::printable(written.error()));
  }
  const std::string text = reports::to_text(diff);
  for (const std::string& line : base::split(text.substr(0, text.size() - 1), '\n')) {
    const bool needed = line.starts_with("REGRESSION ") || line.ends_with(" regressions");
    if (needed || !has(map, "quiet")) fmt::print("{}\n", line);
  }
  return diff.regressions() > 0 ? kExitFailed : kExitOk;
}

}  // namespace mxcheck::cli
