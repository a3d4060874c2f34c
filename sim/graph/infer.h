// Shape and dtype inference: fills type of every node (and the explicit padding of convolutions and
// pools) from the types of inputs and params, and reports everything that does not fit.
//
// Labels: SHP-* (see labels.def). Diagnostics carry the node's JSON pointer plus the key that is
// wrong ("/nodes/3/args", "/nodes/3/dimension_numbers"); the caller adds file, line and column. A
// node whose arguments already failed is not reported again.
#pragma once

#include "sim/base/diagnostic.h"
#include "sim/graph/graph.h"

namespace mxcheck::graph {

void infer(Graph& graph, base::Diagnostics& diagnostics);

// An einsum as the dot_general that computes it (EIN-1; two operands).
//   swapped: operand 0 of the dot_general is the einsum's second operand
//   lhs_sum, rhs_sum: axes of dot operand 0 and 1 summed away first (letters of one operand only)
//   dot: dimension numbers after those sums; permutation: from the dot's result to the einsum's
struct EinsumLowering {
  bool swapped = false;
  Axes lhs_sum, rhs_sum;
  DotDimensionNumbers dot;
  Axes permutation;
};
// The equation must already have passed infer().
[[nodiscard]] EinsumLowering lower_einsum(const std::string& equation);

}  // namespace mxcheck::graph
