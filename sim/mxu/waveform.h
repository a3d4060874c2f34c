// Probes that write what the stepped array did: a VCD waveform (IEEE 1364, readable by GTKWave) and
// a text trace, both of a window of PEs with the control signals and the accumulator writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/mxu/array.h"
#include "sim/mxu/profile.h"

namespace mxcheck::mxu {

// PEs [row, row + rows) x [col, col + cols); cut to the array.
struct Window {
  std::int64_t row = 0, col = 0, rows = 4, cols = 4;
};

class VcdProbe : public Probe {
 public:
  VcdProbe(const Profile& profile, const Window& window);
  void on_clock(const ArrayState& state) override;
  // The whole file. One clock is 2 time units; values change at the rising edge.
  [[nodiscard]] std::string text() const;

 private:
  struct Signal {
    std::string id;
    int bits = 1;
    bool known = false;
    std::int64_t last = 0;
  };
  std::size_t declare(const std::string& name, int bits);
  void put(std::size_t signal, std::int64_t value, std::string& changes);

  Profile profile_;
  Window window_;
  bool output_stationary_;
  std::string header_, body_;
  std::vector<Signal> signals_;
  std::int64_t clocks_ = 0;
};

class TraceProbe : public Probe {
 public:
  TraceProbe(const Profile& profile, const Window& window);
  void on_clock(const ArrayState& state) override;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  Profile profile_;
  Window window_;
  std::string text_;
};

// Feeds two probes; either may be null.
class BothProbes : public Probe {
 public:
  BothProbes(Probe* a, Probe* b) : a_(a), b_(b) {}
  void on_clock(const ArrayState& state) override {
    if (a_ != nullptr) a_->on_clock(state);
    if (b_ != nullptr) b_->on_clock(state);
  }

 private:
  Probe* a_;
  Probe* b_;
};

}  // namespace mxcheck::mxu
