// Codes, matrices and sizes for the tests of products and of packing.
#pragma once

#include <array>
#include <cstdint>
#include <set>

#include "sim/base/threefry.h"
#include "sim/kernels/fenced_memory.h"
#include "sim/kernels/gemm.h"

namespace mxcheck::kernels::testing {

inline constexpr std::array<std::uint8_t, 8> kSpecial = {0x80, 0x81, 0xff, 0, 1, 0x7f, 0xfe, 0x40};
inline constexpr std::int32_t kCanary = 0x5a5aa5a5;

// Codes: special values and random ones, mixed; the last lies before a fence.
inline Fenced random_codes(std::size_t count, std::uint32_t seed) {
  Fenced out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto words = base::threefry2x32({seed, 7}, {static_cast<std::uint32_t>(i), 0});
    out[i] = words[0] % 3 == 0 ? kSpecial[words[1] % kSpecial.size()]
                               : static_cast<std::uint8_t>(words[1]);
  }
  return out;
}

struct Shape {
  std::int64_t m = 0, k = 0, n = 0;
};

// Row-major or column-major, off any alignment.
inline CodeMatrix matrix(const Fenced& codes, std::int64_t rows, std::int64_t columns,
                         bool transposed, bool is_signed) {
  return {codes.data() + 1,      rows,     columns, transposed ? 1 : columns,
          transposed ? rows : 1, is_signed};
}

// Sizes 1, b - 1, b, b + 1, 2 b + 3 of a block b.
inline std::set<std::int64_t> edges(std::int64_t block) {
  std::set<std::int64_t> out = {1, block, block + 1, 2 * block + 3};
  if (block > 1) out.insert(block - 1);
  return out;
}

}  // namespace mxcheck::kernels::testing
