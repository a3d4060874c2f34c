// AVX-512 VNNI: vpdpbusd, four u8 x s8 products a lane, the wrapping form (the saturating one would
// not be modulo 2^32). The left side is the unsigned one, s8 codes copied as codes + 128, four
// codes of a row at a time: what that adds is known for every column when the right side is packed.
//
// DOT-8. Target attributes on each function, plain pointers, nothing shared with other files. A
// tile keeps all its sums in registers: 6 x 4 of 32; a step is six broadcasts and four loads for 24
// products. That is less than one load a cycle: processors that can do two still lose some when
// there are more, as with 14 x 2 (README.md). Rows and registers of a tile are constants in each of
// the bodies.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,prfchw")))

constexpr int kLanes = 16;
constexpr int kColumns = 4 * kLanes;
// Bytes of a step of the right side: 64 columns of 4 codes.
constexpr int kStep = kColumns * 4;

// The rows of a tile as macros over their numbers: named variables stay in registers where an array
// would be spilled (g++ 12).
#define MXCHECK_ROWS_1(F, v) F(0, v)
#define MXCHECK_ROWS_2(F, v) MXCHECK_ROWS_1(F, v) F(1, v)
#define MXCHECK_ROWS_3(F, v) MXCHECK_ROWS_2(F, v) F(2, v)
#define MXCHECK_ROWS_4(F, v) MXCHECK_ROWS_3(F, v) F(3, v)
#define MXCHECK_ROWS_5(F, v) MXCHECK_ROWS_4(F, v) F(4, v)
#define MXCHECK_ROWS_6(F, v) MXCHECK_ROWS_5(F, v) F(5, v)

// The registers of a row, four in a whole panel; fewer in a last one that is narrow.
#define MXCHECK_VECTORS_1(F, i) F(i, 0)
#define MXCHECK_VECTORS_2(F, i) MXCHECK_VECTORS_1(F, i) F(i, 1)
#define MXCHECK_VECTORS_3(F, i) MXCHECK_VECTORS_2(F, i) F(i, 2)
#define MXCHECK_VECTORS_4(F, i) MXCHECK_VECTORS_3(F, i) F(i, 3)

// Where row i is: reached by the strides an address can hold.
#define MXCHECK_AT_0 a
#define MXCHECK_AT_1 a + stride
#define MXCHECK_AT_2 a + 2 * stride
#define MXCHECK_AT_3 a + stride3
#define MXCHECK_AT_4 a + 4 * stride
#define MXCHECK_AT_5 a + stride5

// sum += four products a lane. Written out because g++ 12 copies the sum around its own intrinsic.
#define MXCHECK_DPBUSD(sum, u8, s8) asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8))

#define MXCHECK_DECLARE(i, j) __m512i sum##i##_##j = init##j;
#define MXCHECK_ADD(i, j) \
  sum##i##_##j = _mm512_add_epi32(sum##i##_##j, _mm512_set1_epi32(x.row_init[i]));
