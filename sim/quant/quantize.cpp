// Codes from values and values from codes: QNT, DEQ, and the gradient mask BWD-7.
#include "sim/quant/quantize.h"

#include <array>
#include <cmath>
#include <type_traits>

#include "sim/quant/codes.h"
#include "sim/quant/division.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::quant {
namespace {

using fault::Kind;
using numerics::DType;
using numerics::QRounding;

// TYP-3.
constexpr std::array<float, 16> kNf4Buckets{-1.0f,
                                            -0.6961928009986877f,
                                            -0.5250730514526367f,
                                            -0.39491748809814453f,
                                            -0.28444138169288635f,
                                            -0.18477343022823334f,
                                            -0.09105003625154495f,
                                            0.0f,
                                            0.07958029955625534f,
                                            0.16093020141124725f,
                                            0.24611230194568634f,
                                            0.33791524171829224f,
                                            0.44070982933044434f,
                                            0.5626170039176941f,
                                            0.7229568362236023f,
                                            1.0f};

// Nearest bucket, lowest index on ties (`tie_up`: the highest); NaN is at distance NaN from the
// first.
std::uint8_t nf4_code(float value, bool tie_up) {
  if (std::isnan(value)) return 0;
  std::size_t best = 0;
  float best_distance = std::fabs(kNf4Buckets[0] - value);
  for (std::size_t i = 1; i < kNf4Buckets.size(); ++i) {
    const float distance = std::fabs(kNf4Buckets[i] - value);
    if (distance < best_distance || (tie_up && distance == best_distance)) {
      best = i;
      best_distance = distance;
    }
  }
  return static_cast<std::uint8_t>(best);
}

const numerics::SmallFloatFormat& float_format(DType stored) {
  switch (stored) {
    case DType::kF8E4M3FN:
      return numerics::kFormatF8E4M3FN;
    case DType::kF8E5M2:
      return numerics::kFormatF8E5M2;
    default:
      MXCHECK_CHECK(stored == DType::kF4E2M1FN, numerics::name(stored));
      return numerics::kFormatF4E2M1FN;
  }
}

// Codes of scaled values q (still in A's Value).
template <typename V>
Tensor encode_codes(const std::vector<V>& q, const Shape& shape, QType qtype,
                    const Policy& policy) {
  const numerics::QTypeInfo& type = numerics::info(qtype);
  Tensor out(type.stored, shape);
  const auto codes = out.mutable_data<std::uint8_t>();
  switch (type.rounding) {
    case QRounding::kInteger:
    case QRounding::kEmulated: {
      const CodeRule rule = code_rule(qtype, policy);
      for (std::size_t i = 0; i < q.size(); ++i) {
        codes[i] = static_cast<std::uint8_t>(integer_code(q[i], rule));
      }
      break;
    }
    case QRounding::kNf4:
      for (std::size_t i = 0; i < q.size(); ++i) {
        codes[i] = nf4_code(static_cast<float>(q[i]), policy.faults.has(Kind::nf4_tie_up));
      }
      break;
    case QRounding::kFloat:
    case QRounding::kMx:
    case QRounding::kNv: {
      const numerics::SmallFloatFormat& format = float_format(type.stored);
      const V limit = static_cast<V>(numerics::largest_finite(format));
      const bool clip = !policy.faults.has(Kind::fp8_not_clipped);
      const bool through_f16 = policy.faults.has(Kind::fp8_through_f16);
      for (std::size_t i = 0; i < q.size(); ++i) {
        V v = clip && q[i] > limit ? limit : clip && q[i] < -limit ? -limit : q[i];
        if (through_f16) v = numerics::ArithmeticF16::round(static_cast<float>(v));
        codes[i] = static_cast<std::uint8_t>(numerics::encode(format, static_cast<double>(v)));
      }
      break;
    }
  }
  return out;
}

// q + zero point, a second rounding in the array's dtype (QNT-2).
template <typename A>
void add_zero_point(std::vector<typename A::Value>& q, const Tensor& zero_point,
                    const std::vector<std::int64_t>& map, const Policy& policy) {
  using V = typename A::Value;
  if (policy.faults.has(Kind::zero_point_not_added)) return;
  const bool late = policy.faults.has(Kind::zero_point_added_after_rounding);
  const std::vector<V> zero = tensor::load_any<V>(zero_point);
  for (std::size_t i = 0; i < q.size(); ++i) {
    if (late) q[i] = std::nearbyint(q[i]);
    q[i] = A::round(q[i] + zero[static_cast<std::size_t>(map[i])]);
  }
}

// Where each element finds its scale (TIL-1).
std::vector<std::int64_t> scale_positions(const Shape& shape, const Shape& scale_shape,
                                          const Policy& policy) {
  std::vector<std::int64_t> map = scale_map(shape, scale_shape);
  if (!policy.faults.has(Kind::tile_interleaved)) return map;
  const std::vector<std::int64_t> strides = tensor::row_major_strides(scale_shape);
  for (std::size_t i = 0; i < map.size(); ++i) {
    const std::vector<std::int64_t> index = tensor::unravel(static_cast<std::int64_t>(i), shape);
    map[i] = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      map[i] += index[axis] % scale_shape[axis] * strides[axis];
    }
  }
  return map;
}

