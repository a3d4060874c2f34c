// `--rerun-failed`: only the cases that failed, those of a report or those that runs in this folder
// remember from one to the next.
//
// The memory is one small file for each working folder, below $XDG_CACHE_HOME/mxcheck/failed (or
// ~/.cache), written by runs that have failures and removed by the run that mends the last one.
#pragma once

#include <optional>

#include "reports/model.h"
#include "sim/cli/options.h"
#include "sim/suite/failed_cases.h"

namespace mxcheck::cli {

void add_failed_option(po::options_description& options);
[[nodiscard]] bool wants_failed(const po::variables_map& map);
// nullopt unless it is asked for. Throws UsageError if what remembers them cannot be read.
[[nodiscard]] std::optional<suite::FailedCases> failed_before(const po::variables_map& map);
// After a run; `folders` as for FailedCases::update. A memory that cannot be written is no failure
// of the run.
void remember_failed(const reports::RunResult& run,
                     const std::vector<std::filesystem::path>& folders);

}  // namespace mxcheck::cli
