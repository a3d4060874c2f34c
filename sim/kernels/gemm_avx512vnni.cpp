// AVX-512 VNNI: vpdpbusd, four u8 x s8 products a lane, the wrapping form (the saturating one would
// not be modulo 2^32). The left side is the unsigned one, s8 codes copied as codes + 128, four
// codes of a row at a time: what that adds is known for every column when the right side is packed.
//
// DOT-8. Target attributes on each function, plain pointers, nothing shared with other files. A
// tile keeps all its sums in registers: 6 x 4 of 32; a step is six broadcasts and four loads for 24
// products. That is less than one load a cycle: processors that can do two still lose some when
// there are more, as with 14 x 2. A tile is one piece of assembly: of the same instructions g++ 12
// makes a slower one, with copies of sums and addresses kept in vector registers (README.md has the
// figures of both). Sanitizers do not see what assembly reads and writes; gemm_test.cpp and
// kernels_fuzz.cpp put guards around it.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,prfchw")))

constexpr int kLanes = 16;
constexpr int kColumns = 4 * kLanes;
static_assert(kFetchedBytes == 32, "128 for four steps below");

// The macros below make the text of a tile for n rows, v registers a row and both ways that rows
// can lie. Registers: sums as in the list, 20 to 23 what was loaded of the right side, 28 to 31 a
// row's codes in every lane.
#define MXCHECK_SUM_0_0 "%%zmm0"
#define MXCHECK_SUM_0_1 "%%zmm1"
#define MXCHECK_SUM_0_2 "%%zmm2"
#define MXCHECK_SUM_0_3 "%%zmm3"
#define MXCHECK_SUM_1_0 "%%zmm4"
#define MXCHECK_SUM_1_1 "%%zmm5"
#define MXCHECK_SUM_1_2 "%%zmm6"
#define MXCHECK_SUM_1_3 "%%zmm7"
#define MXCHECK_SUM_2_0 "%%zmm8"
#define MXCHECK_SUM_2_1 "%%zmm9"
#define MXCHECK_SUM_2_2 "%%zmm10"
#define MXCHECK_SUM_2_3 "%%zmm11"
#define MXCHECK_SUM_3_0 "%%zmm12"
#define MXCHECK_SUM_3_1 "%%zmm13"
#define MXCHECK_SUM_3_2 "%%zmm14"
#define MXCHECK_SUM_3_3 "%%zmm15"
#define MXCHECK_SUM_4_0 "%%zmm16"
#define MXCHECK_SUM_4_1 "%%zmm17"
#define MXCHECK_SUM_4_2 "%%zmm18"
#define MXCHECK_SUM_4_3 "%%zmm19"
#define MXCHECK_SUM_5_0 "%%zmm24"
#define MXCHECK_SUM_5_1 "%%zmm25"
#define MXCHECK_SUM_5_2 "%%zmm26"
#define MXCHECK_SUM_5_3 "%%zmm27"

// The codes of row i, and where they are: reached by the strides an address can hold.
#define MXCHECK_CODES_0 "%%zmm28"
#define MXCHECK_CODES_1 "%%zmm29"
#define MXCHECK_CODES_2 "%%zmm30"
#define MXCHECK_CODES_3 "%%zmm31"
#define MXCHECK_CODES_4 "%%zmm28"
#define MXCHECK_CODES_5 "%%zmm29"
#define MXCHECK_AT_0 "(%[a])"
#define MXCHECK_AT_1 "(%[a], %[stride])"
#define MXCHECK_AT_2 "(%[a], %[stride], 2)"
#define MXCHECK_AT_3 "(%[a], %[stride3])"
#define MXCHECK_AT_4 "(%[a], %[stride], 4)"
#define MXCHECK_AT_5 "(%[a], %[stride5])"
// The same a step further, for the last two.
#define MXCHECK_AFTER_0 "(%[s])"
#define MXCHECK_AFTER_1 "(%[s], %[stride])"
#define MXCHECK_AFTER_2 "(%[s], %[stride], 2)"
#define MXCHECK_AFTER_3 "(%[s], %[stride3])"
#define MXCHECK_AFTER_4 "(%[s], %[stride], 4)"
#define MXCHECK_AFTER_5 "(%[s], %[stride5])"

