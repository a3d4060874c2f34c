// Element types of tensors and what is known about each (table: dtypes.def).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mxcheck::numerics {

enum class DType : std::uint8_t {
#define MXCHECK_DTYPE(enumerator, name, safetensors, bytes, kind) enumerator,
#include "sim/numerics/dtypes.def"
#undef MXCHECK_DTYPE
};

enum class DTypeKind { kFloat, kSigned, kUnsigned, kBool };

struct DTypeInfo {
  const char* name;         // in case files
  const char* safetensors;  // in safetensors headers
  int bytes;                // of one stored element
  DTypeKind kind;
};

[[nodiscard]] const DTypeInfo& info(DType dtype);
[[nodiscard]] inline const char* name(DType dtype) { return info(dtype).name; }
[[nodiscard]] inline int byte_width(DType dtype) { return info(dtype).bytes; }
[[nodiscard]] inline bool is_float(DType dtype) { return info(dtype).kind == DTypeKind::kFloat; }
[[nodiscard]] inline bool is_integer(DType dtype) {
  return info(dtype).kind == DTypeKind::kSigned || info(dtype).kind == DTypeKind::kUnsigned;
}
// bf16, f16, f32, f64: the types that can be quantized (TYP) and that float ops compute in.
[[nodiscard]] bool is_arithmetic_float(DType dtype);

[[nodiscard]] std::optional<DType> dtype_from_name(std::string_view name);
[[nodiscard]] std::vector<std::string> dtype_names();

// Smallest and largest value of an integer type or pred.
[[nodiscard]] std::int64_t integer_min(DType dtype);
[[nodiscard]] std::int64_t integer_max(DType dtype);

// Result type of an operation on two arithmetic floats, JAX's lattice: equal -> itself, f64 with
// anything -> f64, otherwise f32 (bf16 with f16 too). Integers count as weaker than any float; two
// integers give s32 (DOT-1).
[[nodiscard]] DType promote(DType a, DType b);

}  // namespace mxcheck::numerics
