// Every departure is one line; what is not planted is done as the norm does it.
#include "sim/exec/faulty_scales.h"

#include <algorithm>

#include "sim/tensor/array.h"

namespace mxcheck::exec {
namespace {

using fault::Kind;

// The scale of row r goes to column r.
OutputScale on_wrong_axis(const OutputScale& scale, const Shape& shape) {
  OutputScale out{scale.values, scale.positions(shape)};
  const std::int64_t columns = shape.empty() ? 1 : shape.back();
  for (std::size_t i = 0; i < out.map.size(); ++i) {
    out.map[i] = static_cast<std::int64_t>(i) % columns % scale.values.size();
  }
  return out;
}

template <typename A>
typename A::Value scaled(typename A::Value v, typename A::Value scale, const Policy& policy) {
  if (policy.faults.has(Kind::scale_inverted)) return A::round(v / scale);
  if (policy.faults.has(Kind::scale_reciprocal)) {
    return A::round(v / A::round(typename A::Value(1) / scale));
  }
  return A::round(v * scale);
}

Tensor apply_scale(const Tensor& x, const OutputScale& scale, const Policy& policy) {
  const numerics::DType dtype = numerics::promote(x.dtype(), scale.values.dtype());
  const bool rounds = !policy.faults.has(Kind::accumulator_not_rounded);
  const std::vector<std::int64_t> positions = scale.positions(x.shape());
  return numerics::dispatch(dtype, policy, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    auto values = tensor::load_any<typename A::Value>(x);
    const auto scales = tensor::load_any<typename A::Value>(scale.values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto v = rounds ? A::round(values[i]) : values[i];
      values[i] = scaled<A>(v, A::round(scales[static_cast<std::size_t>(positions[i])]), policy);
    }
    return tensor::store<A>(values, x.shape());
  });
}

}  // namespace

Tensor apply_scales_faultily(const Tensor& values, const std::optional<OutputScale>& lhs,
                             const std::optional<OutputScale>& rhs, const Policy& policy) {
  const fault::Faults& faults = policy.faults;
  std::vector<OutputScale> scales;
  if (lhs && !faults.has(Kind::lhs_scale_omitted)) {
    const bool wrong_axis = faults.has(Kind::scale_on_wrong_axis);
    scales.push_back(wrong_axis ? on_wrong_axis(*lhs, values.shape()) : *lhs);
  }
  if (rhs && !faults.has(Kind::rhs_scale_omitted)) scales.push_back(*rhs);
  if (scales.size() == 2 && policy.scale_order == Policy::ScaleOrder::kCombined) {
    scales = {combined_scale(scales[0], scales[1], values.shape())};
  }
  if (faults.has(Kind::scales_rhs_first)) std::reverse(scales.begin(), scales.end());
  Tensor out = values;
  for (const OutputScale& scale : scales) out = apply_scale(out, scale, policy);
  return out;
}

}  // namespace mxcheck::exec
