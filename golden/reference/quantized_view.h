// A quantized operand as it was recorded: codes, scales, zero points, nothing else. The suite fills
// it from dumped values ("step0/quant/<node>/fwd/lhs.qvalue", ".scale", ".zero_point"); a raw
// operand (left in float, or a residual used as raw codes) has no scale.
//
// Meaning (numerics.md DEQ-1, TIL-1, TYP-3): element i is (code_i - zero_point_j) * scale_j with j
// found by generic broadcast; an nf4 code is an index into sixteen values.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "golden/reference/exact.h"
#include "sim/numerics/qtype.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

using numerics::DType;
using numerics::QType;
using tensor::Shape;
using tensor::Tensor;

struct QuantizedView {
  Tensor qvalue;                     // codes, or the raw operand
  std::optional<Tensor> scale;       // f64, f32, bf16 or f16; same rank as qvalue
  std::optional<Tensor> zero_point;  // integers, shape of scale
  bool nf4 = false;                  // codes are indices of nf4 values
};

// The recorded tensors of one operand. `qtype` tells what the codes' bytes mean where the file
// format does not (nf4, and fp4 codes stored as U8).
[[nodiscard]] QuantizedView quantized_view(Tensor qvalue, std::optional<Tensor> scale,
                                           std::optional<Tensor> zero_point,
                                           std::optional<QType> qtype);
// An operand that is not quantized: floats, or raw integer or fp8 codes.
[[nodiscard]] QuantizedView raw_view(Tensor values);

// TIL-1: for each element of `shape` the position of its scale in a tensor of `scale_shape`
// (position // (a / b) along every axis). Both must have the same rank and fit.
[[nodiscard]] std::vector<std::int64_t> broadcast_positions(const Shape& shape,
                                                            const Shape& scale_shape);

// The sixteen values of nf4 codes (TYP-3).
[[nodiscard]] double nf4_value(std::int64_t index);

// An operand taken apart, one entry per element. value = code * scale[scale_position]; a raw
// operand has the one scale 1.
struct Decoded {
  std::vector<double> code;       // minus the zero point; exact
  std::vector<double> code_size;  // |code| + |zero point|
  std::vector<std::int64_t> scale_position;
  std::vector<double> scale;
  DType dtype = DType::kF32;     // of the dequantized operand: the scale's, or the raw dtype
  bool integer = false;          // codes are integers of a byte: their sums are exact (DOT-1)
  bool scaled = false;           // has a scale
  bool finite = true;            // every code and scale is finite
  int dequantize_roundings = 0;  // by DEQ-1: code -> scale dtype, times scale

  [[nodiscard]] double scale_of(std::int64_t i) const {
    return scale[static_cast<std::size_t>(scale_position[static_cast<std::size_t>(i)])];
  }
};
[[nodiscard]] Decoded decode(const QuantizedView& view);

// DEQ-1 in the words of the definition: the code in the scale's dtype, minus the zero point, times
// the scale, each step rounded to that dtype. A raw operand comes back as it is (integers as f32).
[[nodiscard]] Tensor dequantize(const QuantizedView& view);

}  // namespace mxcheck::reference
