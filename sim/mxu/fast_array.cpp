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

[[gnu::noinline]] void add_column(std::int32_t* acc, const std::int32_t* sums, std::int64_t stride,
                                  std::int64_t count, int unused_bits) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto kept =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[i * stride]) << unused_bits);
    acc[i] = numerics::wrap_add(acc[i], kept >> unused_bits);
  }
}

// acc [columns, vectors] into out, in blocks that stay in the cache.
[[gnu::noinline]] void copy_out(const std::int32_t* acc, std::int64_t columns, std::int64_t vectors,
                                std::int64_t* out, std::int64_t column_step,
                                std::int64_t vector_step) {
  constexpr std::int64_t kBlock = 32;
  for (std::int64_t v0 = 0; v0 < vectors; v0 += kBlock) {
    const std::int64_t v1 = std::min(v0 + kBlock, vectors);
    for (std::int64_t column = 0; column < columns; ++column) {
      for (std::int64_t v = v0; v < v1; ++v) {
        out[column * column_step + v * vector_step] = acc[column * vectors + v];
      }
    }
  }
}

// The streamed operand as [k, vectors], the last vector first.
std::vector<std::int16_t> pack_streamed(const Product& x, bool by_columns, std::int64_t vectors) {
  std::vector<std::int16_t> packed(at(x.k * vectors));
  constexpr std::int64_t kBlock = 32;
  for (std::int64_t v0 = 0; v0 < vectors; v0 += kBlock) {
    const std::int64_t v1 = std::min(v0 + kBlock, vectors);
    for (std::int64_t k = 0; k < x.k; ++k) {
      const std::int32_t* codes = by_columns ? x.rhs.data() + k * x.n : x.lhs.data() + k;
      const std::int64_t step = by_columns ? 1 : x.k;
      std::int16_t* out = packed.data() + k * vectors + vectors - 1;
      for (std::int64_t v = v0; v < v1; ++v) out[-v] = static_cast<std::int16_t>(codes[v * step]);
    }
  }
  return packed;
}

class FastArray {
 public:
  FastArray(const Profile& profile, const Product& product, Overlap overlap, StepRows step);
  std::optional<CycleResult> run();

 private:
  void plan();
  [[nodiscard]] bool at_most_two_folds() const;
  void load(std::int64_t fold);
  void sweep(std::int64_t begin, std::int64_t end);
  void enter(std::int64_t begin, std::int64_t end);
  void leave(std::int64_t begin, std::int64_t end);
  void leave_column(const Run& run, std::int64_t c, std::int64_t from, std::int64_t to,
                    std::int64_t begin);
  void deliver(std::vector<std::int64_t>& out);

  const Profile& profile_;
  const Product& product_;
  const Overlap overlap_;
  const StepRows step_;
  const bool by_columns_;  // input stationary
  const Extents extents_;
  const std::vector<Fold> folds_;
  const std::int64_t rows_, cols_, vectors_, across_, tile_, history_;
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
  std::vector<std::int32_t> acc32_;     // [across, vectors]
  std::vector<std::int64_t> acc64_;
  std::size_t first_run_ = 0;  // runs before it have left the array
};

