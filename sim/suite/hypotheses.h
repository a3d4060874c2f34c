// Single changes of a model that a mismatch can be explained by: every other value of a policy
// knob, another policy as a whole, widths and overflow rules of the matrix unit, and every fault of
// sim/fault/faults.def that is not bound to one PE.
#pragma once

#include <string>
#include <vector>

#include "sim/fault/fault.h"
#include "sim/suite/planted.h"

namespace mxcheck::suite {

struct Hypothesis {
  std::string text;   // "policy quotient=reciprocal", "policy xla_cpu", "hardware acc_bits=16",
                      // "fault mask_missing"
  std::string fault;  // the kind of fault that is the same change, "" if there is none
  fault::Need needs = fault::Need::kChange;
  Planted model;
};

// Likeliest first: knobs of the policy, rules of one array, of a product, of gradients and
// statistics, then of the matrix unit. Two hypotheses that give the same model appear once.
[[nodiscard]] std::vector<Hypothesis> hypotheses(const numerics::Policy& policy,
                                                 const mxu::Profile& profile);

}  // namespace mxcheck::suite
