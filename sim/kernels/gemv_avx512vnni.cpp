// AVX-512 VNNI for one to three rows: the right side is read once and never again, so the speed is
// that of reading it. Several chains along k hide the latency of vpdpbusd (modulo 2^32 their order
// is free), and the fetch runs ahead across panels, which lie one behind the other.
//
// DOT-8; storage as gemm_avx512vnni.cpp has it.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define MXCHECK_DPBUSD(sum, u8, s8) asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))

constexpr std::int64_t kStep = 32 * 4;  // bytes of the right side
// Bytes ahead of use: what the third-level cache's latency takes at the speed of this loop.
constexpr std::int64_t kAhead = 4096;

MXCHECK_TARGET void store(const GemmTile& x, int row, __m512i low, __m512i high) {
  const auto first = static_cast<__mmask16>(x.columns >= 16 ? 0xffffu : (1u << x.columns) - 1u);
  const auto second = static_cast<__mmask16>(x.columns <= 16 ? 0u : 0xffffu >> (32 - x.columns));
  _mm512_mask_storeu_epi32(x.acc + row * x.stride, first, low);
  _mm512_mask_storeu_epi32(x.acc + row * x.stride + 16, second, high);
}

// Chain c takes the steps c, c + 4, ...
#define MXCHECK_CHAIN(c)                                                  \
  {                                                                       \
    const __m512i a = _mm512_set1_epi32(lhs[c]);                          \
    MXCHECK_DPBUSD(low##c, a, _mm512_loadu_si512(rhs + (c)*kStep));       \
    MXCHECK_DPBUSD(high##c, a, _mm512_loadu_si512(rhs + (c)*kStep + 64)); \
    _mm_prefetch(rhs + kAhead + (c)*kStep, _MM_HINT_T0);                  \
    _mm_prefetch(rhs + kAhead + (c)*kStep + 64, _MM_HINT_T0);             \
  }

MXCHECK_TARGET void one_row(const GemmTile& x) {
  const auto* lhs = static_cast<const std::int32_t*>(x.lhs);
  const auto* rhs = static_cast<const char*>(x.rhs);
  __m512i low0 = _mm512_loadu_si512(x.init), high0 = _mm512_loadu_si512(x.init + 16);
  __m512i low1 = _mm512_setzero_si512(), high1 = low1, low2 = low1, high2 = low1, low3 = low1,
          high3 = low1;
  std::int64_t step = x.steps;
  for (; step >= 4; step -= 4, lhs += 4, rhs += 4 * kStep) {
    MXCHECK_CHAIN(0)
    MXCHECK_CHAIN(1)
    MXCHECK_CHAIN(2)
    MXCHECK_CHAIN(3)
  }
  for (; step > 0; --step, ++lhs, rhs += kStep) MXCHECK_CHAIN(0)
  store(x, 0, _mm512_add_epi32(_mm512_add_epi32(low0, low1), _mm512_add_epi32(low2, low3)),
        _mm512_add_epi32(_mm512_add_epi32(high0, high1), _mm512_add_epi32(high2, high3)));
}
#undef MXCHECK_CHAIN

// Rows r of kRows, even and odd steps apart.
#define MXCHECK_DECLARE(r) \
  __m512i even_low##r = init_low, even_high##r = init_high, odd_low##r = zero, odd_high##r = zero;
#define MXCHECK_ROW(r, chain, at)                 \
  {                                               \
    const __m512i a = _mm512_set1_epi32(lhs[at]); \
    MXCHECK_DPBUSD(chain##_low##r, a, low);       \
    MXCHECK_DPBUSD(chain##_high##r, a, high);     \
  }
#define MXCHECK_PART(chain, rows, offset)                               \
  {                                                                     \
    const __m512i low = _mm512_loadu_si512(rhs + (offset)*kStep);       \
    const __m512i high = _mm512_loadu_si512(rhs + (offset)*kStep + 64); \
    _mm_prefetch(rhs + kAhead + (offset)*kStep, _MM_HINT_T0);           \
    _mm_prefetch(rhs + kAhead + (offset)*kStep + 64, _MM_HINT_T0);      \
    rows(chain, offset)                                                 \
  }
#define MXCHECK_STORE(r)                                 \
  store(x, r, _mm512_add_epi32(even_low##r, odd_low##r), \
        _mm512_add_epi32(even_high##r, odd_high##r));
#define MXCHECK_ROWS(name, count, rows, each)                            \
  MXCHECK_TARGET void name(const GemmTile& x) {                          \
    const auto* lhs = static_cast<const std::int32_t*>(x.lhs);           \
    const auto* rhs = static_cast<const char*>(x.rhs);                   \
    const __m512i init_low = _mm512_loadu_si512(x.init);                 \
    const __m512i init_high = _mm512_loadu_si512(x.init + 16);           \
    const __m512i zero = _mm512_setzero_si512();                         \
    each(MXCHECK_DECLARE) std::int64_t step = x.steps;                   \
    for (; step >= 2; step -= 2, lhs += 2 * (count), rhs += 2 * kStep) { \
      MXCHECK_PART(even, rows, 0)                                        \
      MXCHECK_PART(odd, rows, 1)                                         \
    }                                                                    \
    if (step > 0) MXCHECK_PART(even, rows, 0)                            \
    each(MXCHECK_STORE)                                                  \
  }
#define MXCHECK_TWO(chain, offset) \
  MXCHECK_ROW(0, chain, 2 * (offset)) MXCHECK_ROW(1, chain, 2 * (offset) + 1)
#define MXCHECK_EACH_TWO(F) F(0) F(1)
#define MXCHECK_THREE(chain, offset)      \
  MXCHECK_ROW(0, chain, 3 * (offset))     \
  MXCHECK_ROW(1, chain, 3 * (offset) + 1) \
  MXCHECK_ROW(2, chain, 3 * (offset) + 2)
#define MXCHECK_EACH_THREE(F) F(0) F(1) F(2)
MXCHECK_ROWS(two_rows, 2, MXCHECK_TWO, MXCHECK_EACH_TWO)
MXCHECK_ROWS(three_rows, 3, MXCHECK_THREE, MXCHECK_EACH_THREE)

}  // namespace

MXCHECK_TARGET void gemv_u8s8s32_3x32x4_avx512vnni(const GemmTile& x) {
  if (x.rows == 1) return one_row(x);
  if (x.rows == 2) return two_rows(x);
  three_rows(x);
}

#undef MXCHECK_TARGET
#undef MXCHECK_DPBUSD
#undef MXCHECK_DECLARE
#undef MXCHECK_ROW
#undef MXCHECK_PART
#undef MXCHECK_STORE
#undef MXCHECK_ROWS
#undef MXCHECK_TWO
#undef MXCHECK_EACH_TWO
#undef MXCHECK_THREE
#undef MXCHECK_EACH_THREE

}  // namespace mxcheck::kernels
#endif
