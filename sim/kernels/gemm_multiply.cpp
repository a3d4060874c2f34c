// The loops around the tiles. The right side is walked in blocks of columns that stay in the
// second-level cache; within one, a block of rows of the left side stays in the first while the
// columns stream past it. k is never cut: a tile's sums live in registers from the first code to
// the last.
#include <algorithm>

#include "sim/base/aligned.h"
#include "sim/base/check.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/gemm_sources.h"
#include "sim/kernels/tally.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/numerics/flush.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::kernels {
namespace {

constexpr std::int64_t kLine = base::kCacheLine;
// Of packed columns: a quarter of a second-level cache of 1 MiB, which the left side, the sums and
// often a neighbour share.
constexpr std::int64_t kBlockBytes = 256 * 1024;
// Of packed rows: at most what one pass over the right side takes.
constexpr std::int64_t kRowsBytes = 8 * 1024 * 1024;

// Of `count` in as few parts as it takes, at most `most` in each (one at least): so many in each
// but the last, which is not much smaller.
std::int64_t even_part(std::int64_t count, std::int64_t most) {
  const std::int64_t limit = std::max<std::int64_t>(1, most);
  const std::int64_t parts = std::max<std::int64_t>(1, (count + limit - 1) / limit);
  return std::max<std::int64_t>(1, (count + parts - 1) / parts);
}

// Memory of a product, kept by the thread that asks for it. One product a thread at a time: a hook
// may not start another.
struct Scratch {
  Buffer packed;
  std::vector<std::int64_t> starts;
  std::vector<std::int32_t> row_init;
};
Scratch& scratch() {
  thread_local Scratch kept;
  return kept;
}

// Rows in runs, every run cut in blocks for the kernel; they are shared out evenly, so that no tile
// is much smaller than the others, and no block lies in two runs.
class Rows {
 public:
  Rows(std::int64_t lines, std::int64_t width, int most) : starts_(scratch().starts) {
    const std::int64_t per_line = (width + most - 1) / most;
    starts_.assign(1, 0);
    if (per_line == 0) return;
    const std::int64_t least = width / per_line, longer = width % per_line;
    std::int64_t start = 0;
    for (std::int64_t line = 0; line < lines; ++line) {
      for (std::int64_t part = 0; part < per_line; ++part) {
        start += least + (part < longer ? 1 : 0);
        starts_.push_back(start);
      }
    }
  }
  [[nodiscard]] std::int64_t blocks() const {
    return static_cast<std::int64_t>(starts_.size()) - 1;
  }
  [[nodiscard]] std::int64_t first(std::int64_t block) const {
    return starts_[static_cast<std::size_t>(block)];
  }
  [[nodiscard]] int count(std::int64_t block) const {
    return static_cast<int>(first(block + 1) - first(block));
  }

 private:
  std::vector<std::int64_t>& starts_;
};

// The loops, for a left side of any kind (gemm_sources.h).
template <typename Source>
class Product {
 public:
  Product(const Source& source, const Rows& rows, const GemmKernel& kernel, const PackedRhs& rhs,
          bool is_signed, const GemmRun& run)
      : source_(source), rows_(rows), kernel_(kernel), rhs_(rhs), run_(run) {
    column_init_ = storage_offset(kernel_.lhs, is_signed) == 0 ? nullptr : rhs.column_init();
    row_init_.assign(static_cast<std::size_t>(rows_.first(rows_.blocks())), 0);
    panels_ = rhs.panels();
    panel_bytes_ = rhs.panel_bytes();
    block_panels_ = even_part(panels_, kBlockBytes / std::max<std::int64_t>(panel_bytes_, 1));
  }

