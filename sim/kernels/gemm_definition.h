// DOT-8 as it stands, for the tests and the fuzzer of the product kernels: the product modulo 2^32
// in three loops, and such sums scaled by the scalar kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/kernels/gemm.h"
#include "sim/kernels/vector_kernels.h"

namespace mxcheck::kernels::testing {

inline std::int32_t code(std::uint8_t byte, bool is_signed) {
  return is_signed ? std::int32_t{static_cast<std::int8_t>(byte)} : std::int32_t{byte};
}

inline std::vector<std::int32_t> definition(const CodeMatrix& lhs, const CodeMatrix& rhs) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(lhs.rows * rhs.columns));
  for (std::int64_t m = 0; m < lhs.rows; ++m) {
    for (std::int64_t n = 0; n < rhs.columns; ++n) {
      std::uint32_t sum = 0;
      for (std::int64_t k = 0; k < lhs.columns; ++k) {
        const std::int32_t a =
            code(lhs.codes[m * lhs.row_stride + k * lhs.column_stride], lhs.is_signed);
        const std::int32_t b =
            code(rhs.codes[k * rhs.row_stride + n * rhs.column_stride], rhs.is_signed);
        sum += static_cast<std::uint32_t>(a * b);
      }
      out[static_cast<std::size_t>(m * rhs.columns + n)] = static_cast<std::int32_t>(sum);
    }
  }
  return out;
}

// sums: [m, n]; scaled.out has rows `stride` apart.
inline void scale(const std::vector<std::int32_t>& sums, std::int64_t n, const ScaledSums& scaled,
                  std::int64_t stride) {
  ProductBlock block;
  block.acc = sums.data();
  block.rows = static_cast<std::int64_t>(sums.size()) / n;
  block.columns = block.stride = n;
  if (scaled.rows != nullptr) block.lhs = {scaled.rows, 1, 0};
  if (scaled.columns != nullptr) block.rhs = {scaled.columns, 0, 1};
  block.out = scaled.out;
  block.out_stride = stride;
  vector_kernels(Isa::kScalar).scale_product(block);
}

}  // namespace mxcheck::kernels::testing