FastArray::FastArray(const Profile& profile, const Product& product, Overlap overlap, StepRows step)
    : profile_(profile),
      product_(product),
      overlap_(overlap),
      step_(step),
      by_columns_(profile.dataflow == Dataflow::kInputStationary),
      extents_(computed_extents(profile, product.m, product.n, product.k)),
      folds_(folds_of(profile, extents_)),
      rows_(profile.rows),
      cols_(divide_up(profile.cols, kLane) * kLane),
      vectors_(by_columns_ ? extents_.n : extents_.m),
      across_(by_columns_ ? extents_.m : extents_.n),
      tile_(std::clamp<std::int64_t>(4096 / cols_, 8, 256)),
      history_(cols_ + 4 * tile_ + kLane),
      plain_acc_(profile.acc_bits == 32 && profile.acc_overflow == Overflow::kWrap),
      arithmetic_(profile, product.lhs_type, product.rhs_type) {
  streamed_ = pack_streamed(product, by_columns_, vectors_);
  for (auto& plane : plane_) plane.assign(at(rows_ * cols_), 0);
  weights_.assign(at(rows_ * cols_), 0);
  acts_.assign(at(rows_ * history_), 0);
  newest_ = history_ - cols_;
  sums_.assign(at(tile_ * cols_), 0);
  if (plain_acc_) {
    acc32_.assign(at(across_ * vectors_), 0);
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
  clocks_ = clock - (rows_ - 1);
}

bool FastArray::at_most_two_folds() const {
  for (std::size_t f = 1; f < starts_.size(); ++f) {
    if (starts_[f] - starts_[f - 1] < profile_.cols - 1) return false;
  }
  return true;
}

// The fold's operands shift in from the top, row by row, and end beside the plane in use.
void FastArray::load(std::int64_t number) {
  const Fold& f = folds_[at(number)];
  auto& plane = plane_[number % 2];
  for (std::int64_t i = 0; i < rows_; ++i) {
    std::memmove(plane.data() + cols_, plane.data(), at(i * cols_) * sizeof(std::int16_t));
    const std::int64_t k = f.k.begin + rows_ - 1 - i;
    for (std::int64_t c = 0; c < profile_.cols; ++c) {
      const std::int64_t column = f.across.begin + c;
      std::int32_t code = 0;
      if (k < f.k.end && column < f.across.end) {
        code = by_columns_ ? product_.lhs[at(column * product_.k + k)]
                           : product_.rhs[at(k * product_.n + column)];
      }
      plane[at(c)] = static_cast<std::int16_t>(code);
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
      std::int32_t* row = acts_.data() + r * history_;
      std::memmove(row + history_ - cols_, row + newest_, at(cols_) * sizeof(std::int32_t));
    }
    newest_ = history_ - cols_;
  }
  newest_ -= end - begin;
  for (std::int64_t r = 0; r < rows_; ++r) {
    std::fill_n(acts_.data() + r * history_ + newest_, end - begin, 0);
  }
  for (std::size_t i = first_run_; i < runs_.size() && runs_[i].clock < end; ++i) {
    const Run& run = runs_[i];
    const Fold& f = folds_[at(run.fold)];
    const std::int64_t from = std::max(begin, run.clock), to = std::min(end, run.clock + run.count);
    if (from >= to) continue;
    const std::int64_t last = run.vector + to - 1 - run.clock;  // its codes come first: newest
    for (std::int64_t r = 0; r < f.k.size(); ++r) {
      widen(streamed_.data() + (f.k.begin + r) * vectors_ + vectors_ - 1 - last,
            acts_.data() + r * history_ + newest_ + (end - to), to - from, run.fold % 2 != 0);
    }
  }
}

void FastArray::leave_column(const Run& run, std::int64_t c, std::int64_t from, std::int64_t to,
                             std::int64_t begin) {
  const Fold& f = folds_[at(run.fold)];
  const std::int64_t column = f.across.begin + c, vector = run.vector + from - c - run.clock;
  const std::int32_t* sum = sums_.data() + (from - begin) * cols_ + c;
  const int unused = 32 - static_cast<int>(profile_.partial_bits);
  if (plain_acc_) {
    std::int32_t* acc = acc32_.data() + column * vectors_ + vector;
    add_column(acc, sum, cols_, to - from, unused);
    return;
  }
  std::int64_t* acc = acc64_.data() + column * vectors_ + vector;
  for (std::int64_t u = from; u < to; ++u, ++acc, sum += cols_) {
    const auto kept = static_cast<std::int32_t>(static_cast<std::uint32_t>(*sum) << unused);
    const std::int64_t v = vector + u - from;
    const OverflowAt where = by_columns_ ? OverflowAt{column, v, f.chunk.end - 1, {}}
                                         : OverflowAt{v, column, f.chunk.end - 1, {}};
    *acc = arithmetic_.accumulate(*acc, kept >> unused, where);
  }
}

// Below the last row: the sum in column c belongs to the vector that entered c clocks earlier.
void FastArray::leave(std::int64_t begin, std::int64_t end) {
  for (std::size_t i = first_run_; i < runs_.size() && runs_[i].clock < end; ++i) {
    const Run& run = runs_[i];
    const std::int64_t used = folds_[at(run.fold)].across.size();
    for (std::int64_t c = 0; c < used; ++c) {
      const std::int64_t from = std::max(begin, run.clock + c);
      const std::int64_t to = std::min(end, run.clock + run.count + c);
      if (from < to) leave_column(run, c, from, to, begin);
    }
  }
  while (first_run_ < runs_.size() &&
         runs_[first_run_].clock + runs_[first_run_].count + profile_.cols <= end) {
    ++first_run_;
  }
}

void FastArray::sweep(std::int64_t begin, std::int64_t end) {
  enter(begin, end);
  std::fill(sums_.begin(), sums_.end(), 0);
  RowSweep sweep;
  sweep.sums = sums_.data();
  sweep.acts = acts_.data() + newest_ + (end - 1 - begin);
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
  if (plain_acc_ && profile_.delivery_shift == 0 && profile_.delivery_bits >= 32) {
    copy_out(acc32_.data(), across_, vectors_, out.data(), column_step, vector_step);
    return;
  }
  for (std::int64_t column = 0; column < across_; ++column) {
    for (std::int64_t vector = 0; vector < vectors_; ++vector) {
      const std::size_t i = at(column * vectors_ + vector);
      const OverflowAt where = by_columns_ ? OverflowAt{column, vector, k_end, {}}
                                           : OverflowAt{vector, column, k_end, {}};
      out[at(column * column_step + vector * vector_step)] =
          arithmetic_.deliver(plain_acc_ ? acc32_[i] : acc64_[i], where);
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
    std::int64_t end = std::min(u + tile_, clocks_);
    if (next_fold < starts_.size()) end = std::min(end, starts_[next_fold]);
    sweep(u, end);
    u = end;
  }
  CycleResult result;
  result.product.acc.assign(at(product_.m * product_.n), 0);
  deliver(result.product.acc);
  result.product.overflow = arithmetic_.first_trap();
  if (result.product.overflow) result.product.status = Status::kUndefined;
  result.cycles = causes_;
  result.folds = static_cast<std::int64_t>(folds_.size());
  result.pe_updates = (causes_.total() + 1) * rows_ * profile_.cols;
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