  void multiply() {
    const std::int64_t row_bytes = source_.row_bytes();
    const std::int64_t at_once =
        row_bytes == 0 ? rows_.blocks()
                       : even_part(rows_.blocks(), kRowsBytes / (row_bytes * kernel_.rows));
    const bool prepares = row_bytes != 0 || rhs_.offset() != 0;
    const bool once = block_panels_ >= panels_;  // prepared where it is used
    // Then one thread needs no more room than a block's.
    const std::int64_t step = once && !threaded() ? 0 : row_bytes;
    Buffer& packed = scratch().packed;
    for (std::int64_t from = 0; from < rows_.blocks(); from += at_once) {
      const std::int64_t to = std::min(from + at_once, rows_.blocks());
      const std::int64_t rows = step == 0 ? kernel_.rows : rows_.first(to) - rows_.first(from);
      std::uint8_t* panels = packed.reserve(static_cast<std::size_t>(rows * row_bytes));
      const auto place = [&](std::int64_t block) {
        return panels + (rows_.first(block) - rows_.first(from)) * step;
      };
      const bool before = prepares && !once && threaded();
      if (before) {
        run_.pool->run(to - from, [&](std::int64_t i) { prepare(from + i, place(from + i)); });
      }
      strips(from, to, place, prepares && !before);
    }
  }

 private:
  [[nodiscard]] bool threaded() const { return run_.pool != nullptr && run_.pool->threads() > 1; }

  void prepare(std::int64_t block, std::uint8_t* place) {
    const std::int64_t first = rows_.first(block);
    const int count = rows_.count(block);
    if (source_.row_bytes() != 0) source_.prepare(first, count, place);
    if (rhs_.offset() == 0) return;
    if (threaded() || !source_.sums_lines()) {
      source_.inits(first, count, place, row_init_.data() + first);
    } else {
      sum_lines_to(rows_.first(std::min(block + 2, rows_.blocks())));
    }
  }

  // Lines are summed sixteen at a time, the price of one, and a block early: a tile begins with
  // their sums, and would wait for them.
  void sum_lines_to(std::int64_t end) {
    const std::int64_t all = rows_.first(rows_.blocks());
    while (summed_ < end) {
      const int count = static_cast<int>(std::min<std::int64_t>(kMostRows, all - summed_));
      source_.inits(summed_, count, nullptr, row_init_.data() + summed_);
      summed_ += count;
    }
  }

  // What the strips of a block of columns have in common.
  struct Columns {
    GemmStrip strip{};
    std::int64_t first = 0;  // panel
    // What is fetched beside the panels of a strip but the last: while the first blocks of rows are
    // worked on, the panels to come, `part` of them a block.
    const std::uint8_t* coming = nullptr;
    std::int64_t coming_blocks = 0, part = 0, part_step = 0;
    // Then what will be written after the strip: nullptr if that is not known.
    const std::uint8_t* written = nullptr;
    std::int64_t written_step = 0, written_part = 0;
  };

  [[nodiscard]] Columns columns_from(std::int64_t first) const {
    const std::int64_t last = std::min(first + block_panels_, panels_);
    const std::int64_t column = first * kernel_.columns;
    Columns c;
    c.first = first;
    c.strip.rhs = rhs_.panel(0) + first * panel_bytes_;
    c.strip.column_init = column_init_ == nullptr ? nullptr : column_init_ + column;
    c.strip.has_row_init = rhs_.offset() != 0;
    c.strip.acc = run_.acc + column;
    c.strip.stride = run_.stride;
    c.strip.columns = std::min(last * kernel_.columns, rhs_.n()) - column;
    const std::int64_t panels = last - first - 1;  // with a fetch of their own
    if (panels < 1) return c;
    c.part_step = rhs_.steps() * kFetchedBytes;
    c.part = panels * c.part_step;
    c.coming = rhs_.panel(0) + last * panel_bytes_;
    const std::int64_t coming = (std::min(last + block_panels_, panels_) - last) * panel_bytes_;
    c.coming_blocks = c.part == 0 ? 0 : (coming + c.part - 1) / c.part;
    if (run_.written != nullptr && last - first == panels_) {
      c.written = static_cast<const std::uint8_t*>(run_.written);
      c.written_step = run_.written_step;
      const std::int64_t bytes = kernel_.rows * run_.written_step;
      c.written_part = (bytes / panels + kLine - 1) / kLine * kLine;
    }
    return c;
  }

