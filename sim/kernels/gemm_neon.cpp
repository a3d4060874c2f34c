// aarch64: sdot (dotprod), four s8 x s8 products a lane; smmla (i8mm), two rows by two columns of
// eight products. Both wrap modulo 2^32, codes are stored as s8.
//
// DOT-8. A tile of 8 x 8. Rows of a panel that are not there are not read: a tile of fewer rows
// goes one row, or one pair of rows, at a time.
#include "sim/kernels/gemm_kernel.h"

#if defined(__aarch64__)
#include <arm_neon.h>

namespace mxcheck::kernels {
namespace {

constexpr int kColumns = 8;

// A strip at one of its panels.
struct Tile : GemmStrip {
  Tile(const GemmStrip& strip, std::int64_t column, int group) : GemmStrip(strip) {
    rhs += column * segments * steps * group;
    acc += column;
    if (column_init != nullptr) column_init += column;
    columns = columns - column < kColumns ? columns - column : kColumns;
  }
};

// Sums start from zero; what a column and a row start from is added when they are stored.
// A row of sums to the first `columns` of its place.
void store(const Tile& x, int row, const std::int32_t* all) {
  for (int j = 0; j < x.columns; ++j) {
    const std::uint32_t init =
        x.column_init == nullptr ? 0 : static_cast<std::uint32_t>(x.column_init[j]);
    x.acc[row * x.stride + j] = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(all[j]) + init + static_cast<std::uint32_t>(x.row_init[row]));
  }
}

// Codes of row `row` and the ones behind it in segment g.
const std::int8_t* line(const Tile& x, std::int64_t g, int row) {
  return reinterpret_cast<const std::int8_t*>(x.lhs + x.offsets[g] + row * x.row_stride);
}

#define MXCHECK_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define MXCHECK_I8MM __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))

// Rows `first` .. `first` + 4 of the tile.
MXCHECK_DOTPROD void four_rows(const Tile& x, int first) {
  const auto* rhs = reinterpret_cast<const std::int8_t*>(x.rhs);
  const int32x4_t init_low = vdupq_n_s32(0), init_high = init_low;
  int32x4_t low0 = init_low, low1 = init_low, low2 = init_low, low3 = init_low;
  int32x4_t high0 = init_high, high1 = init_high, high2 = init_high, high3 = init_high;
  for (std::int64_t g = 0; g < x.segments; ++g) {
    const std::int8_t* lhs = line(x, g, first);
    for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kColumns * 4) {
      const int8x16_t a = vld1q_s8(lhs), b = vld1q_s8(rhs), c = vld1q_s8(rhs + 16);
      low0 = vdotq_laneq_s32(low0, b, a, 0);
      low1 = vdotq_laneq_s32(low1, b, a, 1);
      low2 = vdotq_laneq_s32(low2, b, a, 2);
      low3 = vdotq_laneq_s32(low3, b, a, 3);
      high0 = vdotq_laneq_s32(high0, c, a, 0);
      high1 = vdotq_laneq_s32(high1, c, a, 1);
      high2 = vdotq_laneq_s32(high2, c, a, 2);
      high3 = vdotq_laneq_s32(high3, c, a, 3);
    }
  }
  std::int32_t all[4][kColumns];
  vst1q_s32(all[0], low0);
  vst1q_s32(all[0] + 4, high0);
  vst1q_s32(all[1], low1);
  vst1q_s32(all[1] + 4, high1);
  vst1q_s32(all[2], low2);
  vst1q_s32(all[2] + 4, high2);
  vst1q_s32(all[3], low3);
  vst1q_s32(all[3] + 4, high3);
  for (int i = 0; i < 4; ++i) store(x, first + i, all[i]);
}

