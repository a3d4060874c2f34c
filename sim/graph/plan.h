// The plan: which rule each quantizable node gets and everything that follows from it without data
// -- op id, roles, types, calibration, tiles, path, residuals, gradient products, masks.
//
// make_plan() is the only place where rules are interpreted; sim/exec executes plans and `mxcheck
// show` prints them. Refusals of numerics.md section 14 that need no data are found here.
// Labels: RULE, TIL, DOT, BWD, CNV, RAG, EIN, QT, RND, SRQ names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/diagnostic.h"
#include "sim/graph/graph.h"
#include "sim/graph/infer.h"
#include "sim/graph/rule.h"
#include "sim/graph/run.h"

namespace mxcheck::graph {

// How one array is quantized.
struct QuantizePlan {
  QType qtype = QType::kS8;
  CalibrationMethod method;
  Axes channelwise;                                          // axes with a scale of their own
  std::vector<std::pair<std::int64_t, std::int64_t>> tiled;  // (axis, tile in elements)
  // Static properties of the result, for paths and refusals.
  Shape scale_shape;
  bool zero_point = false;
};

struct OperandPlan {
  bool is_weight = false;
  ValueType type;                        // the float operand
  std::optional<QuantizePlan> quantize;  // nullopt: stays as it is
  bool collect_stats = false;
  std::string stats_name;  // "<module>/<op_id>_lhs", without module at the top
  bool mask = false;       // its gradient is clipped to the calibration (BWD-7)
};

// kFloat: neither operand is quantized, a float op. kSlow: dequantize first. kFast: codes first.
enum class Path : std::uint8_t { kFloat, kSlow, kFast };

enum class Residual : std::uint8_t {
  kOriginal,   // the float operand as given (float contraction, or quantized afresh)
  kQuantized,  // the forward Q, dequantized where the other side is float
  kCodes,      // the forward Q's codes, its scale folded into the gradient first (BWD-3)
};

// One gradient product: contract(g, residual), or for a convolution's weight gradient
// contract(residual, g).
struct GradientPlan {
  DotDimensionNumbers dot;  // of (g, residual); dot_general and einsum
  Axes permutation;         // from the product to the operand's layout
  Residual residual = Residual::kOriginal;
  std::optional<QuantizePlan> quantize_g;
  bool noise = false;                             // stochastic rounding of g
  std::optional<QuantizePlan> quantize_residual;  // BWD-4
  Path path = Path::kFloat;
};

struct NodePlan {
  std::size_t node = 0;
  int rule = -1;            // index of the matching rule, -1: none
  bool quantized = false;   // the matching rule has a weight_qtype
  std::string op_id;        // "dot_general0"
  EinsumLowering lowering;  // einsum and dot_general: the product that is computed
  OperandPlan lhs, rhs;     // of the lowered product (after a swap)
  Path path = Path::kFloat;
  DType result = DType::kF32;
  std::optional<QType> bwd_qtype;
  std::optional<NoiseMethod> noise_method;
  Axes noise_axes;
  Axes act_batch_axes;
  GradientPlan dlhs, drhs;
  std::vector<std::string> quirks;  // labels of numerics.md section 15 that this node shows
};

struct Plan {
  std::vector<std::optional<NodePlan>> nodes;  // by node number; nullopt for float ops
};

// Matches rules and derives the plan; reports refusals (diagnostics with JSON pointers, no file).
// `graph` must have passed infer(). Refusals of the backward pass are reported only if `run` has
// one.
[[nodiscard]] Plan make_plan(const Graph& graph, const std::vector<Rule>& rules, const RunSpec& run,
                             base::Diagnostics& diagnostics);

}  // namespace mxcheck::graph
