// The counter of a long run: one line on stderr, only on a terminal, erased before anything else is
// printed. It appears after half a second and changes at most ten times a second.
#pragma once

#include <chrono>
#include <cstddef>

#include "sim/cli/options.h"

namespace mxcheck::cli {

class Progress {
 public:
  // `--progress auto|never`; `total` cases to come.
  Progress(const po::variables_map& map, std::size_t total);
  // Takes the line away, so that text can be printed.
  void clear();
  // One more case is done.
  enum class Outcome { kGood, kFailed };
  void step(Outcome outcome);

 private:
  using Clock = std::chrono::steady_clock;

  bool on_ = false;
  bool shown_ = false;
  std::size_t done_ = 0, failed_ = 0, total_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = start_ + std::chrono::milliseconds(500);
};

}  // namespace mxcheck::cli
