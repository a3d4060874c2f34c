// `mxcheck bench`: speed of the kernels and the models, measured now, on one core.
#include <fmt/format.h>

#include <filesystem>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/bench/bench.h"
#include "sim/cli/build_info.h"
#include "sim/cli/options.h"
#include "sim/suite/collect.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "bench";
  line.synopsis = "mxcheck bench [options]";
  using Strings = std::vector<std::string>;
  line.options.add_options()  //
      ("group", po::value<Strings>()->composing(),
       "what is measured, repeatable: gemm, quantize, conv, train, cycle, suite (default: gemm)")  //
      ("shape", po::value<Strings>()->composing(),
       "MxKxN of group gemm, repeatable (default: nine shapes)")                             //
      ("isa", po::value<std::string>(), "instruction set of the kernels: see mxcheck info")  //
      ("seconds", po::value<std::string>(),
       "time per row, at least three repetitions (2); group cycle keeps its own")    //
      ("cases", po::value<std::string>(), "folder of group suite (default: cases)")  //
      ("verilator", po::value<std::string>(),
       "of group cycle: program built by scripts/rtl_bench.sh")                              //
      ("json", po::value<std::string>(), "write the results to FILE; - is standard output")  //
      ("help,h", "this text");
  line.examples =
      "  mxcheck bench --group gemm --group conv\n"
      "  mxcheck bench --group suite --cases cases --seconds 5\n"
      "  mxcheck bench --group gemm --shape 96x1024x1024 --isa avx2 --json bench.json\n"
      "  scripts/rtl_bench.sh build/release && mxcheck bench --group cycle\n"
      "  mxcheck bench --json new.json && scripts/bench_compare old.json new.json\n";
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

std::vector<std::string> groups(const po::variables_map& map) {
  std::vector<std::string> out = texts(map, "group");
  if (out.empty()) out = {"gemm"};
  const std::vector<std::string>& known = bench::group_names();
  for (const std::string& group : out) {
    if (std::find(known.begin(), known.end(), group) != known.end()) continue;
    throw UsageError(fmt::format("--group: there is no '{}'; there are: {}{}",
                                 base::printable(group), base::join(known, ", "),
                                 did_you_mean(group, known)));
  }
  return out;
}

bench::Shape parse_shape(const std::string& text) {
  constexpr std::int64_t kMost = 16384;
  std::vector<std::int64_t> sizes;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    const std::string digits = text.substr(at, end - at);
    const bool good = !digits.empty() && digits.size() <= 5 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
    sizes.push_back(good ? std::stoll(digits) : 0);
    at = end + 1;
  }
  const bool good = sizes.size() == 3 && std::all_of(sizes.begin(), sizes.end(), [](auto size) {
                      return size >= 1 && size <= kMost;
                    });
  if (!good) {
    throw UsageError(fmt::format("--shape is '{}'; it must be MxKxN, each 1 to {}",
                                 base::printable(text), kMost));
  }
  return {sizes[0], sizes[1], sizes[2]};
}

// Group suite needs cases that can be read.
void check_cases(const std::vector<std::string>& groups, const std::string& folder) {
  if (std::find(groups.begin(), groups.end(), "suite") == groups.end()) return;
  const base::Result<suite::Collection> collected = suite::collect({folder}, {});
  if (!collected) throw UsageError("--cases: " + base::printable(collected.error()));
  if (collected.value().cases.empty()) {
    throw UsageError(fmt::format("--cases: no cases in {}", base::printable(folder)));
  }
}

// The folder must be there and be writable before minutes of measuring are spent.
void check_target(const std::string& file) {
  if (file.empty() || file == "-") return;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  const bool there = folder.empty() || std::filesystem::is_directory(folder, error);
  if (!there || std::filesystem::is_directory(file, error)) {
    throw UsageError(fmt::format("--json: {} cannot be written", base::printable(file)));
  }
}

}  // namespace

int run_bench(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  if (!texts(map, "paths").empty()) throw UsageError("mxcheck bench takes no paths");
  bench::Options options;
  options.seconds = positive_number(map, "seconds", options.seconds);
  options.verilator_program = text(map, "verilator", built_verilator_program());
  options.cases = text(map, "cases", options.cases);
  for (const std::string& shape : texts(map, "shape")) {
    options.shapes.push_back(parse_shape(shape));
  }
  std::error_code error;
  if (has(map, "verilator") && !std::filesystem::exists(options.verilator_program, error)) {
    throw UsageError(
        fmt::format("--verilator: there is no {}", base::printable(options.verilator_program)));
  }
  const base::Result<kernels::Isa> isa = kernels::choose_isa(text(map, "isa", ""));
  if (!isa) throw UsageError("--isa: " + base::printable(isa.error()));
  options.isa = isa.value();
  const std::vector<std::string> chosen = groups(map);
  check_cases(chosen, options.cases);
  const std::string file = text(map, "json", "");
  check_target(file);
  bench::Report report = bench::run(chosen, options);
  report.context.insert(report.context.begin(), {{"version", version()}, {"commit", commit()}});
  if (file == "-") {
    fmt::print("{}", bench::to_json(report));
    return kExitOk;
  }
  fmt::print("{}", bench::to_text(report));
  if (file.empty()) return kExitOk;
  const base::Status status = base::write_file_atomically(file, bench::to_json(report));
  if (!status) throw UsageError(base::printable(status.error()));
  return kExitOk;
}

}  // namespace mxcheck::cli
