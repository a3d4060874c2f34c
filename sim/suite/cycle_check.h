// The check `cycle`: the case once more with every integer product on the stepped array; every
// value of the run must keep its bits. Cases whose products would step more than a limit of PEs are
// left out, with the number, unless they are tagged `smoke`.
#pragma once

#include <optional>

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

// PE updates of one case; six small products on a 128 x 128 array fit.
inline constexpr std::int64_t kCyclePeLimit = std::int64_t{1} << 25;

// nullopt if the run had no integer products. `request` is the one that gave `functional`.
[[nodiscard]] std::optional<reports::CheckResult> check_cycle(const exec::Request& request,
                                                              const exec::Outcome& functional,
                                                              bool smoke);

}  // namespace mxcheck::suite