MXCHECK_DOTPROD void one_row(const Tile& x, int row) {
  const auto* rhs = reinterpret_cast<const std::int8_t*>(x.rhs);
  int32x4_t low = vdupq_n_s32(0), high = low;
  for (std::int64_t g = 0; g < x.segments; ++g) {
    const std::int8_t* lhs = line(x, g, row);
    for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kColumns * 4) {
      std::int32_t codes;
      __builtin_memcpy(&codes, lhs, 4);
      const int8x16_t a = vreinterpretq_s8_s32(vdupq_n_s32(codes));
      low = vdotq_s32(low, vld1q_s8(rhs), a);
      high = vdotq_s32(high, vld1q_s8(rhs + 16), a);
    }
  }
  std::int32_t all[kColumns];
  vst1q_s32(all, low);
  vst1q_s32(all + 4, high);
  store(x, row, all);
}

// Rows `first` and `first` + 1: sums of 2 x 2, columns in pairs.
MXCHECK_I8MM void two_rows(const Tile& x, int first) {
  const auto* rhs = reinterpret_cast<const std::int8_t*>(x.rhs);
  int32x4_t sums[4];
  for (int pair = 0; pair < 4; ++pair) {
    sums[pair] = vdupq_n_s32(0);
  }
  for (std::int64_t g = 0; g < x.segments; ++g) {
    const std::int8_t* lhs = line(x, g, first);
    for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kColumns * 8) {
      const int8x16_t a = vld1q_s8(lhs);
      sums[0] = vmmlaq_s32(sums[0], a, vld1q_s8(rhs));
      sums[1] = vmmlaq_s32(sums[1], a, vld1q_s8(rhs + 16));
      sums[2] = vmmlaq_s32(sums[2], a, vld1q_s8(rhs + 32));
      sums[3] = vmmlaq_s32(sums[3], a, vld1q_s8(rhs + 48));
    }
  }
  std::int32_t top[kColumns], bottom[kColumns];
  for (int pair = 0; pair < 4; ++pair) {
    vst1_s32(top + pair * 2, vget_low_s32(sums[pair]));
    vst1_s32(bottom + pair * 2, vget_high_s32(sums[pair]));
  }
  store(x, first, top);
  store(x, first + 1, bottom);
}

MXCHECK_I8MM void last_row(const Tile& x, int row) {
  const auto* rhs = reinterpret_cast<const std::int8_t*>(x.rhs);
  int32x4_t sums[4];
  for (int pair = 0; pair < 4; ++pair) {
    sums[pair] = vdupq_n_s32(0);
  }
  for (std::int64_t g = 0; g < x.segments; ++g) {
    const std::int8_t* lhs = line(x, g, row);
    for (std::int64_t s = x.steps; s > 0; --s, lhs += x.step_stride, rhs += kColumns * 8) {
      const int8x8_t codes = vld1_s8(lhs);
      const int8x16_t a = vcombine_s8(codes, codes);
      for (int pair = 0; pair < 4; ++pair) {
        sums[pair] = vmmlaq_s32(sums[pair], a, vld1q_s8(rhs + pair * 16));
      }
    }
  }
  std::int32_t all[kColumns];
  for (int pair = 0; pair < 4; ++pair) vst1_s32(all + pair * 2, vget_low_s32(sums[pair]));
  store(x, row, all);
}

}  // namespace

MXCHECK_DOTPROD void gemm_s8s8s32_8x8x4_neondot(const GemmStrip& x) {
  for (std::int64_t column = 0; column < x.columns; column += kColumns) {
    const Tile tile(x, column, 4);
    int row = 0;
    for (; row + 4 <= x.rows; row += 4) four_rows(tile, row);
    for (; row < x.rows; ++row) one_row(tile, row);
  }
}

MXCHECK_I8MM void gemm_s8s8s32_8x8x8_neoni8mm(const GemmStrip& x) {
  for (std::int64_t column = 0; column < x.columns; column += kColumns) {
    const Tile tile(x, column, 8);
    int row = 0;
    for (; row + 2 <= x.rows; row += 2) two_rows(tile, row);
    if (row < x.rows) last_row(tile, row);
  }
}

#undef MXCHECK_DOTPROD
#undef MXCHECK_I8MM

}  // namespace mxcheck::kernels
#endif
