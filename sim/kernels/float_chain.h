// Float products in the order of POL-4 and POL-5 for any sizes: operands packed in panels, tiles by
// a kernel of kernels.def. f32 operands; bf16, f16 and codes are converted by the caller.
#pragma once

#include <cstdint>

#include "sim/kernels/isa.h"

namespace mxcheck::kernels {

struct ChainProduct {
  std::int64_t m = 0, k = 0, n = 0;
  const float* lhs = nullptr;  // element (i, k) at lhs[i * lhs_row + k * lhs_k]
  std::int64_t lhs_row = 0, lhs_k = 1;
  const float* rhs = nullptr;  // element (k, j) at rhs[k * rhs_k + j * rhs_column]
  std::int64_t rhs_k = 0, rhs_column = 1;
  float* out = nullptr;  // [m, n]
  std::int64_t stride = 0;
  // Products per block of a chain; 0: one chain. The sums of blocks are added in order, not fused.
  std::int64_t block = 0;
};

// out[i, j] = the chain fma(a_k, b_k, sum), k ascending, from +0. Subnormals are flushed (POL-9).
void chain_product(const ChainProduct& product, Isa chosen);

}  // namespace mxcheck::kernels
