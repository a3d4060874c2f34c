// The failures of a run as SARIF: one result a finding that fails its case, at the file and line of
// the node it is about; what is expected to fail is there, suppressed, with its reason.
#pragma once

#include <filesystem>
#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

// Paths below `folder` become relative to it.
[[nodiscard]] std::string to_sarif(const RunResult& run, const std::filesystem::path& folder);

}  // namespace mxcheck::reports
