// A case as text: values with types, and for each quantizable node what its plan says: rule, op id,
// roles, calibration, scales, paths, residuals, class and quirks.
#pragma once

#include <string>

#include "sim/casefile/case.h"

namespace mxcheck::cli {

[[nodiscard]] std::string graph_text(const casefile::Case& c);

}  // namespace mxcheck::cli
