// Values from codes, and products with scales (DEQ-1, DOT-5, BWD-3), block by block.
#include "sim/exec/fast_layout.h"
#include "sim/exec/fast_quant.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/tensor/array.h"

namespace mxcheck::exec::fast {

using kernels::Element;
using kernels::vector_kernels;
using numerics::DType;

std::optional<Tensor> dequantize(const quant::Quantized& q, const Policy& policy,
                                 kernels::Isa isa) {
  const std::optional<Element> type = element_of(q.scale.dtype());
  const std::optional<Layout> layout = collapse(q.qvalue.shape(), q.scale.shape());
  if (!type || !layout || !is_plain(policy) || !has_integer_codes(q.qtype)) return std::nullopt;
  const std::optional<Blocks> blocks = common_blocks({*layout});
  if (!blocks) return std::nullopt;
  Tensor out(q.scale.dtype(), q.qvalue.shape());
  std::vector<float> zeros;
  if (q.zero_point) zeros = tensor::load_any<float>(*q.zero_point);
  kernels::DequantizeBlock block;
  block.type = *type;
  block.rows = blocks->rows;
  block.columns = block.stride = block.out_stride = blocks->columns;
  block.is_unsigned = numerics::info(q.qtype).low >= 0;
  std::uint8_t* const target = mutable_start(out);
  for (std::int64_t i = 0; i < blocks->count; ++i) {
    const std::int64_t row = i * blocks->rows;
    const auto scale = spread_of(*layout, start(q.scale), width_of(q.scale), *blocks, row);
    if (!scale) return std::nullopt;
    block.scale = *scale;
    if (q.zero_point) {
      block.zero_point = *spread_of(*layout, zeros.data(), sizeof(float), *blocks, row);
    }
    block.codes = start(q.qvalue) + row * blocks->columns;
    block.out = target + row * blocks->columns * width_of(out);
    vector_kernels(isa).dequantize(block);
  }
  return out;
}

std::optional<Tensor> scale_product(const Tensor& values, const Tensor* lhs, const Tensor* rhs,
                                    const Policy& policy, kernels::Isa isa) {
  const Tensor* any = lhs != nullptr ? lhs : rhs;
  if (any == nullptr || values.dtype() != DType::kS32 || !is_plain(policy)) return std::nullopt;
  if (lhs != nullptr && rhs != nullptr &&
      (lhs->dtype() != rhs->dtype() || policy.scale_order == Policy::ScaleOrder::kCombined)) {
    return std::nullopt;
  }
  const std::optional<Element> type = element_of(any->dtype());
  std::vector<Layout> layouts;
  for (const Tensor* scale : {lhs, rhs}) {
    if (scale == nullptr) continue;
    const std::optional<Layout> layout = collapse(values.shape(), scale->shape());
    if (!layout) return std::nullopt;
    layouts.push_back(*layout);
  }
  const std::optional<Blocks> blocks = common_blocks(layouts);
  if (!type || !blocks) return std::nullopt;
  Tensor out(any->dtype(), values.shape());
  kernels::ProductBlock block;
  block.type = *type;
  block.rows = blocks->rows;
  block.columns = block.stride = block.out_stride = blocks->columns;
  std::uint8_t* const target = mutable_start(out);
  for (std::int64_t i = 0; i < blocks->count; ++i) {
    const std::int64_t row = i * blocks->rows;
    std::size_t next = 0;
    for (const Tensor* scale : {lhs, rhs}) {
      if (scale == nullptr) continue;
      const auto spread = spread_of(layouts[next++], start(*scale), width_of(out), *blocks, row);
      if (!spread) return std::nullopt;
      (scale == lhs ? block.lhs : block.rhs) = *spread;
    }
    block.acc = values.data<std::int32_t>().data() + row * blocks->columns;
    block.out = target + row * blocks->columns * width_of(out);
    vector_kernels(isa).scale_product(block);
  }
  return out;
}

std::optional<Tensor> multiply(const Tensor& values, const Tensor& scale, const Policy& policy,
                               kernels::Isa isa) {
  const std::optional<Element> type = element_of(values.dtype());
  const std::optional<Layout> layout = collapse(values.shape(), scale.shape());
  if (!type || !layout || scale.dtype() != values.dtype() || !is_plain(policy)) {
    return std::nullopt;
  }
  const std::optional<Blocks> blocks = common_blocks({*layout});
  if (!blocks) return std::nullopt;
  Tensor out(values.dtype(), values.shape());
  kernels::MultiplyBlock block;
  block.type = *type;
  block.rows = blocks->rows;
  block.columns = block.stride = block.out_stride = blocks->columns;
  std::uint8_t* const target = mutable_start(out);
  for (std::int64_t i = 0; i < blocks->count; ++i) {
    const std::int64_t row = i * blocks->rows;
    const auto spread = spread_of(*layout, start(scale), width_of(out), *blocks, row);
    if (!spread) return std::nullopt;
    block.factor = *spread;
    block.x = start(values) + row * blocks->columns * width_of(out);
    block.out = target + row * blocks->columns * width_of(out);
    vector_kernels(isa).multiply(block);
  }
  return out;
}

}  // namespace mxcheck::exec::fast
