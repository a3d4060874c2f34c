// Which kernel takes which layout, and the constants of a policy as kernels take them (SCL, QNT).
#include "sim/exec/fast_quant.h"

#include <algorithm>
#include <cmath>

#include "sim/exec/fast_layout.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/numerics/arithmetic.h"
#include "sim/quant/division.h"
#include "sim/quant/statistics.h"
#include "sim/tensor/array.h"

namespace mxcheck::exec {
namespace fast {
namespace {

using kernels::Element;
using kernels::vector_kernels;
using numerics::QRounding;
using quant::QType;

// CAL-2.
Shape scale_shape(const Shape& shape, const quant::Spec& spec) {
  Shape out(shape.size(), 1);
  for (const std::int64_t axis : spec.channelwise) {
    out[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)];
  }
  for (const auto& [axis, tile] : spec.tiled) {
    out[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)] / tile;
  }
  return out;
}

// --- Calibration.

void reduce(kernels::ReduceBlock block, const Tensor& x, const Layout& l, Tensor* absmax,
            Tensor* low, Tensor* high, kernels::Isa isa) {
  const std::int64_t width = width_of(x);
  std::uint8_t* top = absmax != nullptr ? mutable_start(*absmax) : nullptr;
  std::uint8_t* bottom = low != nullptr ? mutable_start(*low) : nullptr;
  std::uint8_t* upper = high != nullptr ? mutable_start(*high) : nullptr;
  const auto at = [&](std::uint8_t* p, std::int64_t i) { return p ? p + i * width : nullptr; };
  const std::int64_t blocks = l.by_rows() ? 1 : l.outer;
  block.rows = l.by_rows() ? l.outer : l.reduced;
  block.columns = block.stride = l.by_rows() ? l.reduced : l.inner;
  for (std::int64_t o = 0; o < blocks; ++o) {
    block.x = start(x) + o * l.reduced * l.inner * width;
    block.absmax = at(top, o * l.inner);
    block.low = at(bottom, o * l.inner);
    block.high = at(upper, o * l.inner);
    if (l.by_rows()) {
      vector_kernels(isa).reduce_rows(block);
    } else {
      vector_kernels(isa).reduce_columns(block);
    }
  }
}

// The method's factor, rounded to the dtype.
void multiply_all(Tensor& values, double factor, Element type, kernels::Isa isa) {
  Tensor rounded(values.dtype(), {1});
  numerics::dispatch(values.dtype(), [&](auto arithmetic) {
    using A = decltype(arithmetic);
    rounded.mutable_data<typename A::Storage>()[0] =
        A::store(static_cast<typename A::Value>(factor));
  });
  const Tensor before = values;
  kernels::MultiplyBlock block;
  block.type = type;
  block.rows = 1;
  block.columns = values.size();
  block.x = start(before);
  block.factor.values = start(rounded);
  block.out = mutable_start(values);
  vector_kernels(isa).multiply(block);
}

// --- Quantization.

// What a block takes from type and policy.
std::optional<kernels::QuantizeBlock> block_for(const Tensor& x, QType qtype,
                                                std::int64_t scale_count, const Policy& policy) {
  const std::optional<Element> type = element_of(x.dtype());
  if (!type || !is_plain(policy) || !has_integer_codes(qtype)) return std::nullopt;
  if (policy.tie != Policy::Tie::kEven || policy.nan_code != Policy::NanCode::kZero) {
    return std::nullopt;
  }
  const numerics::QTypeInfo& info = numerics::info(qtype);
  kernels::QuantizeBlock block;
  block.type = *type;
  block.is_unsigned = info.low >= 0;
  block.low = static_cast<float>(info.low);
  block.high = static_cast<float>(info.high);
  if (policy.code_clamp == Policy::CodeClamp::kNarrow && info.low < 0) block.low = -block.high;
  numerics::dispatch(x.dtype(), [&](auto arithmetic) {
    using A = decltype(arithmetic);
    using V = typename A::Value;
    block.range = static_cast<float>(A::load(A::store(static_cast<V>(info.bound))));
    block.guard = static_cast<float>(A::round(std::sqrt(static_cast<V>(A::kTiny))));
    block.range_reciprocal = quant::by_reciprocal<A>(policy.scale_constant, scale_count);
    block.quotient_reciprocal =
        policy.quotient == Policy::Division::kReciprocalAlways ||
        (scale_count != x.size() && quant::by_reciprocal<A>(policy.quotient, 2));
  });
  return block;
}

// One value of noise per row of `columns` elements; nullopt where it varies within rows.
std::optional<std::vector<float>> noise_by_rows(const Tensor& noise, const Shape& shape,
                                                std::int64_t rows, std::int64_t columns) {
  std::size_t leading = 0;
  while (leading < shape.size() && noise.shape()[leading] == shape[leading]) ++leading;
  for (std::size_t axis = leading; axis < shape.size(); ++axis) {
    if (noise.shape()[axis] != 1) return std::nullopt;
  }
  const std::int64_t shared = rows * columns / noise.size();  // elements of one value
  if (shared % columns != 0) return std::nullopt;
  const auto values = noise.data<float>();
  std::vector<float> out(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    out[static_cast<std::size_t>(row)] = values[static_cast<std::size_t>(row * columns / shared)];
  }
  return out;
}

// Runs `block` over x; scales are read or found.
std::optional<Tensor> codes_of(kernels::QuantizeBlock block, const Tensor& x, QType qtype,
                               const Layout& l, Tensor& scale, const Tensor* zero_point,
                               const Tensor* noise, kernels::Isa isa) {
  block.rows = l.by_rows() ? l.outer : l.reduced;
  block.columns = block.stride = block.codes_stride = l.by_rows() ? l.reduced : l.inner;
  std::optional<std::vector<float>> noise_values;
  if (noise != nullptr && numerics::info(qtype).rounding == QRounding::kInteger) {
    noise_values = noise_by_rows(*noise, x.shape(), x.size() / block.columns, block.columns);
    if (!noise_values) return std::nullopt;
  }
  std::vector<float> zeros;
  if (zero_point != nullptr) zeros = tensor::load_any<float>(*zero_point);
  Tensor codes(numerics::info(qtype).stored, x.shape());
  std::uint8_t* const target = mutable_start(codes);
  // Given scales are only read.
  const std::uint8_t* const scales = block.find_scale ? mutable_start(scale) : start(scale);
  for (std::int64_t o = 0; o < (l.by_rows() ? 1 : l.outer); ++o) {
    const std::int64_t first = o * l.reduced * l.inner;
    block.x = start(x) + first * width_of(x);
    block.scale = const_cast<std::uint8_t*>(scales) + o * l.inner * width_of(x);
    block.codes = target + first;
    if (zero_point != nullptr) block.zero_point = zeros.data() + o * l.inner;
    if (noise_values) block.noise = {noise_values->data() + o * l.reduced, 1, 0};
    if (l.by_rows()) {
      vector_kernels(isa).quantize_rows(block);
    } else {
      vector_kernels(isa).quantize_columns(block);
    }
  }
  return codes;
}

}  // namespace

