// AVX-512 VNNI: vpdpbusd, four u8 x s8 products a lane, the wrapping form (the saturating one would
// not be modulo 2^32). The right side is the unsigned one, packed as codes + 128; the left side is
// read as it lies in memory, four codes of a row at a time.
//
// DOT-8. Target attributes on each function, plain pointers, nothing shared with other files. A
// tile keeps all its sums in registers: 14 x 2 of 32; a step is 14 broadcasts and two loads for 28
// products. The number of rows is a constant in each of the fourteen bodies.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

constexpr int kColumns = 32;
// Bytes of a step of the right side: 32 columns of 4 codes.
constexpr int kStep = kColumns * 4;

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
#define MXCHECK_ROWS_13(F) MXCHECK_ROWS_12(F) F(12)
#define MXCHECK_ROWS_14(F) MXCHECK_ROWS_13(F) F(13)

// Where row i is: three bases six rows apart, reached by the strides an address can hold.
#define MXCHECK_AT_0 a
#define MXCHECK_AT_1 a + stride
#define MXCHECK_AT_2 a + 2 * stride
#define MXCHECK_AT_3 a + stride3
#define MXCHECK_AT_4 a + 4 * stride
#define MXCHECK_AT_5 a + stride5
#define MXCHECK_AT_6 b
#define MXCHECK_AT_7 b + stride
#define MXCHECK_AT_8 b + 2 * stride
#define MXCHECK_AT_9 b + stride3
#define MXCHECK_AT_10 b + 4 * stride
#define MXCHECK_AT_11 b + stride5
#define MXCHECK_AT_12 c
#define MXCHECK_AT_13 c + stride

// sum += four products a lane. Written out because g++ 12 copies the sum around its own intrinsic.
#define MXCHECK_DPBUSD(sum, u8, s8) asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))

#define MXCHECK_DECLARE(i) __m512i sum##i##a, sum##i##b;
#define MXCHECK_INIT(i)                         \
  sum##i##a = _mm512_set1_epi32(x.row_init[i]); \
  sum##i##b = sum##i##a;
#define MXCHECK_ADD(i)                             \
  sum##i##a = _mm512_add_epi32(sum##i##a, init_a); \
  sum##i##b = _mm512_add_epi32(sum##i##b, init_b);
