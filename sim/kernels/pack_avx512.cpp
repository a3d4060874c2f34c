// AVX-512 packing: 16 lines of 64 codes transposed by groups of four in registers, or 64, 16 or 8
// columns of four rows interleaved. No arithmetic: bytes move, and are flipped where the storage
// asks for it.
#include "sim/kernels/gemm_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace mxcheck::kernels {
namespace {

#define MXCHECK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

// Lanes kept: all of them. g++ 12 says of the forms without a mask that they use an uninitialized
// register; these compile to the same instructions.
constexpr __mmask16 kAll16 = 0xffff;
constexpr __mmask8 kAll8 = 0xff;
constexpr __mmask32 kAll32 = ~__mmask32{0};
constexpr __mmask64 kAll64 = ~__mmask64{0};

constexpr int kWhole = 64, kFew = 8;  // columns: of a whole panel, of a strip's rows

// 16 steps of up to 16 lines. Lines beyond `count` are read as line 0 and not kept.
MXCHECK_TARGET void transpose_block(const std::uint8_t* const* lines, int count, std::int64_t at,
                                    __m512i flip, std::uint8_t* out, std::int64_t step_bytes,
                                    __mmask16 keep) {
  __m512i r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    r[i] = _mm512_loadu_si512(lines[i < count ? i : 0] + at);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_maskz_unpacklo_epi32(kAll16, r[i], r[i + 1]);
    t[i + 1] = _mm512_maskz_unpackhi_epi32(kAll16, r[i], r[i + 1]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_maskz_unpacklo_epi64(kAll8, t[i], t[i + 2]);
    r[i + 1] = _mm512_maskz_unpackhi_epi64(kAll8, t[i], t[i + 2]);
    r[i + 2] = _mm512_maskz_unpacklo_epi64(kAll8, t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_maskz_unpackhi_epi64(kAll8, t[i + 1], t[i + 3]);
  }
  // r[4 g + c], lane L: step 4 L + c of lines 4 g .. 4 g + 3.
#pragma GCC unroll 16
  for (int c = 0; c < 4; ++c) {
    const __m512i a = _mm512_maskz_shuffle_i32x4(kAll16, r[c], r[4 + c], 0x88);
    const __m512i b = _mm512_maskz_shuffle_i32x4(kAll16, r[8 + c], r[12 + c], 0x88);
    const __m512i d = _mm512_maskz_shuffle_i32x4(kAll16, r[c], r[4 + c], 0xdd);
    const __m512i e = _mm512_maskz_shuffle_i32x4(kAll16, r[8 + c], r[12 + c], 0xdd);
    t[c] = _mm512_maskz_shuffle_i32x4(kAll16, a, b, 0x88);
    t[8 + c] = _mm512_maskz_shuffle_i32x4(kAll16, a, b, 0xdd);
    t[4 + c] = _mm512_maskz_shuffle_i32x4(kAll16, d, e, 0x88);
    t[12 + c] = _mm512_maskz_shuffle_i32x4(kAll16, d, e, 0xdd);
  }
#pragma GCC unroll 16
  for (int s = 0; s < 16; ++s) {
    _mm512_mask_storeu_epi32(out + s * step_bytes, keep, _mm512_xor_si512(t[s], flip));
  }
}

// Groups of four bytes dealt out to the lanes: group 4 g + L becomes group g of lane L.
MXCHECK_TARGET inline __m512i dealt(__m512i groups) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_maskz_permutexvar_epi32(kAll16, order, groups);
}

// One step, four planes, of up to 8 columns.
MXCHECK_TARGET inline void interleave_8(const std::uint8_t* plane, std::int64_t stride,
                                        __mmask8 some, __m256i flip, std::uint8_t* out) {
  const __m128i p0 = _mm_maskz_loadu_epi8(some, plane);
  const __m128i p1 = _mm_maskz_loadu_epi8(some, plane + stride);
  const __m128i p2 = _mm_maskz_loadu_epi8(some, plane + 2 * stride);
  const __m128i p3 = _mm_maskz_loadu_epi8(some, plane + 3 * stride);
  const __m128i low = _mm_unpacklo_epi8(p0, p1), high = _mm_unpacklo_epi8(p2, p3);
  const __m256i all = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_unpacklo_epi16(low, high)),
                                              _mm_unpackhi_epi16(low, high), 1);
  _mm256_mask_storeu_epi32(out, some, _mm256_xor_si256(all, flip));
}

