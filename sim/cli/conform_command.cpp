// `mxcheck conform`: a device under test against the suite, selected by what it claims.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "reports/console.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/cli/console_option.h"
#include "sim/cli/device_option.h"
#include "sim/cli/hardware_option.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/report_files.h"
#include "sim/cli/shard_option.h"
#include "sim/cli/stop_option.h"
#include "sim/suite/bundle.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "conform";
  line.synopsis =
      "mxcheck conform --device DEVICE.json [PATHS] [options]    PATHS default: cases\n\n"
      "Asks the device for every product, quantization and scaled product of the cases that it\n"
      "claims, and holds the answers against the sim. What it does not claim is SKIP with the\n"
      "reason; a device that crashes, hangs or answers nonsense is DUT_ERROR for that case.";
  add_selection_options(line.options);
  line.options.add_options()                                                    //
      ("device", po::value<std::string>(), "DEVICE.json, see docs/devices.md")  //
      ("output,o", po::value<std::string>(), "folder to write the bundle to")   //
      ("must-pass", po::value<std::string>(),
       "must-pass list; default: that of this version of the suite beside the cases")  //
      ("write-must-pass", po::value<std::string>(),
       "write the must-pass list of PATHS to FILE; takes no device")  //
      ("hardware", po::value<std::string>(),
       "matrix unit instead of the cases': preset or FILE.json")  //
      ("prepare", po::value<std::string>(),
       "tier files: write the packs of all cases to DIR and stop")                         //
      ("results", po::value<std::string>(), "tier files: judge the packs of DIR, filled")  //
      ("waivers", po::value<std::string>(),
       "FILE of cases known not to pass, with reasons (the format of run --expectations)");
  add_stop_options(line.options);
  add_console_options(line.options);
  line.options.add_options()("help,h", "this text");
  add_report_options(line.options);
  line.examples =
      "  mxcheck conform --device cases/devices/reference_process.json cases --tag smoke\n"
      "  mxcheck conform --device DEVICE.json cases -o bundle --waivers waivers.json\n"
      "  mxcheck verify --bundle bundle\n";
  return line;
}

void print_diagnostics(const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& d : diagnostics) fmt::print(stderr, "{}\n", base::format(d));
}

reports::RunContext context(const po::variables_map& map, const suite::Collection& collection) {
  reports::RunContext out;
  out.version = version();
  out.commit = commit();
  for (const std::filesystem::path& path : paths(map)) out.paths.push_back(path.string());
  out.selection = selection_text(map);
  out.level = exec::name(exec::Level::kAuto);
  out.isa = kernels::name(kernels::best_isa());
  out.device = text(map, "device", "");
  out.hardware = text(map, "hardware", "");
  out.expectations = text(map, "waivers", "");
  out.shard = reports::shard_name(shard_of_options(map));
  out.selected_cases = static_cast<std::int64_t>(collection.selected.size());
  out.selected_digest = reports::selection_digest(collection.selected);
  return out;
}

std::optional<suite::Expectations> read_waivers(const po::variables_map& map) {
  if (!has(map, "waivers")) return std::nullopt;
  base::Diagnostics problems;
  std::optional<suite::Expectations> out =
      suite::Expectations::read(text(map, "waivers", ""), problems);
  print_diagnostics(problems);
  if (!out) throw UsageError("--waivers: the file cannot be used");
  return out;
}

int exit_code(const suite::SuiteRun& run) {
  if (run.interrupted) return kExitInterrupted;
  if (run.refused) return kExitUsage;
  const reports::Totals totals = reports::totals(run.result);
  if (totals.failed > 0) return kExitFailed;
  // A shard may have nothing that the device claims; what all have together may not.
  const reports::RunContext& context = run.result.context;
  const bool others = !context.shard.empty() && context.selected_cases > 0;
  return totals.passed > 0 || others ? kExitOk : kExitNothing;
}

