// The registers of the stepped array, as a probe (waveform, trace, localisation) sees them at the
// end of every clock, and the probe's interface.
#pragma once

#include <cstdint>
#include <vector>

namespace mxcheck::mxu {

// All per-PE vectors are row-major [rows, cols]; operand registers have `macs` values a PE.
struct ArrayState {
  std::int64_t clock = 0;
  std::int64_t rows = 0, cols = 0, macs = 1;
  // Stationary: weight[plane] is loaded while weight[other] is in use. Output stationary: weight[0]
  // is the value moving down.
  std::vector<std::int32_t> weight[2];
  std::vector<std::int32_t> act;      // the value moving right
  std::vector<std::int64_t> partial;  // the running sum: moving down, or held (output stationary)
  std::vector<std::int64_t> group;    // the open group's exact sum, beside the running sum
  std::vector<std::int64_t> acc;      // output stationary: the PE's accumulator
  std::vector<std::int32_t> item;     // which streamed item the PE holds; -1: a bubble
  std::vector<std::int64_t> leaving;  // output stationary: results shifting out, moving down
  // Per column: what the accumulator memory below it took in this clock.
  std::vector<std::int64_t> acc_write;
  std::vector<std::uint8_t> acc_written;
  // Control, for the clock just stepped; -1: none.
  std::int64_t loading_fold = -1;
  std::int64_t streaming_fold = -1;
  std::int64_t issued_vector = -1;  // of the product: m, n or the k step

  ArrayState(std::int64_t r, std::int64_t c, std::int64_t q, int planes)
      : rows(r), cols(c), macs(q) {
    const auto pes = static_cast<std::size_t>(r * c), values = static_cast<std::size_t>(r * c * q);
    for (int plane = 0; plane < planes; ++plane) weight[plane].assign(values, 0);
    act.assign(values, 0);
    partial.assign(pes, 0);
    group.assign(pes, 0);
    item.assign(pes, -1);
    acc_write.assign(static_cast<std::size_t>(c), 0);
    acc_written.assign(static_cast<std::size_t>(c), 0);
  }
};

class Probe {
 public:
  virtual ~Probe() = default;
  virtual void on_clock(const ArrayState& state) = 0;
};

}  // namespace mxcheck::mxu
