// What can be said of a quantized product from types and shapes alone: path, result type and the
// refusals that depend on them (DOT-1..DOT-3, DOT-7). Used by make_plan() for the forward product
// and for both gradient products alike.
#pragma once

#include <optional>
#include <string>

#include "sim/graph/plan.h"

namespace mxcheck::graph {

// An operand of a product: raw (float or codes), or quantized.
struct OperandView {
  ValueType type;  // of the raw array, or of the array that was quantized
  const QuantizePlan* quantized = nullptr;

  // dtype of its elements in the product and of its dequantized values.
  [[nodiscard]] DType value_dtype() const;
  [[nodiscard]] DType dequantized_dtype() const;
};

struct ProductProperties {
  Path path = Path::kFloat;
  DType accumulator = DType::kF32;
  DType result = DType::kF32;
  std::optional<std::string> refusal;  // DOT-ASYM2 or DOT-TILE2
};

[[nodiscard]] ProductProperties dot_properties(const OperandView& lhs, const OperandView& rhs,
                                               const DotDimensionNumbers& dot);

// DOT-1: the result type of a fast product from its operands' dequantized types (a Q's scale dtype,
// a raw array's own). Raw codes of a byte count as s32, raw fp8 and fp4 as bf16.
[[nodiscard]] DType fast_product_dtype(DType lhs, DType rhs);

// (axis, tile) of an operand's tiled axes: scale dim neither the full dim nor 1 (TIL-2).
[[nodiscard]] std::vector<std::pair<std::int64_t, std::int64_t>> tiled_axes(
    const Shape& shape, const Shape& scale_shape);

// The type of a float contraction of two arrays as they stand (DOT-7, float path): codes take the
// float's type, bf16 with f16 gives bf16.
[[nodiscard]] DType float_contraction_dtype(DType a, DType b);

}  // namespace mxcheck::graph