// Cases that must be refused are about reading them; no device has a part in it.
suite::Collection collect_cases(const po::variables_map& map) {
  suite::Selection selected = selection(map);
  selected.refusals = false;
  base::Result<suite::Collection> collected = suite::collect(paths(map), selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  if (collected.value().left_out > 0 && verbosity(map) > 0) {
    fmt::print("{} cases that must be refused are not asked of a device\n",
               collected.value().left_out);
  }
  return std::move(collected).value();
}

suite::SuiteOptions suite_options(const po::variables_map& map, const suite::DeviceUnderTest& dut) {
  suite::SuiteOptions options;
  options.cases.level = exec::Level::kAuto;
  options.cases.device = &dut;
  options.cases.checks = suite::Checks::kDevice;
  if (has(map, "hardware")) options.cases.profile = parse_hardware(text(map, "hardware", ""));
  // The same causes on every machine: no search is cut short.
  constexpr double kPatience = 60'000;
  options.cases.explain_milliseconds = kPatience;
  options.max_failures = most_failures(map);
  options.stop = &interrupt_requested();
  return options;
}

// The list given, or the one of this version in a folder `devices` above the first case; "" if
// there is none.
std::filesystem::path must_pass_file(const po::variables_map& map,
                                     const suite::Collection& collection) {
  if (has(map, "must-pass")) return text(map, "must-pass", "");
  if (collection.cases.empty()) return {};
  const casefile::Case& first = collection.cases.front();
  std::error_code error;
  std::filesystem::path folder = std::filesystem::weakly_canonical(first.file, error).parent_path();
  const std::filesystem::path root = std::filesystem::weakly_canonical(first.root, error);
  while (true) {
    const std::filesystem::path file = folder / "devices" / "must_pass" / (version() + ".json");
    if (std::filesystem::is_regular_file(file, error)) return file;
    if (folder == root || folder == folder.parent_path()) return {};
    folder = folder.parent_path();
  }
}

std::optional<suite::MustPass> read_list(const std::filesystem::path& file) {
  if (file.empty()) return std::nullopt;
  base::Diagnostics problems;
  std::optional<suite::MustPass> list = suite::read_must_pass(file, problems);
  print_diagnostics(problems);
  if (!list) throw UsageError("the must-pass list cannot be used");
  return list;
}

// A bundle is never written over another one.
void check_bundle_folder(const po::variables_map& map) {
  if (!has(map, "output")) return;
  const std::filesystem::path dir = text(map, "output", "");
  std::error_code error;
  const bool there = std::filesystem::exists(dir, error);
  if (there &&
      !(std::filesystem::is_directory(dir, error) && std::filesystem::is_empty(dir, error))) {
    throw UsageError(fmt::format("-o: {} exists already", base::printable(dir.string())));
  }
  check_output_folder("output", dir);
}

// host.json: what makes two runs of the same thing different.
std::string host_members(const reports::RunResult& run) {
  utsname system{};
  static_cast<void>(::uname(&system));
  std::string out;
  const auto add = [&](const char* key, const std::string& value) {
    out += fmt::format("  \"{}\": {},\n", key, base::quote_json(base::printable(value)));
  };
  add("machine", system.machine);
  add("system", fmt::format("{} {}", system.sysname, system.release));
  add("processor", kernels::name(kernels::best_isa()));
  add("compiler", fmt::format("{}, {}", compiler(), build_type()));
  const base::Result<std::string> program =
      base::read_file("/proc/self/exe", std::uint64_t{1} << 32);
  add("program_sha256", program ? base::sha256_hex(program.value()) : "unknown");
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  add("finished", fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900,
                              utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec));
  return out + fmt::format("  \"milliseconds\": {:.0f},\n", run.milliseconds);
}

std::string file_text(const std::string& file) {
  if (file.empty()) return "";
  base::Result<std::string> text = base::read_file(file, std::uint64_t{64} << 20);
  if (!text) throw UsageError(base::printable(text.error()));
  return std::move(text).value();
}

std::string verdict_text(const suite::Bundle& bundle) {
  const suite::BundleVerdict v = suite::verdict_of(bundle);
  if (!bundle.must_pass) return fmt::format("verdict: {}; no must-pass list\n", name(v.kind));
  const suite::MustPassCount& m = v.must_pass;
  return fmt::format(
      "verdict: {}; of {} cases that mxcheck {} demands {} passed, {} failed, {} are not claimed, "
      "{} waived, {} different, {} not run\n",
      name(v.kind), m.listed, base::printable(bundle.must_pass->suite), m.passed, m.failed,
      m.skipped, m.waived, m.different, m.absent);
}

