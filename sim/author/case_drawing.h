// A case's graph as a drawing, and as text for Graphviz. A box says what the plan says of its node
// in short; the tooltip has all of it.
#pragma once

#include <string>

#include "reports/drawing.h"
#include "sim/casefile/case.h"

namespace mxcheck::author {

// Ids of its nodes are the names of the case's values.
[[nodiscard]] reports::Drawing case_drawing(const casefile::Case& c);
// A digraph in the DOT language, with the same words.
[[nodiscard]] std::string dot_text(const casefile::Case& c);

}  // namespace mxcheck::author
