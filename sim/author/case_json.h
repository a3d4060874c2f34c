// A case's graph for programs: one JSON object with what `show` prints, shapes as lists, absent
// things as null.
#pragma once

#include <string>

#include "sim/casefile/case.h"

namespace mxcheck::author {

// A list with one object a case; keys are described in README.md of this folder.
[[nodiscard]] std::string cases_json(const std::vector<casefile::Case>& cases);

}  // namespace mxcheck::author
