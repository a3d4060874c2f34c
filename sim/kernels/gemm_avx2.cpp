// AVX2: codes widened to 16 bits when they are copied or packed, pairs of products summed exactly
// by vpmaddwd (at most 2 x 255 x 255). vpmaddubsw is never used: it saturates its pairs at 16 bits.
//
// DOT-8. A tile of 6 x 16: twelve sums; a step is two loads and six broadcasts for twelve
// multiply-adds. It is one piece of assembly, built like that of gemm_avx512vnni.cpp, which says
// more: of the same instructions g++ 12 makes a slower one (README.md has the figures of both).
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx2")))

constexpr int kColumns = 16;
static_assert(kFetchedBytes == 32, "128 for four steps below");

// Registers: sums as in the list, 12 and 13 what was loaded of the right side, 14 a row's pair in
// every lane, 15 a product.
#define MXCHECK_SUM_0_0 "%%ymm0"
#define MXCHECK_SUM_0_1 "%%ymm1"
#define MXCHECK_SUM_1_0 "%%ymm2"
#define MXCHECK_SUM_1_1 "%%ymm3"
#define MXCHECK_SUM_2_0 "%%ymm4"
#define MXCHECK_SUM_2_1 "%%ymm5"
#define MXCHECK_SUM_3_0 "%%ymm6"
#define MXCHECK_SUM_3_1 "%%ymm7"
#define MXCHECK_SUM_4_0 "%%ymm8"
#define MXCHECK_SUM_4_1 "%%ymm9"
#define MXCHECK_SUM_5_0 "%%ymm10"
#define MXCHECK_SUM_5_1 "%%ymm11"
#define MXCHECK_AT_0 "(%[a])"
#define MXCHECK_AT_1 "(%[a], %[stride])"
#define MXCHECK_AT_2 "(%[a], %[stride], 2)"
#define MXCHECK_AT_3 "(%[a], %[stride3])"
#define MXCHECK_AT_4 "(%[a], %[stride], 4)"
#define MXCHECK_AT_5 "(%[a], %[stride5])"

#define MXCHECK_ROWS_1(F, d) F(0, d)
#define MXCHECK_ROWS_2(F, d) MXCHECK_ROWS_1(F, d) F(1, d)
#define MXCHECK_ROWS_3(F, d) MXCHECK_ROWS_2(F, d) F(2, d)
#define MXCHECK_ROWS_4(F, d) MXCHECK_ROWS_3(F, d) F(3, d)
#define MXCHECK_ROWS_5(F, d) MXCHECK_ROWS_4(F, d) F(4, d)
#define MXCHECK_ROWS_6(F, d) MXCHECK_ROWS_5(F, d) F(5, d)

// An instruction on registers or an address, written last.
#define MXCHECK_DO(what, with) what " " with "\n\t"
#define MXCHECK_TO(sum) sum ", " sum
#define MXCHECK_ADD(i, j, what) MXCHECK_DO("vpaddd " what ",", MXCHECK_TO(MXCHECK_SUM_##i##_##j))
#define MXCHECK_ADD_PAIR(i, low, high) MXCHECK_ADD(i, 0, low) MXCHECK_ADD(i, 1, high)
#define MXCHECK_EVERY_LANE(from) MXCHECK_DO("vpbroadcastd " from ",", "%%ymm14")
#define MXCHECK_ZERO(sum) MXCHECK_DO("vpxor " sum ",", MXCHECK_TO(sum))
#define MXCHECK_ZERO_ROW(i, d) MXCHECK_ZERO(MXCHECK_SUM_##i##_0) MXCHECK_ZERO(MXCHECK_SUM_##i##_1)

// A step: two codes along k. It is 64 bytes of the right side. Both products come before both sums:
// the other way round is slower.
#define MXCHECK_LOAD(from) \
  MXCHECK_DO("vmovdqu " from ",", "%%ymm12") MXCHECK_DO("vmovdqu 32+" from ",", "%%ymm13")
