// `--policy`: a named policy, optionally with knobs changed: "ieee" or
// "ieee,quotient=reciprocal,dot_block=256" (POL).
#pragma once

#include <string>

#include "sim/numerics/policy.h"

namespace mxcheck::cli {

// Throws UsageError with the known names.
[[nodiscard]] numerics::Policy parse_policy(const std::string& text);

}  // namespace mxcheck::cli
