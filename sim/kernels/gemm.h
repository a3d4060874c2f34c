// Integer products through the SIMD kernels: which kernels there are, packing, and the loops around
// the tiles. The result is the product modulo 2^32 (DOT-8), the same bits for every kernel and any
// number of threads; whether that may stand for a hardware profile is the licence's question
// (sim/mxu/product.h), not this file's.
//
// Codes are s8 or u8, a byte each (s4 and u4 arrive unpacked). A kernel stores a side as u8 or s8;
// codes of the other sign are moved by 128, and sum over k of (l - lo)(r - ro) is put right by what
// every tile starts from: -lo * (column sums of r as stored) - ro * (row sums of the left codes).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/parallel.h"
#include "sim/kernels/gemm_kernel.h"
#include "sim/kernels/isa.h"

namespace mxcheck::kernels {

enum class Storage : std::uint8_t { kU8, kS8, kS16 };
enum class LhsAccess : std::uint8_t { kDirect, kPacked };
enum class Scaling : std::uint8_t { kNone, kTile };

struct GemmKernel {
  const char* name = "";
  Isa isa = Isa::kScalar;
  int rows = 0, columns = 0, group = 0;
  Storage lhs = Storage::kS8, rhs = Storage::kS8;
  LhsAccess access = LhsAccess::kPacked;
  Scaling scaling = Scaling::kNone;
  GemmFunction run = nullptr;
};
// Every kernel that was built in, worst first.
[[nodiscard]] const std::vector<GemmKernel>& gemm_kernels();
// Those that run under this choice of instruction set, best first; never empty.
[[nodiscard]] std::vector<const GemmKernel*> gemm_kernels_for(Isa isa);

// The best kernel for products of m rows, where the right side is packed for them.
[[nodiscard]] const GemmKernel& gemm_kernel_for(Isa isa, std::int64_t m);

// A matrix of codes in memory; strides in elements, one of them 1 for a fast packing.
struct CodeMatrix {
  const std::uint8_t* codes = nullptr;  // s8 or u8, see below
  std::int64_t rows = 0, columns = 0;
  std::int64_t row_stride = 0, column_stride = 1;
  bool is_signed = true;
};

// Memory for packed codes, aligned to a cache line, never shrinking.
class Buffer {
 public:
  std::uint8_t* reserve(std::size_t bytes);
  [[nodiscard]] const std::uint8_t* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const;
  };
  std::unique_ptr<std::uint8_t[], Free> data_;
  std::size_t size_ = 0;
};

// The right side, packed for one kernel: [panels][steps][columns][group]. Packed once, used with
// any number of left sides.
class PackedRhs {
 public:
  // rhs: [k, n]. `segment`: k is a sequence of segments of so many codes, each padded to whole
  // groups by itself (the taps of a convolution); 0: one segment.
  void pack(const GemmKernel& kernel, Isa isa, const CodeMatrix& rhs, std::int64_t segment = 0);

  [[nodiscard]] const GemmKernel& kernel() const { return *kernel_; }
  [[nodiscard]] Isa isa() const { return isa_; }
  [[nodiscard]] std::int64_t k() const { return k_; }
  [[nodiscard]] std::int64_t n() const { return n_; }
  [[nodiscard]] std::int64_t segment() const { return segment_; }
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] const std::uint8_t* panel(std::int64_t index) const;
  [[nodiscard]] std::int64_t panels() const;
  [[nodiscard]] std::int64_t panel_bytes() const;
  // What was added to every code when it was stored: 0, 128 or -128.
  [[nodiscard]] std::int32_t offset() const { return offset_; }
  // What is added to the columns of a left side that is not stored as it is: [panels * columns],
  // -lo times the sum over k of the codes as stored, modulo 2^32, 0 beyond n; lo is what storing
  // adds to the other sign.
  [[nodiscard]] const std::int32_t* column_init() const { return inits_.data(); }

 private:
  const GemmKernel* kernel_ = nullptr;
  Isa isa_ = Isa::kScalar;
  std::int64_t k_ = 0, n_ = 0, segment_ = 0, steps_ = 0;
  std::int32_t offset_ = 0;
  void fill_inits(std::int64_t panel, const std::uint8_t* ones);

  Buffer codes_;
  std::vector<std::int32_t> inits_;
};

