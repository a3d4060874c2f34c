// The inner step of the fast stepped array: one row of PEs over a run of clocks, one function per
// instruction set, chosen at run time. All give the same bits (fast_array_test.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mxcheck::mxu::internal {

// Columns are padded to a multiple of this.
inline constexpr std::int64_t kLane = 16;

// What step() is told: `rows` rows of PEs one below the other, for `clocks` clocks of each.
struct RowSweep {
  std::int32_t* sums = nullptr;        // [clocks, cols]
  const std::int32_t* acts = nullptr;  // of the first row; row r at acts + r * act_stride
  std::int64_t act_stride = 0;
  const std::int32_t* weights = nullptr;        // [rows, cols]
  std::int64_t rows = 0, clocks = 0, cols = 0;  // cols a multiple of kLane
};

// For each row r, clock u and column c, rows from first to last:
//   sums[u, c] += lo(a) * lo(w) + hi(a) * hi(w)   modulo 2^32,
// a = acts[r * act_stride + c - u], w = weights[r, c]: two signed 16-bit halves each, one per plane
// of weights. sums[u, c] after row r is the sum register of PE (r, c) after clock u + r. The
// activation register of column c holds what column 0 held c clocks ago, hence the index.
using StepRows = void (*)(const RowSweep&);

struct RowKernel {
  const char* name;
  StepRows step;
};
// The kernels this machine can run, slowest (scalar) first.
[[nodiscard]] const std::vector<RowKernel>& row_kernels();

}  // namespace mxcheck::mxu::internal
