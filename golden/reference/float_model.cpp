// The constants of each format, from its precision and exponent range.
#include "golden/reference/float_model.h"

#include <cmath>
#include <limits>

#include "sim/base/check.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::reference {

FloatModel float_model(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return {53, 0x1p-53, 0x1p-1022, 0x1p-1022, std::numeric_limits<double>::max()};
    case DType::kF32:
      return {24, 0x1p-24, 0x1p-126, 0x1p-126, 0x1.fffffep127};
    case DType::kBF16:
      return {8, 0x1p-8, 0x1p-126, 0x1p-126, 0x1.fep127};
    case DType::kF16:
      return {11, 0x1p-11, 0x1p-25, 0x1p-14, 65504.0};
    default:
      break;
  }
  MXCHECK_CHECK(false, std::string("no arithmetic in ") + numerics::name(dtype));
  return {};
}

DType accumulator_of(DType dtype) {
  return dtype == DType::kF16 || dtype == DType::kBF16 ? DType::kF32 : dtype;
}

double gamma(double n, double unit) {
  const double nu = n * unit;
  return nu < 1 ? nu / (1 - nu) : std::numeric_limits<double>::infinity();
}

double round_to(DType dtype, double value) {
  switch (dtype) {
    case DType::kF64:
      return value;
    case DType::kF32:
      return static_cast<float>(value);
    case DType::kBF16:
      return numerics::decode(numerics::kFormatBF16,
                              numerics::encode(numerics::kFormatBF16, value));
    case DType::kF16:
      return numerics::decode(numerics::kFormatF16, numerics::encode(numerics::kFormatF16, value));
    case DType::kF8E4M3FN:
      return numerics::decode(numerics::kFormatF8E4M3FN,
                              numerics::encode(numerics::kFormatF8E4M3FN, value));
    case DType::kF8E5M2:
      return numerics::decode(numerics::kFormatF8E5M2,
                              numerics::encode(numerics::kFormatF8E5M2, value));
    case DType::kF4E2M1FN:
      return numerics::decode(numerics::kFormatF4E2M1FN,
                              numerics::encode(numerics::kFormatF4E2M1FN, value));
    default:
      break;
  }
  MXCHECK_CHECK(false, std::string("no rounding to ") + numerics::name(dtype));
  return value;
}

void Running::scale(double factor) {
  magnitude *= std::fabs(factor);
  error = factor == 0 ? 0 : error * std::fabs(factor);
}

void Running::round(const FloatModel& format) {
  if (magnitude + error == 0) return;  // zero is exact in every format
  error += format.unit * (magnitude + error) + format.tiny;
  if (!(magnitude + error <= format.largest)) error = std::numeric_limits<double>::infinity();
}

}  // namespace mxcheck::reference
