// Calibration and scales: CAL and SCL.
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/numerics/functions.h"
#include "sim/numerics/rounding.h"
#include "sim/quant/codes.h"
#include "sim/quant/division.h"
#include "sim/quant/quantize.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::quant {
namespace {

using fault::Kind;
using numerics::DType;
using numerics::flushed;

bool contains(const Axes& axes, std::int64_t axis) {
  for (const std::int64_t a : axes) {
    if (a == axis) return true;
  }
  return false;
}

// x seen with every tiled axis split in (count, size), and the axes a calibration reduces.
struct SplitView {
  Shape shape;
  Axes reduced;
  Shape scale_shape;
};

SplitView split(const Shape& shape, const Spec& spec) {
  SplitView view;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i);
    std::int64_t tile = 0;
    for (const auto& [tiled, size] : spec.tiled) {
      if (tiled == axis) tile = size;
    }
    if (tile != 0) {
      view.shape.push_back(shape[i] / tile);
      view.shape.push_back(tile);
      view.reduced.push_back(static_cast<std::int64_t>(view.shape.size()) - 1);
      view.scale_shape.push_back(shape[i] / tile);
      continue;
    }
    view.shape.push_back(shape[i]);
    const bool channel = contains(spec.channelwise, axis);
    if (!channel) view.reduced.push_back(static_cast<std::int64_t>(view.shape.size()) - 1);
    view.scale_shape.push_back(channel ? shape[i] : 1);
  }
  return view;
}

// Folds f over the elements of each scale, starting from `start`. NaN must be kept by f.
template <typename V, typename F>
std::vector<V> fold(const std::vector<V>& x, const SplitView& view, V start, F f) {
  std::vector<V> out(static_cast<std::size_t>(*tensor::element_count(view.scale_shape)), start);
  const std::vector<std::int64_t> map = tensor::reduction_map(view.shape, view.reduced);
  for (std::size_t i = 0; i < x.size(); ++i) {
    V& target = out[static_cast<std::size_t>(map[i])];
    target = f(target, x[i]);
  }
  return out;
}

template <typename V>
V nan_max(V a, V b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<V>::quiet_NaN();
  return flushed(a > b ? a : b);
}

template <typename V>
V nan_min(V a, V b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<V>::quiet_NaN();
  return flushed(a < b ? a : b);
}

// Multiplies by the method's factor, if it has one.
template <typename A>
void scale_by_factor(std::vector<typename A::Value>& values, const CalibrationMethod& method,
                     const Policy& policy) {
  using V = typename A::Value;
  if (method.arguments.empty() || policy.faults.has(Kind::factor_dropped)) return;
  const auto given = static_cast<V>(method.arguments[0]);
  const V factor = policy.faults.has(Kind::factor_unrounded) ? given : A::load(A::store(given));
  for (auto& v : values) v = A::round(v * factor);
}

// Mean of squares per scale; bf16 and f16 are averaged in f32 and rounded once.
template <typename A>
std::vector<typename A::Value> mean_square(const std::vector<typename A::Value>& x,
                                           const SplitView& view, const Policy& policy) {
  using V = typename A::Value;
  std::vector<V> squares(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) squares[i] = A::round(x[i] * x[i]);
  using Sum = std::conditional_t<std::is_same_v<V, double>, numerics::ArithmeticF64,
                                 numerics::ArithmeticF32>;
  const auto add = policy.faults.has(Kind::mean_square_narrow) ? tensor::rounded_add<A>
                                                               : tensor::rounded_add<Sum>;
  std::vector<V> sums =
      tensor::reduce_sum(squares, view.shape, view.reduced, policy.reduce_order, add);
  const std::size_t count_of_each = x.size() / std::max<std::size_t>(1, sums.size());
  const V count = static_cast<V>(count_of_each);
  const bool reciprocal =
      by_reciprocal<Sum>(policy.mean_divide, static_cast<std::int64_t>(sums.size()));
  for (V& sum : sums) sum = A::round(divide_by_constant<Sum>(sum, count, reciprocal));
  return sums;
}

