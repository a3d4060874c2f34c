// Comparisons of magnitudes; what they guarantee is derived in golden/reference/README.md.
#include "sim/suite/metamorphic_windows.h"

#include <algorithm>
#include <cmath>

#include "golden/reference/float_model.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;
using numerics::QRounding;
using reference::FloatModel;

// Every finite value that is not zero lies in [low, high], and so does it times 2^power.
bool inside(const Tensor& x, int power, double low, double high) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double v = std::fabs(x.load(i));
    if (v == 0 || !std::isfinite(v)) continue;
    const double w = std::ldexp(v, power);
    if (std::fmin(v, w) < low || std::fmax(v, w) > high) return false;
  }
  return true;
}

bool float_codes(const graph::QuantizePlan& how) {
  return numerics::is_float(numerics::info(how.qtype).stored);
}

// SCL-3: a power of two in every dtype.
double guard(DType dtype) {
  return std::ldexp(1.0, std::ilogb(reference::float_model(dtype).smallest_normal) / 2);
}

// May log2 of a scale round to either side of an integer? As wide as quantize_reference allows.
bool near_a_power(DType dtype, double scale) {
  const double logarithm = std::log2(scale);
  const double slack = 6 * reference::float_model(dtype).unit * std::fabs(logarithm);
  return std::ceil(logarithm - slack) != std::ceil(logarithm + slack);
}

// Why scales of these ranges need not scale with them; "" if they must.
std::string scale_obstacle(const graph::QuantizePlan& how, DType dtype,
                           const reference::Calibration& c, int power) {
  const numerics::QTypeInfo& type = numerics::info(how.qtype);
  const FloatModel f = reference::float_model(dtype);
  for (std::size_t j = 0; j < c.high.size(); ++j) {
    const double range = c.asymmetric ? c.high[j] - c.low[j] : c.high[j];
    if (range == 0 || !std::isfinite(range)) continue;
    const double steps = c.asymmetric ? type.high - type.low : type.bound;
    for (const double r : {range, std::ldexp(range, power)}) {
      if (r / steps < 2 * guard(dtype)) {
        return dtype == DType::kF16 ? "scales below the f16 guard (SCL-3)"
                                    : "scales below the guard (SCL-3)";
      }
      if (r > f.largest / 4) return "ranges near the end of the dtype";
      if (type.rounding == QRounding::kMx && near_a_power(dtype, r / steps)) {
        return "a block scale whose log2 is near an integer (SCL-6)";
      }
      if (type.rounding == QRounding::kNv && (r / steps < 0x1p-6 || r / steps > 448)) {
        return "a block scale outside the normal range of e4m3fn (SCL-6)";
      }
    }
  }
  return "";
}

constexpr double kWindow = 0x1p20;

bool in_window(const Tensor& x, int power) { return inside(x, power, 1 / kWindow, kWindow); }

}  // namespace

Tensor scaled(const Tensor& x, int power) {
  Tensor out(x.dtype(), x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) out.store(i, std::ldexp(x.load(i), power));
  return out;
}

bool normal(const Tensor& x, int power) {
  const FloatModel f = reference::float_model(x.dtype());
  return inside(x, power, f.smallest_normal, f.largest / 4);
}

bool finite(const Tensor& x) {
  for (std::int64_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x.load(i))) return false;
  }
  return true;
}

std::string quantization_obstacle(const QuantizationView& view, int power) {
  const graph::QuantizePlan& how = view.quantization.plan;
  const Tensor& x = view.quantization.x;
  using Kind = numerics::CalibrationMethod::Kind;
  if (how.method.kind == Kind::kFixed) return "a fixed range (CAL)";
  if (!normal(x, power)) return "values near the ends of the dtype";
  const FloatModel f = reference::float_model(x.dtype());
  const double root = std::sqrt(f.smallest_normal);
  const double count = static_cast<double>(std::max<std::int64_t>(x.size(), 1));
  if (how.method.kind == Kind::kRms &&
      !inside(x, power, 2 * root, std::sqrt(f.largest / count) / 2)) {
    return "squares near the ends of the dtype (rms)";
  }
  const reference::Calibration own = reference::calibrate(x, how.method, how.scale_shape);
  const Tensor high = reference::high_of(own, x.dtype()), low = reference::low_of(own, x.dtype());
  const bool overflows = finite(x) && !(finite(high) && finite(low));
  if (overflows || !normal(high, power) || !normal(low, power)) {
    return "ranges near the ends of the dtype";
  }
  const reference::Calibration& used =
      view.quantization.calibration ? *view.quantization.calibration : own;
  return scale_obstacle(how, x.dtype(), used, power);
}

std::string product_obstacle(const Factor& a, const Factor& b) {
  for (const Factor* f : {&a, &b}) {
    if (f->scale != nullptr) {
      if (!in_window(*f->scale, f->power)) return "scales outside the window of exact products";
      const bool narrow = f->scale->dtype() == DType::kF16;
      if (narrow && f->how && float_codes(*f->how)) return "float codes of f16 data";
    } else if (f->raw != nullptr && numerics::is_arithmetic_float(f->raw->dtype())) {
      if (!in_window(*f->raw, f->power)) return "values outside the window of exact products";
    }
  }
  return "";
}

}  // namespace mxcheck::suite
