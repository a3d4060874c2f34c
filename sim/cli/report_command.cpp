// `mxcheck report R.json`: a JSON report of run as HTML, JUnit, SARIF, annotations: the views a run
// could have written, without running anything. It judges nothing: exit 0 if all are written.
#include <fmt/format.h>

#include <algorithm>

#include "reports/read.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/cli/report_files.h"

namespace mxcheck::cli {
namespace {

using Strings = std::vector<std::string>;

CommandLine command_line() {
  CommandLine line;
  line.command = "report";
  line.synopsis = "mxcheck report REPORT.json --report KIND=FILE [options]    a JSON report of run";
  line.options.add_options()  //
      ("id", po::value<Strings>()->composing(),
       "only the case with this id, in full (repeatable)")  //
      ("help,h", "this text");
  add_report_options(line.options);
  line.examples =
      "  mxcheck report report.json --report html=report.html\n"
      "  mxcheck report report.json --id qt/dense_f32_ieee --report html=one.html\n"
      "  mxcheck report report.json --annotate github\n";
  return line;
}

// Keeps the cases that are asked for; UsageError for one that is not there.
void select(const Strings& ids, reports::RunResult& run) {
  if (ids.empty()) return;
  Strings known;
  for (const reports::CaseResult& c : run.cases) known.push_back(c.id);
  for (const std::string& id : ids) {
    if (std::find(known.begin(), known.end(), id) == known.end()) {
      throw UsageError(fmt::format("--id: the report has no case '{}'{}", base::printable(id),
                                   did_you_mean(id, known)));
    }
  }
  std::erase_if(run.cases, [&](const reports::CaseResult& c) {
    return std::find(ids.begin(), ids.end(), c.id) == ids.end();
  });
}

}  // namespace

int run_report(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const Strings files = texts(map, "paths");
  if (files.size() != 1) throw UsageError("mxcheck report needs one report: REPORT.json");
  const std::vector<ReportRequest> requests = report_requests(map);
  check_annotate(map);
  if (requests.empty() && !has(map, "annotate")) {
    throw UsageError("mxcheck report needs --report KIND=FILE or --annotate github");
  }
  base::Diagnostics problems;
  std::optional<reports::RunResult> run = reports::read_report(files[0], problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  if (!run) return kExitUsage;
  select(texts(map, "id"), *run);
  bool written = write_reports(*run, requests);
  written = annotate(map, *run) && written;
  const reports::Totals sum = reports::totals(*run);
  fmt::print("{} passed, {} failed, {} skipped\n", sum.passed, sum.failed, sum.skipped);
  return written ? kExitOk : kExitUsage;
}

}  // namespace mxcheck::cli
