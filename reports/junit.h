// The result model as JUnit XML, in the form forges read: one testcase a case, unique names, at
// most one failure, error or skipped element each, and only characters XML 1.0 can carry.
#pragma once

#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

[[nodiscard]] std::string to_junit(const RunResult& run);

}  // namespace mxcheck::reports
