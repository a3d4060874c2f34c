// A tile of an integer product, and a panel to pack: what the kernels of kernels.def take. Plain
// pointers and sizes only, so that a kernel file includes nothing that could be compiled for two
// machines and linked into one.
//
// DOT-8: acc[i, j] = init[j] + sum over k of lhs[i, k] * rhs[k, j], modulo 2^32.
#pragma once

#include <cstdint>

namespace mxcheck::kernels {

struct GemmTile {
  const void* lhs;           // [steps][rows][group] codes as stored
  const void* rhs;           // [steps][columns of the kernel][group] codes as stored
  std::int64_t steps;        // groups along k
  const std::int32_t* init;  // [columns of the kernel]
  std::int32_t* acc;         // [rows, columns written], row stride below
  std::int64_t stride;       // of acc, in elements
  int rows;                  // 1 .. rows of the kernel
  int columns;               // 1 .. columns of the kernel that are written
};
using GemmFunction = void (*)(const GemmTile& tile);

// Bytes from lines of codes to [steps][width][4]: byte b of step s of line i is the code
// k = 4 s + b of that line, exclusive-or `flip` (0x80 turns s8 into s8 + 128 as u8, and back).
struct PackLines {
  const std::uint8_t* const* lines;  // [count] pointers, k contiguous in each
  int count;                         // lines
  int width;                         // of the panel, >= count
  std::int64_t steps;                // whole groups of four only
  std::uint8_t flip;
  std::uint8_t* out;
};
using PackLinesFunction = void (*)(const PackLines& panel);

// The same from a matrix whose lines are neighbours: the code k of line i is planes[k * stride +
// i].
struct PackPlanes {
  const std::uint8_t* planes;
  std::int64_t stride;
  int count;
  int width;
  std::int64_t steps;
  std::uint8_t flip;
  std::uint8_t* out;
};
using PackPlanesFunction = void (*)(const PackPlanes& panel);

}  // namespace mxcheck::kernels