// F for each row of a tile, with what else it takes.
#define MXCHECK_ROWS_1(F, v, d) F(0, v, d)
#define MXCHECK_ROWS_2(F, v, d) MXCHECK_ROWS_1(F, v, d) F(1, v, d)
#define MXCHECK_ROWS_3(F, v, d) MXCHECK_ROWS_2(F, v, d) F(2, v, d)
#define MXCHECK_ROWS_4(F, v, d) MXCHECK_ROWS_3(F, v, d) F(3, v, d)
#define MXCHECK_ROWS_5(F, v, d) MXCHECK_ROWS_4(F, v, d) F(4, v, d)
#define MXCHECK_ROWS_6(F, v, d) MXCHECK_ROWS_5(F, v, d) F(5, v, d)

// F for the registers of a row, four in a whole panel; fewer in a last one that is narrow.
#define MXCHECK_VECTORS_1(F, i) F(i, 0)
#define MXCHECK_VECTORS_2(F, i) MXCHECK_VECTORS_1(F, i) F(i, 1)
#define MXCHECK_VECTORS_3(F, i) MXCHECK_VECTORS_2(F, i) F(i, 2)
#define MXCHECK_VECTORS_4(F, i) MXCHECK_VECTORS_3(F, i) F(i, 3)

// Sums begin with zero, by the instruction that waits for nothing, and what the offsets of both
// sides add is added near the end: begun with that, a tile waits for the one before it.
#define MXCHECK_ZERO(i, j) \
  "vpxord " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j "\n\t"
#define MXCHECK_ZERO_ROW(i, v, d) MXCHECK_VECTORS_##v(MXCHECK_ZERO, i)

// A step: four codes along k. It is 256 bytes of the right side: 64 columns of 4 codes.
#define MXCHECK_LOAD(part, j) "vmovdqu64 256*" #part "+64*" #j "(%[rhs]), %%zmm2" #j "\n\t"
#define MXCHECK_PRODUCT(i, j) \
  "vpdpbusd %%zmm2" #j ", " MXCHECK_CODES_##i ", " MXCHECK_SUM_##i##_##j "\n\t"
#define MXCHECK_ROW(i, v, d)                              \
  "vpbroadcastd " d MXCHECK_AT_##i ", " MXCHECK_CODES_##i \
      "\n\t" MXCHECK_VECTORS_##v(MXCHECK_PRODUCT, i)
#define MXCHECK_STEP(n, v, kind, part)    \
  MXCHECK_VECTORS_##v(MXCHECK_LOAD, part) \
      MXCHECK_ROWS_##n(MXCHECK_ROW, v, MXCHECK_PART_##kind##_##part) MXCHECK_NEXT_##kind

// Rows read where they lie have their groups one behind the other: the distance is a constant, and
// addresses need no arithmetic. Packed rows have theirs a whole group of rows apart.
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

#define MXCHECK_LOAD_INIT(unused, j) "vmovdqu64 64*" #j "(%[s]), %%zmm2" #j "\n\t"
#define MXCHECK_ADD_COLUMN(i, j) \
  "vpaddd %%zmm2" #j ", " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j "\n\t"
#define MXCHECK_ADD_COLUMNS(i, v, d) MXCHECK_VECTORS_##v(MXCHECK_ADD_COLUMN, i)
#define MXCHECK_ADD_ROW(i, j) \
  "vpaddd " MXCHECK_CODES_##i ", " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j "\n\t"
#define MXCHECK_ADD_ROWS(i, v, d) \
  "vpbroadcastd 4*" #i "(%[s]), " MXCHECK_CODES_##i "\n\t" MXCHECK_VECTORS_##v(MXCHECK_ADD_ROW, i)

#define MXCHECK_STORE_WHOLE(i, j) "vmovdqu64 " MXCHECK_SUM_##i##_##j ", 64*" #j "(%[out])\n\t"
#define MXCHECK_STORE_SOME(i, j) \
  "vmovdqu32 " MXCHECK_SUM_##i##_##j ", 64*" #j "(%[out]) %{%[keep" #j "]%}\n\t"
#define MXCHECK_STORE_ROW(i, v, store) MXCHECK_VECTORS_##v(store, i) "add %[out_stride], %[out]\n\t"

