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

constexpr int kLanes = 16;
constexpr int kColumns = 4 * kLanes;
constexpr std::int64_t kStep = kColumns * 4;  // bytes of the right side

// Which of 16 lanes lie in the first `left` columns.
MXCHECK_TARGET inline __mmask16 keep(std::int64_t left) {
  return static_cast<__mmask16>(left >= kLanes ? 0xffffu : left <= 0 ? 0u : (1u << left) - 1u);
}

// The sums of 16 columns from `column` of a row, with what they start from.
MXCHECK_TARGET void store(const GemmStrip& x, int row, std::int64_t column, __m512i sums) {
  const __mmask16 some = keep(x.columns - column);
  if (some == 0) return;
  sums = _mm512_add_epi32(sums, _mm512_set1_epi32(x.row_init[row]));
  if (x.column_init != nullptr) {
    sums = _mm512_add_epi32(sums, _mm512_loadu_si512(x.column_init + column));
  }
  _mm512_mask_storeu_epi32(x.acc + row * x.stride + column, some, sums);
}

MXCHECK_TARGET __m512i broadcast(const std::uint8_t* codes) {
  std::int32_t four;
  __builtin_memcpy(&four, codes, sizeof four);
  return _mm512_set1_epi32(four);
}

// Step c from here, into its own chain; v registers of a panel's columns.
#define MXCHECK_VECTORS_1(F, i) F(i, 0)
#define MXCHECK_VECTORS_2(F, i) MXCHECK_VECTORS_1(F, i) F(i, 1)
#define MXCHECK_VECTORS_3(F, i) MXCHECK_VECTORS_2(F, i) F(i, 2)
#define MXCHECK_VECTORS_4(F, i) MXCHECK_VECTORS_3(F, i) F(i, 3)
#define MXCHECK_CHAINS(F, v) F(0, v) F(1, v) F(2, v) F(3, v)

