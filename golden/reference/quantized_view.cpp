// Decoding of recorded operands; one loop over the elements.
#include "golden/reference/quantized_view.h"

#include <cmath>

#include "golden/reference/float_model.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

double element(const Tensor& x, std::int64_t i) {
  return numerics::is_float(x.dtype()) ? x.load(i) : static_cast<double>(x.load_int(i));
}

double code_value(const QuantizedView& view, std::int64_t i) {
  return view.nf4 ? nf4_value(view.qvalue.load_int(i)) : element(view.qvalue, i);
}

Tensor with_dtype(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  MXCHECK_CHECK(numerics::byte_width(x.dtype()) == numerics::byte_width(dtype),
                "codes stored in another width");
  Tensor out(dtype, x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) out.set_bits(i, x.bits(i));
  return out;
}

}  // namespace

QuantizedView quantized_view(Tensor qvalue, std::optional<Tensor> scale,
                             std::optional<Tensor> zero_point, std::optional<QType> qtype) {
  QuantizedView view{std::move(qvalue), std::move(scale), std::move(zero_point), false};
  if (qtype) {
    view.nf4 = *qtype == QType::kNf4;
    if (numerics::is_float(numerics::info(*qtype).stored)) {
      view.qvalue = with_dtype(view.qvalue, numerics::info(*qtype).stored);
    }
  }
  return view;
}

QuantizedView raw_view(Tensor values) {
  return {std::move(values), std::nullopt, std::nullopt, false};
}

std::vector<std::int64_t> broadcast_positions(const Shape& shape, const Shape& scale_shape) {
  MXCHECK_CHECK(shape.size() == scale_shape.size(), "a scale has the rank of its operand");
  const std::vector<std::int64_t> strides = tensor::row_major_strides(scale_shape);
  std::vector<std::int64_t> positions{0};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    MXCHECK_CHECK(scale_shape[axis] > 0 && shape[axis] % scale_shape[axis] == 0,
                  "a scale's dimension divides its operand's");
    const std::int64_t tile = shape[axis] / scale_shape[axis];
    std::vector<std::int64_t> next;
    next.reserve(positions.size() * static_cast<std::size_t>(shape[axis]));
    for (const std::int64_t base : positions) {
      for (std::int64_t i = 0; i < shape[axis]; ++i)
        next.push_back(base + i / tile * strides[axis]);
    }
    positions = std::move(next);
  }
  return positions;
}

double nf4_value(std::int64_t index) {
  static constexpr float kValues[16] = {-1.0f,
                                        -0.6961928009986877f,
                                        -0.5250730514526367f,
                                        -0.39491748809814453f,
                                        -0.28444138169288635f,
                                        -0.18477343022823334f,
                                        -0.09105003625154495f,
                                        0.0f,
                                        0.07958029955625534f,
                                        0.16093020141124725f,
                                        0.24611230194568634f,
                                        0.33791524171829224f,
                                        0.44070982933044434f,
                                        0.5626170039176941f,
                                        0.7229568362236023f,
                                        1.0f};
  MXCHECK_CHECK(index >= 0 && index < 16, "an nf4 code is an index of sixteen");
  return kValues[index];
}

Decoded decode(const QuantizedView& view) {
  Decoded out;
  out.integer = !view.nf4 && numerics::is_integer(view.qvalue.dtype()) &&
                numerics::byte_width(view.qvalue.dtype()) == 1;
  out.scaled = view.scale.has_value();
  out.dtype = out.scaled ? view.scale->dtype() : view.qvalue.dtype();
  out.dequantize_roundings = out.scaled ? 1 : 0;
  // An nf4 value has 24 bits: its conversion to a narrower dtype rounds once more.
  if (view.nf4 && (out.dtype == DType::kBF16 || out.dtype == DType::kF16)) {
    out.dequantize_roundings = 2;
  }
  const std::int64_t count = view.qvalue.size();
  out.scale_position = out.scaled ? broadcast_positions(view.qvalue.shape(), view.scale->shape())
                                  : std::vector<std::int64_t>(static_cast<std::size_t>(count), 0);
  if (!out.scaled) out.scale = {1.0};
  for (std::int64_t j = 0; out.scaled && j < view.scale->size(); ++j) {
    out.scale.push_back(view.scale->load(j));
    out.finite = out.finite && std::isfinite(out.scale.back());
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const double stored = code_value(view, i);
    const double zero_point =
        view.zero_point ? element(*view.zero_point, out.scale_position[static_cast<std::size_t>(i)])
                        : 0;
    const double code = stored - zero_point;
    out.code.push_back(code);
    out.code_size.push_back(std::fabs(stored) + std::fabs(zero_point));
    out.finite = out.finite && std::isfinite(code);
  }
  return out;
}

Tensor dequantize(const QuantizedView& view) {
  const bool integer = !numerics::is_float(view.qvalue.dtype());
  if (!view.scale && !integer) return view.qvalue;
  const DType dtype = view.scale ? view.scale->dtype() : DType::kF32;
  const Decoded decoded = decode(view);
  Tensor out(dtype, view.qvalue.shape());
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const double code = round_to(dtype, decoded.code[static_cast<std::size_t>(i)]);
    // In double the product of two f32 is exact, so this rounds once.
    out.store(i, code * decoded.scale_of(i));
  }
  return out;
}

}  // namespace mxcheck::reference
