// Weight- and input-stationary arrays, stepped. One fold's operands stay in one of two planes of
// weight registers while the next fold's shift in from the top, one row a clock, right behind the
// last activation that needs the plane. Activations enter row r r clocks late and move right; the
// running sum and its open group move down; below row R-1 the sum joins the accumulator memory when
// its chunk is complete and waits for its next fold otherwise. PE (r, c) works on vector v of a
// fold that starts at clock t0 in clock t0 + v + r + c.
#include "sim/base/check.h"
#include "sim/mxu/controller.h"
#include "sim/mxu/cycle.h"
#include "sim/mxu/mapping.h"
#include "sim/mxu/pe.h"

namespace mxcheck::mxu::internal {
namespace {

struct Item {
  std::int64_t fold = 0;
  std::int64_t vector = 0;  // in the product
};

// A finished block of outputs on its way out of the accumulator memory.
struct LeavingBlock {
  std::int64_t fold = 0;    // its last one
  std::int64_t vector = 0;  // the next row to leave
  std::int64_t ready = 0;   // clock from which rows may leave
};

class StationaryArray {
 public:
  StationaryArray(const Profile& profile, const Product& product, const CycleOptions& options);
  CycleResult run();

 private:
  [[nodiscard]] static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] const Fold& fold(std::int64_t i) const { return folds_[at(i)]; }
  [[nodiscard]] OverflowAt output_at(std::int64_t vector, std::int64_t column,
                                     std::int64_t k) const {
    return by_columns_ ? OverflowAt{column, vector, k, {}} : OverflowAt{vector, column, k, {}};
  }
  [[nodiscard]] std::int64_t init_of(std::int64_t vector, std::int64_t column) const {
    const std::int64_t m = by_columns_ ? column : vector, n = by_columns_ ? vector : column;
    return product_.init[at(m * product_.n + n)];
  }
  [[nodiscard]] std::int32_t streamed(std::int64_t vector, std::int64_t k) const {
    return by_columns_ ? product_.rhs[at(k * product_.n + vector)]
                       : product_.lhs[at(vector * product_.k + k)];
  }
  [[nodiscard]] std::int32_t stationary(std::int64_t k, std::int64_t column) const {
    return by_columns_ ? product_.lhs[at(column * product_.k + k)]
                       : product_.rhs[at(k * product_.n + column)];
  }
  [[nodiscard]] std::int64_t plane(std::int64_t fold_number) const {
    return fold_number % profile_.weight_buffers;
  }
  // Slot of the accumulator memory that holds this output's row.
  [[nodiscard]] std::int64_t slot(std::int64_t fold_number, std::int64_t vector) const {
    const std::int64_t base = block_number_[at(fold_number)] % held_ * block_;
    return base + vector - fold(fold_number).along.begin;
  }

  void step_pe(std::int64_t r, std::int64_t c);
  void enter_activation(std::int64_t r, std::int64_t pe);
  [[nodiscard]] std::int32_t entering_value(std::int32_t item, std::int64_t lane) const;
  [[nodiscard]] std::int32_t late_item(std::int64_t entered, std::int64_t r) const;
  void multiply_add(MovingSum& sum, std::size_t lane, std::int32_t weight, Pe pe,
                    const OverflowAt& where, const Fold& f);
  [[nodiscard]] const std::vector<std::int32_t>& weights_for(const Item& item) const;
  [[nodiscard]] MovingSum entering_sum(std::int32_t item, std::int64_t c);
  void leave(std::int32_t item, std::int64_t c, const MovingSum& sum);
  void shift_weights(std::int64_t c);
  void deliver_rows();

