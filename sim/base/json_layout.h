// The layout of the case files of this repository: two spaces a level; a list or an object stands
// on one line if it fits, else a line a member; a long list of plain values fills its lines. The
// outermost object is always spread out.
#pragma once

#include <string>

#include "sim/base/json.h"

namespace mxcheck::base {

// Text of a document, with a newline at the end. Numbers stay as they are written.
[[nodiscard]] std::string layout_json(const JsonValue& root);

}  // namespace mxcheck::base
