// Rows of PEs over a run of clocks: scalar, AVX2, AVX-512. Target attributes on each function,
// plain pointers, no shared inline code, so that nothing compiled for a newer machine can be linked
// into a path of an older one. The vector kernels take four rows at once: the sum register that
// moves down through them stays in a machine register.
#include "sim/mxu/fast_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mxcheck::mxu::internal {
namespace {

void step_rows_scalar(const RowSweep& x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const std::int32_t* weights = x.weights + r * x.cols;
    for (std::int64_t u = 0; u < x.clocks; ++u) {
      const std::int32_t* acts = x.acts + r * x.act_stride - u;
      std::int32_t* sums = x.sums + u * x.cols;
      for (std::int64_t c = 0; c < x.cols; ++c) {
        const std::int32_t a = acts[c], w = weights[c];
        const std::int32_t low =
            std::int32_t{static_cast<std::int16_t>(a)} * std::int32_t{static_cast<std::int16_t>(w)};
        const std::int32_t high = (a >> 16) * (w >> 16);
        sums[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[c]) +
                                            static_cast<std::uint32_t>(low) +
                                            static_cast<std::uint32_t>(high));
      }
    }
  }
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) void step_rows_avx2(const RowSweep& x) {
  const std::int64_t stride = x.act_stride;
  std::int64_t r = 0;
  for (; r + 4 <= x.rows; r += 4) {
    for (std::int64_t c = 0; c < x.cols; c += 8) {
      const std::int32_t* w = x.weights + r * x.cols + c;
      const __m256i w0 = _mm256_loadu_si256((const __m256i*)w);
      const __m256i w1 = _mm256_loadu_si256((const __m256i*)(w + x.cols));
      const __m256i w2 = _mm256_loadu_si256((const __m256i*)(w + 2 * x.cols));
      const __m256i w3 = _mm256_loadu_si256((const __m256i*)(w + 3 * x.cols));
      std::int32_t* s = x.sums + c;
      const std::int32_t* a = x.acts + r * stride + c;
      for (std::int64_t u = 0; u < x.clocks; ++u, s += x.cols, --a) {
        const __m256i p0 = _mm256_madd_epi16(w0, _mm256_loadu_si256((const __m256i*)a));
        const __m256i p1 = _mm256_madd_epi16(w1, _mm256_loadu_si256((const __m256i*)(a + stride)));
        const __m256i p2 =
            _mm256_madd_epi16(w2, _mm256_loadu_si256((const __m256i*)(a + 2 * stride)));
        const __m256i p3 =
            _mm256_madd_epi16(w3, _mm256_loadu_si256((const __m256i*)(a + 3 * stride)));
        __m256i sum = _mm256_loadu_si256((const __m256i*)s);
        sum = _mm256_add_epi32(sum, p0);
        sum = _mm256_add_epi32(sum, p1);
        sum = _mm256_add_epi32(sum, p2);
        sum = _mm256_add_epi32(sum, p3);
        _mm256_storeu_si256((__m256i*)s, sum);
      }
    }
  }
  for (; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; c += 8) {
      const __m256i w = _mm256_loadu_si256((const __m256i*)(x.weights + r * x.cols + c));
      std::int32_t* s = x.sums + c;
      const std::int32_t* a = x.acts + r * stride + c;
      for (std::int64_t u = 0; u < x.clocks; ++u, s += x.cols, --a) {
        const __m256i p = _mm256_madd_epi16(w, _mm256_loadu_si256((const __m256i*)a));
        _mm256_storeu_si256((__m256i*)s,
                            _mm256_add_epi32(_mm256_loadu_si256((const __m256i*)s), p));
      }
    }
  }
}

// Sixteen clocks of four rows and sixteen columns: the activations a column block sees in them are
// 31 neighbours, kept in two registers a row and moved one lane a clock.
#define MXCHECK_ACTS(row, d) _mm512_maskz_alignr_epi32(0xffff, y##row, x##row, 16 - (d))
#define MXCHECK_CLOCK(d, act)                                      \
  {                                                                \
    __m512i sum = _mm512_loadu_si512(s + (d)*x.cols);              \
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w0, act(0, d))); \
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w1, act(1, d))); \
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w2, act(2, d))); \
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w3, act(3, d))); \
    _mm512_storeu_si512(s + (d)*x.cols, sum);                      \
  }
