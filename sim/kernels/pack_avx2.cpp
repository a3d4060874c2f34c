// AVX2 packing, for the kernels of byte codes (AVX-VNNI) and of 16-bit ones (AVX2): eight lines of
// eight groups transposed in registers, or four or two rows interleaved; 16-bit codes are widened
// on the way out. No arithmetic: bytes move, and are flipped or extended.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx2")))

constexpr int kGroup = 4;              // bytes of a group as stored: four codes, or two widened
constexpr int kBlock = 8;              // groups in a register
constexpr int kColumns = 2 * kBlock;   // taken at once from a row
constexpr std::int64_t kBytes = 32;    // of a register
constexpr std::int64_t kWidened = 16;  // codes that become one register

MXCHECK_TARGET inline __m128i load16(const std::uint8_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

// Sixteen codes as s16.
template <bool kSigned>
MXCHECK_TARGET inline __m256i widened(__m128i codes) {
  return kSigned ? _mm256_cvtepi8_epi16(codes) : _mm256_cvtepu8_epi16(codes);
}

MXCHECK_TARGET inline __m256i load32(const std::uint8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

MXCHECK_TARGET inline void store32(std::uint8_t* to, __m256i value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value);
}

// The first `count` groups, at most eight.
MXCHECK_TARGET inline void store_groups(std::uint8_t* to, int count, __m256i groups) {
  if (count == kBlock) return store32(to, groups);
  __m128i half = _mm256_castsi256_si128(groups);
  if ((count & 4) != 0) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), half);
    half = _mm256_extracti128_si256(groups, 1);
    to += 4 * kGroup;
  }
  if ((count & 2) != 0) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), half);
    half = _mm_unpackhi_epi64(half, half);
    to += 2 * kGroup;
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

// Byte codes, flipped: four to a group.
struct Bytes {
  static constexpr int kCodes = 4;
  __m256i flips;
  std::uint32_t flip;

  // Eight groups of up to eight lines. Lines beyond `count` are read as line 0 and not kept.
  MXCHECK_TARGET void transpose(const std::uint8_t* const* lines, int count, std::int64_t at,
                                std::uint8_t* out, std::int64_t step_bytes) const {
    __m256i r[kBlock], t[kBlock];
#pragma GCC unroll 8
    for (int i = 0; i < kBlock; ++i) {
      r[i] = _mm256_xor_si256(load32(lines[i < count ? i : 0] + at), flips);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kBlock; i += 2) {
      t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
      t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < kBlock; i += 4) {
      r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
      r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
      r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
      r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    // r[c], r[4 + c]: groups c and 4 + c of lines 0 .. 3 and 4 .. 7.
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      store_groups(out + c * step_bytes, count, _mm256_permute2x128_si256(r[c], r[4 + c], 0x20));
      store_groups(out + (4 + c) * step_bytes, count,
                   _mm256_permute2x128_si256(r[c], r[4 + c], 0x31));
    }
  }

  MXCHECK_TARGET void one(const std::uint8_t* from, std::uint8_t* to) const {
    std::uint32_t codes;
    __builtin_memcpy(&codes, from, kCodes);
    codes ^= flip;
    __builtin_memcpy(to, &codes, kCodes);
  }
};

// Codes widened to 16 bits: two to a group.
template <bool kSigned>
struct Pairs {
  static constexpr int kCodes = 2;

  MXCHECK_TARGET void transpose(const std::uint8_t* const* lines, int count, std::int64_t at,
                                std::uint8_t* out, std::int64_t step_bytes) const {
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
      store_groups(out + s * step_bytes, count, widened<kSigned>(t[s]));
    }
  }

  MXCHECK_TARGET void one(const std::uint8_t* from, std::uint8_t* to) const {
    store_groups(to, 1, widened<kSigned>(load_some(from, kCodes)));
  }
};

template <typename Way>
MXCHECK_TARGET void pack_lines(const PackLines& x, const Way& way) {
  const std::int64_t step_bytes = std::int64_t{kGroup} * x.width;
  const std::int64_t whole = x.steps / kBlock * kBlock;
  for (int first = 0; first < x.count; first += kBlock) {
    const std::uint8_t* const* lines = x.lines + first;
    const int count = x.count - first < kBlock ? x.count - first : kBlock;
    std::uint8_t* out = x.out + first * kGroup;
    for (std::int64_t s = 0; s < whole; s += kBlock) {
      std::uint8_t* to = out + s * step_bytes;
      if (count == kBlock) {
        way.transpose(lines, kBlock, s * Way::kCodes, to, step_bytes);
      } else {
        way.transpose(lines, count, s * Way::kCodes, to, step_bytes);
      }
    }
    for (int i = 0; i < count; ++i) {
      for (std::int64_t s = whole; s < x.steps; ++s) {
        way.one(lines[i] + s * Way::kCodes, out + s * step_bytes + i * kGroup);
      }
    }
  }
}

