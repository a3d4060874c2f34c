// The arrays behind recorded products and codes: the float operand of a lowered product, the
// gradient that arrives, and what was quantized into the codes of one side (an operand, a gradient,
// a gradient with the residual's scale folded in, a residual quantized afresh). The bridge from the
// names of a run to golden/reference, used by every check that needs no golden.
// Labels: EIN-1 (summed letters), BWD-3 (fold), BWD-4, SRQ-5 (the calibration in use).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "golden/reference/contraction.h"
#include "golden/reference/quantize_reference.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

// What every check of a run reads: the graph and its plan, and the values the run recorded.
struct Recorded {
  Sources sources;
  const graph::Plan& plan;
  const numerics::Policy& policy;
};

// The float operand of a node's lowered product, letters of an einsum summed away where their order
// is defined (EIN-1); nullopt where it is not known.
[[nodiscard]] std::optional<tensor::Tensor> lowered_operand(const Sources& sources,
                                                            const graph::NodePlan& plan, int step,
                                                            bool lhs);

// The cotangent of a node in the layout of the lowered product; nullopt where none arrived.
[[nodiscard]] std::optional<tensor::Tensor> lowered_cotangent(const Sources& sources,
                                                              const graph::NodePlan& plan,
                                                              int step);

[[nodiscard]] std::vector<std::int64_t> group_sizes(const Sources& sources, const graph::Node& node,
                                                    int step);

// Multiplications of a contraction.
[[nodiscard]] std::int64_t multiplications(const reference::Contraction& contraction);

// One recorded quantization, "step0/quant/y/fwd/lhs": what was quantized and how, and the codes.
struct QuantizationView {
  std::string name;
  int step = 0;
  std::size_t node = 0;
  std::string product;      // fwd, dlhs, drhs
  bool lhs = true;          // the side of the name
  bool statistics = false;  // its range comes from statistics (SRQ-5)
  reference::Quantization quantization;
  reference::QuantizedView recorded;
};

// nullopt where nothing is quantized there, or what was is not known.
struct QuantizationId {
  int step = 0;
  std::size_t node = 0;
  std::string product = "fwd";
  bool lhs = true;
};
[[nodiscard]] std::optional<QuantizationView> quantization_view(const Recorded& run,
                                                                const QuantizationId& id);
// Every quantization of the run, in order of steps, nodes and products.
[[nodiscard]] std::vector<QuantizationView> quantizations(const Recorded& run, int steps);

// The statistics of an operand as they were after the step: sums (absmax, or min and max) and
// count; nullopt where they are not recorded.
struct RecordedStatistics {
  std::vector<tensor::Tensor> sums;
  tensor::Tensor count;
};
[[nodiscard]] std::optional<RecordedStatistics> statistics_after(const Sources& sources, int step,
                                                                 const std::string& name,
                                                                 bool asymmetric);
// The calibration that scale, zero point and mask of a forward operand see (SRQ-5 for statistics).
[[nodiscard]] std::optional<reference::Calibration> operand_calibration(const Recorded& run,
                                                                        const graph::NodePlan& plan,
                                                                        int step, bool lhs);

}  // namespace mxcheck::suite
