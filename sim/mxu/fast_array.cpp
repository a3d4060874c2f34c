// See fast_array.h. In the skewed frame u = clock - r, PE (r, c) works on the vector that entered
// the array at clock u - c, and the sum it needs is the one row r - 1 left at the same u: a buffer
// of sums [clocks, cols] is swept by every row in place. Two folds can be under way at once; each
// register pair (activation, weight) holds both planes as halves of 32 bits, the activation's other
// half being zero.
#include "sim/mxu/fast_array.h"

#include <algorithm>
#include <cstring>

#include "sim/mxu/controller.h"
#include "sim/mxu/mapping.h"
#include "sim/mxu/pe.h"

namespace mxcheck::mxu::internal {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::int64_t largest(const std::vector<Fold>& folds, Extent Fold::*part) {
  std::int64_t size = 0;
  for (const Fold& f : folds) size = std::max(size, (f.*part).size());
  return size;
}

// Consecutive clocks in which consecutive vectors of one fold entered.
struct Run {
  std::int64_t clock = 0, count = 0;
  std::int64_t fold = 0, vector = 0;  // vector of the product
};

// Loops of their own, so that the compiler sees nothing but the pointers.
[[gnu::noinline]] void widen(const std::int16_t* codes, std::int32_t* out, std::int64_t count,
                             bool high_half) {
  if (high_half) {
    for (std::int64_t i = 0; i < count; ++i) {
      out[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(codes[i]) << 16);
    }
  } else {
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::uint16_t>(codes[i]);
  }
}

[[gnu::noinline]] void add_row(std::int32_t* acc, const std::int32_t* sums, std::int64_t count,
                               int unused_bits) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto kept = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[i]) << unused_bits);
    acc[i] = numerics::wrap_add(acc[i], kept >> unused_bits);
  }
}

// One vector's results from skewed accumulators: column c in row c of `acc`.
[[gnu::noinline]] void copy_out(const std::int32_t* acc, std::int64_t cols, std::int64_t count,
                                std::int64_t* out, std::int64_t out_step) {
  for (std::int64_t c = 0; c < count; ++c) out[c * out_step] = acc[c * (cols + 1)];
}

// The streamed operand as [k, vectors], the last vector first.
std::vector<std::int16_t> pack_streamed(const Product& x, bool by_columns, std::int64_t vectors) {
  std::vector<std::int16_t> packed(at(x.k * vectors));
  constexpr std::int64_t kBlock = 32;
  std::int16_t block[kBlock][kBlock];  // [k, vector]
  const std::int64_t k_step = by_columns ? x.n : 1, v_step = by_columns ? 1 : x.k;
  const std::int32_t* codes = by_columns ? x.rhs.data() : x.lhs.data();
  for (std::int64_t v0 = 0; v0 < vectors; v0 += kBlock) {
    const std::int64_t v_count = std::min(kBlock, vectors - v0);
    for (std::int64_t k0 = 0; k0 < x.k; k0 += kBlock) {
      const std::int64_t k_count = std::min(kBlock, x.k - k0);
      for (std::int64_t v = 0; v < v_count; ++v) {
        const std::int32_t* from = codes + (v0 + v) * v_step + k0 * k_step;
        for (std::int64_t k = 0; k < k_count; ++k) {
          block[k][v_count - 1 - v] = static_cast<std::int16_t>(from[k * k_step]);
        }
      }
      for (std::int64_t k = 0; k < k_count; ++k) {
        std::copy_n(block[k], v_count, packed.data() + (k0 + k) * vectors + vectors - v0 - v_count);
      }
    }
  }
  return packed;
}

class FastArray {
 public:
  FastArray(const Profile& profile, const Product& product, Overlap overlap, StepRows step);
  std::optional<CycleResult> run();

 private:
  // kLane words in front may be read by a kernel.
  [[nodiscard]] std::int32_t* registers() { return acts_.data() + kLane; }
  [[nodiscard]] std::int64_t tile_words() const { return (vectors_ + cols_) * cols_; }
  [[nodiscard]] OverflowAt output_at(std::int64_t column, std::int64_t vector,
                                     std::int64_t k) const {
    return by_columns_ ? OverflowAt{column, vector, k, {}} : OverflowAt{vector, column, k, {}};
  }
  void plan();
  [[nodiscard]] bool at_most_two_folds() const;
  void load(std::int64_t fold);
  void sweep(std::int64_t begin, std::int64_t end, std::int64_t entered);
  void enter(std::int64_t begin, std::int64_t end);
  void leave(std::int64_t begin, std::int64_t end);
  void leave_skewed(const Run& run, std::int64_t begin, std::int64_t end);
  void leave_any(const Run& run, std::int64_t begin, std::int64_t end);
  void deliver(std::vector<std::int64_t>& out);

