// Sums of codes for the kernels of byte codes on AVX2's registers (AVX-VNNI): lines by vpsadbw,
// whose sums of bytes are exact, panels by vpmaddubsw and vpmaddwd with ones.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx2")))

constexpr int kGroup = 4;            // codes of a column that lie together
constexpr int kColumns = 8;          // groups in a register
constexpr std::int64_t kBytes = 32;  // of a register

MXCHECK_TARGET inline __m256i load32(const std::uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

}  // namespace

// An s8 code is its bits with the sign flipped, as u8, less 128.
MXCHECK_TARGET void sum_lines_avx2(const SumLines& x) {
  const auto to_u8 = static_cast<std::uint8_t>(x.flip ^ 0x80);
  const __m256i flip = _mm256_set1_epi8(static_cast<char>(to_u8));
  const __m256i zero = _mm256_setzero_si256();
  for (int line = 0; line < x.lines; ++line) {
    const std::uint8_t* codes = x.codes + line * x.line_stride;
    __m256i sums = zero;
    std::int64_t k = 0;
    for (; k + kBytes <= x.count; k += kBytes) {
      const __m256i bytes = _mm256_xor_si256(load32(codes + k), flip);
      sums = _mm256_add_epi64(sums, _mm256_sad_epu8(bytes, zero));
    }
    const __m128i half =
        _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const __m128i all = _mm_add_epi64(half, _mm_unpackhi_epi64(half, half));
    auto sum = static_cast<std::uint32_t>(_mm_cvtsi128_si32(all));
    for (; k < x.count; ++k) sum += static_cast<std::uint32_t>(codes[k] ^ to_u8);
    sum -= static_cast<std::uint32_t>(128 * x.count);
    x.out[line] = static_cast<std::int32_t>(static_cast<std::uint32_t>(x.start) +
                                            static_cast<std::uint32_t>(x.factor) * sum);
  }
}

MXCHECK_TARGET void sum_panel_avx2(const SumPanel& x) {
  const std::int64_t step_bytes = std::int64_t{kGroup} * x.width;
  const __m256i ones8 = _mm256_set1_epi8(1), ones16 = _mm256_set1_epi16(1);
  const __m256i factor = _mm256_set1_epi32(x.factor), start = _mm256_set1_epi32(x.start);
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (int i = 0; i < x.width; i += kColumns) {
    const __m256i some = _mm256_cmpgt_epi32(_mm256_set1_epi32(x.width - i), lanes);
    const std::uint8_t* panel = x.panel + i * kGroup;
    __m256i sums = _mm256_setzero_si256();
    for (std::int64_t s = 0; s < x.steps; ++s, panel += step_bytes) {
      const __m256i codes = _mm256_maskload_epi32(reinterpret_cast<const int*>(panel), some);
      const __m256i pairs = _mm256_maddubs_epi16(ones8, codes);
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones16));
    }
    sums = _mm256_add_epi32(start, _mm256_mullo_epi32(factor, sums));
    _mm256_maskstore_epi32(x.out + i, some, sums);
  }
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
