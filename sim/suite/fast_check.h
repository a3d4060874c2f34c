// The check `fast`: the SIMD path against the functional model, class EXACT, with every kernel and
// instruction set this host has (hardware model, section "levels").
//
// The case runs once more at the functional level; every value of it must come out of the run with
// kernels, once per instruction set. On the way every licensed product goes through every product
// kernel by itself, in both layouts of either side, and sums and rectifiers through kernels that
// the executor has no use for, so that what a choice would pass over is held to account too.
#pragma once

#include <optional>

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

struct FastCheck {
  reports::CheckResult result;
  std::vector<reports::KernelUse> kernels;  // every one of `isas`, with its uses
};
// nullopt: the case has no products. SKIP where no product holds a licence. `request` is the end to
// end run's; `isas` the instruction sets to try.
[[nodiscard]] std::optional<FastCheck> check_fast(const exec::Request& request,
                                                  const std::vector<kernels::Isa>& isas);

}  // namespace mxcheck::suite