int write_list(const po::variables_map& map) {
  if (has(map, "device") || has(map, "output")) {
    throw UsageError("--write-must-pass takes neither --device nor -o");
  }
  const suite::DeviceUnderTest anything;
  suite::SuiteRun run = suite::run_suite(collect_cases(map), suite_options(map, anything));
  print_diagnostics(run.diagnostics);
  if (run.interrupted || run.refused) return run.interrupted ? kExitInterrupted : kExitUsage;
  const base::Status written = base::write_file_atomically(
      text(map, "write-must-pass", ""), suite::must_pass_text(version(), run.result, run.device));
  if (!written) throw UsageError(base::printable(written.error()));
  fmt::print("{} cases ask something of a device\n", run.device.size());
  return kExitOk;
}

// Packs for a device that is somewhere else.
int prepare(const po::variables_map& map, const OpenedDevice& device,
            suite::Collection collection) {
  if (has(map, "output")) throw UsageError("--prepare asks nothing, there is no bundle to write");
  suite::SuiteOptions options = suite_options(map, device.dut);
  catch_interrupts();
  const suite::SuiteRun run = suite::run_suite(std::move(collection), options);
  print_diagnostics(run.diagnostics);
  if (run.interrupted || run.refused) return run.interrupted ? kExitInterrupted : kExitUsage;
  fmt::print(
      "{} packs in {}; when their observed.npy or observed.hex are written:\n"
      "  mxcheck conform --device {} --results {} ...\n",
      run.device.size(), base::printable(text(map, "prepare", "")),
      base::printable(text(map, "device", "")), base::printable(text(map, "prepare", "")));
  return run.device.empty() ? kExitNothing : kExitOk;
}

}  // namespace

int run_conform(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  if (has(map, "write-must-pass")) return write_list(map);
  const std::vector<ReportRequest> requests = report_requests(map);
  check_annotate(map);
  check_bundle_folder(map);
  const std::unique_ptr<OpenedDevice> device = open_device_option(map);
  if (device == nullptr) throw UsageError("mxcheck conform needs --device DEVICE.json");
  if (!device->opened.host_lacks.empty()) return kExitHost;
  suite::Collection collection = collect_cases(map);
  if (has(map, "prepare")) return prepare(map, *device, std::move(collection));
  const std::optional<suite::Expectations> waivers = read_waivers(map);
  suite::Bundle bundle;
  bundle.must_pass = read_list(must_pass_file(map, collection));
  bundle.waivers = file_text(text(map, "waivers", ""));
  suite::SuiteOptions options = suite_options(map, device->dut);
  options.expectations = waivers ? &*waivers : nullptr;
  const reports::ConsoleStyle style = console_style(map);
  const reports::RunContext run_context = context(map, collection);
  reports::ConsoleWriter console(style, run_context);
  options.finished = [&](const reports::CaseResult& c) {
    fmt::print("{}", console.finished(c));
    static_cast<void>(std::fflush(stdout));
  };
  catch_interrupts();
  suite::SuiteRun run = suite::run_suite(std::move(collection), options);
  run.result.context = run_context;
  print_diagnostics(run.diagnostics);
  const int code = exit_code(run);
  if (code == kExitNothing) fmt::print(stderr, "mxcheck: nothing that the device claims\n");
  const std::string summary = console.summary(run.result);
  const bool reported = write_reports(run.result, requests) && annotate(map, run.result);
  bundle.host = host_members(run.result);
  bundle.device = device->file;
  bundle.digests = std::move(run.device);
  bundle.report = std::move(run.result);
  if (verbosity(map) > 0) fmt::print("{}", verdict_text(bundle));
  base::Status written = base::Unit{};
  if (has(map, "output")) {
    written = suite::write_bundle(bundle, text(map, "output", ""));
    if (written) {
      fmt::print("bundle: {} sha256:{}\n", base::printable(text(map, "output", "")),
                 suite::bundle_digest(bundle));
    } else {
      fmt::print(stderr, "mxcheck: error: {}\n", base::printable(written.error()));
    }
  }
  fmt::print("{}", summary);
  static_cast<void>(std::fflush(stdout));
  return written && reported ? code : kExitUsage;
}

}  // namespace mxcheck::cli
