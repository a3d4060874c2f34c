// The elementwise kernels in plain C++, element by element in the words of the definition: what
// every other instruction set is tested against, and what runs where there is none.
//
// CAL, SCL-1, SCL-3, QNT-1..QNT-4, TYP-1, DEQ-1, BWD-3, DOT-4..DOT-6, POL-4, POL-5, RND-2.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "sim/base/threefry.h"
#include "sim/kernels/vector_block.h"
#include "sim/numerics/arithmetic.h"
#include "sim/numerics/flush.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::kernels {
namespace {

// A block's values as the arithmetic type A sees them.
template <typename A>
using Stored = typename A::Storage;

template <typename F>
void by_type(Element type, F f) {
  switch (type) {
    case Element::kF32:
      return f(numerics::ArithmeticF32{});
    case Element::kBF16:
      return f(numerics::ArithmeticBF16{});
    case Element::kF16:
      return f(numerics::ArithmeticF16{});
  }
}

template <typename A>
float value(const void* values, std::int64_t at) {
  return A::load(static_cast<const Stored<A>*>(values)[at]);
}
template <typename A>
void put(void* values, std::int64_t at, float v) {
  static_cast<Stored<A>*>(values)[at] = A::store(v);
}
template <typename A>
float spread(const Spread& s, std::int64_t i, std::int64_t j) {
  return value<A>(s.values, i * s.row_step + j * s.column_step);
}

float nan_max(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<float>::quiet_NaN();
  return numerics::flushed(a > b ? a : b);
}
float nan_min(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<float>::quiet_NaN();
  return numerics::flushed(a < b ? a : b);
}

// Element (i, j) of a block, times its fold factor.
template <typename A, typename Block>
float folded(const Block& b, std::int64_t i, std::int64_t j, bool by_rows) {
  const float x = value<A>(b.x, i * b.stride + j);
  return b.fold == nullptr ? x : A::round(x * value<A>(b.fold, by_rows ? j : i));
}

template <typename A>
float absmax_of_line(const auto& b, std::int64_t line, bool by_rows) {
  float top = 0;
  for (std::int64_t at = 0; at < (by_rows ? b.columns : b.rows); ++at) {
    const float x = by_rows ? folded<A>(b, line, at, true) : folded<A>(b, at, line, false);
    top = nan_max(top, std::fabs(x));
  }
  return top;
}

template <typename A>
void reduce_line(const ReduceBlock& b, std::int64_t line, bool by_rows) {
  if (b.absmax != nullptr) {
    put<A>(b.absmax, line, absmax_of_line<A>(b, line, by_rows));
    return;
  }
  float low = 0, high = 0;
  for (std::int64_t at = 0; at < (by_rows ? b.columns : b.rows); ++at) {
    const float x = value<A>(b.x, by_rows ? line * b.stride + at : at * b.stride + line);
    low = nan_min(low, x);
    high = nan_max(high, x);
  }
  put<A>(b.low, line, nan_min(low, 0.0f));
  put<A>(b.high, line, nan_max(high, 0.0f));
}

void reduce(const ReduceBlock& b, bool by_rows) {
  by_type(b.type, [&](auto arithmetic) {
    for (std::int64_t line = 0; line < (by_rows ? b.rows : b.columns); ++line) {
      reduce_line<decltype(arithmetic)>(b, line, by_rows);
    }
  });
}

template <typename A>
void find_scale(const QuantizeBlock& b, std::int64_t line, bool by_rows) {
  const float top = absmax_of_line<A>(b, line, by_rows);
  const float s =
      b.range_reciprocal ? A::round(top * A::round(1.0f / b.range)) : A::round(top / b.range);
  put<A>(b.scale, line, s < b.guard ? 1.0f : s);
}

template <typename A>
std::uint8_t code_of(const QuantizeBlock& b, std::int64_t i, std::int64_t j, bool by_rows) {
  const std::int64_t line = (by_rows ? i : j) * b.scale_step;
  const float s = value<A>(b.scale, line);
  const float x = folded<A>(b, i, j, by_rows);
  float q = b.quotient_reciprocal ? A::round(x * A::round(1.0f / s)) : A::round(x / s);
  if (b.zero_point != nullptr) q = A::round(q + b.zero_point[line]);
  if (b.noise.values != nullptr) q = q + spread<numerics::ArithmeticF32>(b.noise, i, j);
  const std::int32_t code = numerics::saturating_cast(
      std::nearbyint(q), static_cast<std::int32_t>(b.low), static_cast<std::int32_t>(b.high));
  return static_cast<std::uint8_t>(static_cast<std::uint32_t>(code) ^ b.flip);
}

void quantize(const QuantizeBlock& b, bool by_rows) {
  by_type(b.type, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    for (std::int64_t line = 0; b.find_scale && line < (by_rows ? b.rows : b.columns); ++line) {
      find_scale<A>(b, line, by_rows);
    }
    for (std::int64_t i = 0; i < b.rows; ++i) {
      for (std::int64_t j = 0; j < b.columns; ++j) {
        b.codes[i * b.codes_stride + j] = code_of<A>(b, i, j, by_rows);
      }
    }
  });
}

