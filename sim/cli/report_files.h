// `--report KIND=FILE` and `--annotate github`, for the commands that have a result to report.
// Every file is checked before the work begins, and written to a temporary name and renamed.
#pragma once

#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {

struct ReportRequest {
  std::string kind, file;
};

void add_report_options(po::options_description& options);
// Throws UsageError for an unknown kind, a file named twice, a folder that is not there.
[[nodiscard]] std::vector<ReportRequest> report_requests(const po::variables_map& map);
// The same of another option that names a file to write, beside those requested so far.
void add_report_request(const char* option, const ReportRequest& one,
                        std::vector<ReportRequest>& requests);
// Does one of them draw what is only looked at (reports/detail.h)?
[[nodiscard]] bool wants_details(const std::vector<ReportRequest>& requests);
// False, with a message on stderr, if one cannot be written.
[[nodiscard]] bool write_reports(const reports::RunResult& run,
                                 const std::vector<ReportRequest>& requests);

// Throws UsageError for anything but `--annotate github`.
void check_annotate(const po::variables_map& map);
// Prints workflow commands, and adds to the file that GITHUB_STEP_SUMMARY names, if it is asked
// for. False, with a message, if the summary cannot be written.
[[nodiscard]] bool annotate(const po::variables_map& map, const reports::RunResult& run);

}  // namespace mxcheck::cli