// The last two steps, row by row: the sums of a row are stored beside the products of the next.
// Stored all at once they take time of their own where a store takes two cycles (README.md). What
// the registers do not hold of the second step's right side is read where it lies.
#define MXCHECK_SECOND_0 "%%zmm28"
#define MXCHECK_SECOND_1 "%%zmm29"
#define MXCHECK_SECOND_2 "%%zmm30"
#define MXCHECK_SECOND_3 "256+64*3(%[rhs])"
#define MXCHECK_LOAD_SECOND(unused, j) MXCHECK_LOAD_SECOND_##j
#define MXCHECK_LOAD_SECOND_0 "vmovdqu64 256(%[rhs]), %%zmm28\n\t"
#define MXCHECK_LOAD_SECOND_1 "vmovdqu64 256+64(%[rhs]), %%zmm29\n\t"
#define MXCHECK_LOAD_SECOND_2 "vmovdqu64 256+64*2(%[rhs]), %%zmm30\n\t"
#define MXCHECK_LOAD_SECOND_3 ""
#define MXCHECK_FIRST_PRODUCT(i, j) "vpdpbusd %%zmm2" #j ", %%zmm31, " MXCHECK_SUM_##i##_##j "\n\t"
#define MXCHECK_SECOND_PRODUCT(i, j) \
  "vpdpbusd " MXCHECK_SECOND_##j ", %%zmm31, " MXCHECK_SUM_##i##_##j "\n\t"
#define MXCHECK_LAST_PRODUCTS(i, v)                                   \
  "vpbroadcastd " MXCHECK_AT_##i ", %%zmm31\n\t" MXCHECK_VECTORS_##v( \
      MXCHECK_FIRST_PRODUCT, i) "vpbroadcastd " MXCHECK_AFTER_##i     \
      ", %%zmm31\n\t" MXCHECK_VECTORS_##v(MXCHECK_SECOND_PRODUCT, i)
#define MXCHECK_LAST_OF_ROW(i, v, store) MXCHECK_LAST_PRODUCTS(i, v) MXCHECK_STORE_ROW(i, v, store)

// The same with the sums made floats and scaled on their way: `offset` and `line` are where the
// scales of rows and columns are, having done their work.
#define MXCHECK_SCALE_ROW(i, j)                                                                \
  "vcvtdq2ps " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j                                \
      "\n\t"                                                                                   \
      "vmulps 4*" #i "(%[offset])%{1to16%}, " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j \
      "\n\t"
#define MXCHECK_SCALE_COLUMN(i, j) \
  "vmulps 64*" #j "(%[line]), " MXCHECK_SUM_##i##_##j ", " MXCHECK_SUM_##i##_##j
#define MXCHECK_STORE_WHOLE_SCALED(i, j) MXCHECK_SCALE_COLUMN(i, j) "\n\t"
#define MXCHECK_STORE_SOME_SCALED(i, j) MXCHECK_SCALE_COLUMN(i, j) " %{%[keep" #j "]%}\n\t"
#define MXCHECK_LAST_OF_ROW_SCALED(i, v, store)                                    \
  MXCHECK_LAST_PRODUCTS(i, v)                                                      \
  MXCHECK_VECTORS_##v(MXCHECK_SCALE_ROW, i) MXCHECK_VECTORS_##v(store##_SCALED, i) \
      MXCHECK_STORE_ROW(i, v, store)