  const Profile& profile_;
  const Product& product_;
  const Overlap overlap_;
  const StepRows step_;
  const bool by_columns_;  // input stationary
  const Extents extents_;
  const std::vector<Fold> folds_;
  // Rows and columns (to a multiple of kLane) that any fold uses: the others hold zeros and add
  // none.
  const std::int64_t rows_, cols_;
  const std::int64_t vectors_, across_, tile_, history_;
  const bool plain_acc_;  // the accumulator wraps modulo 2^32
  PeArithmetic arithmetic_;
  CycleCauses causes_;
  std::vector<Run> runs_;
  std::vector<std::int64_t> starts_;  // first clock of each fold
  std::int64_t clocks_ = 0;           // in the skewed frame
  std::vector<std::int16_t> streamed_;
  std::vector<std::int16_t> plane_[2];  // [rows, cols]: the chains weights shift through
  std::vector<std::int32_t> weights_;   // [rows, cols]: both planes
  std::vector<std::int32_t> acts_;      // per row `history_`, newest first
  std::int64_t newest_ = 0;             // index of the newest activation in each row's part
  std::vector<std::int32_t> sums_;      // [tile_, cols]
  std::vector<std::int32_t> acc32_;     // [tiles, vectors + cols, cols], skewed
  std::vector<std::int64_t> acc64_;     // [across, vectors]
  std::size_t first_run_ = 0;           // runs before it have left the array
};

FastArray::FastArray(const Profile& profile, const Product& product, Overlap overlap, StepRows step)
    : profile_(profile),
      product_(product),
      overlap_(overlap),
      step_(step),
      by_columns_(profile.dataflow == Dataflow::kInputStationary),
      extents_(computed_extents(profile, product.m, product.n, product.k)),
      folds_(folds_of(profile, extents_)),
      rows_(largest(folds_, &Fold::k)),
      cols_(divide_up(largest(folds_, &Fold::across), kLane) * kLane),
      vectors_(by_columns_ ? extents_.n : extents_.m),
      across_(by_columns_ ? extents_.m : extents_.n),
      tile_(std::clamp<std::int64_t>(std::min(4096 / std::max(cols_, kLane), vectors_ + cols_), 8,
                                     256)),
      history_(cols_ + 16 * tile_ + kLane),
      plain_acc_(profile.acc_bits == 32 && profile.acc_overflow == Overflow::kWrap),
      arithmetic_(profile, product.lhs_type, product.rhs_type) {
  streamed_ = pack_streamed(product, by_columns_, vectors_);
  for (auto& plane : plane_) plane.assign(at(rows_ * cols_), 0);
  weights_.assign(at(rows_ * cols_), 0);
  acts_.assign(at(rows_ * history_ + kLane), 0);
  newest_ = history_ - cols_;
  sums_.assign(at(tile_ * cols_), 0);
  if (plain_acc_) {
    acc32_.assign(at(divide_up(across_, profile.cols) * tile_words()), 0);
  } else {
    acc64_.assign(at(across_ * vectors_), 0);
  }
}

void FastArray::plan() {
  Controller controller(profile_, folds_, vectors_, overlap_);
  std::int64_t clock = 0;
  for (; !controller.done(); ++clock) {
    const Controller::Decision d = controller.step();
    if (d.fold < 0) continue;
    if (d.vector == 0) starts_.push_back(clock);
    const bool continues = d.vector != 0 && runs_.back().clock + runs_.back().count == clock;
    if (!continues) {
      runs_.push_back({clock, 0, d.fold, folds_[at(d.fold)].along.begin + d.vector});
    }
    ++runs_.back().count;
  }
  causes_ = controller.causes();
  clocks_ = clock - (profile_.rows - 1);
}

bool FastArray::at_most_two_folds() const {
  for (std::size_t f = 1; f < starts_.size(); ++f) {
    if (starts_[f] - starts_[f - 1] < profile_.cols - 1) return false;
  }
  return true;
}

