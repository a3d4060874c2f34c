// A case as text: values with types, and for each quantizable node what its plan says: rule, op id,
// roles, calibration, scales, paths, residuals, class and quirks.
#pragma once

#include <string>

#include "sim/casefile/case.h"

namespace mxcheck::author {

[[nodiscard]] std::string graph_text(const casefile::Case& c);
// The lines of one node in it.
[[nodiscard]] std::string node_text(const casefile::Case& c, std::size_t index);

}  // namespace mxcheck::author