#define MXCHECK_ROW(i, d)                             \
  MXCHECK_EVERY_LANE(d MXCHECK_AT_##i)                \
  MXCHECK_DO("vpmaddwd", "%%ymm12, %%ymm14, %%ymm15") \
  MXCHECK_DO("vpmaddwd", "%%ymm13, %%ymm14, %%ymm14") \
  MXCHECK_ADD_PAIR(i, "%%ymm15", "%%ymm14")
#define MXCHECK_STEP(n, kind, part)    \
  MXCHECK_LOAD("64*" #part "(%[rhs])") \
  MXCHECK_ROWS_##n(MXCHECK_ROW, MXCHECK_PART_##kind##_##part) MXCHECK_NEXT_##kind

// Rows in a copy of lines have their pairs one behind the other; packed rows a group of rows apart.
#define MXCHECK_PART_direct_0 "0"
#define MXCHECK_PART_direct_1 "4"
#define MXCHECK_PART_direct_2 "8"
#define MXCHECK_PART_direct_3 "12"
#define MXCHECK_NEXT_direct ""
#define MXCHECK_NEXT_ONE_direct "add $4, %[a]\n\t"
#define MXCHECK_NEXT_FOUR_direct "add $16, %[a]\n\t"
#define MXCHECK_PART_packed_0 "0"
#define MXCHECK_PART_packed_1 "0"
#define MXCHECK_PART_packed_2 "0"
#define MXCHECK_PART_packed_3 "0"
#define MXCHECK_NEXT_packed "add %[step], %[a]\n\t"
#define MXCHECK_NEXT_ONE_packed ""
#define MXCHECK_NEXT_FOUR_packed ""

#define MXCHECK_ADD_COLUMNS(i, d) MXCHECK_ADD_PAIR(i, "%%ymm12", "%%ymm13")
#define MXCHECK_ADD_ROW(i, d) \
  MXCHECK_EVERY_LANE("4*" #i "(%[a])") MXCHECK_ADD_PAIR(i, "%%ymm14", "%%ymm14")
#define MXCHECK_STORE_ROW(i, d)                                \
  MXCHECK_DO("vmovdqu " MXCHECK_SUM_##i##_0 ",", "(%[out])")   \
  MXCHECK_DO("vmovdqu " MXCHECK_SUM_##i##_1 ",", "32(%[out])") \
  MXCHECK_DO("add %[out_stride],", "%[out]")

// One line every two steps. A single row is done as fast as its panel arrives: there nothing else
// is asked for.
#define MXCHECK_FETCH_1(at) ""
#define MXCHECK_FETCH_2(at) MXCHECK_DO("prefetcht0", at "(%[fetch])")
#define MXCHECK_FETCH_3 MXCHECK_FETCH_2
#define MXCHECK_FETCH_4 MXCHECK_FETCH_2
#define MXCHECK_FETCH_5 MXCHECK_FETCH_2
#define MXCHECK_FETCH_6 MXCHECK_FETCH_2

// The sums of the panel at `rhs`, which ends behind it, stored in rows `out_stride` apart.
#define MXCHECK_PANEL(n, kind)                                                                      \
  {                                                                                                 \
    const std::int64_t *offset = x.offsets, *const offsets_end = x.offsets + x.segments;            \
    const std::int32_t* const column_init =                                                         \
        x.column_init == nullptr ? nullptr : x.column_init + column;                                \
    const std::int32_t* const row_init = x.has_row_init ? x.row_init : nullptr;                     \
    const std::uint8_t* a;                                                                          \
    std::int64_t s;                                                                                 \
    asm volatile(MXCHECK_ROWS_##n(MXCHECK_ZERO_ROW, ) /* segments: */                             \
                 "1:\n\t"                                                                         \
                 "cmp %[offsets_end], %[offset]\n\t"                                              \
                 "je 6f\n\t"                                                                      \
                 "mov (%[offset]), %[a]\n\t"                                                      \
                 "add $8, %[offset]\n\t"                                                          \
                 "add %[lhs], %[a]\n\t"                                                           \
                 "mov %[steps], %[s]\n\t"                                                         \
                 "sub $4, %[s]\n\t"                                                               \
                 "jl 4f\n\t" /* steps, four at a time: */                                         \
                 ".p2align 5\n"                                                                   \
                 "2:\n\t" MXCHECK_FETCH_##n("") MXCHECK_STEP(n, kind, 0) MXCHECK_STEP(n, kind, 1)                                \
                 MXCHECK_FETCH_##n("64")                                                      \
                 MXCHECK_STEP(n, kind, 2) MXCHECK_STEP(n, kind, 3) MXCHECK_NEXT_FOUR_##kind       \
                 "add $4*64, %[rhs]\n\t"                                                          \
                 "add $128, %[fetch]\n\t"                                                         \
                 "sub $4, %[s]\n\t"                                                               \
                 "jge 2b\n\t" /* what is left of them: */                                         \
                 "4:\n\t"                                                                         \
                 "add $4, %[s]\n\t"                                                               \
                 "jz 1b\n\t"                                                                      \
                 "5:\n\t" MXCHECK_STEP(n, kind, 0) MXCHECK_NEXT_ONE_##kind                        \
                 "add $64, %[rhs]\n\t"                                                            \
                 "dec %[s]\n\t"                                                                   \
                 "jnz 5b\n\t"                                                                     \
                 "jmp 1b\n\t" /* the offsets of both sides: */                                    \
                 "6:\n\t"                                                                         \
                 "mov %[column_init], %[a]\n\t"                                                   \
                 "test %[a], %[a]\n\t"                                                            \
                 "jz 7f\n\t"                                                                      \
                 MXCHECK_LOAD("0(%[a])") MXCHECK_ROWS_##n(MXCHECK_ADD_COLUMNS, )          \
                 "7:\n\t"                                                                         \
                 "mov %[row_init], %[a]\n\t"                                                      \
                 "test %[a], %[a]\n\t"                                                            \
                 "jz 8f\n\t" MXCHECK_ROWS_##n(MXCHECK_ADD_ROW, )                                  \
                 "8:\n\t" MXCHECK_ROWS_##n(MXCHECK_STORE_ROW, )                                   \
                 : [a] "=&r"(a), [s] "=&r"(s), [offset] "+&r"(offset), [rhs] "+&r"(rhs),          \
                   [fetch] "+&r"(fetch), [out] "+&r"(out)                                         \
                 : [stride] "r"(stride), [stride3] "r"(stride3), [stride5] "r"(stride5),          \
                   [step] "rm"(step), [lhs] "rm"(x.lhs), [steps] "rm"(x.steps),                   \
                   [offsets_end] "rm"(offsets_end), [out_stride] "rm"(out_stride),                \
                   [column_init] "rm"(column_init), [row_init] "rm"(row_init)                     \
                 : "memory", "cc", MXCHECK_CLOBBERED); \
  }
#define MXCHECK_CLOBBERED                                                                  \
  "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8", "ymm9", "ymm10", \
      "ymm11", "ymm12", "ymm13", "ymm14", "ymm15"

// Sums of a last panel that is not whole, from [rows, kColumns].
void give_last(const GemmStrip& x, std::int64_t column, const std::int32_t* all) {
  for (int i = 0; i < x.rows; ++i) {
    for (std::int64_t j = column; j < x.columns; ++j) {
      x.acc[i * x.stride + j] = all[i * kColumns + j - column];
    }
  }
}

#define MXCHECK_STRIP(n, kind)                                                           \
  MXCHECK_TARGET __attribute__((noinline)) void strip_##kind##_##n(const GemmStrip& x) { \
    const std::int64_t stride = x.row_stride, step = x.step_stride;                      \
    [[maybe_unused]] const std::int64_t stride3 = 3 * stride, stride5 = 5 * stride;      \
    const std::uint8_t *rhs = x.rhs, *ahead = x.ahead;                                   \
    std::int64_t column = 0, out_stride = x.stride * 4;                                  \
    for (; x.columns - column >= kColumns; column += kColumns, ahead += x.ahead_step) {  \
      const std::uint8_t* fetch = x.columns - column > kColumns ? ahead : x.fetch;       \
      std::int32_t* out = x.acc + column;                                                \
      MXCHECK_PANEL(n, kind)                                                             \
    }                                                                                    \
    if (column == x.columns) return;                                                     \
    std::int32_t all[(n)*kColumns] = {}; /* of a last panel that is not whole */         \
    std::int32_t* out = all;                                                             \
    const std::uint8_t* fetch = x.fetch;                                                 \
    out_stride = kColumns * 4;                                                           \
    MXCHECK_PANEL(n, kind)                                                               \
    give_last(x, column, all);                                                           \
  }
#define MXCHECK_STRIPS(kind) \
  MXCHECK_STRIP(1, kind)     \
  MXCHECK_STRIP(2, kind)     \
  MXCHECK_STRIP(3, kind)     \
  MXCHECK_STRIP(4, kind)     \
  MXCHECK_STRIP(5, kind)     \
  MXCHECK_STRIP(6, kind)
MXCHECK_STRIPS(direct)
MXCHECK_STRIPS(packed)
#define MXCHECK_NAMES(kind)                                                                   \
  {                                                                                           \
    strip_##kind##_1, strip_##kind##_2, strip_##kind##_3, strip_##kind##_4, strip_##kind##_5, \
        strip_##kind##_6                                                                      \
  }

}  // namespace

void gemm_s16s16s32_6x16x2_avx2(const GemmStrip& x) {
  static constexpr GemmFunction kDirect[] = MXCHECK_NAMES(direct);
  static constexpr GemmFunction kPacked[] = MXCHECK_NAMES(packed);
  (x.step_stride == 4 ? kDirect : kPacked)[x.rows - 1](x);
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