// The fold's operands shift in from the top, row by row, and end beside the plane in use: this is
// how the plane lies then.
void FastArray::load(std::int64_t number) {
  const Fold& f = folds_[at(number)];
  auto& plane = plane_[number % 2];
  std::fill(plane.begin(), plane.end(), std::int16_t{0});
  for (std::int64_t r = 0; r < f.k.size(); ++r) {
    const std::int64_t k = f.k.begin + r;
    for (std::int64_t c = 0; c < f.across.size(); ++c) {
      const std::int64_t column = f.across.begin + c;
      const std::int32_t code = by_columns_ ? product_.lhs[at(column * product_.k + k)]
                                            : product_.rhs[at(k * product_.n + column)];
      plane[at(r * cols_ + c)] = static_cast<std::int16_t>(code);
    }
  }
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto low = static_cast<std::uint16_t>(plane_[0][i]);
    const auto high = static_cast<std::uint16_t>(plane_[1][i]);
    weights_[i] = static_cast<std::int32_t>(std::uint32_t{high} << 16 | low);
  }
}

// The activations entering column 0 in clocks [begin, end), for every row.
void FastArray::enter(std::int64_t begin, std::int64_t end) {
  if (newest_ < end - begin) {
    for (std::int64_t r = 0; r < rows_; ++r) {
      std::int32_t* row = registers() + r * history_;
      std::memmove(row + history_ - cols_, row + newest_, at(cols_) * sizeof(std::int32_t));
    }
    newest_ = history_ - cols_;
  }
  newest_ -= end - begin;
  const auto fills = [&](const Run& run) {
    return run.clock <= begin && run.clock + run.count >= end &&
           folds_[at(run.fold)].k.size() == rows_;
  };
  const bool one_run = std::any_of(
      runs_.begin() + static_cast<std::ptrdiff_t>(first_run_),
      runs_.begin() + static_cast<std::ptrdiff_t>(std::min(first_run_ + 3, runs_.size())), fills);
  for (std::int64_t r = 0; r < rows_ && !one_run; ++r) {
    std::fill_n(registers() + r * history_ + newest_, end - begin, 0);
  }
  for (std::size_t i = first_run_; i < runs_.size() && runs_[i].clock < end; ++i) {
    const Run& run = runs_[i];
    const Fold& f = folds_[at(run.fold)];
    const std::int64_t from = std::max(begin, run.clock), to = std::min(end, run.clock + run.count);
    if (from >= to) continue;
    const std::int64_t last = run.vector + to - 1 - run.clock;  // its codes come first: newest
    for (std::int64_t r = 0; r < f.k.size(); ++r) {
      widen(streamed_.data() + (f.k.begin + r) * vectors_ + vectors_ - 1 - last,
            registers() + r * history_ + newest_ + (end - to), to - from, run.fold % 2 != 0);
    }
  }
}

// A 32-bit accumulator memory is kept skewed, vector v of column c in row v + c, so that what
// leaves in one clock is added as one row.
void FastArray::leave_skewed(const Run& run, std::int64_t begin, std::int64_t end) {
  const Fold& f = folds_[at(run.fold)];
  const int unused = 32 - static_cast<int>(profile_.partial_bits);
  std::int32_t* tile = acc32_.data() + f.across.begin / profile_.cols * tile_words();
  const std::int64_t last = run.clock + run.count - 1 + f.across.size() - 1;
  for (std::int64_t u = std::max(begin, run.clock); u < std::min(end, last + 1); ++u) {
    const std::int64_t from = std::max<std::int64_t>(0, u - run.clock - run.count + 1);
    const std::int64_t to = std::min(f.across.size(), u - run.clock + 1);
    add_row(tile + (run.vector + u - run.clock) * cols_ + from,
            sums_.data() + (u - begin) * cols_ + from, to - from, unused);
  }
}

void FastArray::leave_any(const Run& run, std::int64_t begin, std::int64_t end) {
  const Fold& f = folds_[at(run.fold)];
  const int unused = 32 - static_cast<int>(profile_.partial_bits);
  for (std::int64_t c = 0; c < f.across.size(); ++c) {
    const std::int64_t column = f.across.begin + c;
    const std::int64_t to = std::min(end, run.clock + run.count + c);
    for (std::int64_t u = std::max(begin, run.clock + c); u < to; ++u) {
      const std::int64_t vector = run.vector + u - c - run.clock;
      const auto sum = static_cast<std::uint32_t>(sums_[at((u - begin) * cols_ + c)]);
      std::int64_t& acc = acc64_[at(column * vectors_ + vector)];
      acc = arithmetic_.accumulate(acc, static_cast<std::int32_t>(sum << unused) >> unused,
                                   output_at(column, vector, f.chunk.end - 1));
    }
  }
}