std::optional<quant::Calibration> calibrate(const Tensor& x, const quant::Spec& spec,
                                            const Policy& policy, kernels::Isa isa) {
  using Kind = numerics::CalibrationMethod::Kind;
  const std::optional<Element> type = element_of(x.dtype());
  const bool range = spec.method.kind == Kind::kMinmax;
  if (!type || !is_plain(policy) || (!range && spec.method.kind != Kind::kAbsmax)) {
    return std::nullopt;
  }
  const Shape shape = scale_shape(x.shape(), spec);
  const std::optional<Layout> layout = collapse(x.shape(), shape);
  if (!layout) return std::nullopt;
  kernels::ReduceBlock block;
  block.type = *type;
  quant::Calibration out;
  if (range) {
    out.min = Tensor(x.dtype(), shape);
    out.max = Tensor(x.dtype(), shape);
    reduce(block, x, *layout, nullptr, &*out.min, &*out.max, isa);
  } else {
    out.absmax = Tensor(x.dtype(), shape);
    reduce(block, x, *layout, &*out.absmax, nullptr, nullptr, isa);
  }
  for (std::optional<Tensor>* part : {&out.absmax, &out.min, &out.max}) {
    if (!part->has_value() || spec.method.arguments.empty()) continue;
    multiply_all(**part, spec.method.arguments[0], *type, isa);
  }
  return out;
}

