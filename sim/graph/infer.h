// Shape and dtype inference: fills type of every node (and the explicit padding of convolutions and
// pools) from the types of inputs and params, and reports everything that does not fit.
//
// Labels: SHP-* (see labels.def). Diagnostics carry the node's JSON pointer plus the key that is
// wrong ("/nodes/3/args", "/nodes/3/dimension_numbers"); the caller adds file, line and column. A
// node whose arguments already failed is not reported again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/graph/graph.h"

namespace mxcheck::graph {

// No tensor of a graph may have more elements than this.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;
inline constexpr std::size_t kMaxRank = 32;

struct InferOptions {
  // By value number: values whose type is not known because something else about them is wrong;
  // what depends on them is not reported. Empty: every input and param is known, every node is
  // good.
  std::vector<bool> unknown;
  // Nodes whose result dtype the quantization decides (DOT-1: bf16 with f16 gives f32).
  std::map<std::size_t, DType> result_dtypes;
};

// Returns, by value number, whether the type is still unknown.
std::vector<bool> infer(Graph& graph, const InferOptions& options, base::Diagnostics& diagnostics);
inline void infer(Graph& graph, base::Diagnostics& diagnostics) { infer(graph, {}, diagnostics); }

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
