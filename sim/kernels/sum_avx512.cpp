// Sums of lines of codes: vpdpbusd with ones. Sixteen lines at a time where there are more than
// four: halves of their partial sums change places as they are added, fifteen additions for all.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

MXCHECK_TARGET inline __attribute__((always_inline)) __m128i folded(__m512i sum) {
  // All lanes kept: g++ 12 warns of the forms without a mask.
  constexpr __mmask8 kAll = 0xff;
  const __m256i half = _mm256_add_epi32(_mm512_maskz_extracti64x4_epi64(kAll, sum, 0),
                                        _mm512_maskz_extracti64x4_epi64(kAll, sum, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

// Up to 64 codes of a line, flipped; 0 beyond them.
MXCHECK_TARGET inline __attribute__((always_inline)) __m512i some_codes(const std::uint8_t* codes,
                                                                        __mmask64 some,
                                                                        __m512i flip) {
  const __m512i all = _mm512_xor_si512(_mm512_maskz_loadu_epi8(some, codes), flip);
  return _mm512_maskz_mov_epi8(some, all);
}

// Four lines from line `first`, `stride` apart; a stride of 0 gives one line four times.
MXCHECK_TARGET inline __attribute__((always_inline)) __m128i four_lines(const SumLines& x,
                                                                        std::int64_t first,
                                                                        std::int64_t stride) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(x.flip));
  const std::uint8_t* codes = x.codes + first * x.line_stride;
  const std::int64_t count = x.count;
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  const std::uint8_t *second = codes + stride, *third = second + stride, *last = third + stride;
  std::int64_t k = 0;
  for (; k + 64 <= count; k += 64) {
    a = _mm512_dpbusd_epi32(a, ones, _mm512_xor_si512(_mm512_loadu_si512(codes + k), flip));
    b = _mm512_dpbusd_epi32(b, ones, _mm512_xor_si512(_mm512_loadu_si512(second + k), flip));
    c = _mm512_dpbusd_epi32(c, ones, _mm512_xor_si512(_mm512_loadu_si512(third + k), flip));
    d = _mm512_dpbusd_epi32(d, ones, _mm512_xor_si512(_mm512_loadu_si512(last + k), flip));
  }
  if (k < count) {
    const __mmask64 some = (__mmask64{1} << (count - k)) - 1;
    a = _mm512_dpbusd_epi32(a, ones, some_codes(codes + k, some, flip));
    b = _mm512_dpbusd_epi32(b, ones, some_codes(second + k, some, flip));
    c = _mm512_dpbusd_epi32(c, ones, some_codes(third + k, some, flip));
    d = _mm512_dpbusd_epi32(d, ones, some_codes(last + k, some, flip));
  }
  const __m128i sums =
      _mm_hadd_epi32(_mm_hadd_epi32(folded(a), folded(b)), _mm_hadd_epi32(folded(c), folded(d)));
  return _mm_add_epi32(_mm_set1_epi32(x.start), _mm_mullo_epi32(_mm_set1_epi32(x.factor), sums));
}

#define MXCHECK_SIXTEEN(F) \
  F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15)
#define MXCHECK_LINE(i) \
  const std::uint8_t* line##i = x.codes + (first + (i < last ? i : last)) * x.line_stride;
#define MXCHECK_ZERO(i) __m512i a##i = _mm512_setzero_si512();
#define MXCHECK_SUM(i) a##i = _mm512_dpbusd_epi32(a##i, ones, _mm512_loadu_si512(line##i + k));
#define MXCHECK_SUM_FLIPPED(i) \
  a##i = _mm512_dpbusd_epi32(a##i, ones, _mm512_xor_si512(_mm512_loadu_si512(line##i + k), flip));
#define MXCHECK_SUM_SOME(i) \
  a##i = _mm512_dpbusd_epi32(a##i, ones, some_codes(line##i + k, some, flip));