#define MXCHECK_FIRST_ACTS(row, d) y##row
#define MXCHECK_LOADED_ACTS(row, d) _mm512_loadu_si512(a + (row)*stride)

__attribute__((target("avx512f,avx512bw"))) void step_four_rows_avx512(const RowSweep& x,
                                                                       std::int64_t r) {
  const std::int64_t stride = x.act_stride;
  for (std::int64_t c = 0; c < x.cols; c += 16) {
    const std::int32_t* w = x.weights + r * x.cols + c;
    const __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + x.cols);
    const __m512i w2 = _mm512_loadu_si512(w + 2 * x.cols);
    const __m512i w3 = _mm512_loadu_si512(w + 3 * x.cols);
    std::int32_t* s = x.sums + c;
    const std::int32_t* a = x.acts + r * stride + c;
    std::int64_t u = 0;
    for (; u + 16 <= x.clocks; u += 16, s += 16 * x.cols, a -= 16) {
      const __m512i y0 = _mm512_loadu_si512(a), x0 = _mm512_loadu_si512(a - 16);
      const __m512i y1 = _mm512_loadu_si512(a + stride);
      const __m512i x1 = _mm512_loadu_si512(a + stride - 16);
      const __m512i y2 = _mm512_loadu_si512(a + 2 * stride);
      const __m512i x2 = _mm512_loadu_si512(a + 2 * stride - 16);
      const __m512i y3 = _mm512_loadu_si512(a + 3 * stride);
      const __m512i x3 = _mm512_loadu_si512(a + 3 * stride - 16);
      MXCHECK_CLOCK(0, MXCHECK_FIRST_ACTS)
      MXCHECK_CLOCK(1, MXCHECK_ACTS)
      MXCHECK_CLOCK(2, MXCHECK_ACTS)
      MXCHECK_CLOCK(3, MXCHECK_ACTS)
      MXCHECK_CLOCK(4, MXCHECK_ACTS)
      MXCHECK_CLOCK(5, MXCHECK_ACTS)
      MXCHECK_CLOCK(6, MXCHECK_ACTS)
      MXCHECK_CLOCK(7, MXCHECK_ACTS)
      MXCHECK_CLOCK(8, MXCHECK_ACTS)
      MXCHECK_CLOCK(9, MXCHECK_ACTS)
      MXCHECK_CLOCK(10, MXCHECK_ACTS)
      MXCHECK_CLOCK(11, MXCHECK_ACTS)
      MXCHECK_CLOCK(12, MXCHECK_ACTS)
      MXCHECK_CLOCK(13, MXCHECK_ACTS)
      MXCHECK_CLOCK(14, MXCHECK_ACTS)
      MXCHECK_CLOCK(15, MXCHECK_ACTS)
    }
    for (; u < x.clocks; ++u, s += x.cols, --a) MXCHECK_CLOCK(0, MXCHECK_LOADED_ACTS)
  }
}

#undef MXCHECK_ACTS
#undef MXCHECK_CLOCK
#undef MXCHECK_FIRST_ACTS
#undef MXCHECK_LOADED_ACTS

__attribute__((target("avx512f,avx512bw"))) void step_rows_avx512(const RowSweep& x) {
  std::int64_t r = 0;
  for (; r + 4 <= x.rows; r += 4) step_four_rows_avx512(x, r);
  for (; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; c += 16) {
      const __m512i w = _mm512_loadu_si512(x.weights + r * x.cols + c);
      std::int32_t* s = x.sums + c;
      const std::int32_t* a = x.acts + r * x.act_stride + c;
      for (std::int64_t u = 0; u < x.clocks; ++u, s += x.cols, --a) {
        const __m512i p = _mm512_madd_epi16(w, _mm512_loadu_si512(a));
        _mm512_storeu_si512(s, _mm512_add_epi32(_mm512_loadu_si512(s), p));
      }
    }
  }
}

#endif

std::vector<RowKernel> find_kernels() {
  std::vector<RowKernel> kernels = {{"scalar", step_rows_scalar}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) kernels.push_back({"avx2", step_rows_avx2});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
    kernels.push_back({"avx512bw", step_rows_avx512});
  }
#endif
  return kernels;
}

}  // namespace

const std::vector<RowKernel>& row_kernels() {
  static const std::vector<RowKernel> kKernels = find_kernels();
  return kKernels;
}

}  // namespace mxcheck::mxu::internal
