// The check `ste`: the gradients of every quantized contraction against a straight-through
// reference built from the run's recorded values (golden/reference/ste.h).
//
// Without bwd_qtype the product is held against the float gradient: in bits where its order is
// defined (POL-4), else within BND-1 or BND-4 of the exact value. With it, within BND-5 of the
// straight-through gradient. What leaves the op after that is judged in bits: the product where the
// operand lies inside its range, bounds included, and +0 elsewhere (BWD-7); whether there is a mask
// at all is derived from the rule, not taken from the plan.
// Labels: BWD-1..BWD-7, CNV-2, CNV-3, RAG-2, BND-5.
#pragma once

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

struct SteOptions {
  // Largest product judged, in multiplications.
  std::int64_t max_pairs = std::int64_t{1} << 22;
  // The rules and the matrix unit to judge by; null: those of the run.
  const numerics::Policy* policy = nullptr;
  const mxu::Profile* profile = nullptr;
};

// `request` is the one that gave `outcome`. A result without tensors: the run has no gradients of
// quantized contractions.
[[nodiscard]] reports::CheckResult check_ste(const exec::Request& request,
                                             const exec::Outcome& outcome,
                                             const SteOptions& options = {});

}  // namespace mxcheck::suite