  template <typename Place>
  void strips(std::int64_t from, std::int64_t to, const Place& place, bool prepares) {
    if (threaded()) {
      std::vector<Columns> columns;
      for (std::int64_t first = 0; first < panels_; first += block_panels_) {
        columns.push_back(columns_from(first));
      }
      const std::int64_t blocks = to - from;
      run_.pool->run(static_cast<std::int64_t>(columns.size()) * blocks, [&](std::int64_t i) {
        const std::int64_t block = from + i % blocks;
        if (prepares) prepare(block, place(block));
        const Columns& c = columns[static_cast<std::size_t>(i / blocks)];
        GemmStrip own = c.strip;
        strip(block, {place(block), next_place(block, to, place, prepares)}, c, own);
      });
      return;
    }
    for (std::int64_t first = 0; first < panels_; first += block_panels_) {
      const Columns columns = columns_from(first);
      GemmStrip one = columns.strip;
      const bool here = prepares && first == 0;  // the other columns find what was prepared
      for (std::int64_t block = from; block < to; ++block) {
        if (here) prepare(block, place(block));
        // Where the next rows are copied to, unless that is one place for all.
        const bool copies = here && panels_ > block_panels_ && source_.row_bytes() != 0;
        const std::uint8_t* copied = copies ? place(std::min(block + 1, to - 1)) : nullptr;
        strip(block, {place(block), next_place(block, to, place, here), copied}, columns, one);
      }
    }
  }

  // What the block after this one begins with: what it will be prepared from, or where it is.
  template <typename Place>
  const std::uint8_t* next_place(std::int64_t block, std::int64_t to, const Place& place,
                                 bool prepares) const {
    const std::int64_t next = std::min(block + 1, to - 1), first = rows_.first(next);
    return prepares ? source_.raw(first, place(next))
                    : source_.view(first, rows_.count(next), place(next)).lhs;
  }

  // Of a block of rows: where it was prepared, what the next one begins with, and where that will
  // be copied to, if it will.
  struct Places {
    const std::uint8_t *rows = nullptr, *next = nullptr, *copied = nullptr;
  };

  // One block of rows against some panels: what is not of the columns is written to `strip`.
  void strip(std::int64_t block, const Places& places, const Columns& columns,
             GemmStrip& strip) const {
    const std::int64_t row = rows_.first(block);
    strip.rows = rows_.count(block);
    const View view = source_.view(row, strip.rows, places.rows);
    strip.lhs = view.lhs;
    strip.offsets = view.offsets;
    strip.segments = view.segments;
    strip.steps = view.steps;
    strip.row_stride = view.row_stride;
    strip.step_stride = view.step_stride;
    strip.row_init = row_init_.data() + row;
    if (run_.sums == Sums::kKept) strip.acc = columns.strip.acc + row * run_.stride;
    const ScaledSums* scaled = run_.scaled;
    const std::int64_t column = columns.first * kernel_.columns;
    const bool in_tile = scaled != nullptr && kernel_.scaling == Scaling::kTile &&
                         strip.segments > 0 && strip.steps >= 2;
    if (in_tile) {
      strip.floats = scaled->out + row * run_.stride + column;
      strip.row_scale = scaled->rows == nullptr ? nullptr : scaled->rows + row;
      strip.column_scale = scaled->columns == nullptr ? nullptr : scaled->columns + column;
    }
    strip.fetch = places.next;
    // Of no other use: the left side again, which a long right side may drive out.
    strip.ahead = strip.lhs;
    strip.ahead_step = 0;
    if (places.copied != nullptr) {
      strip.ahead = places.copied;
      strip.ahead_step = columns.part_step;
    } else if (block < columns.coming_blocks) {
      strip.ahead = columns.coming + block * columns.part;
      strip.ahead_step = columns.part_step;
    } else if (columns.written != nullptr) {
      const std::int64_t next = std::min(block + 1, rows_.blocks() - 1);
      strip.ahead = columns.written + rows_.first(next) * columns.written_step;
      strip.ahead_step = columns.written_part;
    }
    if (in_tile) {
      const numerics::FlushSubnormals flush;  // of this thread (POL-9)
      kernel_.run(strip);
    } else {
      kernel_.run(strip);
      if (scaled != nullptr) scale(strip, row, column);
    }
    if (run_.finished != nullptr) (*run_.finished)({row, strip.rows, column, strip.columns});
  }

