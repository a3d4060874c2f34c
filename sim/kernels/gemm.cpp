// The loops around the tiles. The right side is walked in blocks of columns that stay in the
// second-level cache; within one, a panel of the left side stays in the first while the block
// streams past it. k is never cut: a tile's sums live in registers from the first code to the last.
#include "sim/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include "sim/base/check.h"
#include "sim/kernels/pack.h"

namespace mxcheck::kernels {

#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs) \
  void function(const GemmTile&);
#include "sim/kernels/kernels.def"
#undef MXCHECK_GEMM_KERNEL

namespace {

constexpr std::size_t kLine = 64;
// Of packed columns: half of a second-level cache of 1 MiB.
constexpr std::int64_t kBlockBytes = 512 * 1024;
// Of packed rows: what one pass over the right side takes.
constexpr std::int64_t kRowsBytes = 4 * 1024 * 1024;
constexpr int kMostRows = 16;

// The left side as packed panels: rows are shared out evenly, so that no tile is much smaller than
// the others.
struct Rows {
  std::int64_t total = 0, blocks = 0;
  [[nodiscard]] std::int64_t first(std::int64_t block) const {
    return total / blocks * block + std::min(block, total % blocks);
  }
  [[nodiscard]] int count(std::int64_t block) const {
    return static_cast<int>(first(block + 1) - first(block));
  }
};

// The kernel for m rows: of those that pack alike the one with the fewest rows that suffice.
const GemmKernel& tile_kernel(const GemmKernel& packed_for, std::int64_t m) {
  const GemmKernel* best = &packed_for;
  for (const GemmKernel& other : gemm_kernels()) {
    const bool alike = other.isa == packed_for.isa && other.columns == packed_for.columns &&
                       other.group == packed_for.group && other.lhs == packed_for.lhs &&
                       other.rhs == packed_for.rhs;
    if (alike && m <= other.rows && other.rows < best->rows) best = &other;
  }
  return *best;
}

// What one product needs, whatever its left side looks like.
class Product {
 public:
  Product(const PackedRhs& rhs, std::int64_t m, bool is_signed, const GemmRun& run)
      : rhs_(rhs), run_(run), kernel_(tile_kernel(rhs.kernel(), m)) {
    rows_.total = m;
    rows_.blocks = (m + kernel_.rows - 1) / kernel_.rows;
    const std::int32_t lo = storage_offset(kernel_.lhs, is_signed);
    initial_.resize(rhs.column_sums().size());
    for (std::size_t j = 0; j < initial_.size(); ++j) {
      initial_[j] = static_cast<std::int32_t>(-static_cast<std::uint32_t>(lo) *
                                              static_cast<std::uint32_t>(rhs.column_sums()[j]));
    }
    row_bytes_ = rhs.steps() * kernel_.group * code_bytes(kernel_.lhs);
    const std::int64_t panel_bytes =
        rhs.steps() * kernel_.columns * kernel_.group * code_bytes(kernel_.rhs);
    block_panels_ = std::max<std::int64_t>(1, kBlockBytes / std::max<std::int64_t>(panel_bytes, 1));
  }

  // pack(block, out) fills the panel of one block of rows.
  template <typename Pack>
  void multiply(const Pack& pack) {
    const std::int64_t at_once = std::max<std::int64_t>(
        1, kRowsBytes / std::max<std::int64_t>(row_bytes_ * kernel_.rows, 1));
    thread_local Buffer packed;
    for (std::int64_t from = 0; from < rows_.blocks; from += at_once) {
      const std::int64_t to = std::min(from + at_once, rows_.blocks);
      std::uint8_t* panels = packed.reserve(
          static_cast<std::size_t>((rows_.first(to) - rows_.first(from)) * row_bytes_));
      const auto place = [&](std::int64_t block) {
        return panels + (rows_.first(block) - rows_.first(from)) * row_bytes_;
      };
      each(to - from, [&](std::int64_t i) { pack(from + i, place(from + i)); });
      tiles(from, to, place);
    }
  }

  [[nodiscard]] const Rows& rows() const { return rows_; }

 private:
  void each(std::int64_t count, const std::function<void(std::int64_t)>& turn) const {
    if (run_.pool != nullptr && run_.pool->threads() > 1) return run_.pool->run(count, turn);
    for (std::int64_t i = 0; i < count; ++i) turn(i);
  }

  template <typename Place>
  void tiles(std::int64_t from, std::int64_t to, const Place& place) const {
    const std::int64_t column_blocks = (rhs_.panels() + block_panels_ - 1) / block_panels_;
    const std::int64_t blocks = to - from;
    each(column_blocks * blocks, [&](std::int64_t turn) {
      const std::int64_t block = from + turn % blocks;
      const std::int64_t first = turn / blocks * block_panels_;
      strip(block, place(block), first, std::min(first + block_panels_, rhs_.panels()));
    });
  }

