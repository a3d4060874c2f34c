// AVX2 packing for the kernel of 16-bit codes: eight lines of eight pairs transposed in registers,
// or two rows interleaved, and widened on the way out. No arithmetic: bytes move and are extended.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx2")))

constexpr int kPair = 4;               // bytes of two codes as stored
constexpr int kBlock = 8;              // lines, pairs or columns in a register of 16 bytes of codes
constexpr int kColumns = 2 * kBlock;   // taken at once from a row
constexpr std::int64_t kWidened = 16;  // codes that become one register

MXCHECK_TARGET inline __m128i load16(const std::uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// Sixteen codes as s16.
template <bool kSigned>
MXCHECK_TARGET inline __m256i widened(__m128i codes) {
  return kSigned ? _mm256_cvtepi8_epi16(codes) : _mm256_cvtepu8_epi16(codes);
}

MXCHECK_TARGET inline void store32(std::uint8_t* to, __m256i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}

// The first `count` pairs, at most eight.
MXCHECK_TARGET inline void store_pairs(std::uint8_t* to, int count, __m256i pairs) {
  if (count == kBlock) return store32(to, pairs);
  __m128i half = _mm256_castsi256_si128(pairs);
  if ((count & 4) != 0) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), half);
    half = _mm256_extracti128_si256(pairs, 1);
    to += 4 * kPair;
  }
  if ((count & 2) != 0) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), half);
    half = _mm_unpackhi_epi64(half, half);
    to += 2 * kPair;
  }
  if ((count & 1) != 0) {
    const int last = _mm_cvtsi128_si32(half);
    __builtin_memcpy(to, &last, sizeof last);
  }
}

// The first `count` bytes, at most eight, and nothing beyond them.
MXCHECK_TARGET inline __m128i load_some(const std::uint8_t* from, int count) {
  std::uint64_t all = 0;
  if (count == kBlock) {
    __builtin_memcpy(&all, from, 8);
  } else {
    int at = 0;
    if ((count & 4) != 0) {
      std::uint32_t four;
      __builtin_memcpy(&four, from, 4);
      all = four;
      at = 4;
    }
    if ((count & 2) != 0) {
      std::uint16_t two;
      __builtin_memcpy(&two, from + at, 2);
      all |= std::uint64_t{two} << (8 * at);
      at += 2;
    }
    if ((count & 1) != 0) all |= std::uint64_t{from[at]} << (8 * at);
  }
  return _mm_cvtsi64_si128(static_cast<long long>(all));
}

// Eight pairs of up to eight lines. Lines beyond `count` are read as line 0 and not kept.
template <bool kSigned>
MXCHECK_TARGET inline void transpose_block(const std::uint8_t* const* lines, int count,
                                           std::int64_t at, std::uint8_t* out,
                                           std::int64_t step_bytes) {
  __m128i r[kBlock], t[kBlock];
#pragma GCC unroll 8
  for (int i = 0; i < kBlock; ++i) r[i] = load16(lines[i < count ? i : 0] + at);
#pragma GCC unroll 4
  for (int i = 0; i < kBlock; i += 2) {
    t[i] = _mm_unpacklo_epi16(r[i], r[i + 1]);
    t[i + 1] = _mm_unpackhi_epi16(r[i], r[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < kBlock; i += 4) {
    r[i] = _mm_unpacklo_epi32(t[i], t[i + 2]);
    r[i + 1] = _mm_unpackhi_epi32(t[i], t[i + 2]);
    r[i + 2] = _mm_unpacklo_epi32(t[i + 1], t[i + 3]);
    r[i + 3] = _mm_unpackhi_epi32(t[i + 1], t[i + 3]);
  }
  // r[c], r[4 + c]: pairs 2 c and 2 c + 1 of lines 0 .. 3 and 4 .. 7.
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    t[2 * c] = _mm_unpacklo_epi64(r[c], r[4 + c]);
    t[2 * c + 1] = _mm_unpackhi_epi64(r[c], r[4 + c]);
  }
#pragma GCC unroll 8
  for (int s = 0; s < kBlock; ++s) {
    store_pairs(out + s * step_bytes, count, widened<kSigned>(t[s]));
  }
}

template <bool kSigned>
MXCHECK_TARGET void pack_lines(const PackLines& x) {
  const std::int64_t step_bytes = std::int64_t{kPair} * x.width;
  const std::int64_t whole = x.steps / kBlock * kBlock;
  for (int first = 0; first < x.count; first += kBlock) {
    const int count = x.count - first < kBlock ? x.count - first : kBlock;
    std::uint8_t* out = x.out + first * kPair;
    for (std::int64_t s = 0; s < whole; s += kBlock) {
      std::uint8_t* to = out + s * step_bytes;
      if (count == kBlock) {
        transpose_block<kSigned>(x.lines + first, kBlock, s * 2, to, step_bytes);
      } else {
        transpose_block<kSigned>(x.lines + first, count, s * 2, to, step_bytes);
      }
    }
    for (int i = 0; i < count; ++i) {
      const std::uint8_t* line = x.lines[first + i];
      for (std::int64_t s = whole; s < x.steps; ++s) {
        const __m128i pair = load_some(line + s * 2, 2);
        store_pairs(out + s * step_bytes + i * kPair, 1, widened<kSigned>(pair));
      }
    }
  }
}

template <bool kSigned>
MXCHECK_TARGET void pack_planes(const PackPlanes& x) {
  const std::int64_t step_bytes = std::int64_t{kPair} * x.width;
  const std::uint8_t* plane = x.planes;
  std::uint8_t* out = x.out;
  for (std::int64_t s = 0; s < x.steps; ++s, plane += 2 * x.stride, out += step_bytes) {
    const std::uint8_t* next = plane + x.stride;
    int i = 0;
    for (; i + kColumns <= x.count; i += kColumns) {
      const __m128i a = load16(plane + i), b = load16(next + i);
      store32(out + i * kPair, widened<kSigned>(_mm_unpacklo_epi8(a, b)));
      store32(out + (i + kBlock) * kPair, widened<kSigned>(_mm_unpackhi_epi8(a, b)));
    }
    for (; i < x.count; i += kBlock) {
      const int count = x.count - i < kBlock ? x.count - i : kBlock;
      const __m128i a = load_some(plane + i, count), b = load_some(next + i, count);
      store_pairs(out + i * kPair, count, widened<kSigned>(_mm_unpacklo_epi8(a, b)));
    }
  }
}

template <bool kSigned>
MXCHECK_TARGET void widen_lines(const CopyLines& x) {
  std::uint8_t* out = x.out;
  for (int i = 0; i < x.lines; ++i, out += 2 * x.count) {
    const std::uint8_t* from = x.codes + i * x.line_stride;
    std::int64_t k = 0;
    for (; k + kWidened <= x.count; k += kWidened) {
      store32(out + 2 * k, widened<kSigned>(load16(from + k)));
    }
    for (; k < x.count; ++k) {
      const auto code = static_cast<std::int16_t>(
          kSigned ? std::int16_t{static_cast<std::int8_t>(from[k])} : std::int16_t{from[k]});
      __builtin_memcpy(out + 2 * k, &code, sizeof code);
    }
  }
}

}  // namespace

void pack_lines_s16x2_avx2(const PackLines& x) {
  (x.is_signed ? pack_lines<true> : pack_lines<false>)(x);
}
void pack_planes_s16x2_avx2(const PackPlanes& x) {
  (x.is_signed ? pack_planes<true> : pack_planes<false>)(x);
}
void copy_lines_s16_avx2(const CopyLines& x) {
  (x.is_signed ? widen_lines<true> : widen_lines<false>)(x);
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
