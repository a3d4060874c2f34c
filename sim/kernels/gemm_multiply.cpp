// The loops around the tiles. The right side is walked in blocks of columns that stay in the
// second-level cache; within one, a block of rows of the left side stays in the first while the
// columns stream past it. k is never cut: a tile's sums live in registers from the first code to
// the last.
#include <algorithm>

#include "sim/base/check.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/gemm_sources.h"
#include "sim/kernels/tally.h"
#include "sim/numerics/rounding.h"

namespace mxcheck::kernels {
namespace {

// Of packed columns: half of a second-level cache of 1 MiB.
constexpr std::int64_t kBlockBytes = 512 * 1024;
// Of packed rows: what one pass over the right side takes.
constexpr std::int64_t kRowsBytes = 4 * 1024 * 1024;

using numerics::wrap_mul;

// Memory of a product, kept by the thread that asks for it. One product a thread at a time: a hook
// may not start another.
struct Scratch {
  Buffer packed;
  std::vector<std::int64_t> starts;
  std::vector<std::int32_t> row_init, column_init;
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
    const std::int32_t lo = storage_offset(kernel_.lhs, is_signed);
    column_init_.clear();
    if (lo != 0) {
      for (const std::int32_t sum : rhs.column_sums()) column_init_.push_back(wrap_mul(-lo, sum));
    }
    row_init_.assign(static_cast<std::size_t>(rows_.first(rows_.blocks())), 0);
    panel_bytes_ = rhs.steps() * kernel_.columns * kernel_.group * code_bytes(kernel_.rhs);
    block_panels_ =
        std::max<std::int64_t>(1, kBlockBytes / std::max<std::int64_t>(panel_bytes_, 1));
  }

  void multiply() {
    const std::int64_t row_bytes = source_.row_bytes();
    const std::int64_t at_once =
        row_bytes == 0 ? rows_.blocks()
                       : std::max<std::int64_t>(1, kRowsBytes / (row_bytes * kernel_.rows));
    Buffer& packed = scratch().packed;
    for (std::int64_t from = 0; from < rows_.blocks(); from += at_once) {
      const std::int64_t to = std::min(from + at_once, rows_.blocks());
      const std::int64_t bytes = (rows_.first(to) - rows_.first(from)) * row_bytes;
      std::uint8_t* panels = packed.reserve(static_cast<std::size_t>(bytes));
      const auto place = [&](std::int64_t block) {
        return panels + (rows_.first(block) - rows_.first(from)) * row_bytes;
      };
      const bool prepares = row_bytes != 0 || rhs_.offset() != 0;
      const bool once = block_panels_ >= rhs_.panels();  // prepared where it is used
      if (prepares && !once) {
        each(to - from, [&](std::int64_t i) { prepare(from + i, place(from + i)); });
      }
      strips(from, to, place, prepares && once);
    }
  }

 private:
  [[nodiscard]] bool threaded() const { return run_.pool != nullptr && run_.pool->threads() > 1; }

  template <typename Turn>
  void each(std::int64_t count, const Turn& turn) const {
    if (threaded()) return run_.pool->run(count, turn);
    for (std::int64_t i = 0; i < count; ++i) turn(i);
  }

  void prepare(std::int64_t block, std::uint8_t* place) {
    const std::int64_t first = rows_.first(block);
    const int count = rows_.count(block);
    if (source_.row_bytes() != 0) source_.prepare(first, count, place);
    if (rhs_.offset() == 0) return;
    source_.inits(first, count, place, row_init_.data() + first);
  }

  template <typename Place>
  void strips(std::int64_t from, std::int64_t to, const Place& place, bool prepares) {
    const std::int64_t column_blocks = (rhs_.panels() + block_panels_ - 1) / block_panels_;
    const std::int64_t blocks = to - from;
    const auto turn = [&](std::int64_t block, std::int64_t first) {
      if (prepares) prepare(block, place(block));
      strip(block, place(block), first, std::min(first + block_panels_, rhs_.panels()));
    };
    if (threaded()) {
      run_.pool->run(column_blocks * blocks,
                     [&](std::int64_t i) { turn(from + i % blocks, i / blocks * block_panels_); });
      return;
    }
    for (std::int64_t first = 0; first < rhs_.panels(); first += block_panels_) {
      for (std::int64_t block = from; block < to; ++block) turn(block, first);
    }
  }

