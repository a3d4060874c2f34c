// Panels: of the right side [k][columns of the kernel], zeros past the last column; of the left
// side [k][rows of the tile]. A panel of the right side stays in the first- or second-level cache
// while all rows pass.
#include "sim/kernels/float_chain.h"

#include <algorithm>
#include <vector>

#include "sim/kernels/tally.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/numerics/flush.h"

namespace mxcheck::kernels {
namespace {

// Products of one block, k from `first` to `first + depth`.
struct Panels {
  std::vector<float> lhs, rhs;
};

void pack_lhs(const ChainProduct& p, std::int64_t first, std::int64_t depth, int tile_rows,
              std::vector<float>& out) {
  float* target = out.data();
  for (std::int64_t i = 0; i < p.m; i += tile_rows) {
    const std::int64_t rows = std::min<std::int64_t>(tile_rows, p.m - i);
    const float* source = p.lhs + i * p.lhs_row + first * p.lhs_k;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t k = 0; k < depth; ++k) {
        target[k * rows + r] = source[r * p.lhs_row + k * p.lhs_k];
      }
    }
    target += rows * depth;
  }
}

void pack_rhs(const ChainProduct& p, std::int64_t first, std::int64_t depth, std::int64_t column,
              int tile_columns, std::vector<float>& out) {
  const std::int64_t columns = std::min<std::int64_t>(tile_columns, p.n - column);
  for (std::int64_t k = 0; k < depth; ++k) {
    const float* source = p.rhs + (first + k) * p.rhs_k + column * p.rhs_column;
    float* target = out.data() + k * tile_columns;
    for (std::int64_t j = 0; j < columns; ++j) target[j] = source[j * p.rhs_column];
    std::fill(target + columns, target + tile_columns, 0.0f);
  }
}

void run_block(const ChainProduct& p, const ChainKernel& kernel, std::int64_t first,
               std::int64_t depth, Panels& panels) {
  pack_lhs(p, first, depth, kernel.rows, panels.lhs);
  for (std::int64_t column = 0; column < p.n; column += kernel.columns) {
    pack_rhs(p, first, depth, column, kernel.columns, panels.rhs);
    for (std::int64_t i = 0; i < p.m; i += kernel.rows) {
      ChainTile tile;
      tile.rows = static_cast<int>(std::min<std::int64_t>(kernel.rows, p.m - i));
      tile.columns = static_cast<int>(std::min<std::int64_t>(kernel.columns, p.n - column));
      tile.lhs = panels.lhs.data() + i * depth;
      tile.rhs = panels.rhs.data();
      tile.k = depth;
      tile.out = p.out + i * p.stride + column;
      tile.stride = p.stride;
      tile.add = first != 0;
      kernel.function(tile);
    }
  }
}

}  // namespace

void chain_product(const ChainProduct& product, Isa chosen) {
  const numerics::FlushSubnormals flush;
  const ChainKernel& kernel = vector_kernels(chosen).chain();
  const std::int64_t block = product.block > 0 ? std::min(product.block, product.k) : product.k;
  if (product.k == 0) {
    for (std::int64_t i = 0; i < product.m; ++i) {
      std::fill_n(product.out + i * product.stride, product.n, 0.0f);
    }
    return;
  }
  note_use(kernel.name);
  Panels panels;
  panels.lhs.resize(static_cast<std::size_t>(product.m * block));
  panels.rhs.resize(static_cast<std::size_t>(block * kernel.columns));
  for (std::int64_t first = 0; first < product.k; first += block) {
    run_block(product, kernel, first, std::min(block, product.k - first), panels);
  }
}

}  // namespace mxcheck::kernels
