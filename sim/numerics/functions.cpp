// exp, log, tanh, erf and erfc as the fused-multiply-add sequences of FLT-1..FLT-4.
//
// fma(a, b, c) rounds once; every other operation rounds by itself. Nothing here may be reordered.
#include "sim/numerics/functions.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mxcheck::numerics {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Horner with fused multiply-add, highest coefficient first.
template <std::size_t kCount>
float horner(float x, const std::array<float, kCount>& coefficients) {
  float y = coefficients[0];
  for (std::size_t i = 1; i < kCount; ++i) y = std::fma(y, x, coefficients[i]);
  return y;
}

float clamp(float x, float limit) { return std::fmin(std::fmax(x, -limit), limit); }

// 2^n for an integral n in [-127, 128], as the exponent field: 0 below -126, infinity at 128.
float power_of_two(int n) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
}

}  // namespace

float exp_f32(float x) {
  if (std::isnan(x)) return kNaN;
  if (x == kInf) return kInf;
  const float a = clamp(x, 88.3762626647950f);
  const float n = std::floor(std::fma(a, 1.44269504088896341f, 0.5f));
  float r = std::fma(-n, 0.693359375f, a);
  r = std::fma(-n, -2.12194440e-4f, r);
  const float p = horner(r, std::array{1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                       4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  const float y = std::fma(p, r * r, r) + 1.0f;
  return y * power_of_two(static_cast<int>(n));
}

float log_f32(float x) {
  if (std::isnan(x) || x < 0) return kNaN;
  if (x == kInf) return kInf;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7F800000u) == 0) return -kInf;  // zero, or a subnormal taken as zero
  const float m = std::bit_cast<float>((bits & 0x007FFFFFu) | 0x3F000000u);
  float e = static_cast<float>(static_cast<int>((bits >> 23) & 0xFFu) - 126);
  float z = m - 1.0f;
  if (std::bit_cast<std::uint32_t>(m) < 0x3F3504F3u) {
    e -= 1.0f;
    z = z + m;
  }
  const float z2 = z * z;
  const float z3 = z2 * z;
  const float a = horner(z, std::array{7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f});
  const float b = horner(z, std::array{-1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f});
  const float c = horner(z, std::array{2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
  const float v = std::fma(std::fma(a, z3, b), z3, c);
  const float y = std::fma(v, z3, -2.12194440e-4f * e);
  return std::fma(0.693359375f, e, (z - 0.5f * z2) + y);
}

float tanh_f32(float x) {
  if (std::isnan(x)) return kNaN;
  if (std::fabs(x) < 0.0004f) return x;
  if (std::fabs(x) >= 20.0f) return std::copysign(1.0f, x);
  const float c = clamp(x, 7.99881172180175781f);
  const float s = c * c;
  const float n =
      c * horner(s, std::array{-2.76076847742355e-16f, 2.00018790482477e-13f,
                               -8.60467152213735e-11f, 5.12229709037114e-8f, 1.48572235717979e-5f,
                               6.37261928875436e-4f, 4.89352455891786e-3f});
  const float d = horner(s, std::array{1.19825839466702e-6f, 1.18534705686654e-4f,
                                       2.26843463243900e-3f, 4.89352518554385e-3f});
  return n / d;
}

float erf_f32(float x) {
  if (std::isnan(x)) return kNaN;
  const float c = clamp(x, 3.832506856900711f);
  const float s = c * c;
  const float n = c * horner(s, std::array{0.00022905065861350646f, 0.0034082910107109506f,
                                           0.050955695062380861f, 0.18520832239976145f,
                                           1.128379143519084f});
  const float d = horner(s, std::array{-1.1791602954361697e-7f, 0.000023547966471313185f,
                                       0.0010179625278914885f, 0.014070470171167667f,
                                       0.11098505178285362f, 0.49746925110067538f, 1.0f});
  return n / d;
}

float erfc_f32(float x) {
  if (std::isnan(x)) return kNaN;
  if (std::fabs(x) <= 1.0f) {
    const float p = horner(x * x, std::array{7.853861353153693e-5f, -8.010193625184903e-4f,
                                             5.188327685732524e-3f, -2.685381193529856e-2f,
                                             1.128358514861418e-1f, -3.761262582423300e-1f,
                                             1.128379165726710f});
    return std::fma(-x, p, 1.0f);
  }
  return std::erfc(x);
}

}  // namespace mxcheck::numerics
