// What the elementwise kernels of kernels.def take: blocks of floats and codes, plain pointers and
// sizes only. All arrays of a block are distinct and row-major; a stride counts elements from row
// to row. Rows and columns are at least 1.
//
// Values are of one of three types; bf16 and f16 compute in f32 and round after every operation, as
// numerics/arithmetic.h says. Kernels compute in the float unit's flush-to-zero mode (POL-9), which
// vector_kernels.h sets for them.
#pragma once

#include <cstdint>

namespace mxcheck::kernels {

enum class Element : std::uint8_t { kF32, kBF16, kF16 };

// Values of an element type (or f32) spread over a block: value (i, j) is at
// values[i * row_step + j * column_step]; column_step is 0 or 1.
struct Spread {
  const void* values = nullptr;  // null: absent
  std::int64_t row_step = 0;
  std::int64_t column_step = 0;
};

// CAL: the largest magnitude, or the range with 0 in it, of each row (or of each column). NaN
// anywhere gives NaN, subnormals of f32 and bf16 give zero. With `fold`, of the products
// round(x * fold), one factor per column (or per row): absmax only.
struct ReduceBlock {
  Element type = Element::kF32;
  const void* x = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  const void* fold = nullptr;
  void* absmax = nullptr;  // either this
  void* low = nullptr;     // or both of these
  void* high = nullptr;
};

// QNT: codes of a block with one scale per row (or per column). q = x / scale, or times the rounded
// reciprocal; plus zero point (QNT-2); plus noise in f32 (QNT-4); rounded to even and brought to
// low .. high; NaN gives 0 (TYP-1). With `fold`, of the products round(x * fold), one factor per
// column (or per row) (BWD-3). With `find_scale` the scale is found from absmax (SCL-1, SCL-3) and
// written.
struct QuantizeBlock {
  Element type = Element::kF32;
  const void* x = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  const void* fold = nullptr;
  void* scale = nullptr;
  std::int64_t scale_step = 1;  // 0: one for all, not with find_scale
  bool find_scale = false;
  bool range_reciprocal = false;  // scale = absmax * (1 / range), the reciprocal rounded
  bool quotient_reciprocal = false;
  bool is_unsigned = false;           // codes are u8
  float range = 0;                    // B of the code type, rounded to the element type
  float guard = 0;                    // a smaller scale becomes 1
  const float* zero_point = nullptr;  // one per scale
  Spread noise;                       // f32
  float low = -128, high = 127;       // of the codes
  std::uint8_t flip = 0;              // exclusive-or of each code byte: 0x80 stores s8 as s8 + 128
  std::uint8_t* codes = nullptr;
  std::int64_t codes_stride = 0;
};

// DEQ-1: (code - zero point) * scale.
struct DequantizeBlock {
  Element type = Element::kF32;
  const std::uint8_t* codes = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  bool is_unsigned = false;
  Spread zero_point;  // f32
  Spread scale;       // of the element type
  void* out = nullptr;
  std::int64_t out_stride = 0;
};

// x times a factor, rounded (BWD-3).
struct MultiplyBlock {
  Element type = Element::kF32;
  const void* x = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  Spread factor;  // of the element type
  void* out = nullptr;
  std::int64_t out_stride = 0;
};

// DOT-4 to DOT-6: integer sums to floats. v = round(sum - row_factor[i] * column_factor[j]), the
// integers modulo 2^32; v = round(v * lhs); v = round(v * rhs). With `sums` this is one tile of
// several: sums[i, j] (f32, stride of out) collects the tiles in order, and the last one is rounded
// to out.
struct ProductBlock {
  Element type = Element::kF32;
  const std::int32_t* acc = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  const std::int32_t* row_factor = nullptr;  // both or neither
  const std::int32_t* column_factor = nullptr;
  Spread lhs, rhs;  // of the element type
  float* sums = nullptr;
  bool first_tile = false, last_tile = false;
  void* out = nullptr;
  std::int64_t out_stride = 0;
};

// The float operations around an int8 layer, one rounding each (FLT-7); `out` may be one of the
// operands:
//   kAdd round(x + other)      kAddRelu the same, then x > 0 ? x : 0, NaN kept
//   kMask x > 0 ? other : 0    kDescend round(x - round(other * factor))
enum class Combination : std::uint8_t { kAdd, kAddRelu, kMask, kDescend };
struct CombineBlock {
  Element type = Element::kF32;
  Combination operation = Combination::kAdd;
  const void* x = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  Spread other;      // of the element type
  float factor = 0;  // of kDescend, a value of the element type
  void* out = nullptr;
  std::int64_t out_stride = 0;
};

// out[j] = 0 + x[0, j] + x[1, j] + ..., every addition rounded to the type.
struct SumBlock {
  Element type = Element::kF32;
  const void* x = nullptr;
  std::int64_t rows = 0, columns = 0, stride = 0;
  void* out = nullptr;
};

// POL-4: a tile of a float product, every output one chain of fused multiply-adds ascending in k
// from +0. With `add`, the chain joins what is there by one more addition (POL-5).
struct ChainTile {
  const float* lhs = nullptr;  // [k][rows of the kernel]
  const float* rhs = nullptr;  // [k][columns of the kernel]
  std::int64_t k = 0;
  float* out = nullptr;
  std::int64_t stride = 0;
  int rows = 0;     // 1 .. rows of the kernel that are written; lhs holds [k][rows]
  int columns = 0;  // 1 .. columns of the kernel that are written
  bool add = false;
};

// RND-2: rounding noise from words first .. first + count - 1 of a key's stream.
struct NoiseBlock {
  std::uint32_t key[2] = {0, 0};
  std::uint64_t first = 0;
  std::int64_t count = 0;
  bool low_bit = false;  // low_bit_uniform
  float* out = nullptr;
};

#define MXCHECK_VECTOR_KERNEL(family, Block, function, isa) void function(const Block& block);
#define MXCHECK_CHAIN_KERNEL(function, isa, rows, columns) void function(const ChainTile& tile);
#include "sim/kernels/kernels.def"
#undef MXCHECK_VECTOR_KERNEL
#undef MXCHECK_CHAIN_KERNEL

}  // namespace mxcheck::kernels