  // One block of rows against some panels.
  void strip(std::int64_t block, const std::uint8_t* lhs, std::int64_t first,
             std::int64_t last) const {
    const std::int64_t row = rows_.first(block);
    GemmTile tile{};
    tile.lhs = lhs;
    tile.steps = rhs_.steps();
    tile.stride = run_.stride;
    tile.rows = rows_.count(block);
    for (std::int64_t panel = first; panel < last; ++panel) {
      const std::int64_t column = panel * kernel_.columns;
      tile.rhs = rhs_.panel(panel);
      tile.init = initial_.data() + column;
      tile.acc = run_.acc + row * run_.stride + column;
      tile.columns = static_cast<int>(std::min<std::int64_t>(kernel_.columns, rhs_.n() - column));
      kernel_.run(tile);
    }
    if (run_.finished == nullptr) return;
    const std::int64_t column = first * kernel_.columns;
    (*run_.finished)(
        {row, rows_.count(block), column, std::min(last * kernel_.columns, rhs_.n()) - column});
  }

  const PackedRhs& rhs_;
  const GemmRun& run_;
  const GemmKernel& kernel_;
  Rows rows_;
  std::vector<std::int32_t> initial_;
  std::int64_t row_bytes_ = 0;
  std::int64_t block_panels_ = 1;
};

std::int32_t code_at(const std::uint8_t* codes, std::int64_t i, bool is_signed) {
  return is_signed ? std::int32_t{static_cast<std::int8_t>(codes[i])} : std::int32_t{codes[i]};
}

// acc[row, :] -= ro * sum over k of the row's codes: only for codes stored with an offset.
void take_row_term(std::int32_t ro, std::uint32_t sum, std::int64_t columns, std::int32_t* acc) {
  const std::uint32_t term = static_cast<std::uint32_t>(ro) * sum;
  for (std::int64_t j = 0; j < columns; ++j) {
    acc[j] = static_cast<std::int32_t>(static_cast<std::uint32_t>(acc[j]) - term);
  }
}

}  // namespace

const std::vector<GemmKernel>& gemm_kernels() {
  static const std::vector<GemmKernel> kKernels = {
#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs) \
  {#function, Isa::isa, rows, columns, group, Storage::lhs, Storage::rhs, function},
#include "sim/kernels/kernels.def"
#undef MXCHECK_GEMM_KERNEL
  };
  return kKernels;
}

std::vector<const GemmKernel*> gemm_kernels_for(Isa isa) {
  std::vector<const GemmKernel*> out;
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (covers(isa, kernel.isa)) out.insert(out.begin(), &kernel);
  }
  return out;
}

void Buffer::Free::operator()(std::uint8_t* p) const {
  ::operator delete[](p, std::align_val_t{kLine});
}

std::uint8_t* Buffer::reserve(std::size_t bytes) {
  if (bytes > size_ || data_ == nullptr) {
    data_.reset(static_cast<std::uint8_t*>(
        ::operator new[](std::max(bytes, kLine), std::align_val_t{kLine})));
    size_ = bytes;
  }
  return data_.get();
}

void PackedRhs::pack(const GemmKernel& kernel, Isa isa, const CodeMatrix& rhs,
                     std::int64_t segment) {
  MXCHECK_CHECK(segment == 0 || rhs.rows % segment == 0, "k is whole segments");
  kernel_ = &kernel;
  isa_ = isa;
  k_ = rhs.rows;
  n_ = rhs.columns;
  segment_ = segment == 0 ? k_ : segment;
  steps_ = segment_ == 0 ? 0 : panel_steps(k_, segment_, kernel.group);
  offset_ = storage_offset(kernel.rhs, rhs.is_signed);
  const PanelFormat format{kernel.rhs, rhs.is_signed, kernel.group, isa};
  const LineMatrix from{rhs.codes, rhs.column_stride, rhs.row_stride};
  const std::int64_t bytes = code_bytes(kernel.rhs);
  const std::int64_t panel_bytes = steps_ * kernel.columns * kernel.group * bytes;
  std::uint8_t* out = codes_.reserve(static_cast<std::size_t>(panels() * panel_bytes));
  sums_.assign(static_cast<std::size_t>(panels() * kernel.columns), 0);
  const std::int64_t segments = segment_ == 0 ? 0 : k_ / segment_;
  const std::int64_t segment_bytes =
      segments == 0 ? 0 : steps_ / segments * kernel.columns * kernel.group * bytes;
  // A row of stored ones times the panel gives its column sums.
  Buffer ones;
  const auto count = static_cast<std::size_t>(steps_ * kernel.group);
  std::uint8_t* one = ones.reserve(count * static_cast<std::size_t>(code_bytes(kernel.lhs)));
  for (std::size_t i = 0; i < count; ++i) {
    if (kernel.lhs == Storage::kS16) {
      reinterpret_cast<std::int16_t*>(one)[i] = 1;
    } else {
      one[i] = 1;
    }
  }
  const std::vector<std::int32_t> zeros(static_cast<std::size_t>(kernel.columns), 0);
  for (std::int64_t panel = 0; panel < panels(); ++panel) {
    const std::int64_t first = panel * kernel.columns;
    const int width = static_cast<int>(std::min<std::int64_t>(kernel.columns, n_ - first));
    std::uint8_t* place = out + panel * panel_bytes;
    if (width < kernel.columns) std::fill_n(place, panel_bytes, std::uint8_t{0});
    for (std::int64_t s = 0; s < segments; ++s) {
      LineMatrix part = from;
      part.codes += s * segment_ * rhs.row_stride;
      pack_matrix_panel(format, part, first, width, kernel.columns, segment_,
                        place + s * segment_bytes);
    }
    kernel.run({one, place, steps_, zeros.data(), sums_.data() + first, kernel.columns, 1,
                kernel.columns});
  }
}

std::int64_t PackedRhs::panels() const { return (n_ + kernel_->columns - 1) / kernel_->columns; }

const std::uint8_t* PackedRhs::panel(std::int64_t index) const {
  return codes_.data() +
         index * steps_ * kernel_->columns * kernel_->group * code_bytes(kernel_->rhs);
}

void multiply(const CodeMatrix& lhs, const PackedRhs& rhs, const GemmRun& run) {
  MXCHECK_CHECK(lhs.columns == rhs.k() && rhs.segment() == rhs.k(), "sizes of a product");
  const GemmKernel& kernel = rhs.kernel();
  MXCHECK_CHECK(kernel.rows <= kMostRows, kernel.name);
  if (lhs.rows == 0 || rhs.n() == 0) return;
  const PanelFormat format{kernel.lhs, lhs.is_signed, kernel.group, rhs.isa()};
  const LineMatrix from{lhs.codes, lhs.row_stride, lhs.column_stride};
  const bool row_term = rhs.offset() != 0;
  const BlockHook take_rows = [&](const Block& block) {
    for (std::int64_t i = block.row; i < block.row + block.rows; ++i) {
      std::uint32_t sum = 0;
      for (std::int64_t k = 0; k < lhs.columns; ++k) {
        sum += static_cast<std::uint32_t>(
            code_at(lhs.codes, i * lhs.row_stride + k * lhs.column_stride, lhs.is_signed));
      }
      take_row_term(rhs.offset(), sum, block.columns, run.acc + i * run.stride + block.column);
    }
    if (run.finished != nullptr) (*run.finished)(block);
  };
  GemmRun inner = run;
  if (row_term) inner.finished = &take_rows;
  Product product(rhs, lhs.rows, lhs.is_signed, inner);
  product.multiply([&](std::int64_t block, std::uint8_t* out) {
    const int rows = product.rows().count(block);
    pack_matrix_panel(format, from, product.rows().first(block), rows, rows, lhs.columns, out);
  });
}

void multiply(const IndirectLhs& lhs, const PackedRhs& rhs, const GemmRun& run) {
  const GemmKernel& kernel = rhs.kernel();
  MXCHECK_CHECK(kernel.rows <= kMostRows, kernel.name);
  MXCHECK_CHECK(rhs.offset() == 0, "an indirect product takes a right side stored as it is");
  if (lhs.rows == 0 || rhs.n() == 0) return;
  const PanelFormat format{kernel.lhs, lhs.is_signed, kernel.group, rhs.isa()};
  const std::int64_t segments = rhs.segment() == 0 ? 0 : rhs.k() / rhs.segment();
  Product product(rhs, lhs.rows, lhs.is_signed, run);
  product.multiply([&](std::int64_t block, std::uint8_t* out) {
    const int rows = product.rows().count(block);
    const std::int64_t segment_bytes = rhs.steps() / std::max<std::int64_t>(segments, 1) * rows *
                                       kernel.group * code_bytes(kernel.lhs);
    std::array<const std::uint8_t*, kMostRows> lines{};
    for (std::int64_t s = 0; s < segments; ++s) {
      lhs.addresses(product.rows().first(block), rows, s, lines.data());
      pack_line_panel(format, lines.data(), rows, rows, rhs.segment(), out + s * segment_bytes);
    }
  });
}

}  // namespace mxcheck::kernels
