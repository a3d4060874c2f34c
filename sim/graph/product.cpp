// Path selection and type promotion of quantized products.
#include "sim/graph/product.h"

#include <algorithm>

namespace mxcheck::graph {
namespace {

constexpr std::int64_t kSmallestFastTile = 128;

bool is_raw_float(const OperandView& x) {
  return x.quantized == nullptr && numerics::is_arithmetic_float(x.type.dtype);
}

// An operand that forces the product to dequantize first (DOT-2).
bool needs_dequantize(const OperandView& x, const Axes& contract) {
  if (x.quantized == nullptr) return is_raw_float(x);
  if (x.quantized->qtype == QType::kNf4) return true;
  return std::any_of(contract.begin(), contract.end(), [&](std::int64_t axis) {
    const std::int64_t scales = x.quantized->scale_shape[static_cast<std::size_t>(axis)];
    const std::int64_t dim = x.type.shape[static_cast<std::size_t>(axis)];
    return scales > 1 && dim / scales < kSmallestFastTile;
  });
}

std::int64_t tile_of(const OperandView& x, std::int64_t axis) {
  if (x.quantized == nullptr) return 0;
  for (const auto& [tiled, tile] : tiled_axes(x.type.shape, x.quantized->scale_shape)) {
    if (tiled == axis) return tile;
  }
  return 0;
}

// Types narrower than two bytes have no promotion of their own: codes count as s32, fp8 and fp4 as
// bf16.
DType promotable(DType dtype) {
  if (numerics::byte_width(dtype) > 1) return dtype;
  return numerics::is_float(dtype) ? DType::kBF16 : DType::kS32;
}

}  // namespace

DType OperandView::value_dtype() const {
  return quantized == nullptr ? type.dtype : numerics::info(quantized->qtype).stored;
}

DType OperandView::dequantized_dtype() const { return type.dtype; }

std::vector<std::pair<std::int64_t, std::int64_t>> tiled_axes(const Shape& shape,
                                                              const Shape& scale_shape) {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (scale_shape[axis] != shape[axis] && scale_shape[axis] != 1) {
      out.emplace_back(static_cast<std::int64_t>(axis), shape[axis] / scale_shape[axis]);
    }
  }
  return out;
}

DType fast_product_dtype(DType lhs, DType rhs) {
  return numerics::promote(promotable(lhs), promotable(rhs));
}

DType float_contraction_dtype(DType a, DType b) {
  if (a == b) return numerics::is_integer(a) ? DType::kS32 : a;
  const bool a_float = numerics::is_arithmetic_float(a);
  const bool b_float = numerics::is_arithmetic_float(b);
  if (a_float && !b_float) return a;
  if (b_float && !a_float) return b;
  if (a == DType::kF64 || b == DType::kF64) return DType::kF64;
  if (a == DType::kF32 || b == DType::kF32) return DType::kF32;
  return DType::kBF16;  // bf16 with f16
}

ProductProperties dot_properties(const OperandView& lhs, const OperandView& rhs,
                                 const DotDimensionNumbers& dot) {
  ProductProperties out;
  const bool slow =
      needs_dequantize(lhs, dot.lhs_contract) || needs_dequantize(rhs, dot.rhs_contract);
  if (slow) {
    const bool any_quantized = lhs.quantized != nullptr || rhs.quantized != nullptr;
    out.path = any_quantized ? Path::kSlow : Path::kFloat;
    out.result = float_contraction_dtype(lhs.dequantized_dtype(), rhs.dequantized_dtype());
    out.accumulator = out.result;
    return out;
  }
  out.path = Path::kFast;
  out.result = fast_product_dtype(lhs.dequantized_dtype(), rhs.dequantized_dtype());
  const bool integers =
      !numerics::is_float(lhs.value_dtype()) && !numerics::is_float(rhs.value_dtype());
  out.accumulator = integers ? DType::kS32 : out.result;
  const auto zero_point = [](const OperandView& x) {
    return x.quantized != nullptr && x.quantized->zero_point;
  };
  if (zero_point(lhs) && zero_point(rhs)) out.refusal = "DOT-ASYM2";
  for (std::size_t i = 0; i < dot.lhs_contract.size(); ++i) {
    const std::int64_t a = tile_of(lhs, dot.lhs_contract[i]);
    const std::int64_t b = tile_of(rhs, dot.rhs_contract[i]);
    if (a != 0 && b != 0 && a != b) out.refusal = "DOT-TILE2";
  }
  return out;
}

}  // namespace mxcheck::graph
