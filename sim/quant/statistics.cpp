// SRQ-2..SRQ-5 and RND-1..RND-3.
#include "sim/quant/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/base/digest.h"
#include "sim/base/text.h"
#include "sim/numerics/rounding.h"
#include "sim/quant/division.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::quant {
namespace {

using fault::Kind;
using numerics::DType;

// The parts of a calibration by the names its sums have.
std::vector<std::pair<std::string, const Tensor*>> parts(const Calibration& c) {
  if (c.absmax) return {{"absmax", &*c.absmax}};
  return {{"max", &*c.max}, {"min", &*c.min}};
}

Calibration from_parts(const std::map<std::string, Tensor>& values) {
  Calibration out;
  for (const auto& [name, value] : values) {
    if (name == "absmax") out.absmax = value;
    if (name == "min") out.min = value;
    if (name == "max") out.max = value;
  }
  return out;
}

// Fault statistics_of_maximum: the largest magnitude over the axes.
template <typename V>
std::vector<V> largest_over(const std::vector<V>& x, const Shape& shape, const Axes& axes) {
  const std::vector<std::int64_t> map = tensor::reduction_map(shape, axes);
  const Shape reduced = tensor::reduced_shape(shape, axes, true);
  std::vector<V> out(static_cast<std::size_t>(*tensor::element_count(reduced)), V(0));
  for (std::size_t i = 0; i < x.size(); ++i) {
    V& best = out[static_cast<std::size_t>(map[i])];
    if (std::fabs(x[i]) > std::fabs(best)) best = x[i];
  }
  return out;
}

template <typename A>
Tensor mean_over(const Tensor& x, const Axes& axes, const Policy& policy) {
  using V = typename A::Value;
  using Sum = std::conditional_t<std::is_same_v<V, double>, numerics::ArithmeticF64,
                                 numerics::ArithmeticF32>;
  const std::vector<V> values = tensor::load<A>(x);
  const auto add = policy.faults.has(Kind::statistics_mean_narrow) ? tensor::rounded_add<A>
                                                                   : tensor::rounded_add<Sum>;
  std::vector<V> sums = tensor::reduce_sum(values, x.shape(), axes, policy.reduce_order, add);
  if (policy.faults.has(Kind::statistics_of_maximum)) {
    return tensor::store<A>(largest_over(values, x.shape(), axes),
                            tensor::reduced_shape(x.shape(), axes, true));
  }
  const auto means = static_cast<std::int64_t>(sums.size());
  const std::int64_t count_of_each = x.size() / std::max<std::int64_t>(1, means);
  const V count = static_cast<V>(count_of_each);
  const bool reciprocal = by_reciprocal<Sum>(policy.mean_divide, means);
  for (V& s : sums) s = A::round(divide_by_constant<Sum>(s, count, reciprocal));
  return tensor::store<A>(sums, tensor::reduced_shape(x.shape(), axes, true));
}

}  // namespace

Calibration batch_mean(const Calibration& calibration, const Axes& batch_axes,
                       const Policy& policy) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, part] : parts(calibration)) {
    const Tensor& value = *part;
    Axes axes;
    for (const std::int64_t axis : batch_axes) {
      axes.push_back(axis < 0 ? axis + value.rank() : axis);
    }
    out.emplace(name, numerics::dispatch(value.dtype(), [&](auto arithmetic) {
                  return mean_over<decltype(arithmetic)>(value, axes, policy);
                }));
  }
  return from_parts(out);
}

Statistics empty_statistics(const Calibration& mean) {
  Statistics out{Tensor(DType::kS32, {}), {}};
  for (const auto& [name, value] : parts(mean)) {
    out.sums.emplace(name, Tensor(DType::kF32, value->shape()));
  }
  return out;
}

std::string statistics_conflict(const Statistics& statistics, const Calibration& mean) {
  const auto wanted = parts(mean);
  if (wanted.size() != statistics.sums.size()) return "STAT-KIND";
  for (const auto& [name, value] : wanted) {
    const auto sum = statistics.sums.find(name);
    if (sum == statistics.sums.end()) return "STAT-KIND";
    if (sum->second.shape() != value->shape()) return "STAT-SHAPE";
  }
  return "";
}

