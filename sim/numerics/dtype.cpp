// The dtype table and look-ups in it.
#include "sim/numerics/dtype.h"

#include <array>
#include <limits>

#include "sim/base/check.h"

namespace mxcheck::numerics {
namespace {

constexpr std::array kTable{
#define MXCHECK_DTYPE(enumerator, name, safetensors, bytes, kind) \
  DTypeInfo{name, safetensors, bytes, DTypeKind::kind},
#include "sim/numerics/dtypes.def"
#undef MXCHECK_DTYPE
};

int value_bits(DType dtype) {
  if (dtype == DType::kS4 || dtype == DType::kU4) return 4;
  if (dtype == DType::kPred) return 1;
  return 8 * byte_width(dtype);
}

}  // namespace

const DTypeInfo& info(DType dtype) { return kTable[static_cast<std::size_t>(dtype)]; }

bool is_arithmetic_float(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF32 || dtype == DType::kF16 ||
         dtype == DType::kBF16;
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (name == kTable[i].name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

std::vector<std::string> dtype_names() {
  std::vector<std::string> out;
  for (const DTypeInfo& entry : kTable) out.emplace_back(entry.name);
  return out;
}

std::int64_t integer_min(DType dtype) {
  MXCHECK_CHECK(!is_float(dtype), name(dtype));
  if (info(dtype).kind != DTypeKind::kSigned) return 0;
  return std::numeric_limits<std::int64_t>::min() >> (64 - value_bits(dtype));
}

std::int64_t integer_max(DType dtype) {
  MXCHECK_CHECK(!is_float(dtype), name(dtype));
  if (info(dtype).kind == DTypeKind::kSigned) return ~integer_min(dtype);
  return static_cast<std::int64_t>((std::uint64_t{1} << value_bits(dtype)) - 1);
}

DType promote(DType a, DType b) {
  if (!is_float(a) && !is_float(b)) return DType::kS32;
  if (!is_float(a)) return b;
  if (!is_float(b)) return a;
  if (a == b) return a;
  if (a == DType::kF64 || b == DType::kF64) return DType::kF64;
  return DType::kF32;
}

}  // namespace mxcheck::numerics