template <typename A>
Calibration calibrate_in(const Tensor& array, const Spec& spec, const Policy& policy) {
  using V = typename A::Value;
  const SplitView view = split(array.shape(), spec);
  Calibration out;
  if (spec.method.kind == CalibrationMethod::Kind::kFixed) {
    const Shape ones(array.shape().size(), 1);
    const auto full = [&](double v) {
      return tensor::store<A>({A::load(A::store(static_cast<V>(v)))}, ones);
    };
    const auto& bounds = spec.method.arguments;
    if (!numerics::is_asymmetric(spec.method)) {
      out.absmax = full(bounds.back());
    } else {
      out.min = full(bounds[0]);
      out.max = full(bounds[1]);
    }
    return out;
  }
  const std::vector<V> x = tensor::load<A>(array);
  constexpr V kInf = std::numeric_limits<V>::infinity();
  if (spec.method.kind == CalibrationMethod::Kind::kMinmax) {
    std::vector<V> low = fold(x, view, kInf, nan_min<V>);
    std::vector<V> high = fold(x, view, -kInf, nan_max<V>);
    if (!policy.faults.has(Kind::range_without_zero)) {
      for (V& v : low) v = nan_min(v, V(0));
      for (V& v : high) v = nan_max(v, V(0));
    }
    scale_by_factor<A>(low, spec.method, policy);
    scale_by_factor<A>(high, spec.method, policy);
    out.min = tensor::store<A>(low, view.scale_shape);
    out.max = tensor::store<A>(high, view.scale_shape);
    return out;
  }
  std::vector<V> absmax;
  if (spec.method.kind == CalibrationMethod::Kind::kAbsmax) {
    absmax = policy.faults.has(Kind::absmax_without_abs)
                 ? fold(x, view, -kInf, nan_max<V>)
                 : fold(x, view, -kInf, [](V a, V b) { return nan_max(a, std::fabs(b)); });
    if (policy.faults.has(Kind::channels_merged) && !absmax.empty()) {
      absmax.assign(absmax.size(), *std::max_element(absmax.begin(), absmax.end()));
    }
  } else {
    absmax = mean_square<A>(x, view, policy);
    for (V& v : absmax) v = A::round(std::sqrt(v));
  }
  scale_by_factor<A>(absmax, spec.method, policy);
  out.absmax = tensor::store<A>(absmax, view.scale_shape);
  return out;
}

// SCL-6: the scales of block formats. mx: the power of two at or above, by the backend's own log2;
// nv: the nearest e4m3fn.
template <typename A>
typename A::Value block_scale(typename A::Value scale, numerics::QRounding rounding,
                              const Policy& policy) {
  using V = typename A::Value;
  if (policy.faults.has(Kind::block_scale_unrounded)) return scale;
  if (rounding == numerics::QRounding::kNv) {
    const double limit = numerics::largest_finite(numerics::kFormatF8E4M3FN);
    const double clipped =
        std::isnan(scale) ? double(scale) : std::fmin(std::fmax(double(scale), -limit), limit);
    return A::round(static_cast<V>(numerics::decode(
        numerics::kFormatF8E4M3FN, numerics::encode(numerics::kFormatF8E4M3FN, clipped))));
  }
  if (std::isnan(scale) || std::isinf(scale)) return scale;
  const int exponent = policy.faults.has(Kind::block_scale_nearest)
                           ? static_cast<int>(std::nearbyint(std::log2(double(scale))))
                           : static_cast<int>(ceil_log2<A>(scale));
  return A::round(static_cast<V>(std::ldexp(1.0, exponent)));
}