void update(Statistics& statistics, const Calibration& mean, const fault::Faults& faults) {
  if (faults.has(Kind::statistics_never_updated)) return;
  statistics.count.mutable_data<std::int32_t>()[0] = numerics::wrap_add(
      statistics.count.data<std::int32_t>()[0], faults.has(Kind::statistics_counted_twice) ? 2 : 1);
  for (const auto& [name, value] : parts(mean)) {
    const auto sums = statistics.sums.at(name).mutable_data<float>();
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (faults.has(Kind::statistics_of_last_step)) sums[i] = 0;
      sums[i] += static_cast<float>(value->load(static_cast<std::int64_t>(i)));
      if (faults.has(Kind::statistics_in_bf16)) sums[i] = numerics::ArithmeticBF16::round(sums[i]);
    }
  }
}

Calibration average(const Statistics& statistics, const Calibration& mean, const Policy& policy) {
  const std::int32_t count = statistics.count.data<std::int32_t>()[0];
  if (count <= 0 || policy.faults.has(Kind::statistics_ignored)) return mean;
  const int extra = policy.faults.has(Kind::statistics_count_off_by_one) ? 1 : 0;
  std::map<std::string, Tensor> out;
  for (const auto& [name, value] : parts(mean)) {
    const auto sums = statistics.sums.at(name).data<float>();
    Tensor average_value(value->dtype(), value->shape());
    const bool reciprocal =
        by_reciprocal<numerics::ArithmeticF32>(policy.mean_divide, value->size());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      average_value.store(static_cast<std::int64_t>(i),
                          divide_by_constant<numerics::ArithmeticF32>(
                              sums[i], static_cast<float>(count + extra), reciprocal));
    }
    out.emplace(name, average_value);
  }
  return from_parts(out);
}

base::ThreefryWords fold_in(base::ThreefryWords key, std::uint32_t data) {
  return base::threefry2x32(key, {0, data});
}

base::ThreefryWords module_key(base::ThreefryWords step_key, const std::string& module, int count) {
  std::string message;
  if (!module.empty()) {
    for (const std::string& part : base::split(module, '/')) message += part;
  }
  // The count as its shortest big-endian bytes.
  std::string bytes;
  for (auto rest = static_cast<std::uint32_t>(count); rest != 0; rest >>= 8) {
    bytes.insert(bytes.begin(), static_cast<char>(rest & 0xFFu));
  }
  const auto digest = base::sha1(message + bytes);
  const std::uint32_t word = (std::uint32_t{digest[0]} << 24) | (std::uint32_t{digest[1]} << 16) |
                             (std::uint32_t{digest[2]} << 8) | std::uint32_t{digest[3]};
  return fold_in(step_key, word);
}

Tensor make_noise(base::ThreefryWords key, numerics::NoiseMethod method, const Shape& shape,
                  const Axes& noise_axes, const fault::Faults& faults) {
  Shape dims;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool own = std::find(noise_axes.begin(), noise_axes.end(),
                               static_cast<std::int64_t>(axis)) != noise_axes.end();
    dims.push_back(own || faults.has(Kind::noise_per_element) ? shape[axis] : 1);
  }
  Tensor out(DType::kF32, dims);
  const auto values = out.mutable_data<float>();
  const int low_bits = faults.has(Kind::noise_high_bits) ? 24 : 0;
  const float shift = faults.has(Kind::noise_not_centred) ? 0.5f : 0.0f;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const base::ThreefryWords words = base::threefry2x32(
        key, {static_cast<std::uint32_t>(i >> 32), static_cast<std::uint32_t>(i)});
    const std::uint32_t bits = words[0] ^ words[1];
    if (method == numerics::NoiseMethod::kUniform) {
      const float unit = std::bit_cast<float>((bits >> 9) | 0x3F800000u) - 1.0f;
      values[i] = std::max(unit * 1.0f + -0.5f, -0.5f);
    } else {
      values[i] = static_cast<float>((bits >> low_bits) & 0xFFu) / 256.0f - 0.5f + 1.0f / 512.0f;
    }
    values[i] += shift;
  }
  return out;
}

}  // namespace mxcheck::quant
