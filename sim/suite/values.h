// Names of a golden file taken apart (names: golden/README.md), and the arrays behind them:
//   step<k>/node/<node>, step<k>/ct/<node>, step<k>/quant/<node>/<product>/<leaf>,
//   step<k>/grad/..., step<k>/stats/..., step<k>/param/<param>
// Node names may contain '/', so a name is only split with the graph at hand.
#pragma once

#include <optional>
#include <string>

#include "sim/graph/graph.h"
#include "sim/graph/plan.h"
#include "sim/graph/run.h"

namespace mxcheck::suite {

enum class ValueKind { kNode, kCotangent, kQuant, kGradParam, kGradInput, kStats, kParam, kOther };

struct ValueName {
  ValueKind kind = ValueKind::kOther;
  int step = 0;
  std::string subject;       // node, param, input or "<module>/<op_id>_lhs/count"
  std::optional<int> value;  // number of the node, param or input in the graph
  std::string product;       // kQuant: fwd, dlhs, drhs
  std::string leaf;          // kQuant: lhs.qvalue, acc, out, ...
};

[[nodiscard]] ValueName parse_value_name(const graph::Graph& graph, const std::string& name);

// "step0/quant/y/fwd/"
[[nodiscard]] std::string quant_prefix(int step, const std::string& node,
                                       const std::string& product);

// Where the arrays of a run are found: what the case gives, and what was computed or recorded.
// With `preferred` (the golden of an isolated run) its values win.
struct Sources {
  const graph::Graph* graph = nullptr;
  const graph::RunData* data = nullptr;
  const graph::Values* values = nullptr;
  const graph::Values* preferred = nullptr;

  // A recorded value by its golden name; nullptr if there is none.
  [[nodiscard]] const tensor::Tensor* find(const std::string& name) const;
  // The value numbered `v` (input, param or node) as step `step` reads it.
  [[nodiscard]] const tensor::Tensor* value(int step, int v) const;
};

// Label of the rule that defines a value; "" where none applies.
[[nodiscard]] std::string rule_label(const graph::Graph& graph, const graph::Plan& plan,
                                     const ValueName& name);

}  // namespace mxcheck::suite
