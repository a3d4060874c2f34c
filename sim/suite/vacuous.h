// VACUOUS: a case that passed but proves nothing, because everything it compared is all zero, holds
// a single value, is saturated throughout, or because nothing was compared at all.
#pragma once

#include <string>

#include "sim/graph/run.h"

namespace mxcheck::suite {

// Why the compared values prove nothing; "" if at least one of them could have been wrong in an
// interesting way (two distinct values, and codes that are not all at the ends of their range).
[[nodiscard]] std::string vacuous_reason(const graph::Values& compared);

}  // namespace mxcheck::suite