#define MXCHECK_PRODUCT(i, j) MXCHECK_DPBUSD(sum##i##_##j, row, rhs##j);
#define MXCHECK_STORE(i, j) _mm512_storeu_si512(out + (j)*kLanes, sum##i##_##j);
#define MXCHECK_STORE_SOME(i, j) \
  _mm512_mask_storeu_epi32(out + (j)*kLanes, keep(left - (j)*kLanes), sum##i##_##j);
#define MXCHECK_INIT(unused, j)                                           \
  const __m512i init##j = column_init == nullptr ? _mm512_setzero_si512() \
                                                 : _mm512_loadu_si512(column_init + (j)*kLanes);
#define MXCHECK_LOAD(part, j) \
  const __m512i rhs##j = _mm512_loadu_si512(rhs + (part)*kStep + (j)*kLanes * 4);

#define MXCHECK_FETCH(unused, j) __builtin_prefetch(stored + (j)*kLanes, 1, 3);

// What is done for row i of v registers.
#define MXCHECK_DECLARE_ROW(i, v) MXCHECK_VECTORS_##v(MXCHECK_DECLARE, i)
#define MXCHECK_ADD_ROW(i, v) MXCHECK_VECTORS_##v(MXCHECK_ADD, i)
#define MXCHECK_ROW(i, v)                                   \
  {                                                         \
    std::int32_t codes;                                     \
    __builtin_memcpy(&codes, MXCHECK_AT_##i, sizeof codes); \
    const __m512i row = _mm512_set1_epi32(codes);           \
    MXCHECK_VECTORS_##v(MXCHECK_PRODUCT, i)                 \
  }
#define MXCHECK_STORE_ROW(i, v) MXCHECK_VECTORS_##v(MXCHECK_STORE, i) out += x.stride;
#define MXCHECK_STORE_SOME_ROW(i, v) MXCHECK_VECTORS_##v(MXCHECK_STORE_SOME, i) out += x.stride;

#define MXCHECK_STEP(n, v, part) \
  { MXCHECK_VECTORS_##v(MXCHECK_LOAD, part) MXCHECK_ROWS_##n(MXCHECK_ROW, v) a += step; }

// The sums of the panel at `rhs`, which ends behind it. The lines they will be stored in are
// fetched while they are worked out, a row of the tile every four steps.
#define MXCHECK_PANEL(n, v)                                                                      \
  const std::int32_t* column_init = x.column_init == nullptr ? nullptr : x.column_init + column; \
  MXCHECK_VECTORS_##v(MXCHECK_INIT, 0)                                                           \
      MXCHECK_ROWS_##n(MXCHECK_DECLARE_ROW, v) if (x.has_row_init) {                             \
    MXCHECK_ROWS_##n(MXCHECK_ADD_ROW, v)                                                         \
  }                                                                                              \
  const std::int32_t *stored = out, *const last = out + (n - 1) * x.stride;                      \
  for (std::int64_t g = 0; g < x.segments; ++g) {                                                \
    const std::uint8_t* a = x.lhs + x.offsets[g];                                                \
    std::int64_t s = x.steps;                                                                    \
    for (; s >= 4; s -= 4, rhs += 4 * kStep, fetch += 4 * kFetchedBytes) {                       \
      _mm_prefetch(fetch, _MM_HINT_T0);                                                          \
      MXCHECK_VECTORS_##v(MXCHECK_FETCH, 0) MXCHECK_STEP(n, v, 0) MXCHECK_STEP(n, v, 1)          \
          _mm_prefetch(fetch + 2 * kFetchedBytes, _MM_HINT_T0);                                  \
      MXCHECK_STEP(n, v, 2)                                                                      \
      MXCHECK_STEP(n, v, 3)                                                                      \
      stored = stored == last ? last : stored + x.stride;                                        \
      asm("" : "+r"(a), "+r"(rhs), "+r"(fetch)); /* no closed forms around the loop */           \
    }                                                                                            \
    for (; s > 0; --s, rhs += kStep) MXCHECK_STEP(n, v, 0)                                       \
  }                                                                                              \
  asm("" : "+r"(out)); /* else every address is kept in memory from panel to panel */

// Which of 16 lanes lie in the first `left` columns.
MXCHECK_TARGET inline __mmask16 keep(std::int64_t left) {
  return static_cast<__mmask16>(left >= kLanes ? 0xffffu : left <= 0 ? 0u : (1u << left) - 1u);
}

// What is left of a strip when its last panel is worked on.
struct Rest {
  std::int64_t column;
  const std::uint8_t *rhs, *fetch;
};

// Rows read where they lie have their groups one behind the other: the distance is a constant, and
// addresses need no arithmetic. Packed rows have theirs a whole group of rows apart.
#define MXCHECK_STRIDES(distance)                            \
  const std::int64_t stride = x.row_stride, step = distance; \
  [[maybe_unused]] const std::int64_t stride3 = 3 * stride, stride5 = 5 * stride;

// A last panel of at most 16 v columns.
#define MXCHECK_LAST(n, v, kind, distance)                                                    \
  MXCHECK_TARGET                                                                              \
  __attribute__((noinline)) void last_##kind##_##n##_##v(const GemmStrip& x, const Rest& r) { \
    MXCHECK_STRIDES(distance)                                                                 \
    const std::int64_t column = r.column, left = x.columns - column;                          \
    const std::uint8_t *rhs = r.rhs, *fetch = r.fetch;                                        \
    std::int32_t* out = x.acc + column;                                                       \
    MXCHECK_PANEL(n, v)                                                                       \
    MXCHECK_ROWS_##n(MXCHECK_STORE_SOME_ROW, v)                                               \
  }

#define MXCHECK_STRIP(n, kind, distance)                                                 \
  MXCHECK_LAST(n, 1, kind, distance)                                                     \
  MXCHECK_LAST(n, 2, kind, distance)                                                     \
  MXCHECK_LAST(n, 3, kind, distance)                                                     \
  MXCHECK_LAST(n, 4, kind, distance)                                                     \
  MXCHECK_TARGET __attribute__((noinline)) void strip_##kind##_##n(const GemmStrip& x) { \
    MXCHECK_STRIDES(distance)                                                            \
    const std::uint8_t *rhs = x.rhs, *ahead = x.ahead;                                   \
    std::int64_t column = 0;                                                             \
    for (; x.columns - column >= kColumns; column += kColumns, ahead += x.ahead_step) {  \
      const std::uint8_t* fetch = x.columns - column > kColumns ? ahead : x.fetch;       \
      std::int32_t* out = x.acc + column;                                                \
      MXCHECK_PANEL(n, 4)                                                                \
      MXCHECK_ROWS_##n(MXCHECK_STORE_ROW, 4)                                             \
    }                                                                                    \
    if (column == x.columns) return;                                                     \
    static constexpr void (*kLast[])(const GemmStrip&, const Rest&) = {                  \
        last_##kind##_##n##_1, last_##kind##_##n##_2, last_##kind##_##n##_3,             \
        last_##kind##_##n##_4};                                                          \
    kLast[(x.columns - column - 1) / kLanes](x, {column, rhs, x.fetch});                 \
  }

#define MXCHECK_STRIPS(kind, distance) \
  MXCHECK_STRIP(1, kind, distance)     \
  MXCHECK_STRIP(2, kind, distance)     \
  MXCHECK_STRIP(3, kind, distance)     \
  MXCHECK_STRIP(4, kind, distance)     \
  MXCHECK_STRIP(5, kind, distance)     \
  MXCHECK_STRIP(6, kind, distance)
MXCHECK_STRIPS(direct, 4)
MXCHECK_STRIPS(packed, x.step_stride)
#define MXCHECK_NAMES(kind)                                                                   \
  {                                                                                           \
    strip_##kind##_1, strip_##kind##_2, strip_##kind##_3, strip_##kind##_4, strip_##kind##_5, \
        strip_##kind##_6                                                                      \
  }

}  // namespace

void gemm_u8s8s32_6x64x4_avx512vnni(const GemmStrip& x) {
  static constexpr GemmFunction kDirect[] = MXCHECK_NAMES(direct);
  static constexpr GemmFunction kPacked[] = MXCHECK_NAMES(packed);
  (x.step_stride == 4 ? kDirect : kPacked)[x.rows - 1](x);
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
