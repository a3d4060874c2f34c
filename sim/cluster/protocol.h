// What ranks say to each other, and how long they wait for each other.
#pragma once

#include <chrono>

namespace mxcheck::cluster {

enum Tag : int {
  kHello = 1,  // worker: who it is, see Introduction
  kCase,       // rank 0: the id of a case to compute
  kBegun,      // worker: its process has the case
  kResult,     // worker: bytes of case_wire.h
  kDied,       // worker: how the process that computed the case died
  kUseless,    // worker: it can compute nothing any more, and why
  kAlive,      // either side, now and then
  kLeave,      // rank 0: "all" if every rank is there for the end of MPI, else "alone"
};

// A rank that says nothing for so long is taken for dead. The time is that of the one who listens:
// while it is stopped itself, nobody else is silent.
inline constexpr std::chrono::milliseconds kSilence{10'000};
inline constexpr std::chrono::milliseconds kSignOfLife{500};

// Time that runs only while it is looked at often.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;
  // Milliseconds of attention so far.
  std::chrono::milliseconds now() {
    constexpr std::chrono::milliseconds kMostStep{200};
    const Clock::time_point at = Clock::now();
    const auto step = std::chrono::duration_cast<std::chrono::microseconds>(at - last_);
    last_ = at;
    sum_ += step < kMostStep ? step : std::chrono::microseconds(kMostStep);
    return std::chrono::duration_cast<std::chrono::milliseconds>(sum_);
  }

 private:
  Clock::time_point last_ = Clock::now();
  std::chrono::microseconds sum_{0};
};

// Sleeps a little, and longer the longer nothing happens.
class Nap {
 public:
  void something() { length_ = kShortest; }
  [[nodiscard]] std::chrono::microseconds next() {
    const std::chrono::microseconds out = length_;
    length_ = length_ * 2 < kLongest ? length_ * 2 : kLongest;
    return out;
  }

 private:
  static constexpr std::chrono::microseconds kShortest{50}, kLongest{2000};
  std::chrono::microseconds length_ = kShortest;
};

}  // namespace mxcheck::cluster
