// Notes of a case that readers of reports look for.
#pragma once

namespace mxcheck::reports {

// The result is that of an earlier run of the same case by the same build under the same options;
// so is its duration.
inline constexpr const char* kCachedNote = "cached: the result of an earlier run";

}  // namespace mxcheck::reports