template <typename A>
void scale_sum(const ProductBlock& b, std::int64_t i, std::int64_t j) {
  std::int32_t sum = b.acc[i * b.stride + j];
  if (b.row_factor != nullptr) {
    sum = numerics::wrap_sub(sum, numerics::wrap_mul(b.row_factor[i], b.column_factor[j]));
  }
  float v = A::round(static_cast<float>(sum));
  if (b.lhs.values != nullptr) v = A::round(v * spread<A>(b.lhs, i, j));
  if (b.rhs.values != nullptr) v = A::round(v * spread<A>(b.rhs, i, j));
  const std::int64_t at = i * b.out_stride + j;
  if (b.sums != nullptr) {
    v = (b.first_tile ? 0.0f : b.sums[at]) + v;
    if (!b.last_tile) {
      b.sums[at] = v;
      return;
    }
  }
  put<A>(b.out, at, v);
}

// f(arithmetic, i, j) for every element of a block.
template <typename Block, typename F>
void for_each(const Block& b, F f) {
  by_type(b.type, [&](auto arithmetic) {
    for (std::int64_t i = 0; i < b.rows; ++i) {
      for (std::int64_t j = 0; j < b.columns; ++j) f(arithmetic, i, j);
    }
  });
}

}  // namespace

void reduce_rows_scalar(const ReduceBlock& b) { reduce(b, true); }
void reduce_columns_scalar(const ReduceBlock& b) { reduce(b, false); }
void quantize_rows_scalar(const QuantizeBlock& b) { quantize(b, true); }
void quantize_columns_scalar(const QuantizeBlock& b) { quantize(b, false); }

void dequantize_scalar(const DequantizeBlock& b) {
  for_each(b, [&](auto arithmetic, std::int64_t i, std::int64_t j) {
    using A = decltype(arithmetic);
    const std::uint8_t code = b.codes[i * b.stride + j];
    float v = b.is_unsigned ? static_cast<float>(code)
                            : static_cast<float>(static_cast<std::int8_t>(code));
    if (b.zero_point.values != nullptr) {
      v = A::round(v - spread<numerics::ArithmeticF32>(b.zero_point, i, j));
    }
    put<A>(b.out, i * b.out_stride + j, v * spread<A>(b.scale, i, j));
  });
}

void multiply_scalar(const MultiplyBlock& b) {
  for_each(b, [&](auto arithmetic, std::int64_t i, std::int64_t j) {
    using A = decltype(arithmetic);
    put<A>(b.out, i * b.out_stride + j,
           value<A>(b.x, i * b.stride + j) * spread<A>(b.factor, i, j));
  });
}

void scale_product_scalar(const ProductBlock& b) {
  for_each(b, [&](auto arithmetic, std::int64_t i, std::int64_t j) {
    scale_sum<decltype(arithmetic)>(b, i, j);
  });
}

void combine_scalar(const CombineBlock& b) {
  for_each(b, [&](auto arithmetic, std::int64_t i, std::int64_t j) {
    using A = decltype(arithmetic);
    const float x = value<A>(b.x, i * b.stride + j), other = spread<A>(b.other, i, j);
    float y = 0;
    switch (b.operation) {
      case Combination::kAdd:
        y = x + other;
        break;
      case Combination::kAddRelu:
        y = A::round(x + other);
        y = y > 0 || std::isnan(y) ? y : 0.0f;
        break;
      case Combination::kMask:
        y = x > 0 ? other : 0.0f;
        break;
      case Combination::kDescend:
        y = x - A::round(other * b.factor);
        break;
    }
    put<A>(b.out, i * b.out_stride + j, y);
  });
}

void sum_columns_scalar(const SumBlock& b) {
  by_type(b.type, [&](auto arithmetic) {
    using A = decltype(arithmetic);
    for (std::int64_t j = 0; j < b.columns; ++j) {
      float sum = 0;
      for (std::int64_t i = 0; i < b.rows; ++i) {
        sum = A::round(sum + value<A>(b.x, i * b.stride + j));
      }
      put<A>(b.out, j, sum);
    }
  });
}

void noise_scalar(const NoiseBlock& b) {
  for (std::int64_t i = 0; i < b.count; ++i) {
    const std::uint64_t counter = b.first + static_cast<std::uint64_t>(i);
    const base::ThreefryWords words = base::threefry2x32(
        {b.key[0], b.key[1]},
        {static_cast<std::uint32_t>(counter >> 32), static_cast<std::uint32_t>(counter)});
    const std::uint32_t bits = words[0] ^ words[1];
    b.out[i] = b.low_bit
                   ? static_cast<float>(bits & 0xFFu) / 256.0f - 0.5f + 1.0f / 512.0f
                   : std::max(std::bit_cast<float>((bits >> 9) | 0x3F800000u) - 1.0f - 0.5f, -0.5f);
  }
}

void chain_f32_4x8_scalar(const ChainTile& t) {
  constexpr int kColumns = 8;
  for (int i = 0; i < t.rows; ++i) {
    for (int j = 0; j < t.columns; ++j) {
      float sum = 0;
      for (std::int64_t k = 0; k < t.k; ++k) {
        sum = std::fma(t.lhs[k * t.rows + i], t.rhs[k * kColumns + j], sum);
      }
      float& out = t.out[i * t.stride + j];
      out = t.add ? out + sum : sum;
    }
  }
}

}  // namespace mxcheck::kernels
