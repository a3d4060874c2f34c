// vpdpbusd on 256 bits, in its two encodings: AVX-VNNI's, and AVX-512VL's. One text for both, so
// that a host with either tests what the other runs.
//
// DOT-8, storage as gemm_avx512vnni.cpp has it. A tile of 6 x 16: twelve sums, two loads and six
// broadcasts for twelve products.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

constexpr int kColumns = 16;
constexpr int kStep = kColumns * 4;  // bytes of the right side

// Sixteen sums at `from` to the first `columns` of `to`.
__attribute__((target("avx2"))) void store(std::int32_t* to, std::int64_t columns, __m256i low,
                                           __m256i high) {
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
#define MXCHECK_STEP_vex(i)                                                   \
  {                                                                           \
    std::int32_t codes;                                                       \
    __builtin_memcpy(&codes, lhs + (i)*stride, sizeof codes);                 \
    const __m256i row = _mm256_set1_epi32(codes);                             \
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(low##i) : "x"(low), "x"(row));   \
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(high##i) : "x"(high), "x"(row)); \
  }
#define MXCHECK_STEP_evex(i)                                                   \
  {                                                                            \
    std::int32_t codes;                                                        \
    __builtin_memcpy(&codes, lhs + (i)*stride, sizeof codes);                  \
    const __m256i row = _mm256_set1_epi32(codes);                              \
    asm("%{evex%} vpdpbusd %2, %1, %0" : "+v"(low##i) : "v"(low), "v"(row));   \
    asm("%{evex%} vpdpbusd %2, %1, %0" : "+v"(high##i) : "v"(high), "v"(row)); \
  }
#define MXCHECK_TILE(n, encoding, features)                                                    \
  __attribute__((target(features), noinline)) void tile_##encoding##_##n(const GemmStrip& x) { \
    const std::int64_t stride = x.row_stride;                                                  \
    const std::uint8_t* rhs = x.rhs;                                                           \
    for (std::int64_t column = 0; column < x.columns; column += kColumns) {                    \
      __m256i init_low = _mm256_setzero_si256(), init_high = init_low;                         \
      if (x.column_init != nullptr) {                                                          \
        const auto* init = reinterpret_cast<const __m256i*>(x.column_init + column);           \
        init_low = _mm256_loadu_si256(init);                                                   \
        init_high = _mm256_loadu_si256(init + 1);                                              \
      }                                                                                        \
      MXCHECK_ROWS_##n(MXCHECK_DECLARE);                                                       \
      for (std::int64_t g = 0; g < x.segments; ++g) {                                          \
        const std::uint8_t* lhs = x.lhs + x.offsets[g];                                        \
        for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kStep) {       \
          const auto* codes8 = reinterpret_cast<const __m256i*>(rhs);                          \
          const __m256i low = _mm256_loadu_si256(codes8);                                      \
          const __m256i high = _mm256_loadu_si256(codes8 + 1);                                 \
          MXCHECK_ROWS_##n(MXCHECK_STEP_##encoding);                                           \
        }                                                                                      \
      }                                                                                        \
      MXCHECK_ROWS_##n(MXCHECK_STORE);                                                         \
    }                                                                                          \
  }
#define MXCHECK_TILES(encoding, features) \
  MXCHECK_TILE(1, encoding, features)     \
  MXCHECK_TILE(2, encoding, features)     \
  MXCHECK_TILE(3, encoding, features)     \
  MXCHECK_TILE(4, encoding, features)     \
  MXCHECK_TILE(5, encoding, features)     \
  MXCHECK_TILE(6, encoding, features)
MXCHECK_TILES(vex, "avx2,avxvnni")
MXCHECK_TILES(evex, "avx2,avx512f,avx512vl,avx512vnni")

#define MXCHECK_CHOOSE(encoding)                                                  \
  {                                                                               \
    constexpr GemmFunction kTiles[] = {tile_##encoding##_1, tile_##encoding##_2,  \
                                       tile_##encoding##_3, tile_##encoding##_4,  \
                                       tile_##encoding##_5, tile_##encoding##_6}; \
    kTiles[x.rows - 1](x);                                                        \
  }

}  // namespace

void gemm_s8u8s32_6x16x4_avxvnni(const GemmStrip& x)
    MXCHECK_CHOOSE(vex) void gemm_s8u8s32_6x16x4_avx512vl(const GemmStrip& x) MXCHECK_CHOOSE(evex)

#undef MXCHECK_CHOOSE
#undef MXCHECK_TILES
#undef MXCHECK_TILE
#undef MXCHECK_STEP_vex
#undef MXCHECK_STEP_evex
#undef MXCHECK_STORE
#undef MXCHECK_DECLARE

}  // namespace mxcheck::kernels
#endif
