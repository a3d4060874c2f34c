// A strip of an integer product, and a panel to pack: what the kernels of kernels.def take. Plain
// pointers and sizes only, so that a kernel file includes nothing that could be compiled for two
// machines and linked into one.
//
// DOT-8: acc[i, j] = row_init[i] + column_init[j] + sum over k of lhs[i, k] * rhs[k, j], modulo
// 2^32, on codes as stored.
#pragma once

#include <cstdint>

namespace mxcheck::kernels {

constexpr int kFetchedBytes = 32;  // beside a step: a cache line for two of them

struct GemmStrip {
  // Group s of row i of segment g: lhs + offsets[g] + i * row_stride + s * step_stride, in bytes.
  const std::uint8_t* lhs;
  const std::int64_t* offsets;
  std::int64_t segments;
  std::int64_t row_stride, step_stride;
  std::int64_t steps;  // groups along k of one segment
  // Panels one behind the other: [segments][steps][columns of the kernel][group] codes as stored.
  const std::uint8_t* rhs;
  const std::int32_t* row_init;     // [rows]
  bool has_row_init;                // false: row_init is zeros
  const std::int32_t* column_init;  // [panels * columns of the kernel], or null: zeros
  std::int32_t* acc;                // [rows, columns], row stride below
  std::int64_t stride;              // of acc, in elements
  std::int64_t columns;             // of the strip; only the last panel may be partly written
  int rows;                         // 1 .. rows of the kernel
  // Null, or, of a kernel that scales in its tile, with a segment and two steps at least, what is
  // written instead of acc: round(round(f32(sum) * row_scale[i]) * column_scale[j]), the float
  // unit's mode being POL-9's.
  float* floats;
  const float* row_scale;     // [rows], or null: ones
  const float* column_scale;  // [columns], or null: ones
  // What a kernel may fetch into its cache while it works, kFetchedBytes a step; never read here.
  // Of the last panel: what the left side of the next strip begins with. Of panel p before it: from
  // ahead + p * ahead_step.
  const std::uint8_t* fetch;
  const std::uint8_t* ahead;
  std::int64_t ahead_step;
};
using GemmFunction = void (*)(const GemmStrip& strip);

// From lines of codes to [steps][width][group]: code b of step s of line i is the code k = group s
// + b of that line; a byte exclusive-or `flip` (0x80 turns s8 into s8 + 128 as u8, and back), or
// extended to 16 bits, by its sign if the codes are signed.
struct PackLines {
  const std::uint8_t* const* lines;  // [count] pointers, k contiguous in each
  int count;                         // lines
  int width;                         // of the panel, >= count
  std::int64_t steps;                // whole groups only
  std::uint8_t flip;                 // of bytes
  bool is_signed;                    // of codes to extend
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
  bool is_signed;
  std::uint8_t* out;
};
using PackPlanesFunction = void (*)(const PackPlanes& panel);

// Copies of lines of codes: code k of line i, at out + i * out_stride, is codes[i * line_stride +
// k], exclusive-or `flip` or extended to 16 bits as above.
struct CopyLines {
  const std::uint8_t* codes;
  std::int64_t line_stride;
  int lines;
  std::int64_t count;  // codes of a line
  std::uint8_t flip;
  bool is_signed;
  std::uint8_t* out;
  std::int64_t out_stride;  // bytes
};
using CopyLinesFunction = void (*)(const CopyLines& lines);

// out = start + factor * sum of the codes of a line, modulo 2^32, for some lines, k contiguous;
// `flip` as above, the codes are s8 after it. Start and factor are applied here and not by the
// caller, whose vector loads could not be forwarded from stores that overlap.
struct SumLines {
  const std::uint8_t* codes;
  std::int64_t line_stride;
  int lines;
  std::int64_t count;  // codes of a line
  std::uint8_t flip;
  std::int32_t start, factor;
  std::int32_t* out;  // [lines]
};
using SumLinesFunction = void (*)(const SumLines& lines);

// The same along k of a packed panel [steps][width][4] of s8 codes as stored.
struct SumPanel {
  const std::uint8_t* panel;
  int width;
  std::int64_t steps;
  std::int32_t start, factor;
  std::int32_t* out;  // [width]
};
using SumPanelFunction = void (*)(const SumPanel& panel);

}  // namespace mxcheck::kernels
