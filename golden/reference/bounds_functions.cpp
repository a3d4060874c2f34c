// BND-6: the table of k ulp, and what follows from it for compositions. README.md has the algebra;
// every constant below is a term of it.
#include <cmath>
#include <limits>

#include "golden/reference/bounds.h"
#include "golden/reference/quantized_view.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
constexpr double kLargestExp = 88.3762626647950;  // FLT-1 clamps here: nothing is stated beyond

// Errors in ulp against the exact value. f32: measured on 10^6 points (exp 0.99, log 1.1, logistic
// 2.3, tanh 4.1, erf 5.1, rsqrt 1.7) with half an ulp of margin, because points are no proof; div
// and sqrt are correctly rounded. bf16, f16: the f32 error is far below half an ulp, except for
// logistic, whose three steps each round to the dtype.
struct Ulps {
  const char* function;
  double f32, narrow, f64;
};
constexpr Ulps kTable[] = {
    {"exp", 1.5, 0.51, 2},   {"log", 1.6, 0.51, 2},   {"logistic", 2.8, 3, 4},
    {"tanh", 4.6, 0.51, 6},  {"erf", 5.6, 0.51, 6},   {"erfc", 5.6, 0.51, 6},
    {"rsqrt", 2.2, 0.51, 2}, {"sqrt", 0.5, 0.5, 0.5}, {"div", 0.5, 0.5, 0.5},
};

double ulps_of(std::string_view function, DType dtype) {
  const std::optional<double> k = function_ulps(function, dtype);
  MXCHECK_CHECK(k.has_value(), std::string(function));
  return *k;
}

double simple_bound(std::string_view function, DType dtype, double x, double y) {
  const FloatModel f = float_model(dtype);
  if (function == "exp" && x > kLargestExp) return kUnbounded;
  if (function == "log" && std::fabs(x) < f.smallest_normal) return kUnbounded;  // read as zero
  if (function == "rsqrt" && std::fabs(x) < f.smallest_normal) return kUnbounded;
  const double k = ulps_of(function, dtype);
  return k * ulp(dtype, std::fabs(y) + k * ulp(dtype, y)) + 4 * f.tiny;
}

double silu_bound(DType dtype, double x, double y) {
  const FloatModel f = float_model(dtype);
  const double k = ulps_of("logistic", dtype);
  return (2 * k + 1) * f.unit * std::fabs(y) * (1 + 8 * k * f.unit) +
         8 * f.tiny * (1 + std::fabs(x));
}

double gelu_tanh_bound(DType dtype, double x, double y) {
  const FloatModel f = float_model(dtype);
  const double k = ulps_of("tanh", dtype);
  const double first_order = f.unit * (std::fabs(x) * (k + 2.8) + std::fabs(y));
  return first_order * (1 + 32 * f.unit) + 8 * f.tiny * (1 + std::fabs(x));
}

double gelu_erf_bound(DType dtype, double x, double y) {
  const FloatModel f = float_model(dtype);
  const double t = -x / std::sqrt(2.0);
  // Beyond |t| = 1 erfc is exp(-t^2) times a quotient, computed in f32 (f64): the rounding of t^2
  // costs t^2 ulp more. In bf16 and f16 that vanishes beside the one rounding to the dtype.
  const bool wide = accumulator_of(dtype) == dtype;
  const double k = ulps_of("erfc", dtype) + (wide && std::fabs(t) > 1 ? t * t : 0);
  const double of_argument = 2 * std::fabs(t) * 1.1284 * std::exp(-t * t + 4 * t * t * f.unit);
  const double erfc_error = f.unit * (2 * k * std::erfc(t) + of_argument);
  const double first_order = std::fabs(0.5 * x) * erfc_error + f.unit * std::fabs(y);
  return first_order * (1 + 8 * k * f.unit) + 8 * f.tiny * (1 + std::fabs(x));
}

}  // namespace

std::optional<double> function_ulps(std::string_view function, DType dtype) {
  for (const Ulps& row : kTable) {
    if (function != row.function) continue;
    return dtype == DType::kF64 ? row.f64 : dtype == DType::kF32 ? row.f32 : row.narrow;
  }
  return std::nullopt;
}

