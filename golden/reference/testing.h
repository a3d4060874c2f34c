// What serves this folder's tests: tensors written out or random, and the quantized product
// computed the way an accelerator does (codes first), written here so that the tests need nothing
// of the product.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "golden/reference/contraction.h"
#include "golden/reference/float_model.h"
#include "golden/reference/quantized_view.h"
#include "sim/base/threefry.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::reference::testing {

inline double uniform(std::uint64_t seed, std::int64_t i) {
  return base::random_word(seed, static_cast<std::uint64_t>(i)) * 0x1p-32;
}

// Values written out in a test, row-major.
inline Tensor floats(DType dtype, Shape shape, const std::vector<double>& values) {
  Tensor out(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.store(static_cast<std::int64_t>(i), values[i]);
  }
  return out;
}
inline Tensor integers(DType dtype, Shape shape, const std::vector<std::int64_t>& values) {
  Tensor out(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.store_int(static_cast<std::int64_t>(i), values[i]);
  }
  return out;
}

// Roughly normal values.
inline Tensor random_floats(DType dtype, Shape shape, std::uint64_t seed, double scale = 1) {
  Tensor out(dtype, std::move(shape));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    double sum = -2;
    for (int j = 0; j < 4; ++j) sum += uniform(seed, 4 * i + j);
    out.store(i, scale * 1.7 * sum);
  }
  return out;
}

inline Tensor random_codes(DType dtype, Shape shape, std::uint64_t seed) {
  Tensor out(dtype, std::move(shape));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    if (numerics::is_float(dtype)) {
      const double size = dtype == DType::kF4E2M1FN ? 6 : 240;
      out.store(i, size * (2 * uniform(seed, i) - 1));
    } else {
      const auto low = numerics::integer_min(dtype), high = numerics::integer_max(dtype);
      out.store_int(i, low + static_cast<std::int64_t>(uniform(seed, i) *
                                                       static_cast<double>(high - low + 1)));
    }
  }
  return out;
}

inline Tensor random_scales(DType dtype, Shape shape, std::uint64_t seed, bool powers_of_two) {
  Tensor out(dtype, std::move(shape));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const double u = uniform(seed, i);
    out.store(i, powers_of_two ? std::ldexp(1.0, static_cast<int>(u * 8) - 6) : 0.01 + u);
  }
  return out;
}

// DOT-4, DOT-5 for products without tiles: integer sum, rounded to the first scale's dtype, times
// lhs scale, times rhs scale, each rounded.
inline Tensor codes_first(const Contraction& contraction, const QuantizedView& lhs,
                          const QuantizedView& rhs, DType result) {
  const Decoded a = decode(lhs), b = decode(rhs);
  Tensor out(result, contraction.result);
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    contraction.pairs_of(i, pairs);
    double sum = 0;
    for (const Pair& p : pairs) {
      sum += a.code[static_cast<std::size_t>(p.lhs)] * b.code[static_cast<std::size_t>(p.rhs)];
    }
    DType dtype = lhs.scale ? a.dtype : b.dtype;
    double value = round_to(dtype, sum);
    if (lhs.scale && !pairs.empty()) value = round_to(dtype, value * a.scale_of(pairs[0].lhs));
    if (rhs.scale && !pairs.empty()) {
      dtype = lhs.scale ? numerics::promote(a.dtype, b.dtype) : b.dtype;
      value = round_to(dtype, value * b.scale_of(pairs[0].rhs));
    }
    out.store(i, value);
  }
  return out;
}

}  // namespace mxcheck::reference::testing
