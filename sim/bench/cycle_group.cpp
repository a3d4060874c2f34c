// The stepped array's rows, from the measurement beside it.
#include "sim/bench/groups.h"
#include "sim/mxu/cycle_speed.h"

namespace mxcheck::bench {

std::vector<Row> bench_cycle_group(const Options& options) {
  mxu::CycleBenchOptions asked;
  asked.verilator_program = options.verilator_program;
  const mxu::CycleBench bench = mxu::bench_cycle(asked);
  std::vector<Row> out;
  for (const mxu::CycleBenchRow& from : bench.table) {
    Row row;
    row.group = "cycle";
    row.name = from.name;
    row.milliseconds = from.seconds * 1e3;
    row.figures = {{"pe_updates_per_s", from.measured ? from.updates_per_second : 0}};
    row.note = from.note;
    out.push_back(row);
  }
  if (bench.small_over_verilator > 0) {
    Row row;
    row.group = "cycle";
    row.name = "16x16 over verilator";
    row.figures = {{"ratio", bench.small_over_verilator}};
    out.push_back(row);
  }
  return out;
}

}  // namespace mxcheck::bench