#define MXCHECK_ZERO(c, j) __m512i sum##c##_##j = _mm512_setzero_si512();
#define MXCHECK_ZEROS(c, v) MXCHECK_VECTORS_##v(MXCHECK_ZERO, c)
#define MXCHECK_PRODUCT(c, j)                                                     \
  {                                                                               \
    const __m512i columns = _mm512_loadu_si512(rhs + (c)*kStep + (j)*kLanes * 4); \
    MXCHECK_DPBUSD(sum##c##_##j, row, columns);                                   \
  }
#define MXCHECK_CHAIN(c, v)                        \
  {                                                \
    const __m512i row = broadcast(lhs + (c)*step); \
    MXCHECK_VECTORS_##v(MXCHECK_PRODUCT, c)        \
  }
#define MXCHECK_JOIN(unused, j)                                \
  store(x, 0, column + (j)*kLanes,                             \
        _mm512_add_epi32(_mm512_add_epi32(sum0_##j, sum1_##j), \
                         _mm512_add_epi32(sum2_##j, sum3_##j)));
// One row against the panel of `column`, of which v registers are read.
#define MXCHECK_ONE_ROW(v)                                                 \
  MXCHECK_TARGET void one_row_##v(const GemmStrip& x, std::int64_t column, \
                                  const std::uint8_t* rhs) {               \
    const std::int64_t step = x.step_stride;                               \
    MXCHECK_CHAINS(MXCHECK_ZEROS, v)                                       \
    for (std::int64_t g = 0; g < x.segments; ++g) {                        \
      const std::uint8_t* lhs = x.lhs + x.offsets[g];                      \
      std::int64_t s = x.steps;                                            \
      for (; s >= 4; s -= 4, lhs += 4 * step, rhs += 4 * kStep) {          \
        MXCHECK_CHAINS(MXCHECK_CHAIN, v)                                   \
      }                                                                    \
      for (; s > 0; --s, lhs += step, rhs += kStep) MXCHECK_CHAIN(0, v)    \
    }                                                                      \
    MXCHECK_VECTORS_##v(MXCHECK_JOIN, 0)                                   \
  }
MXCHECK_ONE_ROW(1)
MXCHECK_ONE_ROW(2)
MXCHECK_ONE_ROW(3)
MXCHECK_ONE_ROW(4)

// Step `offset` from here of both rows, into their chains for even or odd steps.
#define MXCHECK_ZERO_TWO(unused, j)                                 \
  __m512i even0_##j = _mm512_setzero_si512(), odd0_##j = even0_##j; \
  __m512i even1_##j = even0_##j, odd1_##j = even0_##j;
#define MXCHECK_PRODUCT_TWO(chain, j)                                 \
  {                                                                   \
    const __m512i columns = _mm512_loadu_si512(rhs + (j)*kLanes * 4); \
    MXCHECK_DPBUSD(chain##0_##j, row0, columns);                      \
    MXCHECK_DPBUSD(chain##1_##j, row1, columns);                      \
  }
#define MXCHECK_PART(chain, v)                                           \
  {                                                                      \
    const __m512i row0 = broadcast(lhs), row1 = broadcast(lhs + stride); \
    MXCHECK_VECTORS_##v(MXCHECK_PRODUCT_TWO, chain) lhs += step;         \
    rhs += kStep;                                                        \
  }
#define MXCHECK_JOIN_TWO(unused, j)                                        \
  store(x, 0, column + (j)*kLanes, _mm512_add_epi32(even0_##j, odd0_##j)); \
  store(x, 1, column + (j)*kLanes, _mm512_add_epi32(even1_##j, odd1_##j));
#define MXCHECK_TWO_ROWS(v)                                                                  \
  MXCHECK_TARGET void two_rows_##v(const GemmStrip& x, std::int64_t column,                  \
                                   const std::uint8_t* rhs) {                                \
    const std::int64_t step = x.step_stride, stride = x.row_stride;                          \
    MXCHECK_VECTORS_##v(MXCHECK_ZERO_TWO, 0) for (std::int64_t g = 0; g < x.segments; ++g) { \
      const std::uint8_t* lhs = x.lhs + x.offsets[g];                                        \
      std::int64_t s = x.steps;                                                              \
      for (; s >= 2; s -= 2) {                                                               \
        MXCHECK_PART(even, v)                                                                \
        MXCHECK_PART(odd, v)                                                                 \
      }                                                                                      \
      if (s > 0) MXCHECK_PART(even, v)                                                       \
    }                                                                                        \
    MXCHECK_VECTORS_##v(MXCHECK_JOIN_TWO, 0)                                                 \
  }
MXCHECK_TWO_ROWS(1)
MXCHECK_TWO_ROWS(2)
MXCHECK_TWO_ROWS(3)
MXCHECK_TWO_ROWS(4)

}  // namespace

MXCHECK_TARGET void gemv_u8s8s32_2x64x4_avx512vnni(const GemmStrip& x) {
  using Panel = void (*)(const GemmStrip&, std::int64_t, const std::uint8_t*);
  constexpr Panel kOne[] = {one_row_1, one_row_2, one_row_3, one_row_4};
  constexpr Panel kTwo[] = {two_rows_1, two_rows_2, two_rows_3, two_rows_4};
  const Panel* const panels = x.rows == 1 ? kOne : kTwo;
  const std::int64_t panel_bytes = x.segments * x.steps * kStep;
  const std::uint8_t* rhs = x.rhs;
  for (std::int64_t column = 0; column < x.columns; column += kColumns, rhs += panel_bytes) {
    const std::int64_t registers = (x.columns - column + kLanes - 1) / kLanes;
    panels[registers < 4 ? registers - 1 : 3](x, column, rhs);
  }
}

#undef MXCHECK_TARGET
#undef MXCHECK_DPBUSD

}  // namespace mxcheck::kernels
#endif