// Sums of neighbours: of 32 and 64 bits within each 128, then of the four 128.
#define MXCHECK_JOIN_32(i, j)                                              \
  a##i = _mm512_add_epi32(_mm512_maskz_unpacklo_epi32(0xFFFF, a##i, a##j), \
                          _mm512_maskz_unpackhi_epi32(0xFFFF, a##i, a##j))
#define MXCHECK_JOIN_64(i, j)                                            \
  a##i = _mm512_add_epi32(_mm512_maskz_unpacklo_epi64(0xFF, a##i, a##j), \
                          _mm512_maskz_unpackhi_epi64(0xFF, a##i, a##j))
#define MXCHECK_JOIN_128(i, j)                                                  \
  a##i = _mm512_add_epi32(_mm512_maskz_shuffle_i32x4(0xFFFF, a##i, a##j, 0x88), \
                          _mm512_maskz_shuffle_i32x4(0xFFFF, a##i, a##j, 0xDD))

// Lines first .. first + 15; beyond the last of all, that one again.
MXCHECK_TARGET inline __attribute__((always_inline)) __m512i sixteen_lines(const SumLines& x,
                                                                           int first) {
  const int last = x.lines - 1 - first;
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(x.flip));
  const __m512i ones = _mm512_set1_epi8(1);
  MXCHECK_SIXTEEN(MXCHECK_LINE)
  MXCHECK_SIXTEEN(MXCHECK_ZERO)
  std::int64_t k = 0;
  if (x.flip == 0) {
    for (; k + 64 <= x.count; k += 64) {
      MXCHECK_SIXTEEN(MXCHECK_SUM)
    }
  } else {
    for (; k + 64 <= x.count; k += 64) {
      MXCHECK_SIXTEEN(MXCHECK_SUM_FLIPPED)
    }
  }
  if (k < x.count) {
    const __mmask64 some = (__mmask64{1} << (x.count - k)) - 1;
    MXCHECK_SIXTEEN(MXCHECK_SUM_SOME)
  }
  MXCHECK_JOIN_32(0, 8);
  MXCHECK_JOIN_32(1, 9);
  MXCHECK_JOIN_32(2, 10);
  MXCHECK_JOIN_32(3, 11);
  MXCHECK_JOIN_32(4, 12);
  MXCHECK_JOIN_32(5, 13);
  MXCHECK_JOIN_32(6, 14);
  MXCHECK_JOIN_32(7, 15);
  MXCHECK_JOIN_64(0, 4);
  MXCHECK_JOIN_64(1, 5);
  MXCHECK_JOIN_64(2, 6);
  MXCHECK_JOIN_64(3, 7);
  MXCHECK_JOIN_128(0, 2);
  MXCHECK_JOIN_128(1, 3);
  MXCHECK_JOIN_128(0, 1);
  // Line i is where its number's four bits, read backwards, say.
  const __m512i order = _mm512_setr_epi32(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
  const __m512i sums = _mm512_maskz_permutexvar_epi32(0xFFFF, order, a0);
  return _mm512_add_epi32(_mm512_set1_epi32(x.start),
                          _mm512_mullo_epi32(_mm512_set1_epi32(x.factor), sums));
}

}  // namespace

MXCHECK_TARGET void sum_lines_avx512vnni(const SumLines& x) {
  int line = 0;
  for (; line + 4 < x.lines; line += 16) {
    const int left = x.lines - line;
    const auto some = static_cast<__mmask16>(left >= 16 ? 0xffffu : (1u << left) - 1u);
    _mm512_mask_storeu_epi32(x.out + line, some, sixteen_lines(x, line));
  }
  if (line + 4 == x.lines) {
    const __m128i sums = four_lines(x, line, x.line_stride);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(x.out + line), sums);
    return;
  }
  for (; line < x.lines; ++line) {
    const __m128i sums = four_lines(x, line, 0);
    x.out[line] = _mm_cvtsi128_si32(sums);
  }
}

MXCHECK_TARGET void sum_panel_avx512vnni(const SumPanel& x) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (int first = 0; first < x.width; first += 16) {
    const int left = x.width - first;
    const auto some = static_cast<__mmask16>(left >= 16 ? 0xffffu : (1u << left) - 1u);
    const std::uint8_t* codes = x.panel + first * 4;
    __m512i sum = _mm512_setzero_si512();
    for (std::int64_t s = 0; s < x.steps; ++s, codes += x.width * 4) {
      sum = _mm512_dpbusd_epi32(sum, ones, _mm512_maskz_loadu_epi32(some, codes));
    }
    sum = _mm512_add_epi32(_mm512_set1_epi32(x.start),
                           _mm512_mullo_epi32(_mm512_set1_epi32(x.factor), sum));
    _mm512_mask_storeu_epi32(x.out + first, some, sum);
  }
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
