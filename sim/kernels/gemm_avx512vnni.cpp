// AVX-512 VNNI: vpdpbusd, four u8 x s8 products a lane, the wrapping form (the saturating one would
// not be modulo 2^32). The left side holds codes + 128; the initial row takes that out again.
//
// DOT-8. Target attributes on each function, plain pointers, nothing shared with other files. A
// tile keeps all its sums in registers: 12 x 2 of 32; a step is 12 broadcasts and two loads for 24
// products. The number of rows is a constant in each of the twelve bodies, so the loops unroll.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

constexpr int kColumns = 32;
// Bytes of a step: 32 columns of 4 codes.
constexpr int kRhsStep = kColumns * 4;
// How far ahead of use the right side is fetched: it streams from the second-level cache.
constexpr int kAhead = 8 * kRhsStep;

// The rows of a tile as macros over their numbers: named variables stay in registers where an array
// would be spilled (g++ 12).
#define MXCHECK_ROWS_1(F) F(0)
#define MXCHECK_ROWS_2(F) MXCHECK_ROWS_1(F) F(1)
#define MXCHECK_ROWS_3(F) MXCHECK_ROWS_2(F) F(2)
#define MXCHECK_ROWS_4(F) MXCHECK_ROWS_3(F) F(3)
#define MXCHECK_ROWS_5(F) MXCHECK_ROWS_4(F) F(4)
#define MXCHECK_ROWS_6(F) MXCHECK_ROWS_5(F) F(5)
#define MXCHECK_ROWS_7(F) MXCHECK_ROWS_6(F) F(6)
#define MXCHECK_ROWS_8(F) MXCHECK_ROWS_7(F) F(7)
#define MXCHECK_ROWS_9(F) MXCHECK_ROWS_8(F) F(8)
#define MXCHECK_ROWS_10(F) MXCHECK_ROWS_9(F) F(9)
#define MXCHECK_ROWS_11(F) MXCHECK_ROWS_10(F) F(10)
#define MXCHECK_ROWS_12(F) MXCHECK_ROWS_11(F) F(11)

// sum += four products a lane. Written out because g++ 12 copies the sum around its own intrinsic.
#define MXCHECK_DPBUSD(sum, u8, s8) asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))

#define MXCHECK_DECLARE(i) __m512i acc##i##a, acc##i##b;
#define MXCHECK_INIT(i) \
  acc##i##a = init_a;   \
  acc##i##b = init_b;
#define MXCHECK_STEP(i)                          \
  {                                              \
    const __m512i a = _mm512_set1_epi32(lhs[i]); \
    MXCHECK_DPBUSD(acc##i##a, a, first);         \
    MXCHECK_DPBUSD(acc##i##b, a, second);        \
  }
#define MXCHECK_STORE(i)                                          \
  _mm512_mask_storeu_epi32(x.acc + (i)*x.stride, low, acc##i##a); \
  _mm512_mask_storeu_epi32(x.acc + (i)*x.stride + 16, high, acc##i##b);

#define MXCHECK_TILE(n)                                                             \
  MXCHECK_TARGET __attribute__((noinline)) void tile_##n(const GemmTile& x) {       \
    const __mmask16 low =                                                           \
        static_cast<__mmask16>(x.columns >= 16 ? 0xffffu : (1u << x.columns) - 1u); \
    const __mmask16 high =                                                          \
        static_cast<__mmask16>(x.columns <= 16 ? 0u : 0xffffu >> (32 - x.columns)); \
    MXCHECK_ROWS_##n(MXCHECK_DECLARE);                                              \
    const __m512i init_a = _mm512_loadu_si512(x.init);                              \
    const __m512i init_b = _mm512_loadu_si512(x.init + 16);                         \
    MXCHECK_ROWS_##n(MXCHECK_INIT);                                                 \
    const auto* lhs = static_cast<const std::int32_t*>(x.lhs);                      \
    const auto* rhs = static_cast<const char*>(x.rhs);                              \
    for (std::int64_t step = x.steps; step > 0; --step) {                           \
      const __m512i first = _mm512_loadu_si512(rhs);                                \
      const __m512i second = _mm512_loadu_si512(rhs + 64);                          \
      _mm_prefetch(rhs + kAhead, _MM_HINT_T0);                                      \
      _mm_prefetch(rhs + kAhead + 64, _MM_HINT_T0);                                 \
      MXCHECK_ROWS_##n(MXCHECK_STEP);                                               \
      lhs += n;                                                                     \
      rhs += kRhsStep;                                                              \
    }                                                                               \
    MXCHECK_ROWS_##n(MXCHECK_STORE)                                                 \
  }
MXCHECK_TILE(1)
MXCHECK_TILE(2)
MXCHECK_TILE(3)
MXCHECK_TILE(4)
MXCHECK_TILE(5)
MXCHECK_TILE(6)
MXCHECK_TILE(7)
MXCHECK_TILE(8)
MXCHECK_TILE(9)
MXCHECK_TILE(10)
MXCHECK_TILE(11)
MXCHECK_TILE(12)

}  // namespace

MXCHECK_TARGET void gemm_u8s8s32_12x32x4_avx512vnni(const GemmTile& x) {
  switch (x.rows) {
#define MXCHECK_ROWS(n) \
  case n:               \
    return tile_##n(x);
    MXCHECK_ROWS(1)
    MXCHECK_ROWS(2)
    MXCHECK_ROWS(3)
    MXCHECK_ROWS(4)
    MXCHECK_ROWS(5)
    MXCHECK_ROWS(6)
    MXCHECK_ROWS(7)
    MXCHECK_ROWS(8)
    MXCHECK_ROWS(9)
    MXCHECK_ROWS(10)
    MXCHECK_ROWS(11)
    MXCHECK_ROWS(12)
#undef MXCHECK_ROWS
    default:
      return;
  }
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