  // One block of rows against some panels.
  void strip(std::int64_t block, const std::uint8_t* place, std::int64_t first,
             std::int64_t last) const {
    const std::int64_t row = rows_.first(block), column = first * kernel_.columns;
    GemmStrip strip{};
    strip.rows = rows_.count(block);
    const View view = source_.view(row, strip.rows, place);
    strip.lhs = view.lhs;
    strip.offsets = view.offsets;
    strip.segments = view.segments;
    strip.steps = view.steps;
    strip.row_stride = view.row_stride;
    strip.step_stride = view.step_stride;
    strip.rhs = rhs_.panel(first);
    strip.row_init = row_init_.data() + row;
    strip.column_init = column_init_.empty() ? nullptr : column_init_.data() + column;
    strip.acc = run_.acc + (run_.sums == Sums::kPassing ? 0 : row) * run_.stride + column;
    strip.stride = run_.stride;
    strip.columns = std::min(last * kernel_.columns, rhs_.n()) - column;
    const std::int64_t next = block + 1 < rows_.blocks() ? block + 1 : block;
    strip.fetch = source_.view(rows_.first(next), rows_.count(next), place).lhs;
    fetch_ahead(block, first, last, strip);
    kernel_.run(strip);
    if (run_.finished != nullptr) {
      (*run_.finished)({row, strip.rows, column, strip.columns});
    }
  }

  // What to fetch beside the panels of a strip but the last: while the first strips of a block of
  // columns are made, the next block's panels; then what will be written after this strip; else
  // this strip's left side again, which a long right side may drive out.
  void fetch_ahead(std::int64_t block, std::int64_t first, std::int64_t last,
                   GemmStrip& strip) const {
    constexpr std::int64_t kLine = 64;
    strip.ahead = strip.lhs;
    strip.ahead_step = 0;
    const std::int64_t panels = last - first - 1;  // with a fetch of their own
    if (panels < 1) return;
    const std::int64_t fetched = strip.segments * strip.steps * kLine;  // beside one panel
    const std::int64_t coming =
        (std::min(last + block_panels_, rhs_.panels()) - last) * panel_bytes_;
    if (block * panels * fetched < coming) {
      strip.ahead = rhs_.panel(last) + block * panels * fetched;
      strip.ahead_step = fetched;
      return;
    }
    // Whole rows only: of a block's part of them most that lies side by side is not written now.
    if (last - first < rhs_.panels()) return;
    const bool by_hook = run_.written != nullptr;
    if (!by_hook && (run_.sums == Sums::kPassing || run_.stride != rhs_.n())) return;
    const auto* written = static_cast<const std::uint8_t*>(by_hook ? run_.written : run_.acc);
    const auto acc_step = static_cast<std::int64_t>(sizeof(std::int32_t)) * run_.stride;
    const std::int64_t step = by_hook ? run_.written_step : acc_step;
    const std::int64_t next = std::min(block + 1, rows_.blocks() - 1);
    strip.ahead = written + rows_.first(next) * step;
    strip.ahead_step = (rows_.count(next) * step / panels + kLine - 1) / kLine * kLine;
  }

  const Source& source_;
  const Rows& rows_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  const GemmRun& run_;
  std::vector<std::int32_t>& row_init_ = scratch().row_init;
  std::vector<std::int32_t>& column_init_ = scratch().column_init;  // empty: zeros
  std::int64_t panel_bytes_ = 0, block_panels_ = 1;
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

bool can_window(const GemmKernel& kernel, bool is_signed, std::int64_t segment) {
  return kernel.access == LhsAccess::kDirect && storage_offset(kernel.lhs, is_signed) == 0 &&
         segment % kernel.group == 0;
}

void multiply(const WindowLhs& lhs, const PackedRhs& rhs, const GemmRun& run) {
  const GemmKernel& kernel = tile_kernel(rhs.kernel(), lhs.width);
  MXCHECK_CHECK(can_window(kernel, lhs.is_signed, rhs.segment()), kernel.name);
  MXCHECK_CHECK(static_cast<std::int64_t>(lhs.offsets.size()) * rhs.segment() == rhs.k(),
                "segments of a window");
  multiply_rows(WindowSource(lhs, kernel, rhs), Rows(lhs.lines, lhs.width, kernel.rows), kernel,
                rhs, lhs.is_signed, run);
}

}  // namespace mxcheck::kernels
