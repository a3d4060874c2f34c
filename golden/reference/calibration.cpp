// Groups are found by the generic broadcast of a scale; everything else is a maximum, a minimum or
// one product.
#include "golden/reference/calibration.h"

#include <cmath>
#include <limits>

#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

using Kind = CalibrationMethod::Kind;

double larger(double a, double b) {  // a maximum that keeps NaN
  return std::isnan(a) || std::isnan(b) ? std::numeric_limits<double>::quiet_NaN()
                                        : std::fmax(a, b);
}
double smaller(double a, double b) { return -larger(-a, -b); }

struct Group {
  double max = -std::numeric_limits<double>::infinity();
  double min = std::numeric_limits<double>::infinity();
  double absmax = 0;
  double squares = 0;
  double count = 0;
};

std::vector<Group> groups_of(const Tensor& x, const Shape& shape) {
  const std::vector<std::int64_t> position = broadcast_positions(x.shape(), shape);
  std::vector<Group> groups(static_cast<std::size_t>(tensor::element_count(shape).value()));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    Group& g = groups[static_cast<std::size_t>(position[static_cast<std::size_t>(i)])];
    const double v = arithmetic_result(x.dtype(), x.load(i));
    g.max = larger(g.max, v);
    g.min = smaller(g.min, v);
    g.absmax = larger(g.absmax, std::fabs(v));
    g.squares += arithmetic_result(x.dtype(), v * v);
    g.count += 1;
  }
  return groups;
}

// sqrt(mean(x^2)) * factor: the nominal figure, and how far (relative) any order of summation may
// lead away from it.
struct RootMean {
  double value = 0, uncertainty = 0;
};

// The squares are what they are; their sum, in any order, and the division (by a rounded
// reciprocal: twice) have the relative error `of_sum`. What follows is monotonic: the mean's
// rounding, which may flush it to zero, and the root's; so both ends of the interval are taken
// through them. A unit on top for the higher orders and for the factor's rounding.
RootMean root_mean(DType dtype, const Group& g, double factor, bool scaled) {
  const FloatModel f = float_model(dtype), carrier = float_model(accumulator_of(dtype));
  const double of_sum = gamma(g.count, carrier.unit) + 2 * carrier.unit;
  const auto root_of = [&](double error) {
    const double mean = arithmetic_result(dtype, g.squares / g.count * (1 + error));
    const double root = round_to(dtype, std::sqrt(mean));
    return scaled ? arithmetic_result(dtype, root * factor) : root;
  };
  const double low = root_of(-of_sum), high = root_of(of_sum);
  RootMean out{root_of(0), 0};
  if (high == 0 || !std::isfinite(high)) return out;
  if (out.value == 0) out.value = high;
  out.uncertainty = std::fmax(high / out.value - 1, 1 - low / out.value) + 2 * f.unit;
  return out;
}

void add_fixed(const CalibrationMethod& method, DType dtype, Calibration& c) {
  const double first = arithmetic_result(dtype, method.arguments.at(0));
  const double last = arithmetic_result(dtype, method.arguments.back());
  c.low.push_back(c.asymmetric ? first : -last);
  c.high.push_back(last);
  c.uncertainty.push_back(0);
}

}  // namespace

double arithmetic_result(DType dtype, double value) {
  const double rounded = round_to(dtype, value);
  const bool flushes = dtype != DType::kF16;
  return flushes && std::fabs(rounded) < float_model(dtype).smallest_normal ? 0 : rounded;
}

Calibration calibrate(const Tensor& x, const CalibrationMethod& method, const Shape& shape) {
  Calibration c;
  c.asymmetric = numerics::is_asymmetric(method);
  const DType dtype = x.dtype();
  if (method.kind == Kind::kFixed) {
    c.shape = Shape(x.shape().size(), 1);
    add_fixed(method, dtype, c);
    return c;
  }
  c.shape = shape;
  const bool scaled = !method.arguments.empty();
  const double factor = scaled ? round_to(dtype, method.arguments[0]) : 1;
  const auto times_factor = [&](double v) {
    return scaled ? arithmetic_result(dtype, v * factor) : v;
  };
  for (const Group& g : groups_of(x, shape)) {
    double low = 0, high = 0, uncertainty = 0;
    if (method.kind == Kind::kMinmax) {
      low = times_factor(smaller(g.min, 0));
      high = times_factor(larger(g.max, 0));
    } else if (method.kind == Kind::kAbsmax) {
      high = times_factor(g.absmax);
    } else {
      const RootMean root = root_mean(dtype, g, factor, scaled);
      high = root.value;
      uncertainty = root.uncertainty;
    }
    c.low.push_back(method.kind == Kind::kMinmax ? low : -high);
    c.high.push_back(high);
    c.uncertainty.push_back(uncertainty);
  }
  return c;
}

Calibration calibration_from(const Tensor& absmax) {
  Calibration c;
  c.shape = absmax.shape();
  for (std::int64_t i = 0; i < absmax.size(); ++i) {
    c.low.push_back(-absmax.load(i));
    c.high.push_back(absmax.load(i));
    c.uncertainty.push_back(0);
  }
  return c;
}

Calibration calibration_from(const Tensor& min, const Tensor& max) {
  MXCHECK_CHECK(min.shape() == max.shape(), "one minimum to each maximum");
  Calibration c = calibration_from(max);
  c.asymmetric = true;
  for (std::int64_t i = 0; i < min.size(); ++i) c.low[static_cast<std::size_t>(i)] = min.load(i);
  return c;
}

namespace {

Tensor tensor_of(const std::vector<double>& values, const Shape& shape, DType dtype) {
  Tensor out(dtype, shape);
  for (std::size_t i = 0; i < values.size(); ++i)
    out.store(static_cast<std::int64_t>(i), values[i]);
  return out;
}

}  // namespace

Tensor high_of(const Calibration& c, DType dtype) { return tensor_of(c.high, c.shape, dtype); }
Tensor low_of(const Calibration& c, DType dtype) { return tensor_of(c.low, c.shape, dtype); }

std::vector<Keep> gradient_mask(const Tensor& operand, const CalibrationMethod& method,
                                const Calibration& calibration) {
  std::vector<Keep> keep(static_cast<std::size_t>(operand.size()), Keep::kKeep);
  const bool range_of_itself = method.kind == Kind::kAbsmax || method.kind == Kind::kMinmax;
  if (range_of_itself && (method.arguments.empty() || method.arguments[0] >= 1)) return keep;
  const std::vector<std::int64_t> position =
      broadcast_positions(operand.shape(), calibration.shape);
  for (std::int64_t i = 0; i < operand.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto j = static_cast<std::size_t>(position[at]);
    const double x = operand.dtype() == DType::kF16
                         ? operand.load(i)
                         : arithmetic_result(operand.dtype(), operand.load(i));
    const double slack = calibration.uncertainty[j] * std::fabs(calibration.high[j]);
    const bool inside = calibration.low[j] <= x && x <= calibration.high[j];
    const bool surely_inside = calibration.low[j] + slack <= x && x <= calibration.high[j] - slack;
    const bool maybe_inside = calibration.low[j] - slack <= x && x <= calibration.high[j] + slack;
    if (slack > 0 && surely_inside != maybe_inside) {
      keep[at] = Keep::kEither;
    } else {
      keep[at] = inside ? Keep::kKeep : Keep::kClip;
    }
  }
  return keep;
}

}  // namespace mxcheck::reference
