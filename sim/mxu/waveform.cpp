// VCD and text traces of the stepped array.
#include "sim/mxu/waveform.h"

#include <fmt/format.h>

#include <algorithm>

namespace mxcheck::mxu {
namespace {

constexpr int kOperandBits = 9;  // holds s8 and u8
constexpr int kCounterBits = 32;

Window cut(const Profile& profile, Window w) {
  w.row = std::clamp<std::int64_t>(w.row, 0, profile.rows - 1);
  w.col = std::clamp<std::int64_t>(w.col, 0, profile.cols - 1);
  w.rows = std::clamp<std::int64_t>(w.rows, 1, profile.rows - w.row);
  w.cols = std::clamp<std::int64_t>(w.cols, 1, profile.cols - w.col);
  return w;
}

// VCD identifiers: printable ASCII '!'..'~', base 94.
std::string identifier(std::size_t number) {
  std::string id;
  do {
    id.push_back(static_cast<char>('!' + number % 94));
    number /= 94;
  } while (number != 0);
  return id;
}

std::string binary(std::int64_t value, int bits) {
  std::string text;
  for (int i = bits - 1; i >= 0; --i) {
    text.push_back((static_cast<std::uint64_t>(value) >> i & 1) != 0 ? '1' : '0');
  }
  return text;
}

}  // namespace

VcdProbe::VcdProbe(const Profile& profile, const Window& window)
    : profile_(profile),
      window_(cut(profile, window)),
      output_stationary_(profile.dataflow == Dataflow::kOutputStationary) {
  const bool floats = profile.emulation == Emulation::kBf16F32;
  const int partial = floats ? 64 : static_cast<int>(profile.partial_bits);
  const int acc = floats ? 64 : static_cast<int>(profile.acc_bits);
  header_ = "$comment mxcheck array, profile " + describe(profile) +
            " $end\n$timescale 1ns $end\n$scope module array $end\n";
  declare("clk", 1);
  declare("load_fold", kCounterBits);
  declare("stream_fold", kCounterBits);
  declare("vector", kCounterBits);
  for (std::int64_t c = window_.col; c < window_.col + window_.cols; ++c) {
    header_ += fmt::format("$scope module out_{} $end\n", c);
    declare("acc_write_enable", 1);
    declare("acc_write", output_stationary_ ? static_cast<int>(profile.delivery_bits) : acc);
    header_ += "$upscope $end\n";
  }
  for (std::int64_t r = window_.row; r < window_.row + window_.rows; ++r) {
    for (std::int64_t c = window_.col; c < window_.col + window_.cols; ++c) {
      header_ += fmt::format("$scope module pe_{}_{} $end\n", r, c);
      declare("valid", 1);
      for (std::int64_t i = 0; i < profile.macs_per_pe; ++i) {
        declare(fmt::format("activation_{}", i), kOperandBits);
        declare(fmt::format("weight_{}", i), kOperandBits);
        if (!output_stationary_) declare(fmt::format("weight_other_plane_{}", i), kOperandBits);
      }
      declare("group_sum", 24);
      declare("partial_sum", partial);
      if (output_stationary_) declare("accumulator", acc);
      header_ += "$upscope $end\n";
    }
  }
  header_ += "$upscope $end\n$enddefinitions $end\n";
}

std::size_t VcdProbe::declare(const std::string& name, int bits) {
  Signal signal;
  signal.id = identifier(signals_.size());
  signal.bits = bits;
  header_ += bits == 1
                 ? fmt::format("$var wire 1 {} {} $end\n", signal.id, name)
                 : fmt::format("$var wire {} {} {} [{}:0] $end\n", bits, signal.id, name, bits - 1);
  signals_.push_back(signal);
  return signals_.size() - 1;
}

void VcdProbe::put(std::size_t number, std::int64_t value, std::string& changes) {
  Signal& signal = signals_[number];
  if (signal.known && signal.last == value) return;
  signal.known = true;
  signal.last = value;
  changes += signal.bits == 1 ? fmt::format("{}{}\n", (value & 1) != 0 ? 1 : 0, signal.id)
                              : fmt::format("b{} {}\n", binary(value, signal.bits), signal.id);
}

void VcdProbe::on_clock(const ArrayState& state) {
  std::string changes;
  std::size_t signal = 0;
  put(signal++, 1, changes);
  put(signal++, state.loading_fold, changes);
  put(signal++, state.streaming_fold, changes);
  put(signal++, state.issued_vector, changes);
  for (std::int64_t c = window_.col; c < window_.col + window_.cols; ++c) {
    put(signal++, state.acc_written[static_cast<std::size_t>(c)], changes);
    put(signal++, state.acc_write[static_cast<std::size_t>(c)], changes);
  }
  for (std::int64_t r = window_.row; r < window_.row + window_.rows; ++r) {
    for (std::int64_t c = window_.col; c < window_.col + window_.cols; ++c) {
      const auto pe = static_cast<std::size_t>(r * state.cols + c);
      put(signal++, state.item[pe] >= 0 ? 1 : 0, changes);
      for (std::int64_t i = 0; i < state.macs; ++i) {
        const std::size_t lane =
            pe * static_cast<std::size_t>(state.macs) + static_cast<std::size_t>(i);
        put(signal++, state.act[lane], changes);
        put(signal++, state.weight[0][lane], changes);
        if (!output_stationary_) put(signal++, state.weight[1][lane], changes);
      }
      put(signal++, state.group[pe], changes);
      put(signal++, state.partial[pe], changes);
      if (output_stationary_) put(signal++, state.acc[pe], changes);
    }
  }
  body_ += fmt::format("#{}\n{}", 2 * state.clock, changes);
  changes.clear();
  put(0, 0, changes);
  body_ += fmt::format("#{}\n{}", 2 * state.clock + 1, changes);
  clocks_ = state.clock + 1;
}

std::string VcdProbe::text() const { return header_ + body_ + fmt::format("#{}\n", 2 * clocks_); }

TraceProbe::TraceProbe(const Profile& profile, const Window& window)
    : profile_(profile), window_(cut(profile, window)) {
  text_ = fmt::format("trace of {}; per PE: activation*weight plane 0/1 -> running sum\n",
                      describe(profile));
}

void TraceProbe::on_clock(const ArrayState& state) {
  const auto shown = [](std::int64_t number) {
    return number < 0 ? std::string("-") : std::to_string(number);
  };
  text_ += fmt::format("clock {}  load fold {}  stream fold {} vector {}\n", state.clock,
                       shown(state.loading_fold), shown(state.streaming_fold),
                       shown(state.issued_vector));
  for (std::int64_t r = window_.row; r < window_.row + window_.rows; ++r) {
    for (std::int64_t c = window_.col; c < window_.col + window_.cols; ++c) {
      const auto pe = static_cast<std::size_t>(r * state.cols + c);
      if (state.item[pe] < 0) continue;
      const std::size_t lane = pe * static_cast<std::size_t>(state.macs);
      const std::string other =
          state.weight[1].empty() ? "" : fmt::format("/{}", state.weight[1][lane]);
      text_ += fmt::format("  pe[{},{}] {}*{}{} -> {}\n", r, c, state.act[lane],
                           state.weight[0][lane], other, state.partial[pe]);
    }
  }
  for (std::int64_t c = window_.col; c < window_.col + window_.cols; ++c) {
    const auto column = static_cast<std::size_t>(c);
    if (state.acc_written[column] == 0) continue;
    text_ += fmt::format("  column {} takes {}\n", c, state.acc_write[column]);
  }
}

}  // namespace mxcheck::mxu
