// The fast engine of the stationary arrays: the same registers as stationary.cpp, stepped row by
// row over runs of clocks instead of clock by clock over all rows. Signals only move right and
// down, so row r at clock u + r needs nothing but row r - 1 at clock u + r - 1; the order of the
// loops changes, no value does.
#pragma once

#include <string>

#include "sim/mxu/cycle.h"
#include "sim/mxu/fast_kernels.h"

namespace mxcheck::mxu::internal {

// Can the fast engine hold this profile's registers (32-bit wrapping column sums of whole chunks)?
[[nodiscard]] bool fast_array_fits(const Profile& profile, const Product& product);

// nullopt: the schedule overlaps more than two folds in the array; use the plain engine.
[[nodiscard]] std::optional<CycleResult> run_fast_stationary(const Profile& profile,
                                                             const Product& product,
                                                             Overlap overlap,
                                                             const RowKernel& kernel);

}  // namespace mxcheck::mxu::internal