  const Profile& profile_;
  const Product& product_;
  const CycleOptions& options_;
  const bool by_columns_;  // input stationary: columns are M, vectors are N
  const Extents extents_;
  const std::vector<Fold> folds_;
  const std::int64_t vectors_, block_;
  std::int64_t held_ = 0;  // blocks the accumulator memory holds
  std::vector<std::int64_t> block_number_;
  Controller controller_;
  PeArithmetic arithmetic_;
  ArrayState state_;
  std::vector<Item> items_;
  std::vector<std::int32_t> issued_;         // item entering row 0, by clock
  std::vector<Controller::Decision> loads_;  // by clock, for the skew of the columns
  std::vector<MovingSum> waiting_;           // [block_, cols]: sums between two folds
  std::vector<std::int64_t> memory_;         // [slots, cols]
  std::vector<std::uint8_t> occupied_;       // [slots, cols]
  std::vector<LeavingBlock> leaving_;
  std::size_t leaving_head_ = 0;
  CycleResult result_;
};

StationaryArray::StationaryArray(const Profile& profile, const Product& product,
                                 const CycleOptions& options)
    : profile_(profile),
      product_(product),
      options_(options),
      by_columns_(profile.dataflow == Dataflow::kInputStationary),
      extents_(computed_extents(profile, product.m, product.n, product.k)),
      folds_(folds_of(profile, extents_)),
      vectors_(by_columns_ ? extents_.n : extents_.m),
      block_(block_rows(profile, vectors_)),
      controller_(profile, folds_, vectors_, options.overlap),
      arithmetic_(profile, product.lhs_type, product.rhs_type),
      state_(profile.rows, profile.cols, profile.macs_per_pe, 2) {
  std::int64_t block = -1;
  for (const Fold& f : folds_) {
    if (f.block_begin) ++block;
    block_number_.push_back(block);
  }
  held_ = blocks_held(profile, vectors_);
  held_ = held_ == 0 ? block + 1 : std::min(held_, block + 1);
  const std::int64_t cells = block_ * profile.cols;
  waiting_.resize(at(cells));
  memory_.resize(at(held_ * cells));
  occupied_.resize(at(held_ * cells));
  result_.product.acc.assign(at(product.m * product.n), 0);
}

void StationaryArray::enter_activation(std::int64_t r, std::int64_t pe) {
  const std::int64_t entered = state_.clock - r;
  const std::int32_t item = entered >= 0 ? issued_[at(entered)] : -1;
  state_.item[at(pe)] = item;
  const std::int64_t q = state_.macs;
  for (std::int64_t i = 0; i < q; ++i) {
    state_.act[at(pe * q + i)] = entering_value(late_item(entered, r), r * q + i);
  }
}

// What enters a row with item `item`: lane `lane` of its k.
std::int32_t StationaryArray::entering_value(std::int32_t item, std::int64_t lane) const {
  if (item < 0) return 0;
  const Item& it = items_[at(item)];
  const std::int64_t k = fold(it.fold).k.begin + lane;
  return k < fold(it.fold).k.end ? streamed(it.vector, k) : 0;
}

// The item whose activation enters row r where the one issued at `entered` should.
std::int32_t StationaryArray::late_item(std::int64_t entered, std::int64_t r) const {
  if (options_.defects != nullptr) entered -= options_.defects->lag(r);
  return entered >= 0 ? issued_[at(entered)] : -1;
}

// One product of PE (r, c) into its column's sum.
void StationaryArray::multiply_add(MovingSum& sum, std::size_t lane, std::int32_t weight, Pe pe,
                                   const OverflowAt& where, const Fold& f) {
  const std::int32_t act = state_.act[lane];
  const std::int64_t k = where.k;
  const bool last = k + 1 == f.chunk.end;
  const bool closes = last || (k + 1 - f.chunk.begin) % profile_.product_group == 0;
  const std::int64_t before = sum.partial;
  if (options_.defects == nullptr) {
    PeArithmetic::multiply_add(sum, act, weight);
  } else {
    sum.group += options_.defects->product(act, weight, pe, last);
  }
  if (!closes) return;
  arithmetic_.close_group(sum, where);
  if (options_.defects != nullptr) {
    sum.partial = options_.defects->partial(before, sum.partial, pe);
  }
}

// The weights that PE registers hold for an item; a faulty swap shows the other plane.
const std::vector<std::int32_t>& StationaryArray::weights_for(const Item& item) const {
  std::int64_t in_use = item.fold;
  if (options_.defects != nullptr) {
    const int delay = options_.defects->swap_delay();
    const Extent& along = fold(item.fold).along;
    const bool late = delay > 0 && item.vector == along.begin && item.fold > 0;
    const bool early = delay < 0 && item.vector + 1 == along.end &&
                       item.fold + 1 < static_cast<std::int64_t>(folds_.size());
    if (late || early) in_use -= delay;
  }
  return state_.weight[plane(in_use)];
}

MovingSum StationaryArray::entering_sum(std::int32_t item, std::int64_t c) {
  const Item& it = items_[at(item)];
  const Fold& f = fold(it.fold);
  const std::int64_t column = f.across.begin + c;
  if (column >= f.across.end) return {};
  if (!f.chunk_begin) return waiting_[at((it.vector - f.along.begin) * state_.cols + c)];
  if (!f.block_begin || profile_.acc_init != AccInit::kFirst || product_.init.empty()) return {};
  const OverflowAt where = output_at(it.vector, column, f.chunk.begin);
  return {arithmetic_.start(init_of(it.vector, column), where), 0};
}

// In-place stepping runs from the last PE to the first, so neighbours still hold the old clock.
void StationaryArray::step_pe(std::int64_t r, std::int64_t c) {
  const std::int64_t pe = r * state_.cols + c, q = state_.macs;
  if (c == 0) {
    enter_activation(r, pe);
  } else {
    state_.item[at(pe)] = state_.item[at(pe - 1)];
    for (std::int64_t i = 0; i < q; ++i)
      state_.act[at(pe * q + i)] = state_.act[at((pe - 1) * q + i)];
  }
  if (options_.defects != nullptr) {
    for (std::int64_t i = 0; i < q; ++i) {
      std::int32_t& held = state_.act[at(pe * q + i)];
      held = options_.defects->activation_register(held, {r, c});
    }
  }
  const std::int32_t item = state_.item[at(pe)];
  if (item < 0) {
    state_.partial[at(pe)] = state_.group[at(pe)] = 0;
    return;
  }
  MovingSum sum =
      r == 0 ? entering_sum(item, c)
             : MovingSum{state_.partial[at(pe - state_.cols)], state_.group[at(pe - state_.cols)]};
  const Item& it = items_[at(item)];
  const Fold& f = fold(it.fold);
  const auto& weights = weights_for(it);
  if (f.across.begin + c < f.across.end) {
    for (std::int64_t i = 0; i < q; ++i) {
      const std::int64_t k = f.k.begin + r * q + i;
      if (k >= f.k.end) break;
      const std::size_t lane = at(pe * q + i);
      multiply_add(sum, lane, weights[lane], {r, c}, output_at(it.vector, f.across.begin + c, k),
                   f);
    }
  }
  state_.partial[at(pe)] = sum.partial;
  state_.group[at(pe)] = sum.group;
  if (r == state_.rows - 1 && f.across.begin + c < f.across.end) leave(item, c, sum);
}

void StationaryArray::leave(std::int32_t item, std::int64_t c, const MovingSum& sum) {
  const Item& it = items_[at(item)];
  const Fold& f = fold(it.fold);
  if (!f.chunk_end) {
    waiting_[at((it.vector - f.along.begin) * state_.cols + c)] = sum;
    return;
  }
  const std::int64_t column = f.across.begin + c;
  const OverflowAt where = output_at(it.vector, column, f.chunk.end - 1);
  const std::size_t cell = at(slot(it.fold, it.vector) * state_.cols + c);
  const bool first = f.chunk.begin == folds_.front().chunk.begin;
  MXCHECK_CHECK(first != (occupied_[cell] != 0), "accumulator row taken or missing");
  std::int64_t acc = arithmetic_.accumulate(first ? 0 : memory_[cell], sum.partial, where);
  if (first && options_.defects != nullptr && options_.defects->adds_twice()) {
    acc = arithmetic_.accumulate(acc, sum.partial, where);
  }
  if (f.block_end && profile_.acc_init == AccInit::kLast && !product_.init.empty()) {
    acc = arithmetic_.accumulate(acc, init_of(it.vector, column), where);
  }
  memory_[cell] = acc;
  occupied_[cell] = 1;
  state_.acc_write[at(c)] = acc;
  state_.acc_written[at(c)] = 1;
  const bool last_of_block =
      f.block_end && it.vector + 1 == f.along.end && column + 1 == f.across.end;
  if (!last_of_block) return;
  leaving_.push_back({it.fold, f.along.begin, state_.clock + (state_.cols - 1 - c) + 1});
}

// One row of each finished block leaves per clock.
void StationaryArray::deliver_rows() {
  for (std::size_t i = leaving_head_; i < leaving_.size(); ++i) {
    LeavingBlock& block = leaving_[i];
    const Fold& f = fold(block.fold);
    if (state_.clock < block.ready || block.vector == f.along.end) continue;
    for (std::int64_t column = f.across.begin; column < f.across.end; ++column) {
      const std::size_t cell =
          at(slot(block.fold, block.vector) * state_.cols + column - f.across.begin);
      std::int64_t to = column;
      if (options_.defects != nullptr) {
        to = options_.defects->column(column, f.across.begin, f.across.end);
      }
      const OverflowAt where = output_at(block.vector, to, f.chunk.end - 1);
      result_.product.acc[at(where.m * product_.n + where.n)] =
          arithmetic_.deliver(memory_[cell], where);
      occupied_[cell] = 0;
    }
    ++block.vector;
  }
  while (leaving_head_ < leaving_.size() &&
         leaving_[leaving_head_].vector == fold(leaving_[leaving_head_].fold).along.end) {
    ++leaving_head_;
  }
}

// Column c runs c clocks behind the loader. The last min(length, rows) clocks of a load shift; in
// shift i the new values have reached row i, and rows below keep theirs, still in use.
void StationaryArray::shift_weights(std::int64_t c) {
  if (state_.clock < c) return;
  const Controller::Decision& load = loads_[at(state_.clock - c)];
  if (load.load_fold < 0) return;
  const Fold& f = fold(load.load_fold);
  auto& weights = state_.weight[plane(load.load_fold)];
  const std::int64_t rows = state_.rows, q = state_.macs;
  const std::int64_t clocks =
      std::min(profile_.weight_load_cycles == 0 ? rows : profile_.weight_load_cycles, rows);
  const std::int64_t shifting = load.load_clock - (load.load_length - clocks);
  if (shifting < 0) return;
  for (std::int64_t i = shifting * rows / clocks; i < (shifting + 1) * rows / clocks; ++i) {
    for (std::int64_t r = i; r >= 0; --r) {
      for (std::int64_t j = 0; j < q; ++j) {
        const std::int64_t k = f.k.begin + (rows - 1 - i) * q + j, column = f.across.begin + c;
        const std::int32_t from_top =
            k < f.k.end && column < f.across.end ? stationary(k, column) : 0;
        weights[at((r * state_.cols + c) * q + j)] =
            r == 0 ? from_top : weights[at(((r - 1) * state_.cols + c) * q + j)];
        if (options_.defects != nullptr) {
          std::int32_t& held = weights[at((r * state_.cols + c) * q + j)];
          held = options_.defects->weight_register(held, {r, c});
        }
      }
    }
  }
}

CycleResult StationaryArray::run() {
  for (state_.clock = 0; !controller_.done(); ++state_.clock) {
    const Controller::Decision decision = controller_.step();
    loads_.push_back(decision);
    issued_.push_back(-1);
    if (decision.fold >= 0) {
      issued_.back() = static_cast<std::int32_t>(items_.size());
      items_.push_back({decision.fold, fold(decision.fold).along.begin + decision.vector});
    }
    state_.acc_written.assign(state_.acc_written.size(), 0);
    deliver_rows();
    for (std::int64_t r = state_.rows - 1; r >= 0; --r) {
      for (std::int64_t c = state_.cols - 1; c >= 0; --c) step_pe(r, c);
    }
    for (std::int64_t c = 0; c < state_.cols; ++c) shift_weights(c);
    state_.loading_fold = decision.load_fold;
    state_.streaming_fold = decision.fold;
    state_.issued_vector = decision.fold >= 0 ? items_.back().vector : -1;
    if (options_.probe != nullptr) options_.probe->on_clock(state_);
  }
  result_.cycles = controller_.causes();
  result_.folds = static_cast<std::int64_t>(folds_.size());
  result_.pe_updates = state_.clock * state_.rows * state_.cols;
  for (; leaving_head_ != leaving_.size(); ++state_.clock) deliver_rows();
  result_.product.overflow = arithmetic_.first_trap();
  if (result_.product.overflow) result_.product.status = Status::kUndefined;
  result_.product.path = "cycle: plain";
  return result_;
}

}  // namespace

CycleResult run_stationary(const Profile& profile, const Product& product,
                           const CycleOptions& options) {
  return StationaryArray(profile, product, options).run();
}

}  // namespace mxcheck::mxu::internal