// Rows of a left side that lie anywhere in memory, segment by segment (an indirect product):
// fills lines[i] with the address of segment `segment` of row `first + i`.
using RowAddresses = std::function<void(std::int64_t first, int count, std::int64_t segment,
                                        const std::uint8_t** lines)>;

// Called for every finished block of the result, from the thread that made it, while the block is
// in its cache: rows [row, row + rows), columns [column, column + columns).
struct Block {
  std::int64_t row = 0, rows = 0, column = 0, columns = 0;
};
using BlockHook = std::function<void(const Block& block)>;

// Are all sums kept, or only until a block's hook has seen them?
enum class Sums : std::uint8_t { kKept, kPassing };

// Sums times scales (DOT-4, DOT-5), f32: out[i, j] = round(round(f32(sum) * rows[i]) * columns[j]),
// where f32(sum) is rounded too and a null pointer stands for ones. `out` has the stride of acc.
struct ScaledSums {
  const float* rows = nullptr;     // [m]
  const float* columns = nullptr;  // [n]
  float* out = nullptr;            // [m, n]
};

struct GemmRun {
  // [m, n]; of passing sums [16, n]: the first row of every block is row 0. With `scaled` what is
  // in it afterwards is not specified.
  std::int32_t* acc = nullptr;
  std::int64_t stride = 0;     // of acc's rows, in elements
  base::Pool* pool = nullptr;  // null: the calling thread alone, as it must be for passing sums
  const BlockHook* finished = nullptr;
  Sums sums = Sums::kKept;
  // Where the hook will write: row i of the product at written + i * written_step bytes, one row
  // after the other. Brought to the cache while the kernel works on the rows before.
  const void* written = nullptr;
  std::int64_t written_step = 0;
  // If given: every block is scaled before its hook is called.
  const ScaledSums* scaled = nullptr;
};

// The kernel that a product of m rows runs on: of those that pack alike the one with the fewest
// rows that suffice.
[[nodiscard]] const GemmKernel& tile_kernel(const GemmKernel& packed_for, std::int64_t m);

// acc = lhs x rhs modulo 2^32; lhs: [m, k].
void multiply(const CodeMatrix& lhs, const PackedRhs& rhs, const GemmRun& run);

// The same with rows by address: rhs was packed by segments.
struct IndirectLhs {
  std::int64_t rows = 0;
  bool is_signed = true;
  RowAddresses addresses;
};
void multiply(const IndirectLhs& lhs, const PackedRhs& rhs, const GemmRun& run);

// Rows that are windows on one image in memory (a convolution): `lines` runs of `width` rows, the
// rows of a run `row_stride` bytes apart, and within a row a segment of the right side's length at
// each of `offsets`. Every byte a window names lies in memory the caller owns, as the kernel stores
// its left side. The kernels read it where it is if can_window() says so.
struct WindowLhs {
  bool is_signed = true;  // of the codes
  std::int64_t lines = 0, width = 0;
  std::int64_t row_stride = 0;
  std::vector<const std::uint8_t*> starts;  // [lines]
  std::vector<std::int64_t> offsets;        // [segments]
  // [lines * width] sums of the rows' codes; not looked at if the right side has no offset
  std::vector<std::int32_t> row_sums;
};
[[nodiscard]] bool can_window(const GemmKernel& kernel, std::int64_t segment);
void multiply(const WindowLhs& lhs, const PackedRhs& rhs, const GemmRun& run);

}  // namespace mxcheck::kernels