std::optional<quant::Quantized> quantize(const Tensor& x, QType qtype,
                                         const quant::Scaling& scaling, const Policy& policy,
                                         const Tensor* noise, kernels::Isa isa) {
  const std::optional<Layout> layout = collapse(x.shape(), scaling.scale.shape());
  if (!layout || scaling.scale.dtype() != x.dtype()) return std::nullopt;
  const auto block = block_for(x, qtype, scaling.scale.size(), policy);
  if (!block) return std::nullopt;
  quant::Quantized out{Tensor(), scaling.scale, scaling.zero_point, qtype};
  std::optional<Tensor> codes =
      codes_of(*block, x, qtype, *layout, out.scale,
               scaling.zero_point ? &*scaling.zero_point : nullptr, noise, isa);
  if (!codes) return std::nullopt;
  out.qvalue = *codes;
  return out;
}

std::optional<quant::Quantized> quantize_dynamic(const Tensor& x, const quant::Spec& spec,
                                                 const Policy& policy, const Tensor* noise,
                                                 kernels::Isa isa) {
  using Kind = numerics::CalibrationMethod::Kind;
  if (spec.method.kind != Kind::kAbsmax || !spec.method.arguments.empty()) return std::nullopt;
  const Shape shape = scale_shape(x.shape(), spec);
  const std::optional<Layout> layout = collapse(x.shape(), shape);
  if (!layout) return std::nullopt;
  auto block = block_for(x, spec.qtype, layout->scales(), policy);
  if (!block) return std::nullopt;
  block->find_scale = true;
  quant::Quantized out{Tensor(), Tensor(x.dtype(), shape), std::nullopt, spec.qtype};
  std::optional<Tensor> codes =
      codes_of(*block, x, spec.qtype, *layout, out.scale, nullptr, noise, isa);
  if (!codes) return std::nullopt;
  out.qvalue = *codes;
  return out;
}

}  // namespace fast

VectorIsa vector_isa(const Engine& engine) {
  if (!uses_kernels(engine.options().level)) return std::nullopt;
  return engine.options().isa;
}

quant::Calibration calibrate(const Tensor& x, const quant::Spec& spec, const Policy& policy,
                             VectorIsa isa) {
  if (isa) {
    if (auto out = fast::calibrate(x, spec, policy, *isa)) return *out;
  }
  return quant::calibrate(x, spec, policy);
}

quant::Quantized quantize(const Tensor& x, quant::QType qtype, const quant::Scaling& scaling,
                          const Policy& policy, const Tensor* noise, VectorIsa isa) {
  if (isa) {
    if (auto out = fast::quantize(x, qtype, scaling, policy, noise, *isa)) return *out;
  }
  return quant::quantize(x, qtype, scaling, policy, noise);
}

quant::Quantized quantize_dynamic(const Tensor& x, const quant::Spec& spec, const Policy& policy,
                                  const Tensor* noise, VectorIsa isa) {
  if (isa) {
    if (auto out = fast::quantize_dynamic(x, spec, policy, noise, *isa)) return *out;
  }
  const quant::Calibration calibration = calibrate(x, spec, policy, isa);
  const quant::Scaling scaling = quant::compute_scaling(calibration, spec.qtype, policy);
  return quantize(x, spec.qtype, scaling, policy, noise, isa);
}

Tensor dequantize(const quant::Quantized& q, const Policy& policy, VectorIsa isa) {
  if (isa) {
    if (auto out = fast::dequantize(q, policy, *isa)) return *out;
  }
  return quant::dequantize(q, policy);
}

Tensor make_noise(base::ThreefryWords key, numerics::NoiseMethod method, const Shape& shape,
                  const quant::Axes& axes, const Policy& policy, VectorIsa isa) {
  if (!isa || !policy.faults.empty()) {
    return quant::make_noise(key, method, shape, axes, policy.faults);
  }
  Shape dims(shape.size(), 1);
  for (const std::int64_t axis : axes) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(shape.size())) continue;
    dims[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)];
  }
  Tensor out(numerics::DType::kF32, dims);
  kernels::NoiseBlock block;
  block.key[0] = key[0];
  block.key[1] = key[1];
  block.count = out.size();
  block.low_bit = method == numerics::NoiseMethod::kLowBitUniform;
  block.out = out.mutable_data<float>().data();
  kernels::vector_kernels(*isa).noise(block);
  return out;
}

}  // namespace mxcheck::exec
