// Calibration, quantization, dequantization, scales and rounding noise on SIMD kernels where they
// have a form for the layout, dtype and policy; by sim/quant everywhere else. The bits are those of
// sim/quant either way.
//
// Kernels take an array as blocks in which a scale is one per row or one per column: axes with
// scales, then axes that share one, then axes with scales (any of the three may be missing). They
// know f32, bf16, f16, integer codes, ties to even, NaN as 0, and no planted fault.
#pragma once

#include <optional>

#include "sim/base/threefry.h"
#include "sim/exec/engine.h"
#include "sim/kernels/isa.h"
#include "sim/quant/quantize.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

using numerics::Policy;
using tensor::Shape;
using tensor::Tensor;

// The instruction set of elementwise kernels; none: sim/quant alone.
using VectorIsa = std::optional<kernels::Isa>;
// Of an engine whose level uses kernels.
[[nodiscard]] VectorIsa vector_isa(const Engine& engine);

// As the functions of sim/quant of the same names.
[[nodiscard]] quant::Calibration calibrate(const Tensor& x, const quant::Spec& spec,
                                           const Policy& policy, VectorIsa isa);
[[nodiscard]] quant::Quantized quantize(const Tensor& x, quant::QType qtype,
                                        const quant::Scaling& scaling, const Policy& policy,
                                        const Tensor* noise, VectorIsa isa);
[[nodiscard]] Tensor dequantize(const quant::Quantized& q, const Policy& policy, VectorIsa isa);
// RND-1, RND-2.
[[nodiscard]] Tensor make_noise(base::ThreefryWords key, numerics::NoiseMethod method,
                                const Shape& shape, const quant::Axes& axes, const Policy& policy,
                                VectorIsa isa);
// Calibrated, scaled and quantized; one pass where the scale comes from the largest magnitude.
[[nodiscard]] quant::Quantized quantize_dynamic(const Tensor& x, const quant::Spec& spec,
                                                const Policy& policy, const Tensor* noise,
                                                VectorIsa isa);

// The kernels alone: nullopt where they have no form. Scales are aligned with the axes of what they
// scale, 1 where they do not vary.
namespace fast {
[[nodiscard]] std::optional<quant::Calibration> calibrate(const Tensor& x, const quant::Spec& spec,
                                                          const Policy& policy, kernels::Isa isa);
[[nodiscard]] std::optional<quant::Quantized> quantize(const Tensor& x, quant::QType qtype,
                                                       const quant::Scaling& scaling,
                                                       const Policy& policy, const Tensor* noise,
                                                       kernels::Isa isa);
[[nodiscard]] std::optional<quant::Quantized> quantize_dynamic(const Tensor& x,
                                                               const quant::Spec& spec,
                                                               const Policy& policy,
                                                               const Tensor* noise,
                                                               kernels::Isa isa);
[[nodiscard]] std::optional<Tensor> dequantize(const quant::Quantized& q, const Policy& policy,
                                               kernels::Isa isa);
// DOT-5: s32 values x lhs scale, then x rhs scale; either may be null.
[[nodiscard]] std::optional<Tensor> scale_product(const Tensor& values, const Tensor* lhs,
                                                  const Tensor* rhs, const Policy& policy,
                                                  kernels::Isa isa);
// Float values x one scale, of one dtype (BWD-3).
[[nodiscard]] std::optional<Tensor> multiply(const Tensor& values, const Tensor& scale,
                                             const Policy& policy, kernels::Isa isa);
}  // namespace fast

}  // namespace mxcheck::exec
