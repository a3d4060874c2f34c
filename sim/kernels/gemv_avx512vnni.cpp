// AVX-512 VNNI for one and two rows: the right side is read once and never again, so the speed is
// that of reading it. Several chains along k hide the latency of vpdpbusd (modulo 2^32 their order
// is free). Panels lie one behind the other, so the processor's own prefetchers see one stream;
// asking for lines ahead of them only cost (0.84 of the rate of reading, against 0.92 without).
//
// DOT-8; storage as gemm_avx512vnni.cpp has it.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define MXCHECK_DPBUSD(sum, u8, s8) asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))

constexpr int kColumns = 32;
constexpr std::int64_t kStep = kColumns * 4;  // bytes of the right side

// The sums of panel columns `column` .. `column` + 32 of a row, with what they start from.
MXCHECK_TARGET void store(const GemmStrip& x, int row, std::int64_t column, __m512i low,
                          __m512i high) {
  const __m512i init = _mm512_set1_epi32(x.row_init[row]);
  low = _mm512_add_epi32(low, init);
  high = _mm512_add_epi32(high, init);
  if (x.column_init != nullptr) {
    low = _mm512_add_epi32(low, _mm512_loadu_si512(x.column_init + column));
    high = _mm512_add_epi32(high, _mm512_loadu_si512(x.column_init + column + 16));
  }
  const std::int64_t left = x.columns - column;
  const auto first = static_cast<__mmask16>(left >= 16 ? 0xffffu : (1u << left) - 1u);
  const auto second = static_cast<__mmask16>(left >= 32   ? 0xffffu
                                             : left <= 16 ? 0u
                                                          : 0xffffu >> (32 - left));
  _mm512_mask_storeu_epi32(x.acc + row * x.stride + column, first, low);
  _mm512_mask_storeu_epi32(x.acc + row * x.stride + column + 16, second, high);
}

MXCHECK_TARGET __m512i broadcast(const std::uint8_t* codes) {
  std::int32_t four;
  __builtin_memcpy(&four, codes, sizeof four);
  return _mm512_set1_epi32(four);
}

// Step c from here, into its own chain; one row.
#define MXCHECK_CHAIN(c)                                             \
  {                                                                  \
    const __m512i row = broadcast(lhs + (c)*step);                   \
    const __m512i first = _mm512_loadu_si512(rhs + (c)*kStep);       \
    const __m512i second = _mm512_loadu_si512(rhs + (c)*kStep + 64); \
    MXCHECK_DPBUSD(low##c, first, row);                              \
    MXCHECK_DPBUSD(high##c, second, row);                            \
  }

MXCHECK_TARGET void one_row(const GemmStrip& x) {
  const __m512i zero = _mm512_setzero_si512();
  const std::uint8_t* rhs = x.rhs;
  const std::int64_t step = x.step_stride;
  for (std::int64_t column = 0; column < x.columns; column += kColumns) {
    __m512i low0 = zero, high0 = zero, low1 = zero, high1 = zero, low2 = zero, high2 = zero;
    __m512i low3 = zero, high3 = zero;
    for (std::int64_t g = 0; g < x.segments; ++g) {
      const std::uint8_t* lhs = x.lhs + x.offsets[g];
      std::int64_t s = x.steps;
      for (; s >= 4; s -= 4, lhs += 4 * step, rhs += 4 * kStep) {
        MXCHECK_CHAIN(0)
        MXCHECK_CHAIN(1)
        MXCHECK_CHAIN(2)
        MXCHECK_CHAIN(3)
      }
      for (; s > 0; --s, lhs += step, rhs += kStep) MXCHECK_CHAIN(0)
    }
    store(x, 0, column,
          _mm512_add_epi32(_mm512_add_epi32(low0, low1), _mm512_add_epi32(low2, low3)),
          _mm512_add_epi32(_mm512_add_epi32(high0, high1), _mm512_add_epi32(high2, high3)));
  }
}

// Step `offset` from here of a row, into the row's chain for even or odd steps.
#define MXCHECK_ROW(r, chain, offset)                                \
  {                                                                  \
    const __m512i row = broadcast(lhs + (r)*stride + (offset)*step); \
    MXCHECK_DPBUSD(chain##_low##r, first, row);                      \
    MXCHECK_DPBUSD(chain##_high##r, second, row);                    \
  }
#define MXCHECK_PART(chain, offset, each)                                 \
  {                                                                       \
    const __m512i first = _mm512_loadu_si512(rhs + (offset)*kStep);       \
    const __m512i second = _mm512_loadu_si512(rhs + (offset)*kStep + 64); \
    each(MXCHECK_ROW, chain, offset)                                      \
  }
#define MXCHECK_ZERO(r, unused, none) \
  __m512i even_low##r = zero, even_high##r = zero, odd_low##r = zero, odd_high##r = zero;
#define MXCHECK_STORE(r, unused, none)                           \
  store(x, r, column, _mm512_add_epi32(even_low##r, odd_low##r), \
        _mm512_add_epi32(even_high##r, odd_high##r));
#define MXCHECK_ROWS(name, each)                                            \
  MXCHECK_TARGET void name(const GemmStrip& x) {                            \
    const __m512i zero = _mm512_setzero_si512();                            \
    const std::uint8_t* rhs = x.rhs;                                        \
    const std::int64_t step = x.step_stride, stride = x.row_stride;         \
    for (std::int64_t column = 0; column < x.columns; column += kColumns) { \
      each(MXCHECK_ZERO, , );                                               \
      for (std::int64_t g = 0; g < x.segments; ++g) {                       \
        const std::uint8_t* lhs = x.lhs + x.offsets[g];                     \
        std::int64_t s = x.steps;                                           \
        for (; s >= 2; s -= 2, lhs += 2 * step, rhs += 2 * kStep) {         \
          MXCHECK_PART(even, 0, each)                                       \
          MXCHECK_PART(odd, 1, each)                                        \
        }                                                                   \
        if (s > 0) {                                                        \
          MXCHECK_PART(even, 0, each)                                       \
          rhs += kStep;                                                     \
        }                                                                   \
      }                                                                     \
      each(MXCHECK_STORE, , );                                              \
    }                                                                       \
  }
#define MXCHECK_TWO(F, chain, offset) F(0, chain, offset) F(1, chain, offset)
MXCHECK_ROWS(two_rows, MXCHECK_TWO)

}  // namespace

MXCHECK_TARGET void gemv_s8u8s32_2x32x4_avx512vnni(const GemmStrip& x) {
  if (x.rows == 1) return one_row(x);
  two_rows(x);
}

#undef MXCHECK_TARGET
#undef MXCHECK_DPBUSD

}  // namespace mxcheck::kernels
#endif
