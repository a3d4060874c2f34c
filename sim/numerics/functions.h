// The transcendental functions of the norm's backend as fixed sequences of f32 operations, bit for
// bit (FLT-1..FLT-4). All expect the float unit in FlushSubnormals mode.
//
// The array forms give the same bits, element by element, and use the processor's fused
// multiply-add where it has one; x and y may be the same array.
#pragma once

#include <cstddef>

namespace mxcheck::numerics {

[[nodiscard]] float exp_f32(float x);   // FLT-1
[[nodiscard]] float log_f32(float x);   // FLT-2
[[nodiscard]] float tanh_f32(float x);  // FLT-3
[[nodiscard]] float erf_f32(float x);   // FLT-4
[[nodiscard]] float erfc_f32(float x);  // FLT-4

void exp_f32(const float* x, float* y, std::size_t n);
void log_f32(const float* x, float* y, std::size_t n);
void tanh_f32(const float* x, float* y, std::size_t n);
void erf_f32(const float* x, float* y, std::size_t n);
void erfc_f32(const float* x, float* y, std::size_t n);

}  // namespace mxcheck::numerics
