// The output-stationary array, stepped. PE (r, c) owns output (r, c) of a fold; lhs moves right and
// rhs moves down, both skewed, so that step t of a fold that starts at clock t0 meets in clock
// t0 + t + r + c. A finished result is copied to the PE's output register; when the column's last
// row has its own, the column shifts out downwards while the next fold already runs.
#include <deque>

#include "sim/base/check.h"
#include "sim/mxu/cycle.h"
#include "sim/mxu/mapping.h"
#include "sim/mxu/pe.h"

namespace mxcheck::mxu::internal {
namespace {

struct Step {
  Extent k;
  Extent chunk;
  bool first_chunk = false;
};
struct Item {
  std::int64_t fold = 0, step = 0;
};
struct Leaving {
  std::int64_t m = -1, n = -1;  // -1: empty, or a PE outside the product
  std::int64_t value = 0;
  bool valid = false;
};

class OutputArray {
 public:
  OutputArray(const Profile& profile, const Product& product, const CycleOptions& options);
  CycleResult run();

 private:
  [[nodiscard]] static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] std::int64_t steps() const { return static_cast<std::int64_t>(steps_.size()); }
  void control();
  void count(bool issued);
  void step_pe(std::int64_t r, std::int64_t c);
  void move_operands(std::int64_t r, std::int64_t c, std::int64_t pe);
  [[nodiscard]] std::int32_t entering_lhs(std::int32_t item, std::int64_t r, std::int64_t i) const;
  [[nodiscard]] std::int32_t entering_rhs(std::int32_t item, std::int64_t c, std::int64_t i) const;
  void multiply_add(MovingSum& sum, std::size_t lane, Pe pe, const OverflowAt& where,
                    const Extent& chunk);
  void work(std::int64_t r, std::int64_t c, std::int64_t pe);
  void finish(std::int64_t r, std::int64_t c, const OverflowAt& where, bool inside);
  void shift_out(std::int64_t c);