template <bool kSigned>
MXCHECK_TARGET void pack_planes(const PackPlanes& x) {
  const std::int64_t step_bytes = std::int64_t{kGroup} * x.width;
  const std::uint8_t* plane = x.planes;
  std::uint8_t* out = x.out;
  for (std::int64_t s = 0; s < x.steps; ++s, plane += 2 * x.stride, out += step_bytes) {
    const std::uint8_t* next = plane + x.stride;
    int i = 0;
    for (; i + kColumns <= x.count; i += kColumns) {
      const __m128i a = load16(plane + i), b = load16(next + i);
      store32(out + i * kGroup, widened<kSigned>(_mm_unpacklo_epi8(a, b)));
      store32(out + (i + kBlock) * kGroup, widened<kSigned>(_mm_unpackhi_epi8(a, b)));
    }
    for (; i < x.count; i += kBlock) {
      const int count = x.count - i < kBlock ? x.count - i : kBlock;
      const __m128i a = load_some(plane + i, count), b = load_some(next + i, count);
      store_groups(out + i * kGroup, count, widened<kSigned>(_mm_unpacklo_epi8(a, b)));
    }
  }
}

// Lines of a register or more end with the register that ends there, which repeats some codes.
template <bool kSigned>
MXCHECK_TARGET void widen_lines(const CopyLines& x) {
  std::uint8_t* out = x.out;
  for (int i = 0; i < x.lines; ++i, out += x.out_stride) {
    const std::uint8_t* from = x.codes + i * x.line_stride;
    std::int64_t k = 0;
    for (; k + kWidened <= x.count; k += kWidened) {
      store32(out + 2 * k, widened<kSigned>(load16(from + k)));
    }
    if (k != 0 && k < x.count) {
      k = x.count - kWidened;
      store32(out + 2 * k, widened<kSigned>(load16(from + k)));
      continue;
    }
    for (; k < x.count; ++k) {
      const auto code = static_cast<std::int16_t>(
          kSigned ? std::int16_t{static_cast<std::int8_t>(from[k])} : std::int16_t{from[k]});
      __builtin_memcpy(out + 2 * k, &code, sizeof code);
    }
  }
}

}  // namespace

MXCHECK_TARGET void pack_lines_x4_avx2(const PackLines& x) {
  pack_lines(x, Bytes{_mm256_set1_epi8(static_cast<char>(x.flip)), 0x01010101u * x.flip});
}

MXCHECK_TARGET void pack_planes_x4_avx2(const PackPlanes& x) {
  const std::int64_t step_bytes = std::int64_t{kGroup} * x.width;
  const __m256i flip = _mm256_set1_epi8(static_cast<char>(x.flip));
  const std::uint8_t* plane = x.planes;
  std::uint8_t* out = x.out;
  for (std::int64_t s = 0; s < x.steps; ++s, plane += 4 * x.stride, out += step_bytes) {
    const std::uint8_t *second = plane + x.stride, *third = second + x.stride,
                       *last = third + x.stride;
    int i = 0;
    for (; i + kColumns <= x.count; i += kColumns) {
      const __m128i a = load16(plane + i), b = load16(second + i);
      const __m128i c = load16(third + i), d = load16(last + i);
      const __m256i low = _mm256_set_m128i(_mm_unpackhi_epi8(a, b), _mm_unpacklo_epi8(a, b));
      const __m256i high = _mm256_set_m128i(_mm_unpackhi_epi8(c, d), _mm_unpacklo_epi8(c, d));
      const __m256i even = _mm256_unpacklo_epi16(low, high);  // groups 0 .. 3 and 8 .. 11
      const __m256i odd = _mm256_unpackhi_epi16(low, high);
      const __m256i first = _mm256_permute2x128_si256(even, odd, 0x20);
      const __m256i rest = _mm256_permute2x128_si256(even, odd, 0x31);
      store32(out + i * kGroup, _mm256_xor_si256(first, flip));
      store32(out + (i + kBlock) * kGroup, _mm256_xor_si256(rest, flip));
    }
    for (; i < x.count; i += kBlock) {
      const int count = x.count - i < kBlock ? x.count - i : kBlock;
      const __m128i a = load_some(plane + i, count), b = load_some(second + i, count);
      const __m128i c = load_some(third + i, count), d = load_some(last + i, count);
      const __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpacklo_epi8(c, d);
      const __m256i all =
          _mm256_set_m128i(_mm_unpackhi_epi16(low, high), _mm_unpacklo_epi16(low, high));
      store_groups(out + i * kGroup, count, _mm256_xor_si256(all, flip));
    }
  }
}

MXCHECK_TARGET void copy_lines_avx2(const CopyLines& x) {
  const __m256i flip = _mm256_set1_epi8(static_cast<char>(x.flip));
  std::uint8_t* out = x.out;
  for (int i = 0; i < x.lines; ++i, out += x.out_stride) {
    const std::uint8_t* from = x.codes + i * x.line_stride;
    std::int64_t k = 0;
    for (; k + kBytes <= x.count; k += kBytes) {
      store32(out + k, _mm256_xor_si256(load32(from + k), flip));
    }
    if (k != 0 && k < x.count) {
      k = x.count - kBytes;
      store32(out + k, _mm256_xor_si256(load32(from + k), flip));
      continue;
    }
    for (; k < x.count; ++k) out[k] = static_cast<std::uint8_t>(from[k] ^ x.flip);
  }
}

void pack_lines_s16x2_avx2(const PackLines& x) {
  if (x.is_signed) {
    pack_lines(x, Pairs<true>{});
  } else {
    pack_lines(x, Pairs<false>{});
  }
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
