// BND-1 and BND-2, evaluated per element in double.
#include "golden/reference/bounds.h"

#include <cmath>
#include <limits>

#include "golden/reference/quantized_view.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// The error of a sum of `terms` products carried in `carrier` and delivered in `result`.
double contraction_error(double sum, double sum_abs, double terms, DType result) {
  const FloatModel carrier = float_model(accumulator_of(result));
  Running r;
  r.magnitude = std::fabs(sum) + terms * 0x1p-52 * sum_abs;  // `sum` itself is a double sum
  r.error = gamma(terms, carrier.unit) * sum_abs + terms * carrier.tiny;
  if (!(sum_abs + r.error <= carrier.largest)) return kUnbounded;
  if (accumulator_of(result) != result) r.round(float_model(result));
  return r.error * kSlack;
}

}  // namespace

Bound float_contraction_bound(const Contraction& contraction, const Tensor& lhs, const Tensor& rhs,
                              DType result) {
  const Decoded a = decode(raw_view(lhs)), b = decode(raw_view(rhs));
  const bool open = contraction.zero_filled && !(a.finite && b.finite);
  // Subnormal operands are read as zero (POL-9).
  const double flushed = float_model(accumulator_of(result)).tiny;
  Bound out;
  out.formula = "BND-1: gamma_K * sum |a_k b_k|";
  if (accumulator_of(result) != result) out.formula += " + u |result|";
  const std::int64_t count = tensor::element_count(contraction.result).value();
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < count; ++i) {
    contraction.pairs_of(i, pairs);
    double sum = 0, sum_abs = 0, lost = 0;
    bool finite = true;
    for (const Pair& pair : pairs) {
      const double x = a.code[static_cast<std::size_t>(pair.lhs)];
      const double y = b.code[static_cast<std::size_t>(pair.rhs)];
      sum += x * y;
      sum_abs += std::fabs(x * y);
      finite = finite && std::isfinite(x) && std::isfinite(y);
      if (x != 0 && y != 0) lost += flushed * (std::fabs(x) + std::fabs(y));
    }
    if (!finite) {  // compared by class, unless zeros beside the pairs may make NaNs of infinities
      out.per_element.push_back(open ? kUnbounded : std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double terms = sum_abs > 0 ? static_cast<double>(pairs.size()) : 0;
    const double error = contraction_error(sum, sum_abs, terms, result) + lost;
    out.per_element.push_back(open ? kUnbounded : error);
  }
  return out;
}

Bound dot_bound(const graph::DotDimensionNumbers& dims, const Tensor& lhs, const Tensor& rhs,
                DType result) {
  return float_contraction_bound(dot_contraction(dims, lhs.shape(), rhs.shape()), lhs, rhs, result);
}

namespace {

struct Sums {
  std::vector<double> sum, sum_abs;
  double count = 1;  // elements per sum
};

Sums sums_over(const Tensor& x, const graph::Axes& axes) {
  Shape kept = x.shape();
  Sums s;
  for (const std::int64_t axis : axes) {
    const auto a = static_cast<std::size_t>(axis < 0 ? axis + x.rank() : axis);
    s.count *= static_cast<double>(kept[a]);
    kept[a] = 1;
  }
  const auto size = static_cast<std::size_t>(tensor::element_count(kept).value());
  s.sum.assign(size, 0);
  s.sum_abs.assign(size, 0);
  const std::vector<std::int64_t> to = broadcast_positions(x.shape(), kept);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const auto j = static_cast<std::size_t>(to[static_cast<std::size_t>(i)]);
    s.sum[j] += x.load(i);
    s.sum_abs[j] += std::fabs(x.load(i));
  }
  return s;
}

}  // namespace

Bound reduce_bound(const Tensor& x, const ReduceOptions& options) {
  const Sums s = sums_over(x, options.axes);
  const DType dtype = x.dtype();
  const FloatModel target = float_model(dtype), carrier = float_model(accumulator_of(dtype));
  const FloatModel adding = options.sum_in_dtype ? target : carrier;
  Bound out;
  if (options.reduction == Reduction::kMax) {
    return {"0 (exact)", std::vector<double>(s.sum.size(), 0.0)};
  }
  out.formula = "BND-2: gamma_(n-1) * sum |x|";
  if (options.reduction == Reduction::kMean) out.formula += " / n + 2u |mean|";
  if (accumulator_of(dtype) != dtype) out.formula += " + u |result|";
  for (std::size_t i = 0; i < s.sum.size(); ++i) {
    Running r;
    r.magnitude = std::fabs(s.sum[i]) + s.count * 0x1p-52 * s.sum_abs[i];
    r.error = gamma(s.count - 1, adding.unit) * s.sum_abs[i] +
              (s.sum_abs[i] > 0 ? s.count * adding.tiny : 0);
    if (s.sum_abs[i] + r.error > adding.largest) r.error = kUnbounded;
    if (options.reduction == Reduction::kMean) {
      r.round(carrier);  // the reciprocal of n where the policy multiplies by it
      r.scale(1 / s.count);
      r.round(carrier);
    }
    if (accumulator_of(dtype) != dtype) r.round(target);
    out.per_element.push_back(r.error * kSlack);
  }
  return out;
}

}  // namespace mxcheck::reference
