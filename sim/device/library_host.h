// The device side of tier `library`: a shared library behind the line protocol, in a process of its
// own, so that a crash in it ends that process and not mxcheck.
#pragma once

#include <string>

#include "sim/base/result.h"

namespace mxcheck::device {

// Answers requests from descriptor 0 on descriptor 1 until the input ends. What the library itself
// prints to stdout goes to stderr. An error says why the library cannot be used.
[[nodiscard]] base::Status serve_library(const std::string& file);

}  // namespace mxcheck::device
