// Forward and backward of the quantizable ops (dot_general, einsum, conv, ragged) under a plan, and
// their plain float forms where no rule quantizes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/threefry.h"
#include "sim/exec/contraction.h"
#include "sim/exec/op.h"
#include "sim/graph/plan.h"
#include "sim/graph/run.h"
#include "sim/quant/statistics.h"

namespace mxcheck::exec {

// What the forward pass leaves for the backward pass: both operands as given (after an einsum's
// summed letters) and as quantized, and the calibrations that decided.
struct QuantizedState {
  Operand lhs, rhs;       // as used in the product
  Tensor lhs_in, rhs_in;  // float, in the product's axes
  std::optional<quant::Calibration> lhs_calibration, rhs_calibration;
  std::optional<base::ThreefryWords> noise_key;
};

// Where intermediates go: name below "step<k>/quant/<node>/" -> value. Not called for unquantized
// nodes.
using Recorder = std::function<void(const std::string& name, const Tensor& value)>;

// Replaces a calibration by the running average of its statistics (SRQ).
using StatisticsHook =
    std::function<quant::Calibration(const std::string& name, const quant::Calibration&)>;

struct QuantizedContext {
  const graph::Node& node;
  const graph::NodePlan& plan;
  const std::vector<const Tensor*>& args;
  const Policy& policy;
  Engine& engine;
  std::string name;  // "step<k>/quant/<node>", for messages and product lists
  Recorder record;
  StatisticsHook collect;
};

// The op's value; fills `state`.
[[nodiscard]] Tensor quantized_forward(const QuantizedContext& context, QuantizedState& state);

// Contributions to the arguments' cotangents.
[[nodiscard]] std::vector<Contribution> quantized_backward(const QuantizedContext& context,
                                                           const QuantizedState& state,
                                                           const Tensor& g);

}  // namespace mxcheck::exec
