// exp, log, tanh, erf and erfc as the fused-multiply-add sequences of FLT-1..FLT-4.
//
// fma(a, b, c) rounds once; every other operation rounds by itself. Nothing here may be reordered.
// Each body is free of branches and is compiled twice: for any processor, and for one with fused
// multiply-add and eight lanes. Both give the same bits (functions_test.cpp).
#include "sim/numerics/functions.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#if defined(__x86_64__)
#define MXCHECK_FMA_TARGET __attribute__((target("fma,avx2")))
#endif
#define MXCHECK_BODY inline __attribute__((always_inline))

namespace mxcheck::numerics {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

MXCHECK_BODY float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// Horner with fused multiply-add, highest coefficient first.
template <typename... Rest>
MXCHECK_BODY float horner(float x, float first, Rest... rest) {
  float y = first;
  ((y = fma(y, x, rest)), ...);
  return y;
}

// NaN becomes -limit: the callers put NaN back.
MXCHECK_BODY float clamp(float x, float limit) {
  const float low = x > -limit ? x : -limit;
  return low < limit ? low : limit;
}

// 2^n for an integral n in [-127, 127], as the exponent field; 0 at -127.
MXCHECK_BODY float power_of_two(float n) {
  return std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

// Beyond +-89 the result is infinity or 0 whatever the argument.
MXCHECK_BODY float exp_body(float x) {
  const float a = clamp(x, 89.0f);
  float n = __builtin_floorf(fma(a, 1.44269504088896341f, 0.5f));
  n = clamp(n, 127.0f);
  float r = fma(-n, 0.693359375f, a);
  r = fma(-n, -2.12194440e-4f, r);
  const float p = horner(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                         1.6666665459e-1f, 5.0000001201e-1f);
  const float y = (fma(p, r * r, r) + 1.0f) * power_of_two(n);
  return x == x ? y : kNaN;
}

MXCHECK_BODY float log_body(float x) {
  const auto bits = std::bit_cast<std::int32_t>(x);
  const float m = std::bit_cast<float>((bits & 0x007FFFFF) | 0x3F000000);
  const bool low = std::bit_cast<std::int32_t>(m) < 0x3F3504F3;
  const float exponent = static_cast<float>(((bits >> 23) & 0xFF) - 126);
  const float e = low ? exponent - 1.0f : exponent;
  const float z = low ? (m - 1.0f) + m : m - 1.0f;
  const float z2 = z * z;
  const float z3 = z2 * z;
  const float a = horner(z, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f);
  const float b = horner(z, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f);
  const float c = horner(z, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
  const float v = fma(fma(a, z3, b), z3, c);
  const float y = fma(v, z3, -2.12194440e-4f * e);
  float result = fma(0.693359375f, e, (z - 0.5f * z2) + y);
  result = x == kInf ? x : result;
  result = (bits & 0x7F800000) == 0 ? -kInf : result;  // zero, or a subnormal taken as zero
  return x >= 0 ? result : (x < 0 ? kNaN : ((bits & 0x7FFFFFFF) > 0x7F800000 ? kNaN : result));
}

MXCHECK_BODY float tanh_body(float x) {
  const float c = clamp(x, 7.99881172180175781f);
  const float s = c * c;
  const float n = c * horner(s, -2.76076847742355e-16f, 2.00018790482477e-13f,
                             -8.60467152213735e-11f, 5.12229709037114e-8f, 1.48572235717979e-5f,
                             6.37261928875436e-4f, 4.89352455891786e-3f);
  const float d = horner(s, 1.19825839466702e-6f, 1.18534705686654e-4f, 2.26843463243900e-3f,
                         4.89352518554385e-3f);
  const float magnitude = __builtin_fabsf(x);
  float y = magnitude >= 20.0f ? __builtin_copysignf(1.0f, x) : n / d;
  y = magnitude < 0.0004f ? x : y;
  return x == x ? y : kNaN;
}

MXCHECK_BODY float erf_body(float x) {
  const float c = clamp(x, 3.832506856900711f);
  const float s = c * c;
  const float n = c * horner(s, 0.00022905065861350646f, 0.0034082910107109506f,
                             0.050955695062380861f, 0.18520832239976145f, 1.128379143519084f);
  const float d =
      horner(s, -1.1791602954361697e-7f, 0.000023547966471313185f, 0.0010179625278914885f,
             0.014070470171167667f, 0.11098505178285362f, 0.49746925110067538f, 1.0f);
  return x == x ? n / d : kNaN;
}

// |x| < 1: 1 - x p(x^2). Beyond: exp(-x^2) / |x| times a polynomial in 1 / x^2, reflected for
// negative x, and 0 where the exponential leaves the range.
MXCHECK_BODY float erfc_body(float x) {
  const float magnitude = __builtin_fabsf(x);
  const float s = x * x;
  const float small = fma(-x,
                          horner(s, 7.853861353153693e-5f, -8.010193625184903e-4f,
                                 5.188327685732524e-3f, -2.685381193529856e-2f,
                                 1.128358514861418e-1f, -3.761262582423300e-1f, 1.128379165726710f),
                          1.0f);
  const float inverse = 1.0f / s;
  const float p =
      horner(inverse, 2.326819970068386e-2f, -1.387039388740657e-1f, 3.687424674597105e-1f,
             -5.824733027278666e-1f, 6.210004621745983e-1f, -4.944515323274145e-1f,
             3.404879937665872e-1f, -2.741127028184656e-1f, 5.638259427386472e-1f);
  const float r = horner(inverse, -1.047766399936249e+1f, 1.297719955372516e+1f,
                         -7.495518717768503e+0f, 2.921019019210786e+0f, -1.015265279202700e+0f,
                         4.218463358204948e-1f, -2.820767439740514e-1f, 5.641895067754075e-1f);
  const float tail = (exp_body(-s) * (1.0f / magnitude)) * (magnitude < 2.0f ? p : r);
  const float upper = s > 88.72283905206835f ? 0.0f : tail;
  const float large = x < 0 ? 2.0f - upper : upper;
  return magnitude < 1.0f ? small : large;
}

#if defined(MXCHECK_FMA_TARGET)
bool has_fma() {
  static const bool has = __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2");
  return has;
}
#endif

}  // namespace

// The plain loop, and the one with lanes if the processor has them.
#if defined(MXCHECK_FMA_TARGET)
#define MXCHECK_LANES(name, body)                                                 \
  namespace {                                                                     \
  MXCHECK_FMA_TARGET void name##_lanes(const float* x, float* y, std::size_t n) { \
    for (std::size_t i = 0; i < n; ++i) y[i] = body(x[i]);                        \
  }                                                                               \
  }
#define MXCHECK_TRY_LANES(name) \
  if (has_fma()) return name##_lanes(x, y, n);
#else
#define MXCHECK_LANES(name, body)
#define MXCHECK_TRY_LANES(name)
#endif
#define MXCHECK_FUNCTION(name, body)                       \
  MXCHECK_LANES(name, body)                                \
  float name(float x) { return body(x); }                  \
  void name(const float* x, float* y, std::size_t n) {     \
    MXCHECK_TRY_LANES(name)                                \
    for (std::size_t i = 0; i < n; ++i) y[i] = body(x[i]); \
  }

MXCHECK_FUNCTION(exp_f32, exp_body)
MXCHECK_FUNCTION(log_f32, log_body)
MXCHECK_FUNCTION(tanh_f32, tanh_body)
MXCHECK_FUNCTION(erf_f32, erf_body)
MXCHECK_FUNCTION(erfc_f32, erfc_body)

}  // namespace mxcheck::numerics