// Of up to 16.
MXCHECK_TARGET inline void interleave_16(const std::uint8_t* plane, std::int64_t stride,
                                         __mmask16 some, __m512i flip, std::uint8_t* out) {
  const __m512i bytes = _mm512_maskz_broadcast_i32x4(
      kAll16, _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m128i p0 = _mm_maskz_loadu_epi8(some, plane);
  const __m128i p1 = _mm_maskz_loadu_epi8(some, plane + stride);
  const __m128i p2 = _mm_maskz_loadu_epi8(some, plane + 2 * stride);
  const __m128i p3 = _mm_maskz_loadu_epi8(some, plane + 3 * stride);
  __m512i all = _mm512_castsi128_si512(p0);
  all = _mm512_maskz_inserti32x4(kAll16, all, p1, 1);
  all = _mm512_maskz_inserti32x4(kAll16, all, p2, 2);
  all = _mm512_maskz_inserti32x4(kAll16, all, p3, 3);
  all = _mm512_shuffle_epi8(dealt(all), bytes);
  _mm512_mask_storeu_epi32(out, some, _mm512_xor_si512(all, flip));
}

// Of 64. Each plane's columns are dealt out first, so that what is interleaved within the lanes
// comes out in order.
MXCHECK_TARGET inline void interleave_64(const std::uint8_t* plane, std::int64_t stride,
                                         __m512i flip, std::uint8_t* out) {
  __m512i p[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    p[i] = dealt(_mm512_xor_si512(_mm512_loadu_si512(plane + i * stride), flip));
  }
  const __m512i a = _mm512_maskz_unpacklo_epi8(kAll64, p[0], p[1]),
                b = _mm512_maskz_unpacklo_epi8(kAll64, p[2], p[3]);
  const __m512i c = _mm512_maskz_unpackhi_epi8(kAll64, p[0], p[1]),
                d = _mm512_maskz_unpackhi_epi8(kAll64, p[2], p[3]);
  _mm512_storeu_si512(out, _mm512_maskz_unpacklo_epi16(kAll32, a, b));
  _mm512_storeu_si512(out + 64, _mm512_maskz_unpackhi_epi16(kAll32, a, b));
  _mm512_storeu_si512(out + 128, _mm512_maskz_unpacklo_epi16(kAll32, c, d));
  _mm512_storeu_si512(out + 192, _mm512_maskz_unpackhi_epi16(kAll32, c, d));
}

}  // namespace

MXCHECK_TARGET void pack_lines_x4_avx512(const PackLines& x) {
  const std::int64_t step_bytes = std::int64_t{4} * x.width;
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(x.flip));
  const std::int64_t whole = x.steps & ~std::int64_t{15};
  for (int first = 0; first < x.count; first += 16) {
    const int count = x.count - first < 16 ? x.count - first : 16;
    const auto keep = static_cast<__mmask16>((1u << count) - 1u);
    std::uint8_t* out = x.out + first * 4;
    for (std::int64_t s = 0; s < whole; s += 16) {
      transpose_block(x.lines + first, count, s * 4, flip, out + s * step_bytes, step_bytes, keep);
    }
    for (int i = 0; i < count; ++i) {
      const std::uint8_t* line = x.lines[first + i];
      const std::uint32_t flips = 0x01010101u * x.flip;
      for (std::int64_t s = whole; s < x.steps; ++s) {
        std::uint32_t codes;
        __builtin_memcpy(&codes, line + s * 4, 4);
        codes ^= flips;
        __builtin_memcpy(out + s * step_bytes + i * 4, &codes, 4);
      }
    }
  }
}

MXCHECK_TARGET void pack_planes_x4_avx512(const PackPlanes& x) {
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(x.flip));
  const std::int64_t step_bytes = std::int64_t{4} * x.width;
  const std::uint8_t* plane = x.planes;
  std::uint8_t* out = x.out;
  if (x.count == kWhole) {
    for (std::int64_t s = 0; s < x.steps; ++s, plane += 4 * x.stride, out += step_bytes) {
      interleave_64(plane, x.stride, flip, out);
    }
    return;
  }
  if (x.count <= kFew) {
    const auto some = static_cast<__mmask8>((1u << x.count) - 1u);
    const __m256i half = _mm256_set1_epi8(static_cast<char>(x.flip));
    for (std::int64_t s = 0; s < x.steps; ++s, plane += 4 * x.stride, out += step_bytes) {
      interleave_8(plane, x.stride, some, half, out);
    }
    return;
  }
  for (std::int64_t s = 0; s < x.steps; ++s, plane += 4 * x.stride, out += step_bytes) {
    for (int first = 0; first < x.count; first += 16) {
      const int count = x.count - first < 16 ? x.count - first : 16;
      const auto some = static_cast<__mmask16>((1u << count) - 1u);
      interleave_16(plane + first, x.stride, some, flip, out + first * 4);
    }
  }
}

MXCHECK_TARGET void copy_lines_avx512(const CopyLines& x) {
  constexpr std::int64_t kBytes = 64;
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(x.flip));
  std::uint8_t* out = x.out;
  for (int i = 0; i < x.lines; ++i, out += x.out_stride) {
    const std::uint8_t* from = x.codes + i * x.line_stride;
    std::int64_t k = 0;
    for (; k + kBytes <= x.count; k += kBytes) {
      _mm512_storeu_si512(out + k, _mm512_xor_si512(_mm512_loadu_si512(from + k), flip));
    }
    if (k == x.count) continue;
    const __mmask64 some = (__mmask64{1} << (x.count - k)) - 1;
    const __m512i rest = _mm512_maskz_loadu_epi8(some, from + k);
    _mm512_mask_storeu_epi8(out + k, some, _mm512_xor_si512(rest, flip));
  }
}

#undef MXCHECK_TARGET

}  // namespace mxcheck::kernels
#endif
