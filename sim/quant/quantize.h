// From float arrays to codes and back: calibration, scale and zero point, rounding, dequantization.
//
// Everything happens in the array's own dtype, one rounding per primitive, in the norm's order.
// Labels: TYP, CAL, SCL, QNT, DEQ, TIL-1, TIL-2, POL (scale_constant, quotient, mean_divide, tie,
// code_clamp, nan_code). The caller holds numerics::FlushSubnormals.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sim/numerics/policy.h"
#include "sim/numerics/qtype.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::quant {

using numerics::CalibrationMethod;
using numerics::Policy;
using numerics::QType;
using tensor::Shape;
using tensor::Tensor;
using Axes = std::vector<std::int64_t>;

// How one array is quantized; shapes already resolved (TIL-3..TIL-5, CAL-2, CAL-3).
struct Spec {
  QType qtype = QType::kS8;
  CalibrationMethod method;
  Axes channelwise;
  std::vector<std::pair<std::int64_t, std::int64_t>> tiled;  // (axis, elements per tile)
};

// The range an array was found to have: absmax, or min and max. Shape of the scale, dtype of the
// array.
struct Calibration {
  std::optional<Tensor> absmax;
  std::optional<Tensor> min, max;
};

struct Quantized {
  Tensor qvalue;                     // dtype: info(qtype).stored
  Tensor scale;                      // the dtype of the array that was quantized
  std::optional<Tensor> zero_point;  // same dtype as qvalue, shape of the scale
  QType qtype = QType::kS8;
};

// CAL: the range of x (f64, f32, bf16 or f16; [..]) under the spec.
[[nodiscard]] Calibration calibrate(const Tensor& x, const Spec& spec, const Policy& policy);

struct Scaling {
  Tensor scale;
  std::optional<Tensor> zero_point;
};
// SCL: scale and zero point of a calibration.
[[nodiscard]] Scaling compute_scaling(const Calibration& calibration, QType qtype,
                                      const Policy& policy);

// QNT: codes of x. `noise` (f32, broadcastable to x axis by axis, dim 1 or full) is added before
// rounding for the types that take noise (QNT-4).
[[nodiscard]] Quantized quantize(const Tensor& x, QType qtype, const Scaling& scaling,
                                 const Policy& policy, const Tensor* noise = nullptr);

// DEQ-1: (codes - zero point) * scale in the scale's dtype.
[[nodiscard]] Tensor dequantize(const Quantized& q, const Policy& policy);

// TIL-1: for each element of `shape`, the position of its scale; every axis of `shape` must be a
// multiple of the scale's.
[[nodiscard]] std::vector<std::int64_t> scale_map(const Shape& shape, const Shape& scale_shape);

// BWD-7: g where lower <= x <= upper (bounds inclusive), else +0. g and x have one shape; their
// dtypes may differ.
[[nodiscard]] Tensor clip_gradient(const Tensor& g, const Tensor& x, const Calibration& calibration,
                                   const fault::Faults& faults = {});

}  // namespace mxcheck::quant