  const Profile& profile_;
  const Product& product_;
  const CycleOptions& options_;
  const Extents extents_;
  const std::vector<Fold> folds_;
  const bool shallow_;
  PeArithmetic arithmetic_;
  ArrayState state_;
  std::vector<Step> steps_;
  std::vector<Item> items_;
  std::vector<std::int32_t> issued_;
  std::vector<Leaving> leaving_;          // [rows, cols]
  std::vector<std::int64_t> shift_from_;  // per column: clock of its first shift; -1: none
  // Control.
  std::int64_t started_ = 0, next_step_ = 0, start_clock_ = 0, last_issue_ = -1;
  std::deque<std::int64_t> queue_;
  CycleResult result_;
};

OutputArray::OutputArray(const Profile& profile, const Product& product,
                         const CycleOptions& options)
    : profile_(profile),
      product_(product),
      options_(options),
      extents_(computed_extents(profile, product.m, product.n, product.k)),
      folds_(folds_of(profile, extents_)),
      shallow_(profile.lhs_fifo != 0 && profile.lhs_fifo < profile.rows - 1),
      arithmetic_(profile, product.lhs_type, product.rhs_type),
      state_(profile.rows, profile.cols, profile.macs_per_pe, 1),
      leaving_(at(profile.rows * profile.cols)),
      shift_from_(at(profile.cols), -1) {
  bool first = true;
  for (const Extent& chunk : chunk_list(profile, extents_.k)) {
    for (std::int64_t k = chunk.begin; k < chunk.end; k += profile.macs_per_pe) {
      steps_.push_back({{k, std::min(k + profile.macs_per_pe, chunk.end)}, chunk, first});
    }
    first = false;
  }
  state_.acc.assign(at(profile.rows * profile.cols), 0);
  state_.leaving.assign(at(profile.rows * profile.cols), 0);
  result_.product.acc.assign(at(product.m * product.n), 0);
}

// Decides whether a step enters in this clock, and which.
void OutputArray::control() {
  const std::int64_t clock = state_.clock, skew = profile_.rows - 1;
  while (!queue_.empty() && queue_.front() + skew <= clock) queue_.pop_front();
  const bool between = started_ == 0 || next_step_ == steps();
  if (between && started_ < static_cast<std::int64_t>(folds_.size())) {
    const bool empty = clock > last_issue_ + skew + profile_.cols - 1;
    const bool registers_free = clock >= start_clock_ + profile_.rows;
    const bool queue_empty = !shallow_ || clock >= last_issue_ + skew;
    if (started_ == 0 ||
        (options_.overlap == Overlap::kNone ? empty : registers_free && queue_empty)) {
      ++started_;
      next_step_ = 0;
      start_clock_ = clock;
    }
  }
  const bool room = !shallow_ || static_cast<std::int64_t>(queue_.size()) < profile_.lhs_fifo;
  const bool issues = started_ > 0 && next_step_ < steps() && room;
  issued_.push_back(-1);
  if (issues) {
    issued_.back() = static_cast<std::int32_t>(items_.size());
    items_.push_back({started_ - 1, next_step_++});
    last_issue_ = clock;
    if (shallow_) queue_.push_back(clock);
  }
  state_.streaming_fold = issues ? started_ - 1 : -1;
  state_.issued_vector = issues ? next_step_ - 1 : -1;
  count(issues);
}

void OutputArray::count(bool issued) {
  if (state_.clock == 0) return;  // the first edge is time zero
  CycleCauses& causes = result_.cycles;
  const bool last = started_ == static_cast<std::int64_t>(folds_.size());
  const std::int64_t since = state_.clock - last_issue_;
  // Causes in the order in which they count; that two are counted alike is no mistake.
  if (issued) {
    ++causes.stream;
  } else if (next_step_ < steps()) {  // NOLINT(bugprone-branch-clone)
    ++causes.fifo_stall;
  } else if (last || options_.overlap == Overlap::kNone) {
    ++causes.fill;
  } else if (shallow_ && since < profile_.rows - 1) {
    ++causes.fifo_stall;
  } else {
    ++causes.acc_stall;
  }
}

void OutputArray::move_operands(std::int64_t r, std::int64_t c, std::int64_t pe) {
  const std::int64_t q = state_.macs, entered = state_.clock - (c == 0 ? r : c);
  const auto issued_at = [&](std::int64_t clock) {
    return (c == 0 || r == 0) && clock >= 0 ? issued_[at(clock)] : -1;
  };
  const std::int32_t edge = issued_at(entered);
  const Defects* defects = options_.defects;
  const std::int32_t lhs_edge = defects == nullptr ? edge : issued_at(entered - defects->lag(r));
  state_.item[at(pe)] = c == 0 ? edge : state_.item[at(pe - 1)];
  for (std::int64_t i = 0; i < q; ++i) {
    const std::size_t here = at(pe * q + i);
    std::int32_t& act = state_.act[here];
    std::int32_t& weight = state_.weight[0][here];
    act = c == 0 ? entering_lhs(lhs_edge, r, i) : state_.act[at((pe - 1) * q + i)];
    weight = r == 0 ? entering_rhs(edge, c, i) : state_.weight[0][at((pe - state_.cols) * q + i)];
    if (defects == nullptr) continue;
    act = defects->activation_register(act, {r, c});
    weight = defects->weight_register(weight, {r, c});
  }
}

// What enters row r and column c with an item: lane i of its k.
std::int32_t OutputArray::entering_lhs(std::int32_t item, std::int64_t r, std::int64_t i) const {
  if (item < 0) return 0;
  const Item& it = items_[at(item)];
  const std::int64_t k = steps_[at(it.step)].k.begin + i, m = folds_[at(it.fold)].along.begin + r;
  const bool real = k < steps_[at(it.step)].k.end && m < folds_[at(it.fold)].along.end;
  return real ? product_.lhs[at(m * product_.k + k)] : 0;
}

std::int32_t OutputArray::entering_rhs(std::int32_t item, std::int64_t c, std::int64_t i) const {
  if (item < 0) return 0;
  const Item& it = items_[at(item)];
  const std::int64_t k = steps_[at(it.step)].k.begin + i, n = folds_[at(it.fold)].across.begin + c;
  const bool real = k < steps_[at(it.step)].k.end && n < folds_[at(it.fold)].across.end;
  return real ? product_.rhs[at(k * product_.n + n)] : 0;
}

// One product into the PE's sum; `where.k` is its k.
void OutputArray::multiply_add(MovingSum& sum, std::size_t lane, Pe pe, const OverflowAt& where,
                               const Extent& chunk) {
  const bool last = where.k + 1 == chunk.end;
  const bool closes = last || (where.k + 1 - chunk.begin) % profile_.product_group == 0;
  const std::int64_t before = sum.partial;
  const Defects* defects = options_.defects;
  if (defects == nullptr) {
    PeArithmetic::multiply_add(sum, state_.act[lane], state_.weight[0][lane]);
  } else {
    sum.group += defects->product(state_.act[lane], state_.weight[0][lane], pe, last);
  }
  if (!closes) return;
  arithmetic_.close_group(sum, where);
  if (defects != nullptr) sum.partial = defects->partial(before, sum.partial, pe);
}

void OutputArray::work(std::int64_t r, std::int64_t c, std::int64_t pe) {
  const Item& it = items_[at(state_.item[at(pe)])];
  const Fold& f = folds_[at(it.fold)];
  const Step& step = steps_[at(it.step)];
  OverflowAt where{f.along.begin + r, f.across.begin + c, step.chunk.begin, {}};
  const bool inside = where.m < f.along.end && where.n < f.across.end;
  const auto init = [&] { return product_.init[at(where.m * product_.n + where.n)]; };
  if (inside) {
    MovingSum sum{state_.partial[at(pe)], state_.group[at(pe)]};
    if (step.k.begin == step.chunk.begin) {
      const bool starts = step.first_chunk && profile_.acc_init == AccInit::kFirst;
      sum = {starts && !product_.init.empty() ? arithmetic_.start(init(), where) : 0, 0};
    }
    for (std::int64_t k = step.k.begin; k < step.k.end; ++k) {
      where.k = k;
      multiply_add(sum, at(pe * state_.macs + k - step.k.begin), {r, c}, where, step.chunk);
    }
    state_.partial[at(pe)] = sum.partial;
    state_.group[at(pe)] = sum.group;
    if (step.k.end == step.chunk.end) {
      const std::int64_t before = step.first_chunk ? 0 : state_.acc[at(pe)];
      state_.acc[at(pe)] = arithmetic_.accumulate(before, sum.partial, where);
      if (step.first_chunk && options_.defects != nullptr && options_.defects->adds_twice()) {
        state_.acc[at(pe)] = arithmetic_.accumulate(state_.acc[at(pe)], sum.partial, where);
      }
    }
  }
  if (it.step + 1 == steps()) {
    if (inside && profile_.acc_init == AccInit::kLast && !product_.init.empty()) {
      state_.acc[at(pe)] = arithmetic_.accumulate(state_.acc[at(pe)], init(), where);
    }
    finish(r, c, where, inside);
  }
}

void OutputArray::finish(std::int64_t r, std::int64_t c, const OverflowAt& where, bool inside) {
  const std::size_t pe = at(r * state_.cols + c);
  MXCHECK_CHECK(!leaving_[pe].valid, "output register taken");
  leaving_[pe] = {-1, -1, 0, true};
  if (inside) {
    const Fold& f = folds_[at(items_[at(state_.item[pe])].fold)];
    std::int64_t n = where.n;
    if (options_.defects != nullptr) {
      n = options_.defects->column(n, f.across.begin, f.across.end);
    }
    leaving_[pe] = {where.m, n, arithmetic_.deliver(state_.acc[pe], where), true};
  }
  state_.leaving[pe] = leaving_[pe].value;
  if (r == state_.rows - 1) shift_from_[at(c)] = state_.clock + 1;
}

// Shift i of a column empties row i: rows above may already hold the next fold's results.
void OutputArray::shift_out(std::int64_t c) {
  const std::int64_t i = state_.clock - shift_from_[at(c)];
  if (shift_from_[at(c)] < 0 || i < 0 || i >= state_.rows) return;
  const Leaving& bottom = leaving_[at((state_.rows - 1) * state_.cols + c)];
  MXCHECK_CHECK(bottom.valid, "nothing to shift out");
  if (bottom.m >= 0) {
    result_.product.acc[at(bottom.m * product_.n + bottom.n)] = bottom.value;
    state_.acc_write[at(c)] = bottom.value;
    state_.acc_written[at(c)] = 1;
  }
  for (std::int64_t r = state_.rows - 1; r >= i; --r) {
    const std::size_t pe = at(r * state_.cols + c);
    leaving_[pe] = r > i ? leaving_[at((r - 1) * state_.cols + c)] : Leaving{};
    state_.leaving[pe] = leaving_[pe].value;
  }
}

void OutputArray::step_pe(std::int64_t r, std::int64_t c) {
  const std::int64_t pe = r * state_.cols + c;
  move_operands(r, c, pe);
  if (state_.item[at(pe)] >= 0) work(r, c, pe);
}

CycleResult OutputArray::run() {
  const std::int64_t skew = profile_.rows + profile_.cols - 2;
  const auto done = [&] {
    return started_ == static_cast<std::int64_t>(folds_.size()) && next_step_ == steps() &&
           state_.clock > last_issue_ + skew;
  };
  for (state_.clock = 0; !done(); ++state_.clock) {
    control();
    state_.acc_written.assign(state_.acc_written.size(), 0);
    for (std::int64_t c = 0; c < state_.cols; ++c) shift_out(c);
    for (std::int64_t r = state_.rows - 1; r >= 0; --r) {
      for (std::int64_t c = state_.cols - 1; c >= 0; --c) step_pe(r, c);
    }
    if (options_.probe != nullptr) options_.probe->on_clock(state_);
  }
  result_.folds = static_cast<std::int64_t>(folds_.size());
  result_.pe_updates = state_.clock * state_.rows * state_.cols;
  const std::int64_t end = state_.clock + state_.rows;
  for (; state_.clock < end; ++state_.clock) {
    for (std::int64_t c = 0; c < state_.cols; ++c) shift_out(c);
  }
  result_.product.overflow = arithmetic_.first_trap();
  if (result_.product.overflow) result_.product.status = Status::kUndefined;
  result_.product.path = "cycle: plain";
  return result_;
}

}  // namespace

CycleResult run_output_stationary(const Profile& profile, const Product& product,
                                  const CycleOptions& options) {
  return OutputArray(profile, product, options).run();
}

}  // namespace mxcheck::mxu::internal