// The sums of the panel at `rhs`, which ends behind it, stored at `out`. The lines they are stored
// in are fetched while they are worked out, one every four steps, down the rows and then again:
// more at once would take the place of what is loaded, and lines beside them may be another
// thread's.
#define MXCHECK_PANEL(n, v, kind, store, ...)                                                      \
  {                                                                                                \
    const std::int64_t *offset = x.offsets, *const offsets_end = x.offsets + x.segments;           \
    const float* const row_scale = x.row_scale == nullptr ? kOnes : x.row_scale;                   \
    const void* const beside[] = {x.column_init == nullptr ? nullptr : x.column_init + column,     \
                                  x.has_row_init ? x.row_init : nullptr,                           \
                                  x.floats == nullptr ? nullptr : row_scale,                       \
                                  x.column_scale == nullptr ? kOnes : x.column_scale + column};    \
    const auto lines = reinterpret_cast<std::uintptr_t>(out);                                      \
    const auto out_stride = static_cast<std::uintptr_t>(x.stride) * sizeof(std::int32_t);          \
    const std::uintptr_t lines_end = lines + (n)*out_stride, lines_beyond = lines + (v)*64,        \
                         to_next_line = 64 - (n)*out_stride;                                       \
    std::uintptr_t line = lines;                                                                   \
    const std::int64_t by_rows = x.segments > 0 && x.steps >= 2 ? 2 : 0;                           \
    const std::uint8_t* a;                                                                         \
    std::int64_t s;                                                                                \
    asm volatile(MXCHECK_ROWS_##n(MXCHECK_ZERO_ROW, v, ) /* segments: */                         \
                 "1:\n\t"                                                                        \
                 "cmp %[offsets_end], %[offset]\n\t"                                             \
                 "je 6f\n\t"                                                                     \
                 "mov (%[offset]), %[a]\n\t"                                                     \
                 "add $8, %[offset]\n\t"                                                         \
                 "add %[lhs], %[a]\n\t"                                                          \
                 "mov %[steps], %[s]\n\t"                                                        \
                 "cmp %[offsets_end], %[offset]\n\t"                                             \
                 "jne 9f\n\t"                                                                    \
                 "sub %[by_rows], %[s]\n\t"                                                      \
                 "9:\n\t"                                                                        \
                 "sub $4, %[s]\n\t"                                                              \
                 "jl 4f\n\t" /* steps, four at a time: */                                        \
                 ".p2align 5\n"                                                                  \
                 "2:\n\t"                                                                        \
                 "prefetcht0 (%[fetch])\n\t"                                                     \
                 "prefetchw (%[line])\n\t"                                                       \
                 "add %[out_stride], %[line]\n\t"                                                \
                 "cmp %[lines_end], %[line]\n\t"                                                 \
                 "jb 3f\n\t"                                                                     \
                 "add %[to_next_line], %[line]\n\t"                                              \
                 "cmp %[lines_beyond], %[line]\n\t"                                              \
                 "cmovae %[lines], %[line]\n\t"                                                  \
                 "3:\n\t" MXCHECK_STEP(n, v, kind, 0) MXCHECK_STEP(n, v, kind, 1)                \
                     "prefetcht0 64(%[fetch])\n\t" MXCHECK_STEP(n, v, kind, 2)                   \
                         MXCHECK_STEP(n, v, kind, 3) MXCHECK_NEXT_FOUR_##kind                    \
                 "add $4*256, %[rhs]\n\t"                                                        \
                 "add $128, %[fetch]\n\t"                                                        \
                 "sub $4, %[s]\n\t"                                                              \
                 "jge 2b\n\t" /* what is left of them: */                                        \
                 "4:\n\t"                                                                        \
                 "add $4, %[s]\n\t"                                                              \
                 "jz 1b\n\t"                                                                     \
                 "5:\n\t" MXCHECK_STEP(n, v, kind, 0) MXCHECK_NEXT_ONE_##kind                    \
                 "add $256, %[rhs]\n\t"                                                          \
                 "dec %[s]\n\t"                                                                  \
                 "jnz 5b\n\t"                                                                    \
                 "jmp 1b\n\t" /* the offsets of both sides: */                                   \
                 "6:\n\t"                                                                        \
                 "mov %[beside], %[s]\n\t"                                                       \
                 "test %[s], %[s]\n\t"                                                           \
                 "jz 7f\n\t" MXCHECK_VECTORS_##v(MXCHECK_LOAD_INIT, 0)                           \
                     MXCHECK_ROWS_##n(MXCHECK_ADD_COLUMNS, v, )                                  \
                 "7:\n\t"                                                                        \
                 "mov 8+%[beside], %[s]\n\t"                                                     \
                 "test %[s], %[s]\n\t"                                                           \
                 "jz 8f\n\t" MXCHECK_ROWS_##n(MXCHECK_ADD_ROWS, v, )                             \
                 "8:\n\t"                                                                        \
                 "mov %[by_rows], %[s]\n\t"                                                      \
                 "test %[s], %[s]\n\t"                                                           \
                 "jnz 10f\n\t" MXCHECK_ROWS_##n(MXCHECK_STORE_ROW, v, store) /* the last two: */ \
                 "jmp 11f\n\t"                                                                   \
                 "10:\n\t"                                                                       \
                 "prefetcht0 (%[fetch])\n\t"                                                     \
                 "prefetchw (%[line])\n\t"                                                       \
                 "mov %[step], %[s]\n\t"                                                         \
                 "add %[a], %[s]\n\t" MXCHECK_VECTORS_##v(MXCHECK_LOAD, 0)                       \
                     MXCHECK_VECTORS_##v(MXCHECK_LOAD_SECOND, 0)                                 \
                 "mov 16+%[beside], %[offset]\n\t"                                               \
                 "mov 24+%[beside], %[line]\n\t"                                                 \
                 "test %[offset], %[offset]\n\t"                                                 \
                 "jnz 12f\n\t" MXCHECK_ROWS_##n(MXCHECK_LAST_OF_ROW, v, store)                   \
                 "jmp 13f\n\t"                                                                   \
                 "12:\n\t" MXCHECK_ROWS_##n(MXCHECK_LAST_OF_ROW_SCALED, v, store)                \
                 "13:\n\t"                                                                       \
                 "add $2*256, %[rhs]\n\t"                                                        \
                 "11:\n\t"                                                                       \
                 : [a] "=&r"(a), [s] "=&r"(s), [offset] "+&r"(offset), [rhs] "+&r"(rhs),          \
                   [fetch] "+&r"(fetch), [line] "+&r"(line), [out] "+&r"(out)                    \
                 : [stride] "r"(stride), [stride3] "r"(stride3), [stride5] "r"(stride5),         \
                   [step] "rm"(step), [lhs] "rm"(x.lhs), [steps] "rm"(x.steps),                  \
                   [by_rows] "rm"(by_rows),                                                      \
                   [offsets_end] "rm"(offsets_end), [out_stride] "rm"(out_stride),               \
                   [lines] "rm"(lines), [lines_end] "rm"(lines_end),                             \
                   [lines_beyond] "rm"(lines_beyond), [to_next_line] "rm"(to_next_line),         \
                   [beside] "m"(beside) __VA_ARGS__                                              \
                 : "memory", "cc", MXCHECK_CLOBBERED); \
  }

