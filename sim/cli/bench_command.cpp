// `mxcheck bench`: speed of the models of the matrix unit, measured now, on one core.
#include <fmt/format.h>

#include <filesystem>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/mxu/cycle_speed.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "bench";
  line.synopsis = "mxcheck bench [options]";
  line.options.add_options()                                                              //
      ("group", po::value<std::string>(), "what is measured: cycle (the stepped array)")  //
      ("seconds", po::value<std::string>(), "per row, at least (0.5)")                    //
      ("verilator", po::value<std::string>(), "program built by scripts/rtl_bench.sh")    //
      ("json", "as JSON")                                                                 //
      ("output,o", po::value<std::string>(), "write the JSON to FILE")                    //
      ("help,h", "this text");
  line.examples =
      "  mxcheck bench --group cycle\n"
      "  scripts/rtl_bench.sh build/release && mxcheck bench --group cycle --json\n";
  return line;
}

// Where scripts/rtl_bench.sh leaves its program: beside the folder of this one; "" if it is not
// there.
std::string built_verilator_program() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path program =
      self.parent_path().parent_path() / "rtl" / "speed" / "Vsystolic_array";
  return !error && std::filesystem::exists(program, error) ? program.string() : "";
}

}  // namespace

int run_bench(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  if (!texts(map, "paths").empty()) throw UsageError("mxcheck bench takes no paths");
  static_cast<void>(one_of(map, "group", "cycle", {"cycle"}));
  mxu::CycleBenchOptions options;
  options.seconds = positive_number(map, "seconds", options.seconds);
  options.verilator_program = text(map, "verilator", built_verilator_program());
  std::error_code error;
  if (has(map, "verilator") && !std::filesystem::exists(options.verilator_program, error)) {
    throw UsageError(
        fmt::format("--verilator: there is no {}", base::printable(options.verilator_program)));
  }
  const mxu::CycleBench bench = mxu::bench_cycle(options);
  fmt::print("{}", has(map, "json") ? mxu::bench_json(bench) : mxu::bench_text(bench));
  if (!has(map, "output")) return kExitOk;
  const base::Status status =
      base::write_file_atomically(text(map, "output", ""), mxu::bench_json(bench));
  if (!status) throw UsageError(base::printable(status.error()));
  return kExitOk;
}

}  // namespace mxcheck::cli
