// Conversions between dtypes, and the convert op. Bits that only move keep their subnormals
// (POL-9).
#include <cmath>

#include "sim/exec/float_ops_array.h"

namespace mxcheck::exec {
namespace {

using numerics::is_arithmetic_float;
using numerics::is_float;

// Truncated toward zero, held inside [low, high]; NaN is 0.
std::int64_t saturated(double v, std::int64_t low, std::int64_t high) {
  if (std::isnan(v)) return 0;
  if (v <= static_cast<double>(low)) return low;
  if (v >= static_cast<double>(high)) return high;
  return static_cast<std::int64_t>(v);
}

Tensor float_to_integer(const Tensor& x, DType dtype) {
  const std::int64_t low = numerics::integer_min(dtype);
  const std::int64_t high = numerics::integer_max(dtype);
  std::vector<std::int64_t> out(static_cast<std::size_t>(x.size()));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double v = x.load(i);
    out[static_cast<std::size_t>(i)] =
        dtype == DType::kPred ? std::int64_t{v != 0} : saturated(v, low, high);
  }
  return wrapped(out, dtype, x.shape());
}

// To bf16 and f16 through f32, as the norm's backend converts integers.
Tensor integer_to_float(const Tensor& x, DType dtype) {
  Tensor out(dtype, x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t v = x.load_int(i);
    out.store(i, dtype == DType::kF64 ? static_cast<double>(v)
                                      : static_cast<double>(static_cast<float>(v)));
  }
  return out;
}

Tensor float_to_float(const Tensor& x, DType dtype) {
  if (is_arithmetic_float(x.dtype()) && is_arithmetic_float(dtype)) {
    return numerics::dispatch(x.dtype(), [&]<typename From>(From) {
      return numerics::dispatch(dtype, [&]<typename To>(To) {
        const auto source = x.data<typename From::Storage>();
        Tensor out(dtype, x.shape());
        const auto target = out.mutable_data<typename To::Storage>();
        for (std::size_t i = 0; i < source.size(); ++i) {
          target[i] = To::store(static_cast<typename To::Value>(From::load(source[i])));
        }
        return out;
      });
    });
  }
  Tensor out(dtype, x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) out.store(i, x.load(i));
  return out;
}

template <typename T>
void store_wrapped(const std::vector<std::int64_t>& values, Tensor& out) {
  const auto target = out.mutable_data<T>();
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = static_cast<T>(values[i]);
}

}  // namespace

std::vector<std::int64_t> integers(const Tensor& x) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(x.size()));
  for (std::int64_t i = 0; i < x.size(); ++i) out[static_cast<std::size_t>(i)] = x.load_int(i);
  return out;
}

Tensor wrapped(const std::vector<std::int64_t>& values, DType dtype, Shape shape) {
  Tensor out(dtype, std::move(shape));
  MXCHECK_CHECK(static_cast<std::size_t>(out.size()) == values.size(),
                tensor::to_string(out.shape()));
  if (dtype == DType::kS4 || dtype == DType::kU4 || dtype == DType::kPred) {
    const auto target = out.mutable_data<std::uint8_t>();
    for (std::size_t i = 0; i < target.size(); ++i) {
      const auto low = static_cast<std::uint8_t>(values[i] & 15);
      const bool extend = dtype == DType::kS4 && (low & 8u) != 0;
      target[i] = dtype == DType::kPred ? std::uint8_t{values[i] != 0}
                                        : static_cast<std::uint8_t>(extend ? low | 0xF0u : low);
    }
    return out;
  }
  switch (numerics::byte_width(dtype)) {
    case 1:
      store_wrapped<std::uint8_t>(values, out);
      break;
    case 2:
      store_wrapped<std::uint16_t>(values, out);
      break;
    case 4:
      store_wrapped<std::uint32_t>(values, out);
      break;
    default:
      store_wrapped<std::uint64_t>(values, out);
  }
  return out;
}

Tensor converted(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (is_float(x.dtype())) {
    return is_float(dtype) ? float_to_float(x, dtype) : float_to_integer(x, dtype);
  }
  if (is_float(dtype)) return integer_to_float(x, dtype);
  return wrapped(integers(x), dtype, x.shape());
}

Tensor forward_convert(const OpInputs& in) { return converted(in.arg(0), in.attributes().dtype); }

std::vector<Contribution> vjp_convert(const OpInputs& in, const Tensor& y, const Tensor& g) {
  if (!is_float(in.arg(0).dtype()) || !is_float(y.dtype())) return {};
  return {{0, converted(g, in.arg(0).dtype())}};
}

}  // namespace mxcheck::exec
