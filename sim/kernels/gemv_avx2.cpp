// AVX2 products of one or two rows: as fast as the right side arrives, which therefore stays a byte
// a code and is widened on the way. Four codes of a column lie in half a register: its sum is in
// two lanes until the end.
//
// DOT-8. Pairs of products of 16-bit codes and s8 are summed exactly by vpmaddwd.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx2")))
#define MXCHECK_INLINE MXCHECK_TARGET inline __attribute__((always_inline))

constexpr int kColumns = 16;
constexpr int kStep = kColumns * 4;   // bytes of the right side
constexpr int kParts = kColumns / 4;  // of a step: registers of four columns each

MXCHECK_INLINE __m256i every_column(const std::uint8_t* codes) {
  long long four;
  __builtin_memcpy(&four, codes, sizeof four);
  return _mm256_set1_epi64x(four);
}
MXCHECK_INLINE __m256i widened(const std::uint8_t* codes) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
}
// Sums of eight columns from halves in two lanes each.
MXCHECK_INLINE __m256i joined(__m256i first, __m256i second) {
  return _mm256_permute4x64_epi64(_mm256_hadd_epi32(first, second), 0xD8);
}

MXCHECK_INLINE void store(const GemmStrip& x, int row, std::int64_t column, __m256i low,
                          __m256i high) {
  const __m256i init = _mm256_set1_epi32(x.row_init[row]);
  low = _mm256_add_epi32(low, init);
  high = _mm256_add_epi32(high, init);
  if (x.column_init != nullptr) {
    const auto* columns = reinterpret_cast<const __m256i*>(x.column_init + column);
    low = _mm256_add_epi32(low, _mm256_loadu_si256(columns));
    high = _mm256_add_epi32(high, _mm256_loadu_si256(columns + 1));
  }
  std::int32_t* to = x.acc + row * x.stride + column;
  if (x.columns - column >= kColumns) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), high);
    return;
  }
  alignas(32) std::int32_t all[kColumns];
  _mm256_store_si256(reinterpret_cast<__m256i*>(all), low);
  _mm256_store_si256(reinterpret_cast<__m256i*>(all + 8), high);
  for (std::int64_t j = 0; j < x.columns - column; ++j) to[j] = all[j];
}

template <int kRows>
MXCHECK_TARGET void strip(const GemmStrip& x) {
  const std::uint8_t* rhs = x.rhs;
  for (std::int64_t column = 0; column < x.columns; column += kColumns) {
    __m256i sums[kRows][kParts];
#pragma GCC unroll 8
    for (int i = 0; i < kRows * kParts; ++i) sums[i / kParts][i % kParts] = _mm256_setzero_si256();
    for (std::int64_t g = 0; g < x.segments; ++g) {
      const std::uint8_t* lhs = x.lhs + x.offsets[g];
      for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kStep) {
        __m256i row[kRows];
#pragma GCC unroll 2
        for (int i = 0; i < kRows; ++i) row[i] = every_column(lhs + i * x.row_stride);
#pragma GCC unroll 4
        for (int p = 0; p < kParts; ++p) {
          const __m256i columns = widened(rhs + p * 16);
#pragma GCC unroll 2
          for (int i = 0; i < kRows; ++i) {
            sums[i][p] = _mm256_add_epi32(sums[i][p], _mm256_madd_epi16(row[i], columns));
          }
        }
      }
    }
#pragma GCC unroll 2
    for (int i = 0; i < kRows; ++i) {
      store(x, i, column, joined(sums[i][0], sums[i][1]), joined(sums[i][2], sums[i][3]));
    }
  }
}

}  // namespace

void gemv_s16s8s32_2x16x4_avx2(const GemmStrip& x) { (x.rows == 1 ? strip<1> : strip<2>)(x); }

#undef MXCHECK_TARGET
#undef MXCHECK_INLINE

}  // namespace mxcheck::kernels
#endif
