// The transcendental functions of the norm's backend as fixed sequences of f32 operations, bit for
// bit (FLT-1..FLT-5). Each states its domain; all expect the float unit in FlushSubnormals mode.
#pragma once

namespace mxcheck::numerics {

[[nodiscard]] float exp_f32(float x);       // FLT-1
[[nodiscard]] float log_f32(float x);       // FLT-2
[[nodiscard]] float tanh_f32(float x);      // FLT-3
[[nodiscard]] float erf_f32(float x);       // FLT-4
[[nodiscard]] float erfc_f32(float x);      // FLT-4; EXACT for |x| <= 1, see functions.cpp beyond

}  // namespace mxcheck::numerics
