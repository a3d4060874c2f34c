// Speed, measured: every figure is the best of interleaved repetitions on one pinned processor, and
// what it is held against (the instruction's own peak, oneDNN, a copy, the cache) runs in between,
// in the same process, so that ratios survive a machine that changes its mind.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernels/isa.h"

namespace mxcheck::bench {

struct Row {
  std::string group, name;
  std::int64_t m = 0, k = 0, n = 0;  // of a product; 0 elsewhere
  std::string kernel;
  double gops = 0;          // 10^9 integer operations a second, a multiply-add counts two; 0: none
  double peak_gops = 0;     // register-only rate of the best instruction, same run
  double onednn_gops = 0;   // 0: not measured
  double milliseconds = 0;  // of one repetition
  std::vector<std::pair<std::string, double>> figures;  // what else was measured, by name
  std::string note;
  [[nodiscard]] double share_of_peak() const { return peak_gops > 0 ? gops / peak_gops : 0; }
  [[nodiscard]] double ratio_to_onednn() const { return onednn_gops > 0 ? gops / onednn_gops : 0; }
};

struct Shape {
  std::int64_t m = 0, k = 0, n = 0;
};

struct Options {
  kernels::Isa isa = kernels::best_isa();
  double seconds = 2;         // per row, at least one repetition
  std::vector<Shape> shapes;  // of group gemm; empty: the nine of the table
  std::string verilator_program;
  std::string cases = "cases";  // of group suite
};

struct Report {
  std::vector<std::pair<std::string, std::string>> context;
  std::vector<Row> rows;
};

[[nodiscard]] const std::vector<std::string>& group_names();
// Pins the calling thread to the processor it runs on, then measures.
[[nodiscard]] Report run(const std::vector<std::string>& groups, const Options& options);

[[nodiscard]] std::string to_text(const Report& report);
// {"context": {...}, "results": [{"group", "name", "m", "k", "n", "kernel", "gops", ...}]}
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace mxcheck::bench