// What absmax or a range is divided by (SCL-1, SCL-2).
double scale_constant(const numerics::QTypeInfo& type, bool symmetric, const Policy& policy) {
  if (symmetric) {
    return policy.faults.has(Kind::scale_bound_integer) ? std::floor(type.bound) : type.bound;
  }
  const double steps = double(type.high) - double(type.low);
  return policy.faults.has(Kind::scale_range_off_by_one) ? steps + 1 : steps;
}

// SCL-3: scales below it become 1.
template <typename A>
typename A::Value scale_guard(const Policy& policy) {
  using V = typename A::Value;
  if (policy.faults.has(Kind::scale_guard_missing)) return -std::numeric_limits<V>::infinity();
  const auto tiny = static_cast<V>(A::kTiny);
  return policy.faults.has(Kind::scale_guard_at_tiny) ? tiny : A::round(std::sqrt(tiny));
}

// SCL-4 of one scale, before its saturating cast.
template <typename A>
typename A::Value unrounded_zero_point(typename A::Value low, typename A::Value high,
                                       typename A::Value scale, const numerics::QTypeInfo& type,
                                       const Policy& policy) {
  using V = typename A::Value;
  if (policy.faults.has(Kind::zero_point_from_maximum)) {
    return A::round(static_cast<V>(type.high) - A::round(high / scale));
  }
  return A::round(static_cast<V>(type.low) - A::round(low / scale));
}

template <typename A>
Scaling scaling_in(const Calibration& calibration, QType qtype, const Policy& policy) {
  using V = typename A::Value;
  const numerics::QTypeInfo& type = numerics::info(qtype);
  const bool symmetric = calibration.absmax.has_value();
  const Tensor& reference = symmetric ? *calibration.absmax : *calibration.max;
  const bool reciprocal = by_reciprocal<A>(policy.scale_constant, reference.size());
  const V constant = A::load(A::store(static_cast<V>(scale_constant(type, symmetric, policy))));
  std::vector<V> scale = tensor::load<A>(reference);
  std::vector<V> low;
  if (!symmetric) {
    low = tensor::load<A>(*calibration.min);
    for (std::size_t i = 0; i < scale.size(); ++i) scale[i] = A::round(scale[i] - low[i]);
  }
  const V guard = scale_guard<A>(policy);
  for (V& s : scale) {
    s = divide_by_constant<A>(s, constant, reciprocal);
    if (s < guard) s = V(1);
  }
  Scaling out{tensor::store<A>(scale, reference.shape()), std::nullopt};
  if (!symmetric) {
    Tensor zero_point(type.stored, reference.shape());
    const std::vector<V> high = tensor::load<A>(reference);
    CodeRule rule = code_rule(qtype, policy);
    if (policy.faults.has(Kind::zero_point_rounded_down)) rule.tie = numerics::Rounding::kFloor;
    if (policy.faults.has(Kind::zero_point_half_away)) rule.tie = numerics::Rounding::kAway;
    for (std::size_t i = 0; i < scale.size(); ++i) {
      const V z = unrounded_zero_point<A>(low[i], high[i], scale[i], type, policy);
      zero_point.store_int(static_cast<std::int64_t>(i), integer_code(z, rule));
    }
    out.zero_point = zero_point;
  }
  if (type.mandatory_tile != 0) {
    for (V& s : scale) s = block_scale<A>(s, type.rounding, policy);
    out.scale = tensor::store<A>(scale, reference.shape());
  }
  return out;
}

}  // namespace

Calibration calibrate(const Tensor& x, const Spec& spec, const Policy& policy) {
  return numerics::dispatch(x.dtype(), policy, [&](auto arithmetic) {
    return calibrate_in<decltype(arithmetic)>(x, spec, policy);
  });
}

Scaling compute_scaling(const Calibration& calibration, QType qtype, const Policy& policy) {
  const DType dtype = calibration.absmax ? calibration.absmax->dtype() : calibration.max->dtype();
  return numerics::dispatch(dtype, policy, [&](auto arithmetic) {
    return scaling_in<decltype(arithmetic)>(calibration, qtype, policy);
  });
}

}  // namespace mxcheck::quant