// Below the last row: the sum in column c belongs to the vector that entered c clocks earlier.
void FastArray::leave(std::int64_t begin, std::int64_t end) {
  for (std::size_t i = first_run_; i < runs_.size() && runs_[i].clock < end; ++i) {
    if (plain_acc_) {
      leave_skewed(runs_[i], begin, end);
    } else {
      leave_any(runs_[i], begin, end);
    }
  }
  while (first_run_ < runs_.size() &&
         runs_[first_run_].clock + runs_[first_run_].count + profile_.cols <= end) {
    ++first_run_;
  }
}

void FastArray::sweep(std::int64_t begin, std::int64_t end, std::int64_t entered) {
  std::fill(sums_.begin(), sums_.end(), 0);
  RowSweep sweep;
  sweep.sums = sums_.data();
  sweep.acts = registers() + newest_ + (entered - 1 - begin);
  sweep.act_stride = history_;
  sweep.weights = weights_.data();
  sweep.rows = rows_;
  sweep.clocks = end - begin;
  sweep.cols = cols_;
  step_(sweep);
  leave(begin, end);
}

void FastArray::deliver(std::vector<std::int64_t>& out) {
  const std::int64_t k_end = folds_.back().chunk.end - 1;
  const std::int64_t column_step = by_columns_ ? product_.n : 1;
  const std::int64_t vector_step = by_columns_ ? 1 : product_.n;
  for (std::int64_t begin = 0; plain_acc_ && begin < across_; begin += profile_.cols) {
    const std::int32_t* tile = acc32_.data() + begin / profile_.cols * tile_words();
    const std::int64_t used = std::min(profile_.cols, across_ - begin);
    for (std::int64_t vector = 0; vector < vectors_; ++vector) {
      copy_out(tile + vector * cols_, cols_, used,
               out.data() + begin * column_step + vector * vector_step, column_step);
    }
  }
  const bool as_is = profile_.delivery_shift == 0 && profile_.delivery_bits >= 32;
  if (plain_acc_ && as_is) return;
  for (std::int64_t column = 0; column < across_; ++column) {
    for (std::int64_t vector = 0; vector < vectors_; ++vector) {
      std::int64_t& to = out[at(column * column_step + vector * vector_step)];
      const std::int64_t acc = plain_acc_ ? to : acc64_[at(column * vectors_ + vector)];
      to = arithmetic_.deliver(acc, output_at(column, vector, k_end));
    }
  }
}

std::optional<CycleResult> FastArray::run() {
  plan();
  if (!at_most_two_folds()) return std::nullopt;
  std::size_t next_fold = 0;
  for (std::int64_t u = 0; u < clocks_;) {
    if (next_fold < starts_.size() && starts_[next_fold] == u) {
      load(static_cast<std::int64_t>(next_fold++));
    }
    std::int64_t end = std::min(u + 8 * tile_, clocks_);
    if (next_fold < starts_.size()) end = std::min(end, starts_[next_fold]);
    enter(u, end);
    for (; u < end; u = std::min(u + tile_, end)) sweep(u, std::min(u + tile_, end), end);
  }
  CycleResult result;
  result.product.acc.assign(at(product_.m * product_.n), 0);
  deliver(result.product.acc);
  result.product.overflow = arithmetic_.first_trap();
  if (result.product.overflow) result.product.status = Status::kUndefined;
  result.cycles = causes_;
  result.folds = static_cast<std::int64_t>(folds_.size());
  result.pe_updates = (causes_.total() + 1) * profile_.rows * profile_.cols;
  return result;
}

}  // namespace

bool fast_array_fits(const Profile& p, const Product& product) {
  const Extents extents = computed_extents(p, product.m, product.n, product.k);
  if (extents.m == 0 || extents.n == 0 || extents.k == 0) return false;
  return p.dataflow != Dataflow::kOutputStationary && p.macs_per_pe == 1 &&
         p.emulation == Emulation::kNone && p.group_bits == kExactGroup &&
         p.partial_extension == Extension::kSign && p.partial_bits <= 32 &&
         p.partial_overflow == Overflow::kWrap && product.init.empty() &&
         chunk_length(p, product.k) <= p.rows;
}

std::optional<CycleResult> run_fast_stationary(const Profile& profile, const Product& product,
                                               Overlap overlap, const RowKernel& kernel) {
  std::optional<CycleResult> result = FastArray(profile, product, overlap, kernel.step).run();
  if (result) result->product.path = std::string("cycle: fast, ") + kernel.name;
  return result;
}

}  // namespace mxcheck::mxu::internal