// x / scale, plus the zero point, in the array's dtype.
template <typename A>
std::vector<typename A::Value> scaled(const Tensor& x, const Scaling& scaling,
                                      const std::vector<std::int64_t>& map, const Policy& policy) {
  using V = typename A::Value;
  std::vector<V> q = tensor::load<A>(x);
  std::vector<V> scale = tensor::load<A>(scaling.scale);
  // The rewrite to a product needs a scale that is broadcast; an array of the scale's own shape is
  // divided truly.
  const bool broadcast = scaling.scale.size() != x.size();
  const bool reciprocal = policy.quotient == Policy::Division::kReciprocalAlways ||
                          (broadcast && by_reciprocal<A>(policy.quotient, 2));
  if (reciprocal) {
    for (V& s : scale) s = A::round(V(1) / s);
    for (std::size_t i = 0; i < q.size(); ++i) {
      q[i] = q[i] * scale[static_cast<std::size_t>(map[i])];
    }
  } else {
    for (std::size_t i = 0; i < q.size(); ++i) {
      q[i] = q[i] / scale[static_cast<std::size_t>(map[i])];
    }
  }
  if (!policy.faults.has(Kind::quotient_unrounded)) {
    for (V& v : q) v = A::round(v);
  }
  if (scaling.zero_point) add_zero_point<A>(q, *scaling.zero_point, map, policy);
  return q;
}

template <typename A>
Quantized quantize_in(const Tensor& x, QType qtype, const Scaling& scaling, const Policy& policy,
                      const Tensor* noise) {
  const std::vector<std::int64_t> map = scale_positions(x.shape(), scaling.scale.shape(), policy);
  const auto q = scaled<A>(x, scaling, map, policy);
  Quantized out{Tensor(), scaling.scale, scaling.zero_point, qtype};
  if (noise == nullptr || numerics::info(qtype).rounding != QRounding::kInteger ||
      policy.faults.has(Kind::noise_dropped)) {
    out.qvalue = encode_codes(q, x.shape(), qtype, policy);
    return out;
  }
  const auto values = noise->data<float>();
  const std::vector<std::int64_t> noise_map = scale_map(x.shape(), noise->shape());
  const float sign = policy.faults.has(Kind::noise_negated) ? -1.0f : 1.0f;
  std::vector<float> noisy(q.size());
  for (std::size_t i = 0; i < q.size(); ++i) {
    noisy[i] = static_cast<float>(q[i]) + sign * values[static_cast<std::size_t>(noise_map[i])];
  }
  out.qvalue = encode_codes(noisy, x.shape(), qtype, policy);
  return out;
}

template <typename A>
Tensor dequantize_in(const Quantized& q, const Policy& policy) {
  using V = typename A::Value;
  std::vector<V> values;
  if (q.qtype == QType::kNf4) {
    for (const std::uint8_t code : q.qvalue.data<std::uint8_t>()) {
      values.push_back(A::round(static_cast<V>(kNf4Buckets[code & 15])));
    }
  } else {
    values = tensor::load_any<V>(q.qvalue);
    for (V& v : values) v = A::round(v);
  }
  const std::vector<std::int64_t> map = scale_map(q.qvalue.shape(), q.scale.shape());
  if (q.zero_point && !policy.faults.has(Kind::dequantize_zero_point_omitted)) {
    const V sign = policy.faults.has(Kind::dequantize_zero_point_added) ? V(-1) : V(1);
    const std::vector<V> zero = tensor::load_any<V>(*q.zero_point);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = A::round(values[i] - sign * zero[static_cast<std::size_t>(map[i])]);
    }
  }
  const std::vector<V> scale = tensor::load<A>(q.scale);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = A::round(values[i] * scale[static_cast<std::size_t>(map[i])]);
  }
  return tensor::store<A>(values, q.qvalue.shape());
}

}  // namespace

