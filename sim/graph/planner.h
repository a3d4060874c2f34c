// The parts make_plan() is made of; internal to this folder.
#pragma once

#include <map>
#include <string>

#include "sim/graph/plan.h"

namespace mxcheck::graph {

// Everything a per-op planner reads and writes.
struct PlanContext {
  const Graph& graph;
  const Rule& rule;
  const RunSpec& run;
  const Node& node;
  base::Diagnostics& diagnostics;

  // Reports a refusal at the node.
  void refuse(const std::string& label, const std::string& fact, const std::string& expectation,
              const std::string& hint = "") const;
};

// Which value of the rule's roles an argument takes: is it a weight of the node's module?
//   kNo, kYes: decided.  kByShape: an activation that has the shape of exactly one param of the
//   module and is therefore taken for it (QUIRK-SHAPE).  kAmbiguous: three or more params share it.
enum class WeightRole { kNo, kYes, kByShape, kAmbiguous };
[[nodiscard]] WeightRole weight_role(const Graph& graph, const std::string& module, int value,
                                     const Shape& shape);

struct QuantizeRequest {
  QType qtype = QType::kS8;
  std::optional<CalibrationMethod> method;
  std::optional<TileSize> tile;
  std::optional<std::int64_t> tiled_axis;  // the axis a tile would go to
  Axes channelwise;
  bool disable_channelwise = false;
  std::string what;  // "lhs", "the gradient of drhs": for messages
};
// Resolves shapes and refuses TIL-*, QT-ASYM-TYPE and CAL-METHOD; nullopt after a refusal.
[[nodiscard]] std::optional<QuantizePlan> plan_quantize(const PlanContext& context,
                                                        const Shape& shape,
                                                        const QuantizeRequest& request);

void plan_dot(const PlanContext& context, NodePlan& plan);
void plan_conv(const PlanContext& context, NodePlan& plan);
void plan_ragged(const PlanContext& context, NodePlan& plan);

// BWD-1: dimension numbers of (g, residual) and the permutation back to the operand's layout.
void plan_backward_dims(const DotDimensionNumbers& dot, std::size_t lhs_rank, std::size_t rhs_rank,
                        bool for_dlhs, GradientPlan& plan);

// All axes of `rank` that are in none of the lists, ascending.
[[nodiscard]] Axes remaining_axes(std::size_t rank, const Axes& a, const Axes& b);

}  // namespace mxcheck::graph
