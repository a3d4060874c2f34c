// The speed measurement itself: it reports every row, and says what it could not measure. The
// figures are printed by the hidden case "[.speed]" (MXCHECK_VERILATOR_SPEED names the program).
#include "sim/mxu/cycle_speed.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "sim/mxu/fast_kernels.h"

namespace mxcheck::mxu {
namespace {

TEST_CASE("the measurement reports every engine and a missing Verilator build", "[cycle]") {
  const CycleBench bench = bench_cycle({0.0, 64, "/nonexistent/Vsystolic_array"});
  CHECK(bench.table.size() == 2 * internal::row_kernels().size() + 3);
  CHECK(bench.large_updates_per_second >= 0);
  CHECK_FALSE(bench.table.back().measured);
  CHECK(bench_text(bench).find("not built") != std::string::npos);
  const auto json = nlohmann::json::parse(bench_json(bench));
  CHECK(json["group"] == "cycle");
  CHECK(json["rows"].size() == bench.table.size());
}

TEST_CASE("speed of the stepped model", "[.speed]") {
  const char* program = std::getenv("MXCHECK_VERILATOR_SPEED");
  WARN(bench_text(bench_cycle({0.5, 4096, program == nullptr ? "" : program})));
}

}  // namespace
}  // namespace mxcheck::mxu
