// One decision a clock; the rules are those a designer would write into the sequencer.
#include "sim/mxu/controller.h"

namespace mxcheck::mxu::internal {

Controller::Controller(const Profile& profile, const std::vector<Fold>& folds, std::int64_t vectors,
                       Overlap overlap)
    : profile_(profile),
      folds_(folds),
      overlap_(overlap),
      shared_rows_(blocks_share_rows(profile, vectors)),
      shallow_(profile.lhs_fifo != 0 && profile.lhs_fifo < profile.rows - 1) {}

bool Controller::may_load() const {
  if (loads_begun_ == fold_count() || loads_begun_ > loads_done_) return false;
  if (loads_begun_ == 0) return true;
  const bool streamed = started_ == loads_begun_ &&
                        next_vector_ == folds_[static_cast<std::size_t>(started_ - 1)].along.size();
  if (overlap_ == Overlap::kNone) {  // the array is empty
    return streamed && clock_ > last_issue_ + profile_.rows - 1 + profile_.cols - 1;
  }
  if (profile_.weight_buffers == 1) return streamed && clock_ > last_issue_;
  return started_ >= loads_begun_;  // the other buffer is the one in use
}

bool Controller::may_start() const {
  if (started_ == fold_count() || loads_done_ <= started_) return false;
  if (started_ == 0) return true;
  const Fold& before = folds_[static_cast<std::size_t>(started_ - 1)];
  const Fold& next = folds_[static_cast<std::size_t>(started_)];
  if (next_vector_ < before.along.size() || clock_ <= last_issue_) return false;
  if (shallow_ && clock_ < last_issue_ + profile_.rows - 1) return false;
  // A row of accumulators is read out one clock after its last sum of the whole block is in.
  return !(next.block_begin && shared_rows_ && clock_ < last_issue_ + profile_.cols);
}

bool Controller::may_issue() const {
  return started_ > 0 &&
         next_vector_ < folds_[static_cast<std::size_t>(started_ - 1)].along.size() &&
         (!shallow_ || static_cast<std::int64_t>(queue_.size()) < profile_.lhs_fifo);
}

bool Controller::done() const {
  return started_ == fold_count() && next_vector_ == folds_.back().along.size() &&
         clock_ == last_issue_ + profile_.rows - 1 + profile_.cols - 1;
}

Controller::Decision Controller::step() {
  ++clock_;
  if (loads_begun_ > loads_done_ && clock_ == load_begin_ + load_length_) ++loads_done_;
  while (!queue_.empty() && queue_.front() + profile_.rows - 1 <= clock_) queue_.pop_front();
  Decision decision;
  if (may_start()) {
    ++started_;
    next_vector_ = 0;
  }
  if (may_issue()) {
    decision.fold = started_ - 1;
    decision.vector = next_vector_++;
    last_issue_ = clock_;
    if (shallow_) queue_.push_back(clock_);
  }
  if (may_load()) {
    const std::int64_t cycles =
        profile_.weight_load_cycles == 0 ? profile_.rows : profile_.weight_load_cycles;
    const bool alone = loads_begun_ == 0 || overlap_ == Overlap::kNone;
    load_begin_ = clock_;
    load_length_ = alone ? cycles : std::max(cycles, profile_.rows);
    ++loads_begun_;
  }
  if (loads_begun_ > loads_done_) {
    decision.load_fold = loads_begun_ - 1;
    decision.load_clock = clock_ - load_begin_;
    decision.load_length = load_length_;
  }
  count(decision);
  return decision;
}

void Controller::count(const Decision& decision) {
  if (clock_ == 0) return;  // the first edge is time zero
  if (decision.fold >= 0) {
    ++causes_.stream;
    return;
  }
  const bool streaming =
      started_ > 0 && next_vector_ < folds_[static_cast<std::size_t>(started_ - 1)].along.size();
  const bool emptying = started_ == fold_count() || overlap_ == Overlap::kNone;
  const std::int64_t since = clock_ - last_issue_;
  // Causes in the order in which they count: NOLINTNEXTLINE(bugprone-branch-clone)
  if (streaming) {
    ++causes_.fifo_stall;
  } else if (started_ > 0 && emptying && since <= profile_.rows - 1) {
    ++causes_.fill;
  } else if (started_ > 0 && emptying && since <= profile_.rows + profile_.cols - 2) {
    ++causes_.drain;
  } else if (shallow_ && started_ > 0 && overlap_ == Overlap::kFull &&
             profile_.weight_buffers == 2 && since < profile_.rows - 1) {
    ++causes_.fifo_stall;
  } else if (loads_done_ <= started_) {
    ++causes_.load;
  } else {
    ++causes_.acc_stall;
  }
}

}  // namespace mxcheck::mxu::internal