double ulp(DType dtype, double value) {
  const FloatModel f = float_model(dtype);
  const double magnitude = std::max(std::fabs(value), f.smallest_normal);
  if (!std::isfinite(magnitude)) return std::numeric_limits<double>::quiet_NaN();
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  return std::ldexp(1.0, exponent - f.precision);
}

bool has_function_bound(graph::Op op) {
  using graph::Op;
  return op == Op::exp || op == Op::log || op == Op::tanh || op == Op::logistic || op == Op::sqrt ||
         op == Op::rsqrt || op == Op::silu || op == Op::gelu;
}

Bound function_bound(const graph::Node& node, const Tensor& x, const Tensor& y) {
  MXCHECK_CHECK(has_function_bound(node.op) && x.size() == y.size(), graph::name(node.op));
  const bool gelu = node.op == graph::Op::gelu, silu = node.op == graph::Op::silu;
  const bool tanh_form = gelu && node.attributes.approximate;
  Bound out;
  out.formula = std::string("BND-6: k ulp, ") + graph::name(node.op);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double a = x.load(i), b = y.load(i);
    double bound = 0;
    if (!std::isfinite(a) || !std::isfinite(b)) {
      bound = std::numeric_limits<double>::quiet_NaN();  // compared by class
    } else if (silu) {
      bound = silu_bound(y.dtype(), a, b);
    } else if (gelu) {
      bound = tanh_form ? gelu_tanh_bound(y.dtype(), a, b) : gelu_erf_bound(y.dtype(), a, b);
    } else {
      bound = simple_bound(graph::name(node.op), y.dtype(), a, b);
    }
    out.per_element.push_back(bound * kSlack);
  }
  return out;
}

namespace {

// What softmax needs of one row: its maximum, S = sum exp(d), the mean of |d| under softmax.
struct Row {
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0, mean_distance = 0;
};

std::vector<Row> rows_of(const Tensor& x, const std::vector<std::int64_t>& row) {
  std::vector<Row> rows(x.size() == 0 ? 0 : static_cast<std::size_t>(row.back()) + 1);
  const auto at = [&](std::int64_t i) -> Row& {
    return rows[static_cast<std::size_t>(row[static_cast<std::size_t>(i)])];
  };
  for (std::int64_t i = 0; i < x.size(); ++i) at(i).max = std::fmax(at(i).max, x.load(i));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double d = x.load(i) - at(i).max;
    at(i).sum += std::exp(d);
    at(i).mean_distance += std::exp(d) * std::fabs(d);
  }
  for (Row& r : rows) r.mean_distance /= r.sum;
  return rows;
}

}  // namespace

Bound softmax_bound(graph::Op op, std::int64_t axis, const Tensor& x, const Tensor& y) {
  const auto a = static_cast<std::size_t>(axis < 0 ? axis + x.rank() : axis);
  Shape kept = x.shape();
  const double n = static_cast<double>(kept[a]);
  kept[a] = 1;
  const std::vector<std::int64_t> row = broadcast_positions(x.shape(), kept);
  const std::vector<Row> rows = rows_of(x, row);
  const FloatModel f = float_model(y.dtype());
  const double exp_ulps = ulps_of("exp", y.dtype()), log_ulps = ulps_of("log", y.dtype());
  Bound out;
  out.formula = std::string("BND-6: ") + graph::name(op) + " from exp, log and BND-2";
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const Row& r = rows[static_cast<std::size_t>(row[static_cast<std::size_t>(i)])];
    const double d = std::fabs(x.load(i) - r.max);
    const double of_sum = r.mean_distance + 2 * exp_ulps + (n - 1);  // relative error of S, in u
    double in_units = 0;
    if (op == graph::Op::softmax) {
      in_units = std::fabs(y.load(i)) * (d + 2 * exp_ulps + of_sum + 1);
    } else {
      in_units = d + of_sum + 2 * log_ulps * std::log(r.sum) + std::fabs(y.load(i));
    }
    const double higher = 1 + 4 * (d + of_sum + 1) * f.unit;
    out.per_element.push_back((in_units * f.unit * higher + 8 * f.tiny) * kSlack);
  }
  return out;
}

}  // namespace mxcheck::reference
