// A tile of an integer product: what a kernel of kernels.def takes and gives. Plain pointers and
// sizes only, so that a kernel file includes nothing that could be compiled twice for two machines.
//
// DOT-8: acc[i, j] = init[j] + sum over k of lhs[i, k] * rhs[k, j], modulo 2^32.
#pragma once

#include <cstdint>

namespace mxcheck::kernels {

struct GemmTile {
  const void* lhs;           // [steps][rows][group] codes as stored, rows as below
  const void* rhs;           // [steps][columns of the kernel][group] codes as stored
  std::int64_t steps;        // groups along k
  const std::int32_t* init;  // [columns of the kernel], or null: add to what acc holds
  std::int32_t* acc;         // [rows, columns used], row stride below
  std::int64_t stride;       // of acc, in elements
  int rows;                  // 1 .. rows of the kernel
  int columns;               // 1 .. columns of the kernel that are written
};

using GemmFunction = void (*)(const GemmTile& tile);

}  // namespace mxcheck::kernels