  // The sums of a strip, by a kernel that does not scale them.
  void scale(const GemmStrip& strip, std::int64_t row, std::int64_t column) const {
    ProductBlock block;
    block.acc = strip.acc;
    block.rows = strip.rows;
    block.columns = strip.columns;
    block.stride = block.out_stride = run_.stride;
    if (run_.scaled->rows != nullptr) block.lhs = {run_.scaled->rows + row, 1, 0};
    if (run_.scaled->columns != nullptr) block.rhs = {run_.scaled->columns + column, 0, 1};
    block.out = run_.scaled->out + row * run_.stride + column;
    vector_kernels(rhs_.isa()).scale_product(block);
  }

  const Source& source_;
  const Rows& rows_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  const GemmRun& run_;
  std::vector<std::int32_t>& row_init_ = scratch().row_init;
  const std::int32_t* column_init_ = nullptr;  // nullptr: zeros
  std::int64_t panels_ = 0, panel_bytes_ = 0, block_panels_ = 1;
  std::int64_t summed_ = 0;  // lines whose sums are known
};

template <typename Source>
void multiply_rows(const Source& source, const Rows& rows, const GemmKernel& kernel,
                   const PackedRhs& rhs, bool is_signed, const GemmRun& run) {
  MXCHECK_CHECK(kernel.rows <= kMostRows, kernel.name);
  MXCHECK_CHECK(run.sums == Sums::kKept || run.pool == nullptr, "passing sums of one thread");
  if (rows.blocks() == 0 || rhs.n() == 0) return;
  note_use(kernel.name);
  Product<Source>(source, rows, kernel, rhs, is_signed, run).multiply();
}

}  // namespace

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

void multiply(const CodeMatrix& lhs, const PackedRhs& rhs, const GemmRun& run) {
  MXCHECK_CHECK(lhs.columns == rhs.k() && rhs.segment() == rhs.k(), "sizes of a product");
  const GemmKernel& kernel = tile_kernel(rhs.kernel(), lhs.rows);
  multiply_rows(MatrixSource(lhs, kernel, rhs), Rows(1, lhs.rows, kernel.rows), kernel, rhs,
                lhs.is_signed, run);
}

void multiply(const IndirectLhs& lhs, const PackedRhs& rhs, const GemmRun& run) {
  const GemmKernel& kernel = tile_kernel(rhs.kernel(), lhs.rows);
  multiply_rows(AddressSource(lhs, kernel, rhs), Rows(1, lhs.rows, kernel.rows), kernel, rhs,
                lhs.is_signed, run);
}

bool can_window(const GemmKernel& kernel, std::int64_t segment) {
  // The sums of rows that a right side with an offset asks for are made of byte codes.
  const bool sums = kernel.lhs != Storage::kS16 || kernel.rhs == Storage::kS16;
  return kernel.access == LhsAccess::kDirect && segment % kernel.group == 0 && sums;
}

void multiply(const WindowLhs& lhs, const PackedRhs& rhs, const GemmRun& run) {
  const GemmKernel& kernel = tile_kernel(rhs.kernel(), lhs.width);
  MXCHECK_CHECK(can_window(kernel, rhs.segment()), kernel.name);
  MXCHECK_CHECK(static_cast<std::int64_t>(lhs.offsets.size()) * rhs.segment() == rhs.k(),
                "segments of a window");
  multiply_rows(WindowSource(lhs, kernel, rhs), Rows(lhs.lines, lhs.width, kernel.rows), kernel,
                rhs, lhs.is_signed, run);
}

}  // namespace mxcheck::kernels
