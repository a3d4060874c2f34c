// Calibration in the words of its definition (numerics.md section 4): one pass over the elements of
// each group, in exact terms. The result is what the array's dtype holds after its roundings; only
// `rms` depends on an order of summation and comes with the interval that any order stays in.
#pragma once

#include <vector>

#include "golden/reference/float_model.h"
#include "golden/reference/quantized_view.h"
#include "sim/numerics/qtype.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

using numerics::CalibrationMethod;

// Per group (row-major in `shape`, broadcast by TIL-1) the calibrated range [low, high]; symmetric
// methods have low = -high = -absmax. `uncertainty` is relative: the true figure lies within
// high * (1 +- uncertainty).
struct Calibration {
  Shape shape;
  bool asymmetric = false;
  std::vector<double> low, high, uncertainty;
};

// `shape`: of the scale, CAL-2 (full dim, dim / tile or 1 per axis).
[[nodiscard]] Calibration calibrate(const Tensor& x, const CalibrationMethod& method,
                                    const Shape& shape);
// A calibration known from elsewhere (statistics, SRQ-5). Symmetric: high only.
[[nodiscard]] Calibration calibration_from(const Tensor& absmax);
[[nodiscard]] Calibration calibration_from(const Tensor& min, const Tensor& max);

// The calibrated bounds as the array's dtype holds them.
[[nodiscard]] Tensor high_of(const Calibration& calibration, DType dtype);
[[nodiscard]] Tensor low_of(const Calibration& calibration, DType dtype);

// BWD-7: does a gradient survive? kEither: the operand is too near a bound of uncertain last bits.
enum class Keep : std::uint8_t { kKeep, kClip, kEither };
// One verdict per element of the original operand, bounds inclusive; all kKeep where the method is
// absmax or minmax without a factor below 1.
[[nodiscard]] std::vector<Keep> gradient_mask(const Tensor& operand,
                                              const CalibrationMethod& method,
                                              const Calibration& calibration);

// `value`, exact in double, as an arithmetic result of the dtype: rounded once, and zero where the
// dtype's arithmetic flushes (POL-9).
[[nodiscard]] double arithmetic_result(DType dtype, double value);

}  // namespace mxcheck::reference
