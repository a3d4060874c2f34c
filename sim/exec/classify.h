// EXACT or BOUND, decided from op, shapes, dtypes and policy alone: which results leave the
// domain where the norm fixes every bit (POL-4..POL-6, FLT).
#pragma once

#include <string>

#include "sim/exec/executor.h"
#include "sim/graph/plan.h"

namespace mxcheck::exec {

// Why a product or function is not fixed in bits; both empty if it is.
struct Inexact {
  std::string formula;
  std::string reason;
  [[nodiscard]] bool any() const { return !formula.empty(); }
};

struct NodeClasses {
  Inexact forward;     // the node's value
  Inexact dlhs, drhs;  // gradient products of a quantizable op
  Inexact backward;    // contributions of a float op
};

[[nodiscard]] NodeClasses classify_node(const graph::Graph& graph, std::size_t node,
                                        const std::optional<graph::NodePlan>& plan,
                                        const graph::RunSpec& run, const numerics::Policy& policy);

}  // namespace mxcheck::exec
