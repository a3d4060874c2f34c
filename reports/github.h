// The result model for GitHub Actions: workflow commands that mark the failing case's file, and a
// step summary in Markdown. Everything that came from a case file is escaped for its format.
#pragma once

#include <cstddef>
#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

// A step shows ten annotations of a kind; failures beyond them are counted in a notice.
inline constexpr std::size_t kGithubAnnotations = 10;
// What GitHub takes of one step's summary.
inline constexpr std::size_t kGithubSummaryBytes = std::size_t{1} << 20;

// Lines "::error file=...,line=...,title=...::...", "" if nothing failed.
[[nodiscard]] std::string github_annotations(const RunResult& run);
// At most `most` bytes; what does not fit is counted.
[[nodiscard]] std::string github_summary(const RunResult& run,
                                         std::size_t most = kGithubSummaryBytes);

}  // namespace mxcheck::reports
