// One quantized or float contraction of a node: fast path (codes first, scales afterwards) or slow
// path (dequantize first), as the plan decided (DOT-1..DOT-8).
#pragma once

#include <optional>
#include <vector>

#include "sim/exec/engine.h"
#include "sim/exec/fast_quant.h"
#include "sim/graph/plan.h"
#include "sim/numerics/policy.h"
#include "sim/quant/quantize.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

using numerics::Policy;
using tensor::Shape;
using tensor::Tensor;

// An operand of a product: an array as it stands (float or raw codes), or a quantized one.
struct Operand {
  Tensor raw;
  std::optional<quant::Quantized> q;

  [[nodiscard]] const Tensor& values() const { return q ? q->qvalue : raw; }
  [[nodiscard]] const tensor::Shape& shape() const { return values().shape(); }
  // Of the values it stands for: the scale's, or the raw array's own.
  [[nodiscard]] numerics::DType dequantized_dtype() const {
    return q ? q->scale.dtype() : raw.dtype();
  }
};

struct ProductResult {
  std::optional<Tensor> acc;  // s32 accumulators as delivered, tile axes after the batch axes
  Tensor out;
};

[[nodiscard]] ProductResult contract(const Operand& lhs, const Operand& rhs,
                                     const graph::DotDimensionNumbers& dot, graph::Path path,
                                     const Policy& policy, Engine& engine);

// The scale of one side of a product, aligned with the axes of the result: full or 1 on each.
struct OutputScale {
  Tensor values;
  std::vector<std::int64_t> map;  // where stated, the scale of each element by index instead

  // For each element of `shape` the index of its scale.
  [[nodiscard]] std::vector<std::int64_t> positions(const Shape& shape) const;
};
// values x scale in their promoted dtype; s32 values are rounded to it first.
[[nodiscard]] Tensor multiply_by_scale(const Tensor& values, const OutputScale& scale,
                                       const Policy& policy, VectorIsa isa = std::nullopt);
// The product of both scales, one per element of `shape` (policy scale_order=combined).
[[nodiscard]] OutputScale combined_scale(const OutputScale& lhs, const OutputScale& rhs,
                                         const Shape& shape);
// (values x lhs scale) x rhs scale with the norm's promotions; `values` is s32, or float for
// products of float codes. DOT-5.
[[nodiscard]] Tensor apply_scales(const Tensor& values, const std::optional<OutputScale>& lhs,
                                  const std::optional<OutputScale>& rhs, const Policy& policy,
                                  VectorIsa isa = std::nullopt);

// x converted to another float dtype, rounded once.
[[nodiscard]] Tensor convert_float(const Tensor& x, numerics::DType dtype);

}  // namespace mxcheck::exec
