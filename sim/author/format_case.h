// The canonical layout of a case file: keys in the order of the case format, the line breaks of
// base/json_layout.h, a newline at the end. Values, names, the text of numbers and what `matrix`
// replaces stay as they are: the case that is read from it is the same. Idempotent.
#pragma once

#include <optional>
#include <string>

#include "sim/base/diagnostic.h"

namespace mxcheck::author {

// nullopt if the text is no JSON, or has a key twice: the diagnostics say where, in `file`. Keys
// the format does not know come after those it knows, in their order; without a key `mxcheck` only
// the layout changes.
[[nodiscard]] std::optional<std::string> formatted_case(const std::string& text,
                                                        const std::string& file,
                                                        base::Diagnostics& diagnostics);

// The case text with `golden` as its expect.golden, in canonical layout; nullopt if it is no
// object.
[[nodiscard]] std::optional<std::string> with_golden(const std::string& text,
                                                     const std::string& golden);

// Lines that differ as a unified diff with three lines of context; "" if there are none.
[[nodiscard]] std::string unified_diff(const std::string& before, const std::string& after,
                                       const std::string& file);

}  // namespace mxcheck::author
