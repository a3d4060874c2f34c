// The list of product kernels, and the right side of a product packed for one of them.
#include "sim/kernels/gemm.h"

#include <algorithm>
#include <new>

#include "sim/base/check.h"
#include "sim/kernels/pack.h"
<<<<<<< HEAD
=======
#include "sim/kernels/tally.h"
#include "sim/numerics/rounding.h"
>>>>>>> f18cb3d (The report lists kernels of all families with their uses: counted where they are called; sums, rectifiers and both layouts of products under the check fast)

namespace mxcheck::kernels {

#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs, access) \
  void function(const GemmStrip&);
#include "sim/kernels/kernels.def"
#undef MXCHECK_GEMM_KERNEL

namespace {

constexpr std::size_t kLine = 64;  // of the cache, in bytes
constexpr std::int64_t kNoOffset = 0;
constexpr std::int32_t kNoSum = 0;

<<<<<<< HEAD
=======
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

// Where a block of rows lies: memory of the caller's or the packed copy.
struct View {
  const std::uint8_t* lhs = nullptr;
  const std::int64_t* offsets = &kNoOffset;
  std::int64_t segments = 1, steps = 0;
  std::int64_t row_stride = 0, step_stride = 0;
};

// The loops, for a left side of any kind. Source:
//   row_bytes()                   of the packed copy of a row, 0 if rows are read where they lie
//   prepare(first, count, place)  packs the rows to `place`
//   sums(first, count, place, out)  of the rows' codes, asked for where the right side has an
//   offset view(first, count, place)     where the rows are
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
    const std::int64_t panel_bytes =
        rhs.steps() * kernel_.columns * kernel_.group * code_bytes(kernel_.rhs);
    block_panels_ = std::max<std::int64_t>(1, kBlockBytes / std::max<std::int64_t>(panel_bytes, 1));
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
    std::int32_t* sums = row_init_.data() + first;
    source_.sums(first, count, place, sums);
    for (int i = 0; i < count; ++i) sums[i] = wrap_mul(-rhs_.offset(), sums[i]);
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
    strip.acc = run_.acc + row * run_.stride + column;
    strip.stride = run_.stride;
    strip.columns = std::min(last * kernel_.columns, rhs_.n()) - column;
    const std::int64_t next = block + 1 < rows_.blocks() ? block + 1 : block;
    strip.fetch = source_.view(rows_.first(next), rows_.count(next), place).lhs;
    kernel_.run(strip);
    if (run_.finished != nullptr) {
      (*run_.finished)({row, strip.rows, column, strip.columns});
    }
  }

  const Source& source_;
  const Rows& rows_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  const GemmRun& run_;
  std::vector<std::int32_t>& row_init_ = scratch().row_init;
  std::vector<std::int32_t>& column_init_ = scratch().column_init;  // empty: zeros
  std::int64_t block_panels_ = 1;
};

template <typename Source>
void multiply_rows(const Source& source, const Rows& rows, const GemmKernel& kernel,
                   const PackedRhs& rhs, bool is_signed, const GemmRun& run) {
  MXCHECK_CHECK(kernel.rows <= kMostRows, kernel.name);
  if (rows.blocks() == 0 || rhs.n() == 0) return;
  note_use(kernel.name);
  Product<Source>(source, rows, kernel, rhs, is_signed, run).multiply();
}

std::int32_t code_at(const std::uint8_t* codes, std::int64_t i, bool is_signed) {
  return is_signed ? std::int32_t{static_cast<std::int8_t>(codes[i])} : std::int32_t{codes[i]};
}

// Packed panels: [steps][rows][group].
View packed_view(const GemmKernel& kernel, std::int64_t steps, int count,
                 const std::uint8_t* place) {
  const std::int64_t group = kernel.group * code_bytes(kernel.lhs);
  return {place, &kNoOffset, 1, steps, group, group * count};
}

class MatrixSource {
 public:
  MatrixSource(const CodeMatrix& lhs, const GemmKernel& kernel, const PackedRhs& rhs)
      : lhs_(lhs),
        kernel_(kernel),
        rhs_(rhs),
        format_{kernel.lhs, lhs.is_signed, kernel.group, rhs.isa()},
        sums_(rhs.isa(), lhs.is_signed),
        direct_(kernel.access == LhsAccess::kDirect && lhs.column_stride == 1 &&
                storage_offset(kernel.lhs, lhs.is_signed) == 0 && lhs.columns % kernel.group == 0) {
  }

  [[nodiscard]] std::int64_t row_bytes() const {
    return direct_ ? 0 : rhs_.steps() * kernel_.group * code_bytes(kernel_.lhs);
  }
  void prepare(std::int64_t first, int count, std::uint8_t* place) const {
    const LineMatrix from{lhs_.codes, lhs_.row_stride, lhs_.column_stride};
    pack_matrix_panel(format_, from, first, count, count, lhs_.columns, place);
  }
  void sums(std::int64_t first, int count, const std::uint8_t* place, std::int32_t* out) const {
    const std::uint8_t* codes = lhs_.codes + first * lhs_.row_stride;
    if (lhs_.column_stride == 1) return sums_(codes, lhs_.row_stride, count, lhs_.columns, out);
    if (kernel_.lhs == Storage::kS8 && kernel_.group == 4) {
      return sums_.panel(place, count, lhs_.columns, out);
    }
    std::fill_n(out, count, 0);
    for (std::int64_t k = 0; k < lhs_.columns; ++k) {
      const std::uint8_t* plane = codes + k * lhs_.column_stride;
      for (int i = 0; i < count; ++i) {
        out[i] = numerics::wrap_add(out[i], code_at(plane, i * lhs_.row_stride, lhs_.is_signed));
      }
    }
  }
  [[nodiscard]] View view(std::int64_t first, int count, const std::uint8_t* place) const {
    if (!direct_) return packed_view(kernel_, rhs_.steps(), count, place);
    return {lhs_.codes + first * lhs_.row_stride,
            &kNoOffset,
            1,
            rhs_.steps(),
            lhs_.row_stride,
            kernel_.group};
  }

