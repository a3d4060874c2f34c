// Runs whole products through the engines and divides the PEs stepped by the processor time.
#include "sim/mxu/cycle_speed.h"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/base/check.h"
#include "sim/base/threefry.h"
#include "sim/mxu/fast_array.h"

namespace mxcheck::mxu {
namespace {

std::vector<std::int32_t> random_codes(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int32_t> codes(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    codes[i] = static_cast<std::int32_t>(base::random_word(seed, i) & 0xff) - 128;
  }
  return codes;
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

template <typename Run>
CycleBenchRow measure(const std::string& name, const Profile& profile, double seconds, Run&& run) {
  CycleBenchRow row;
  row.name = name;
  row.rows = profile.rows;
  row.cols = profile.cols;
  row.measured = true;
  std::int64_t updates = 0;
  (void)run();  // warm
  const double begin = processor_seconds();
  while (row.seconds < seconds) {
    updates += run();
    row.seconds = processor_seconds() - begin;
  }
  row.updates_per_second = static_cast<double>(updates) / row.seconds;
  return row;
}

Profile square(std::int64_t side) {
  Profile profile = *preset("ideal_int32");
  profile.rows = profile.cols = side;
  return profile;
}

double measure_side(std::int64_t side, const CycleBenchOptions& options, CycleBench& bench) {
  const Profile profile = square(side);
  const std::int64_t m = options.vectors, n = 4 * side, k = 8 * side;
  const auto lhs = random_codes(m * k, 1), rhs = random_codes(k * n, 2);
  const Product product{m, n, k, lhs, rhs};
  double best = 0;
  for (const internal::RowKernel& kernel : internal::row_kernels()) {
    const auto run = [&] {
      const auto result = internal::run_fast_stationary(profile, product, Overlap::kFull, kernel);
      MXCHECK_CHECK(result.has_value(), "two folds at most");
      return result->pe_updates;
    };
    bench.table.push_back(measure(fmt::format("{0}x{0} weight_stationary {1}", side, kernel.name),
                                  profile, options.seconds, run));
    best = std::max(best, bench.table.back().updates_per_second);
  }
  return best;
}

// The readable engine, on a smaller product.
void measure_plain(const CycleBenchOptions& options, CycleBench& bench) {
  for (const Dataflow dataflow : {Dataflow::kWeightStationary, Dataflow::kOutputStationary}) {
    Profile profile = square(16);
    profile.dataflow = dataflow;
    const auto lhs = random_codes(128 * 64, 3), rhs = random_codes(64 * 32, 4);
    const Product product{128, 32, 64, lhs, rhs};
    const auto run = [&] {
      return run_cycle(profile, product, {Overlap::kFull, Engine::kPlain, nullptr}).pe_updates;
    };
    bench.table.push_back(
        measure(fmt::format("16x16 {} plain engine", key_value(profile, "dataflow")), profile,
                options.seconds, run));
  }
}

void measure_verilator(const CycleBenchOptions& options, CycleBench& bench) {
  CycleBenchRow row;
  row.name = "16x16 Verilator -O3";
  row.rows = row.cols = 16;
  row.note = "not built; scripts/rtl_bench.sh builds it";
  std::error_code ignored;
  const std::string& program = options.verilator_program;
  if (!program.empty() && program.find('\'') == std::string::npos &&
      std::filesystem::is_regular_file(program, ignored)) {
    const std::string command = fmt::format("'{}' {}", program, options.seconds);
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    char text[512] = {};
    const std::size_t size = pipe == nullptr ? 0 : std::fread(text, 1, sizeof text - 1, pipe.get());
    const auto json = nlohmann::json::parse(std::string(text, size), nullptr, false);
    if (json.is_object() && json.contains("pe_updates_per_second") &&
        json["pe_updates_per_second"].is_number()) {
      row.measured = true;
      row.note.clear();
      row.updates_per_second = json["pe_updates_per_second"].get<double>();
      row.seconds = json.value("seconds", 0.0);
    } else {
      row.note = "its output was not understood";
    }
  }
  bench.verilator_updates_per_second = row.updates_per_second;
  bench.table.push_back(row);
}

}  // namespace

CycleBench bench_cycle(const CycleBenchOptions& options) {
  CycleBench bench;
  bench.large_updates_per_second = measure_side(128, options, bench);
  bench.small_updates_per_second = measure_side(16, options, bench);
  measure_plain(options, bench);
  measure_verilator(options, bench);
  if (bench.verilator_updates_per_second > 0) {
    bench.small_over_verilator =
        bench.small_updates_per_second / bench.verilator_updates_per_second;
  }
  return bench;
}

std::string bench_text(const CycleBench& bench) {
  std::string text = fmt::format("{:<40} {:>14} {:>9}\n", "cycle model", "PE updates/s", "seconds");
  for (const CycleBenchRow& row : bench.table) {
    text += row.measured ? fmt::format("{:<40} {:>14.3e} {:>9.2f}\n", row.name,
                                       row.updates_per_second, row.seconds)
                         : fmt::format("{:<40} {}\n", row.name, row.note);
  }
  if (bench.small_over_verilator > 0) {
    text += fmt::format("16x16 over Verilator: {:.1f}x\n", bench.small_over_verilator);
  }
  return text;
}

std::string bench_json(const CycleBench& bench) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const CycleBenchRow& row : bench.table) {
    Json entry = {{"name", row.name}, {"rows", row.rows}, {"cols", row.cols}};
    if (row.measured) {
      entry["pe_updates_per_second"] = row.updates_per_second;
      entry["seconds"] = row.seconds;
    } else {
      entry["note"] = row.note;
    }
    rows.push_back(entry);
  }
  return Json{{"group", "cycle"},
              {"rows", rows},
              {"large_updates_per_second", bench.large_updates_per_second},
              {"small_updates_per_second", bench.small_updates_per_second},
              {"verilator_updates_per_second", bench.verilator_updates_per_second},
              {"small_over_verilator", bench.small_over_verilator}}
      .dump(2);
}

}  // namespace mxcheck::mxu
