// AVX2: codes widened to 16 bits when they are packed, pairs of products summed exactly by vpmaddwd
// (at most 2 x 255 x 255). vpmaddubsw is never used: it saturates its pairs at 16 bits.
//
// DOT-8. A tile of 6 x 16: twelve sums, two loads and six broadcasts for twelve multiply-adds.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx2")))

constexpr int kColumns = 16;
constexpr int kStep = kColumns * 2 * 2;  // bytes of the right side

MXCHECK_TARGET void store(std::int32_t* to, std::int64_t columns, __m256i low, __m256i high) {
  if (columns >= kColumns) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), high);
    return;
  }
  alignas(32) std::int32_t all[kColumns];
  _mm256_store_si256(reinterpret_cast<__m256i*>(all), low);
  _mm256_store_si256(reinterpret_cast<__m256i*>(all + 8), high);
  for (int j = 0; j < columns; ++j) to[j] = all[j];
}

#define MXCHECK_ROWS_1(F) F(0)
#define MXCHECK_ROWS_2(F) MXCHECK_ROWS_1(F) F(1)
#define MXCHECK_ROWS_3(F) MXCHECK_ROWS_2(F) F(2)
#define MXCHECK_ROWS_4(F) MXCHECK_ROWS_3(F) F(3)
#define MXCHECK_ROWS_5(F) MXCHECK_ROWS_4(F) F(4)
#define MXCHECK_ROWS_6(F) MXCHECK_ROWS_5(F) F(5)

#define MXCHECK_DECLARE(i)                                                       \
  __m256i low##i = _mm256_add_epi32(init_low, _mm256_set1_epi32(x.row_init[i])), \
          high##i = _mm256_add_epi32(init_high, _mm256_set1_epi32(x.row_init[i]));
#define MXCHECK_STORE(i) store(x.acc + (i)*x.stride + column, x.columns - column, low##i, high##i);
#define MXCHECK_STEP(i)                                                \
  {                                                                    \
    std::int32_t pair;                                                 \
    __builtin_memcpy(&pair, lhs + (i)*stride, sizeof pair);            \
    const __m256i row = _mm256_set1_epi32(pair);                       \
    low##i = _mm256_add_epi32(low##i, _mm256_madd_epi16(row, low));    \
    high##i = _mm256_add_epi32(high##i, _mm256_madd_epi16(row, high)); \
  }
#define MXCHECK_TILE(n)                                                                  \
  MXCHECK_TARGET __attribute__((noinline)) void tile_##n(const GemmStrip& x) {           \
    const std::int64_t stride = x.row_stride;                                            \
    const std::uint8_t* rhs = x.rhs;                                                     \
    for (std::int64_t column = 0; column < x.columns; column += kColumns) {              \
      __m256i init_low = _mm256_setzero_si256(), init_high = init_low;                   \
      if (x.column_init != nullptr) {                                                    \
        const auto* init = reinterpret_cast<const __m256i*>(x.column_init + column);     \
        init_low = _mm256_loadu_si256(init);                                             \
        init_high = _mm256_loadu_si256(init + 1);                                        \
      }                                                                                  \
      MXCHECK_ROWS_##n(MXCHECK_DECLARE);                                                 \
      for (std::int64_t g = 0; g < x.segments; ++g) {                                    \
        const std::uint8_t* lhs = x.lhs + x.offsets[g];                                  \
        for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kStep) { \
          const auto* codes8 = reinterpret_cast<const __m256i*>(rhs);                    \
          const __m256i low = _mm256_loadu_si256(codes8);                                \
          const __m256i high = _mm256_loadu_si256(codes8 + 1);                           \
          MXCHECK_ROWS_##n(MXCHECK_STEP);                                                \
        }                                                                                \
      }                                                                                  \
      MXCHECK_ROWS_##n(MXCHECK_STORE);                                                   \
    }                                                                                    \
  }
MXCHECK_TILE(1)
MXCHECK_TILE(2)
MXCHECK_TILE(3)
MXCHECK_TILE(4)
MXCHECK_TILE(5)
MXCHECK_TILE(6)

}  // namespace

void gemm_s16s16s32_6x16x2_avx2(const GemmStrip& x) {
  constexpr GemmFunction kTiles[] = {tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};
  kTiles[x.rows - 1](x);
}

#undef MXCHECK_TARGET
#undef MXCHECK_TILE
#undef MXCHECK_STEP
#undef MXCHECK_STORE
#undef MXCHECK_DECLARE

}  // namespace mxcheck::kernels
#endif
