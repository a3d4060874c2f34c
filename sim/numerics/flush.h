// FlushSubnormals: while one lives, subnormal operands and results of this thread's f32 and f64
// arithmetic are zeros (POL-9), by the float unit's own mode, as the norm's backend sets it. Bit
// moves (copies, neg, abs, the bf16/f16 conversions of small_float.h) are not arithmetic and keep
// subnormals; flushed() is the explicit form for selects such as max.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mxcheck::numerics {

class FlushSubnormals {
 public:
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;
#if defined(__x86_64__)
  // Writing the register is slow: not where the mode is on already.
  FlushSubnormals() : saved_(_mm_getcsr()) {
    if ((saved_ & kMode) != kMode) _mm_setcsr(saved_ | kMode);
  }
  ~FlushSubnormals() {
    if ((saved_ & kMode) != kMode) _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned kFlushToZero = 0x8000;
  static constexpr unsigned kSubnormalsAreZero = 0x0040;
  static constexpr unsigned kMode = kFlushToZero | kSubnormalsAreZero;
  unsigned saved_;
#elif defined(__aarch64__)
  FlushSubnormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(saved_ | (std::uint64_t{1} << 24)));
  }
  ~FlushSubnormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }

 private:
  std::uint64_t saved_;
#else
#error "POL-9 needs this processor's flush-to-zero mode"
#endif
};

// x with a subnormal replaced by a zero of its sign.
[[nodiscard]] inline float flushed(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return (bits & 0x7F800000u) != 0 ? x : std::bit_cast<float>(bits & 0x80000000u);
}
[[nodiscard]] inline double flushed(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  constexpr std::uint64_t kExponent = 0x7FF0000000000000u;
  return (bits & kExponent) != 0 ? x : std::bit_cast<double>(bits & 0x8000000000000000u);
}

}  // namespace mxcheck::numerics
