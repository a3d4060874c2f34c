// `--hardware`: a preset by name, or a JSON file with a profile (HW).
#pragma once

#include <string>

#include "sim/mxu/profile.h"

namespace mxcheck::cli {

// Throws UsageError with every problem of the profile, or the known names.
[[nodiscard]] mxu::Profile parse_hardware(const std::string& text);

}  // namespace mxcheck::cli