#define MXCHECK_ROW(i)                                      \
  {                                                         \
    std::int32_t codes;                                     \
    __builtin_memcpy(&codes, MXCHECK_AT_##i, sizeof codes); \
    const __m512i row = _mm512_set1_epi32(codes);           \
    MXCHECK_DPBUSD(sum##i##a, rhs_a, row);                  \
    MXCHECK_DPBUSD(sum##i##b, rhs_b, row);                  \
  }
#define MXCHECK_STEP(n, part)                                          \
  {                                                                    \
    const __m512i rhs_a = _mm512_loadu_si512(rhs + (part)*kStep);      \
    const __m512i rhs_b = _mm512_loadu_si512(rhs + (part)*kStep + 64); \
    _mm_prefetch(fetch + (part)*64, _MM_HINT_T0);                      \
    MXCHECK_ROWS_##n(MXCHECK_ROW);                                     \
    a += step;                                                         \
    b += step;                                                         \
    c += step;                                                         \
  }
#define MXCHECK_STORE(i)                    \
  _mm512_storeu_si512(out, sum##i##a);      \
  _mm512_storeu_si512(out + 16, sum##i##b); \
  out += out_stride;
#define MXCHECK_STORE_SOME(i)                            \
  _mm512_mask_storeu_epi32(out, some_a, sum##i##a);      \
  _mm512_mask_storeu_epi32(out + 16, some_b, sum##i##b); \
  out += out_stride;

// Rows read where they lie have their groups one behind the other: the distance is a constant, and
// addresses need no arithmetic. Packed rows have theirs a whole group of rows apart.
#define MXCHECK_STRIP(n, kind, distance)                                                      \
  MXCHECK_TARGET __attribute__((noinline)) void strip_##kind##_##n(const GemmStrip& x) {      \
    const std::int64_t stride = x.row_stride, step = distance;                                \
    [[maybe_unused]] const std::int64_t stride3 = 3 * stride, stride5 = 5 * stride;           \
    const std::uint8_t* rhs = x.rhs;                                                          \
    const std::uint8_t* ahead = x.ahead;                                                      \
    const std::int64_t out_stride = x.stride;                                                 \
    std::int32_t* acc = x.acc;                                                                \
    for (std::int64_t column = 0; column < x.columns; column += kColumns, acc += kColumns) {  \
      const std::uint8_t* fetch = x.columns - column > kColumns ? ahead : x.fetch;            \
      ahead += x.ahead_step;                                                                  \
      MXCHECK_ROWS_##n(MXCHECK_DECLARE);                                                      \
      MXCHECK_ROWS_##n(MXCHECK_INIT);                                                         \
      if (x.column_init != nullptr) {                                                         \
        const __m512i init_a = _mm512_loadu_si512(x.column_init + column);                    \
        const __m512i init_b = _mm512_loadu_si512(x.column_init + column + 16);               \
        MXCHECK_ROWS_##n(MXCHECK_ADD);                                                        \
      }                                                                                       \
      for (std::int64_t g = 0; g < x.segments; ++g) {                                         \
        const std::uint8_t* a = x.lhs + x.offsets[g];                                         \
        [[maybe_unused]] const std::uint8_t *b = a + 6 * stride, *c = b + 6 * stride;         \
        std::int64_t s = x.steps;                                                             \
        for (; s >= 4; s -= 4, rhs += 4 * kStep, fetch += 4 * 64) {                           \
          MXCHECK_STEP(n, 0)                                                                  \
          MXCHECK_STEP(n, 1)                                                                  \
          MXCHECK_STEP(n, 2)                                                                  \
          MXCHECK_STEP(n, 3)                                                                  \
        }                                                                                     \
        for (; s > 0; --s, rhs += kStep, fetch += 64) MXCHECK_STEP(n, 0)                      \
      }                                                                                       \
      std::int32_t* out = acc;                                                                \
      asm("" : "+r"(out)); /* else 28 addresses are kept in memory from panel to panel */     \
      const std::int64_t left = x.columns - column;                                           \
      if (left >= kColumns) {                                                                 \
        MXCHECK_ROWS_##n(MXCHECK_STORE);                                                      \
      } else {                                                                                \
        const auto some_a = static_cast<__mmask16>(left >= 16 ? 0xffffu : (1u << left) - 1u); \
        const auto some_b = static_cast<__mmask16>(left <= 16 ? 0u : 0xffffu >> (32 - left)); \
        MXCHECK_ROWS_##n(MXCHECK_STORE_SOME);                                                 \
      }                                                                                       \
    }                                                                                         \
  }
#define MXCHECK_STRIPS(kind, distance) \
  MXCHECK_STRIP(1, kind, distance)     \
  MXCHECK_STRIP(2, kind, distance)     \
  MXCHECK_STRIP(3, kind, distance)     \
  MXCHECK_STRIP(4, kind, distance)     \
  MXCHECK_STRIP(5, kind, distance)     \
  MXCHECK_STRIP(6, kind, distance)     \
  MXCHECK_STRIP(7, kind, distance)     \
  MXCHECK_STRIP(8, kind, distance)     \
  MXCHECK_STRIP(9, kind, distance)     \
  MXCHECK_STRIP(10, kind, distance)    \
  MXCHECK_STRIP(11, kind, distance)    \
  MXCHECK_STRIP(12, kind, distance)    \
  MXCHECK_STRIP(13, kind, distance)    \
  MXCHECK_STRIP(14, kind, distance)
MXCHECK_STRIPS(direct, 4)
MXCHECK_STRIPS(packed, x.step_stride)
#define MXCHECK_NAMES(kind)                                                                        \
  {                                                                                                \
    strip_##kind##_1, strip_##kind##_2, strip_##kind##_3, strip_##kind##_4, strip_##kind##_5,      \
        strip_##kind##_6, strip_##kind##_7, strip_##kind##_8, strip_##kind##_9, strip_##kind##_10, \
        strip_##kind##_11, strip_##kind##_12, strip_##kind##_13, strip_##kind##_14                 \
  }

}  // namespace

void gemm_s8u8s32_14x32x4_avx512vnni(const GemmStrip& x) {
  constexpr GemmFunction kDirect[] = MXCHECK_NAMES(direct);
  constexpr GemmFunction kPacked[] = MXCHECK_NAMES(packed);
  (x.step_stride == 4 ? kDirect : kPacked)[x.rows - 1](x);
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