std::vector<std::int64_t> scale_map(const Shape& shape, const Shape& scale_shape) {
  MXCHECK_CHECK(shape.size() == scale_shape.size(), tensor::to_string(scale_shape));
  const std::vector<std::int64_t> strides = tensor::row_major_strides(scale_shape);
  std::vector<std::int64_t> out(static_cast<std::size_t>(*tensor::element_count(shape)));
  if (out.empty()) return out;
  // Position contribution of every index of every axis, then a row-major walk.
  std::vector<std::vector<std::int64_t>> steps(shape.size());
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    MXCHECK_CHECK(shape[axis] % scale_shape[axis] == 0, tensor::to_string(scale_shape));
    const std::int64_t run = shape[axis] / scale_shape[axis];
    for (std::int64_t i = 0; i < shape[axis]; ++i) steps[axis].push_back(i / run * strides[axis]);
  }
  std::vector<std::size_t> index(shape.size(), 0);
  std::size_t position = 0;
  const std::size_t inner = shape.empty() ? 1 : static_cast<std::size_t>(shape.back());
  while (position < out.size()) {
    std::int64_t base = 0;
    for (std::size_t axis = 0; axis + 1 < shape.size(); ++axis) base += steps[axis][index[axis]];
    for (std::size_t i = 0; i < inner; ++i) {
      out[position++] = base + (shape.empty() ? 0 : steps.back()[i]);
    }
    for (std::size_t axis = shape.empty() ? 0 : shape.size() - 1; axis-- > 0;) {
      if (++index[axis] < static_cast<std::size_t>(shape[axis])) break;
      index[axis] = 0;
    }
  }
  return out;
}

Quantized quantize(const Tensor& x, QType qtype, const Scaling& scaling, const Policy& policy,
                   const Tensor* noise) {
  return numerics::dispatch(x.dtype(), policy, [&](auto arithmetic) {
    return quantize_in<decltype(arithmetic)>(x, qtype, scaling, policy, noise);
  });
}

Tensor dequantize(const Quantized& q, const Policy& policy) {
  return numerics::dispatch(q.scale.dtype(), policy, [&](auto arithmetic) {
    return dequantize_in<decltype(arithmetic)>(q, policy);
  });
}

namespace {

// As a comparison reads it (POL-9): f16 keeps its subnormals, which are normal in f32.
double compared(const Tensor& x, std::int64_t i) {
  const double value = x.load(i);
  return x.dtype() == DType::kBF16 ? numerics::flushed(static_cast<float>(value)) : value;
}

}  // namespace

Tensor clip_gradient(const Tensor& g, const Tensor& x, const Calibration& calibration,
                     const fault::Faults& faults) {
  if (faults.has(Kind::mask_missing)) return g;
  const bool exclusive = faults.has(Kind::mask_exclusive);
  const bool inverted = faults.has(Kind::mask_inverted);
  const bool one_sided = faults.has(Kind::mask_one_sided);
  const Tensor& upper = calibration.absmax ? *calibration.absmax : *calibration.max;
  const std::vector<std::int64_t> map = scale_map(x.shape(), upper.shape());
  Tensor out = g;
  for (std::int64_t i = 0; i < g.size(); ++i) {
    const std::int64_t at = map[static_cast<std::size_t>(i)];
    const double high = compared(upper, at);
    const double low = calibration.absmax ? -high : compared(*calibration.min, at);
    const double value = compared(x, i);
    bool inside = (low <= value || one_sided) && value <= high;
    if (exclusive) inside = inside && value != low && value != high;
    if (inside == inverted) out.set_bits(i, 0);
  }
  return out;
}

}  // namespace mxcheck::quant