 private:
  const CodeMatrix& lhs_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  PanelFormat format_;
  LineSums sums_;
  bool direct_;
};

class AddressSource {
 public:
  AddressSource(const IndirectLhs& lhs, const GemmKernel& kernel, const PackedRhs& rhs)
      : lhs_(lhs),
        kernel_(kernel),
        rhs_(rhs),
        format_{kernel.lhs, lhs.is_signed, kernel.group, rhs.isa()},
        sums_(rhs.isa(), lhs.is_signed),
        segments_(rhs.segment() == 0 ? 0 : rhs.k() / rhs.segment()) {}

  [[nodiscard]] std::int64_t row_bytes() const {
    return rhs_.steps() * kernel_.group * code_bytes(kernel_.lhs);
  }
  void prepare(std::int64_t first, int count, std::uint8_t* place) const {
    const std::int64_t segment_bytes = row_bytes() / std::max<std::int64_t>(segments_, 1) * count;
    std::array<const std::uint8_t*, kMostRows> lines{};
    for (std::int64_t s = 0; s < segments_; ++s) {
      lhs_.addresses(first, count, s, lines.data());
      pack_line_panel(format_, lines.data(), count, count, rhs_.segment(),
                      place + s * segment_bytes);
    }
  }
  void sums(std::int64_t first, int count, const std::uint8_t*, std::int32_t* out) const {
    std::array<const std::uint8_t*, kMostRows> lines{};
    std::fill_n(out, count, 0);
    for (std::int64_t s = 0; s < segments_; ++s) {
      lhs_.addresses(first, count, s, lines.data());
      for (int i = 0; i < count; ++i) {
        std::int32_t part = 0;
        sums_(lines[static_cast<std::size_t>(i)], 0, 1, rhs_.segment(), &part);
        out[i] = numerics::wrap_add(out[i], part);
      }
    }
  }
  [[nodiscard]] View view(std::int64_t, int count, const std::uint8_t* place) const {
    return packed_view(kernel_, rhs_.steps(), count, place);
  }

 private:
  const IndirectLhs& lhs_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
  PanelFormat format_;
  LineSums sums_;
  std::int64_t segments_;
};

class WindowSource {
 public:
  WindowSource(const WindowLhs& lhs, const GemmKernel& kernel, const PackedRhs& rhs)
      : lhs_(lhs), kernel_(kernel), rhs_(rhs) {}

  [[nodiscard]] std::int64_t row_bytes() const { return 0; }
  void prepare(std::int64_t, int, std::uint8_t*) const {}
  void sums(std::int64_t first, int count, const std::uint8_t*, std::int32_t* out) const {
    std::copy_n(lhs_.row_sums.data() + first, count, out);
  }
  [[nodiscard]] View view(std::int64_t first, int, const std::uint8_t*) const {
    const auto segments = static_cast<std::int64_t>(lhs_.offsets.size());
    return {start(first),    lhs_.offsets.data(),
            segments,        rhs_.steps() / std::max<std::int64_t>(segments, 1),
            lhs_.row_stride, kernel_.group};
  }

 private:
  [[nodiscard]] const std::uint8_t* start(std::int64_t row) const {
    return lhs_.starts[static_cast<std::size_t>(row / lhs_.width)] +
           row % lhs_.width * lhs_.row_stride;
  }
  const WindowLhs& lhs_;
  const GemmKernel& kernel_;
  const PackedRhs& rhs_;
};

>>>>>>> f18cb3d (The report lists kernels of all families with their uses: counted where they are called; sums, rectifiers and both layouts of products under the check fast)
}  // namespace

const std::vector<GemmKernel>& gemm_kernels() {
  static const std::vector<GemmKernel> kKernels = {
#define MXCHECK_GEMM_KERNEL(function, isa, rows, columns, group, lhs, rhs, access) \
  {#function,    Isa::isa,          rows,    columns, group, Storage::lhs,         \
   Storage::rhs, LhsAccess::access, function},
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
    const std::int64_t step_bytes = kernel.group * code_bytes(kernel.lhs);
    kernel.run({one, &kNoOffset, 1, step_bytes, step_bytes, steps_, place, &kNoSum, nullptr,
                sums_.data() + first, kernel.columns, kernel.columns, 1, one});
  }
}

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

std::int64_t PackedRhs::panels() const { return (n_ + kernel_->columns - 1) / kernel_->columns; }

std::int64_t PackedRhs::panel_bytes() const {
  return steps_ * kernel_->columns * kernel_->group * code_bytes(kernel_->rhs);
}

const std::uint8_t* PackedRhs::panel(std::int64_t index) const {
  return codes_.data() + index * panel_bytes();
}

}  // namespace mxcheck::kernels
