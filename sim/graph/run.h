// What a case asks to be run, and the data it is run on: the contract between sim/casefile, which
// reads both from a file, and sim/exec, which executes them. No files, no JSON here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/tensor/tensor.h"

namespace mxcheck::graph {

enum class Mode : std::uint8_t { kForward, kGrad, kCalibrate, kTrain };
[[nodiscard]] inline const char* name(Mode mode) {
  constexpr const char* kNames[] = {"forward", "grad", "calibrate", "train"};
  return kNames[static_cast<std::size_t>(mode)];
}

// SGD: p := p - g*r, or with momentum v := v*m + g, p := p - v*r; every operation rounded to the
// param's dtype.
struct Optimizer {
  double learning_rate = 0;
  std::optional<double> momentum;
  friend bool operator==(const Optimizer&, const Optimizer&) = default;
};

struct RunSpec {
  Mode mode = Mode::kForward;
  int steps = 1;
  std::optional<int> loss;             // value number of a scalar node; its cotangent is 1
  std::vector<int> cotangent_values;   // value numbers whose cotangent is given (RunData)
  bool update_quant_stats = false;     // resolved: true by default for calibrate and train
  std::optional<Optimizer> optimizer;  // train
  std::optional<std::uint64_t> stochastic_rounding_seed;

  friend bool operator==(const RunSpec&, const RunSpec&) = default;
  [[nodiscard]] bool has_backward() const { return mode == Mode::kGrad || mode == Mode::kTrain; }
};

using tensor::Tensor;
using Values = std::map<std::string, Tensor>;  // names as in a golden file, in byte order

struct StepData {
  std::vector<Tensor> inputs;        // by input number
  std::map<int, Tensor> cotangents;  // by value number, the given ones
};

struct RunData {
  std::vector<StepData> steps;
  std::vector<Tensor> params;  // by param number, before the first step
  Values quant_stats;          // starting statistics: "<module>/<op_id>_lhs/count", ...
};

}  // namespace mxcheck::graph
