// The controller of a stationary array, stepped clock by clock: when a fold's operands begin to
// load, when its vectors enter, and under which cause each clock goes. It knows only what a
// controller could know (its own past), no closed form.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/mxu/mapping.h"
#include "sim/mxu/schedule.h"

namespace mxcheck::mxu::internal {

class Controller {
 public:
  Controller(const Profile& profile, const std::vector<Fold>& folds, std::int64_t vectors,
             Overlap overlap);

  struct Decision {
    std::int64_t fold = -1;       // of the vector entering in this clock; -1: none
    std::int64_t vector = -1;     // its number inside the fold
    std::int64_t load_fold = -1;  // the fold whose operands load in this clock
    std::int64_t load_clock = 0;  // clocks since that load began
    std::int64_t load_length = 0;
  };
  // Decides clock 0, 1, ...
  Decision step();
  // Has the last sum been registered by the clock last decided?
  [[nodiscard]] bool done() const;
  [[nodiscard]] const CycleCauses& causes() const { return causes_; }

 private:
  [[nodiscard]] bool may_start() const;
  [[nodiscard]] bool may_load() const;
  [[nodiscard]] bool may_issue() const;
  [[nodiscard]] std::int64_t fold_count() const { return static_cast<std::int64_t>(folds_.size()); }
  void count(const Decision& decision);

  const Profile& profile_;
  const std::vector<Fold>& folds_;
  Overlap overlap_;
  bool shared_rows_;
  bool shallow_;  // the queue is too short for the skew
  std::int64_t clock_ = -1;
  std::int64_t loads_begun_ = 0, loads_done_ = 0;
  std::int64_t load_begin_ = 0, load_length_ = 0;
  std::int64_t started_ = 0;      // folds whose first vector has entered
  std::int64_t next_vector_ = 0;  // of the fold started last
  std::int64_t last_issue_ = -1;
  std::deque<std::int64_t> queue_;  // issue clocks of vectors whose last row has not entered
  CycleCauses causes_;
};

}  // namespace mxcheck::mxu::internal
