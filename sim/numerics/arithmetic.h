// Arithmetic of the float dtypes as types: what is computed in what, and rounded when.
//
// Every primitive of a dtype is one operation on Value followed by round(): f32 and f64 compute in
// themselves, bf16 and f16 in f32 with one rounding (exact: f32 carries more than twice their
// digits). The Wide forms are the policy excess_precision=f32: bf16 or f16 only where stored.
// dispatch() turns a dtype into one of these types.
#pragma once

#include <cstdint>
#include <limits>

#include "sim/base/check.h"
#include "sim/numerics/dtype.h"
#include "sim/numerics/policy.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::numerics {

struct ArithmeticF64 {
  using Value = double;
  using Storage = double;
  static constexpr DType kDType = DType::kF64;
  static constexpr double kTiny = std::numeric_limits<double>::min();
  static Value round(Value v) { return v; }
  static Value load(Storage s) { return s; }
  static Storage store(Value v) { return v; }
};

struct ArithmeticF32 {
  using Value = float;
  using Storage = float;
  static constexpr DType kDType = DType::kF32;
  static constexpr float kTiny = std::numeric_limits<float>::min();
  static Value round(Value v) { return v; }
  static Value load(Storage s) { return s; }
  static Storage store(Value v) { return v; }
};

struct ArithmeticBF16 {
  using Value = float;
  using Storage = std::uint16_t;
  static constexpr DType kDType = DType::kBF16;
  static constexpr float kTiny = std::numeric_limits<float>::min();
  static Value round(Value v) { return f32_from_bf16(bf16_from_f32(v)); }
  static Value load(Storage s) { return f32_from_bf16(s); }
  static Storage store(Value v) { return bf16_from_f32(v); }
};

struct ArithmeticF16 {
  using Value = float;
  using Storage = std::uint16_t;
  static constexpr DType kDType = DType::kF16;
  static constexpr float kTiny = 0x1p-14f;
  static Value round(Value v) { return f32_from_f16(f16_from_f32(v)); }
  static Value load(Storage s) { return f32_from_f16(s); }
  static Storage store(Value v) { return f16_from_f32(v); }
};

template <typename Narrow>
struct WideArithmetic : Narrow {
  static typename Narrow::Value round(typename Narrow::Value v) { return v; }
};

// Calls f with the arithmetic type of `dtype`.
template <typename F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kF64:
      return f(ArithmeticF64{});
    case DType::kBF16:
      return f(ArithmeticBF16{});
    case DType::kF16:
      return f(ArithmeticF16{});
    default:
      MXCHECK_CHECK(dtype == DType::kF32, name(dtype));
      return f(ArithmeticF32{});
  }
}

// The same under a policy, which may keep bf16 and f16 intermediates in f32.
template <typename F>
decltype(auto) dispatch(DType dtype, const Policy& policy, F&& f) {
  if (policy.excess_precision == Policy::ExcessPrecision::kF32) {
    if (dtype == DType::kBF16) return f(WideArithmetic<ArithmeticBF16>{});
    if (dtype == DType::kF16) return f(WideArithmetic<ArithmeticF16>{});
  }
  return dispatch(dtype, f);
}

}  // namespace mxcheck::numerics