#define MXCHECK_CLOBBERED                                                                       \
  "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10",      \
      "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", \
      "zmm21", "zmm22", "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", \
      "zmm31"

// The lanes of the registers that are stored in a last panel.
#define MXCHECK_KEEP(unused, j) , [keep##j] "Yk"(keep(left - (j)*kLanes))

// Scales that are not there.
constexpr float kOnes[kColumns] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                   1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

// Which of 16 lanes lie in the first `left` columns.
MXCHECK_TARGET inline __mmask16 keep(std::int64_t left) {
  return static_cast<__mmask16>(left >= kLanes ? 0xffffu : left <= 0 ? 0u : (1u << left) - 1u);
}

// Where the first row of a strip is written, from a column on.
inline void* written(const GemmStrip& x, std::int64_t column) {
  if (x.floats != nullptr) return x.floats + column;
  return x.acc + column;
}

// What is left of a strip when its last panel is worked on.
struct Rest {
  std::int64_t column;
  const std::uint8_t *rhs, *fetch;
};

#define MXCHECK_STRIDES                                           \
  const std::int64_t stride = x.row_stride, step = x.step_stride; \
  [[maybe_unused]] const std::int64_t stride3 = 3 * stride, stride5 = 5 * stride;

// A last panel of at most 16 v columns.
#define MXCHECK_LAST(n, v, kind)                                                              \
  MXCHECK_TARGET                                                                              \
  __attribute__((noinline)) void last_##kind##_##n##_##v(const GemmStrip& x, const Rest& r) { \
    MXCHECK_STRIDES                                                                           \
    const std::int64_t column = r.column, left = x.columns - column;                          \
    const std::uint8_t *rhs = r.rhs, *fetch = r.fetch;                                        \
    void* out = written(x, column);                                                           \
    MXCHECK_PANEL(n, v, kind, MXCHECK_STORE_SOME, MXCHECK_VECTORS_##v(MXCHECK_KEEP, 0))       \
  }

#define MXCHECK_STRIP(n, kind)                                                           \
  MXCHECK_LAST(n, 1, kind)                                                               \
  MXCHECK_LAST(n, 2, kind)                                                               \
  MXCHECK_LAST(n, 3, kind)                                                               \
  MXCHECK_LAST(n, 4, kind)                                                               \
  MXCHECK_TARGET __attribute__((noinline)) void strip_##kind##_##n(const GemmStrip& x) { \
    MXCHECK_STRIDES                                                                      \
    const std::uint8_t *rhs = x.rhs, *ahead = x.ahead;                                   \
    std::int64_t column = 0;                                                             \
    for (; x.columns - column >= kColumns; column += kColumns, ahead += x.ahead_step) {  \
      const std::uint8_t* fetch = x.columns - column > kColumns ? ahead : x.fetch;       \
      void* out = written(x, column);                                                    \
      MXCHECK_PANEL(n, 4, kind, MXCHECK_STORE_WHOLE, )                                   \
    }                                                                                    \
    if (column == x.columns) return;                                                     \
    static constexpr void (*kLast[])(const GemmStrip&, const Rest&) = {                  \
        last_##kind##_##n##_1, last_##kind##_##n##_2, last_##kind##_##n##_3,             \
        last_##kind##_##n##_4};                                                          \
    kLast[(x.columns - column - 1) / kLanes](x, {column, rhs, x.fetch});                 \
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

void gemm_u8s8s32_6x64x4_avx512vnni(const GemmStrip& x) {
  static constexpr GemmFunction kDirect[] = MXCHECK_NAMES(direct);
  static constexpr GemmFunction kPacked[] = MXCHECK_NAMES(packed);
  (x.step_stride == 4 ? kDirect : kPacked)[x.rows - 1](x);
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
