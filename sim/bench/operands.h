// Operands of the product benchmarks: random codes, and sums to write, in huge pages where they are
// large (Buffer), ours and oneDNN's alike.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "sim/base/threefry.h"
#include "sim/kernels/gemm.h"

namespace mxcheck::bench {

inline void fill_codes(kernels::Buffer& to, std::int64_t count, std::uint64_t seed) {
  std::uint8_t* out = to.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::uint8_t>(base::random_word(seed, static_cast<std::uint64_t>(i)));
  }
}

inline std::span<std::int32_t> sums(kernels::Buffer& in, std::int64_t count) {
  const auto size = static_cast<std::size_t>(count);
  auto* first = reinterpret_cast<std::int32_t*>(in.reserve(size * sizeof(std::int32_t)));
  std::fill_n(first, size, 0);
  return {first, size};
}

}  // namespace mxcheck::bench
