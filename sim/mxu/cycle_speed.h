// Speed of the stepped model, measured: processing-element updates a second, one core, and the
// Verilator build of the same 16x16 array where one is at hand. Processor time, so that other
// programs on the machine count as little as possible.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mxcheck::mxu {

struct CycleBenchOptions {
  double seconds = 0.5;         // at least, per row
  std::int64_t vectors = 4096;  // M of the products: N is 4 and K is 8 times the array's side
  // The program scripts/rtl_bench.sh builds; "" or missing: its row says so.
  std::string verilator_program;
};

struct CycleBenchRow {
  std::string name;  // "128x128 weight_stationary avx512bw", "verilator 16x16"
  std::int64_t rows = 0, cols = 0;
  bool measured = false;
  double updates_per_second = 0;
  double seconds = 0;
  std::string note;  // why not measured
};

struct CycleBench {
  std::vector<CycleBenchRow> table;
  double large_updates_per_second = 0;  // 128x128, best kernel
  double small_updates_per_second = 0;  // 16x16, best kernel
  double verilator_updates_per_second = 0;
  double small_over_verilator = 0;  // 0: not measured
};

[[nodiscard]] CycleBench bench_cycle(const CycleBenchOptions& options);
[[nodiscard]] std::string bench_text(const CycleBench& bench);
[[nodiscard]] std::string bench_json(const CycleBench& bench);

}  // namespace mxcheck::mxu
