// --fault: a fault from the command line.
#pragma once

#include <string>

#include "sim/fault/fault.h"

namespace mxcheck::cli {

// KIND or {"kind": ..., "at": {...}}; throws UsageError.
[[nodiscard]] fault::Fault parse_fault_option(const std::string& text);

}  // namespace mxcheck::cli
