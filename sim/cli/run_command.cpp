// `mxcheck run`: options to a suite run, its results to the console, reports and the dump.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <thread>

#include "reports/console.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/cli/byte_count.h"
#include "sim/cli/cluster_run.h"
#include "sim/cli/console_option.h"
#include "sim/cli/device_option.h"
#include "sim/cli/earlier_option.h"
#include "sim/cli/failed_option.h"
#include "sim/cli/fault_option.h"
#include "sim/cli/hardware_option.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/policy_option.h"
#include "sim/cli/progress.h"
#include "sim/cli/report_files.h"
#include "sim/cli/shard_option.h"
#include "sim/cli/stop_option.h"
#include "sim/suite/run_suite.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "run";
  line.synopsis = "mxcheck run [PATHS] [options]    PATHS: files and folders, default: cases";
  using Strings = std::vector<std::string>;
  add_selection_options(line.options);
  add_failed_option(line.options);
  line.options.add_options()  //
      ("policy", po::value<std::string>(),
       "numerics policy instead of the case's: NAME[,KNOB=VALUE]")  //
      ("hardware", po::value<std::string>(),
       "matrix unit instead of the case's: preset or FILE.json")  //
      ("level", po::value<std::string>(),
       "model level: auto (kernels where licensed; default), functional, cycle, fast")       //
      ("isa", po::value<std::string>(), "instruction set of the kernels: see mxcheck info")  //
      ("jobs,j", po::value<std::string>(), "cases run at a time, 0: one per processor")      //
      ("timeout", po::value<std::string>(), "seconds per case")                              //
      ("max-memory", po::value<std::string>(),
       "SIZE such as 512M or 2G for the values of the cases that run at a time, as estimated from "
       "their shapes; a case that needs more alone is skipped (256M)")  //
      ("expectations", po::value<std::string>(),
       "FILE of cases known not to pass, with reasons. A failure as expected is XFAIL and "
       "counts as passed; a pass against it is XPASS and fails. An entry that matches no case "
       "is an error (exit 4), under a selection or a path of a single file a warning")  //
      ("device", po::value<std::string>(),
       "DEVICE.json: also the check device, where the case asks what it claims; see conform");
  add_stop_options(line.options);
  line.options.add_options()  //
      ("fault", po::value<Strings>()->composing(),
       "plant a fault in the model: KIND or JSON, see mutate --list (repeatable)")         //
      ("dump", po::value<std::string>(), "write every value to FILE.safetensors")          //
      ("dump-mode", po::value<std::string>(), "isolated or end_to_end (default)")          //
      ("seed", po::value<std::string>(), "of generated operands, with the case's id (0)")  //
      ("progress", po::value<std::string>(), "auto or never: cases done, failures, time left");
  add_console_options(line.options);
  line.options.add_options()("help,h", "this text");
  add_earlier_options(line.options);
  add_report_options(line.options);
  line.synopsis +=
      "\n\nA process of a sharded test: --shard-index and --shard-count, or the variables that\n"
      "GoogleTest (GTEST_TOTAL_SHARDS, GTEST_SHARD_INDEX, GTEST_SHARD_STATUS_FILE) and Bazel\n"
      "(TEST_TOTAL_SHARDS, TEST_SHARD_INDEX, TEST_SHARD_STATUS_FILE) set; the options win.\n"
      "Under OpenMPI's mpirun the ranks compute one run together, see docs/cluster.md.";
  line.examples =
      "  mxcheck run cases --tag smoke\n"
      "  mxcheck run cases -k 'qt/ and not bf16' --report json=out.json --report junit=out.xml\n"
      "  mxcheck run cases --report html=report.html --report sarif=report.sarif --annotate "
      "github\n"
      "  mxcheck run cases --hardware tpu_v5e --expectations cases/expectations/tpu_v5e.json\n"
      "  mxcheck run cases --shard-index 1 --shard-count 4 --report json=shard1.json\n"
      "  mpirun -n 4 mxcheck run cases --report json=report.json\n"
      "  mxcheck run cases --rerun-failed            # what failed the last time, until it passes\n"
      "  mxcheck run cases --rerun-failed=ci.json    # what failed somewhere else\n"
      "  mxcheck run cases --report json=r.json --resume r.json   # after Ctrl-C\n"
      "  mxcheck run cases --cache ~/.cache/mxcheck/results       # or MXCHECK_CACHE=DIR\n"
      "  mxcheck run my_case.json --dump values.safetensors --dump-mode isolated\n";
  return line;
}

suite::DumpMode dump_mode(const po::variables_map& map) {
  const std::string mode = one_of(map, "dump-mode", "end_to_end", {"isolated", "end_to_end"});
  if (!has(map, "dump")) {
    if (has(map, "dump-mode")) throw UsageError("--dump-mode has no meaning without --dump");
    return suite::DumpMode::kNone;
  }
  check_output_folder("dump", text(map, "dump", ""));
  return mode == "isolated" ? suite::DumpMode::kIsolated : suite::DumpMode::kEndToEnd;
}

exec::Level level(const po::variables_map& map) {
  const std::string word = one_of(map, "level", "auto", {"auto", "functional", "cycle", "fast"});
  for (const exec::Level one :
       {exec::Level::kFunctional, exec::Level::kCycle, exec::Level::kFast}) {
    if (word == exec::name(one)) return one;
  }
  return exec::Level::kAuto;
}

// The instruction set asked for, or the best; obeyed or refused.
kernels::Isa isa(const po::variables_map& map) {
  const base::Result<kernels::Isa> chosen = kernels::choose_isa(text(map, "isa", ""));
  if (!chosen) throw UsageError("--isa: " + base::printable(chosen.error()));
  return chosen.value();
}

suite::SuiteOptions suite_options(const po::variables_map& map) {
  suite::SuiteOptions options;
  if (has(map, "policy")) options.cases.policy = parse_policy(text(map, "policy", ""));
  if (has(map, "hardware")) options.cases.profile = parse_hardware(text(map, "hardware", ""));
  options.cases.level = level(map);
  options.cases.isa = isa(map);
  if (has(map, "isa")) options.cases.fast_isas = {options.cases.isa};
  options.cases.dump = dump_mode(map);
  for (const std::string& fault : texts(map, "fault")) {
    options.cases.faults.push_back(parse_fault_option(fault));
  }
  constexpr std::int64_t kMostJobs = 1024;
  constexpr std::uint64_t kUsualMemory = std::uint64_t{256} << 20;
  options.jobs = static_cast<unsigned>(integer(map, "jobs", 1, 0, kMostJobs));
  if (options.jobs == 0) options.jobs = std::max(1u, std::thread::hardware_concurrency());
  options.timeout_seconds = positive_number(map, "timeout", 0);
  options.max_memory = byte_count(map, "max-memory", kUsualMemory);
  if (has(map, "seed")) {
    options.cases.seed = static_cast<std::uint64_t>(
        integer(map, "seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
  }
  options.max_failures = most_failures(map);
  options.stop = &interrupt_requested();
  return options;
}

reports::RunContext context(const po::variables_map& map, const suite::SuiteOptions& options) {
  reports::RunContext out;
  out.version = version();
  out.commit = commit();
  for (const std::filesystem::path& path : paths(map)) out.paths.push_back(path.string());
  out.selection = selection_text(map);
  if (wants_failed(map))
    out.selection += out.selection.empty() ? "--rerun-failed" : " --rerun-failed";
  if (options.cases.policy) out.policy = numerics::describe(*options.cases.policy);
  out.hardware = text(map, "hardware", "");
  for (const fault::Fault& fault : options.cases.faults) {
    out.faults.push_back(fault::to_json(fault));
  }
  out.level = exec::name(options.cases.level);
  out.isa = kernels::name(options.cases.isa);
  out.expectations = text(map, "expectations", "");
  out.device = text(map, "device", "");
  for (const kernels::Isa one : kernels::isas_here()) out.isas_here.push_back(kernels::name(one));
  if (has(map, "seed")) out.seed = options.cases.seed;
  return out;
}

// False if one of the files cannot be written.
bool write_outputs(const reports::RunResult& result, const std::vector<ReportRequest>& requests,
                   const std::string& dump_file, graph::Values dump) {
  bool good = write_reports(result, requests);
  const auto report = [&](const base::Status& status) {
    if (!status) fmt::print(stderr, "mxcheck: error: {}\n", base::printable(status.error()));
    good = good && status.ok();
  };
  if (!dump_file.empty()) {
    tensor::SafetensorsFile file;
    file.tensors = std::move(dump);
    file.metadata = {{"generator", "mxcheck " + version()}};
    report(tensor::write_safetensors(dump_file, file));
  }
  return good;
}

// Every entry must name a case, of this shard or another. Where only some cases are selected others
// are not missed.
enum class Entries { kAllUsed, kSomeUnused };
Entries check_entries(const suite::Expectations& expectations, const suite::Collection& collection,
                      bool partial) {
  std::vector<std::string> ids;
  for (const auto& [id, digest] : collection.selected) ids.push_back(id);
  const base::Diagnostics unused = expectations.unused(ids);
  if (unused.empty()) return Entries::kAllUsed;
  if (!partial) {
    for (const base::Diagnostic& d : unused) fmt::print(stderr, "{}\n", base::format(d));
    return Entries::kSomeUnused;
  }
  fmt::print(
      stderr, "mxcheck: warning: {} of {} entries of {} match no selected case [XFAIL-UNUSED]\n",
      unused.size(), expectations.entries().size(), base::printable(expectations.file().string()));
  return Entries::kAllUsed;
}

// Does the command line name less than whole folders?
bool is_partial(const po::variables_map& map) {
  const std::vector<std::filesystem::path> where = paths(map);
  std::error_code error;
  return !selection_text(map).empty() || wants_failed(map) ||
         std::any_of(where.begin(), where.end(), [&](const std::filesystem::path& path) {
           return !std::filesystem::is_directory(path, error);
         });
}

// The folders of which nothing was left out.
std::vector<std::filesystem::path> whole_folders(const po::variables_map& map,
                                                 const reports::RunContext& context) {
  if (is_partial(map) || !context.shard.empty()) return {};
  return paths(map);
}

std::string why_nothing(const std::optional<suite::FailedCases>& failed) {
  if (!failed) return "nothing selected";
  if (failed->size() == 0) return "nothing had failed, so nothing runs again";
  return fmt::format("none of the {} cases that had failed is among those selected",
                     failed->size());
}

void print_diagnostics(const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& d : diagnostics) fmt::print(stderr, "{}\n", base::format(d));
}

std::optional<suite::Expectations> read_expectations(const po::variables_map& map) {
  if (!has(map, "expectations")) return std::nullopt;
  base::Diagnostics problems;
  std::optional<suite::Expectations> out =
      suite::Expectations::read(text(map, "expectations", ""), problems);
  print_diagnostics(problems);
  if (!out) throw UsageError("--expectations: the file cannot be used");
  return out;
}

// What every process of the run reads from the command line, alike.
WorkerPlan read_plan(const po::variables_map& map) {
  WorkerPlan plan;
  suite::Selection selected = selection(map);
  selected.shard = shard_here(map);
  plan.options = suite_options(map);
  plan.options.cases.details = wants_details(report_requests(map));
  base::Result<suite::Collection> collected = suite::collect(paths(map), selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  plan.collection = std::move(collected).value();
  if (const std::optional<suite::FailedCases> failed = failed_before(map)) {
    if (selected.shard.count > 1) {
      throw UsageError("--rerun-failed: what failed is not many cases, run them in one process");
    }
    failed->select(plan.collection);
  }
  plan.context = context(map, plan.options);
  plan.context.shard = reports::shard_name(selected.shard);
  plan.context.selected_cases = static_cast<std::int64_t>(plan.collection.selected.size());
  plan.context.selected_digest = reports::selection_digest(plan.collection.selected);
  return plan;
}

int exit_code(const suite::SuiteRun& run, Entries entries) {
  if (run.interrupted) return kExitInterrupted;
  if (run.refused || entries == Entries::kSomeUnused) return kExitUsage;
  return reports::totals(run.result).failed > 0 ? kExitFailed : kExitOk;
}

// All ranks are given the same words: for help none of them needs the others, or MPI.
bool asks_for_help(const Arguments& arguments) {
  try {
    static_cast<void>(parse(command_line(), arguments));
  } catch (const HelpRequested&) {
    return true;
  } catch (const UsageError&) {
  }
  return false;
}

}  // namespace

int run_run(const Arguments& arguments) {
  std::optional<Ranks> ranks = ranks_started();
  if (ranks && asks_for_help(arguments)) {
    if (ranks->rank > 0) return kExitOk;
    ranks.reset();
  } else if (ranks) {
    ranks = ranks_here();
  }
  if (ranks && ranks->rank > 0) {
    return work_for_cluster([&] { return read_plan(parse(command_line(), arguments)); });
  }
  // From here on the other ranks wait, and are dismissed whatever happens.
  std::unique_ptr<ClusterRun> cluster = ranks ? std::make_unique<ClusterRun>() : nullptr;
  const po::variables_map map = parse(command_line(), arguments);
  if (cluster != nullptr && (has(map, "jobs") || has(map, "device"))) {
    throw UsageError("-j and --device are for one process; under mpirun every rank computes");
  }
  if (cluster != nullptr && wants_failed(map)) {
    throw UsageError("--rerun-failed: what failed is not many cases, run them in one process");
  }
  const std::optional<suite::FailedCases> failed = failed_before(map);
  WorkerPlan plan = read_plan(map);
  suite::SuiteOptions& options = plan.options;
  suite::Collection& collection = plan.collection;
  const reports::RunContext& run_context = plan.context;
  touch_shard_status_files();
  const std::vector<ReportRequest> requests = report_requests(map);
  check_annotate(map);
  const std::unique_ptr<OpenedDevice> device = open_device_option(map);
  if (device != nullptr) {
    if (!device->opened.host_lacks.empty()) return kExitHost;
    // A case that is left behind would take the thread that started the device with it.
    if (options.timeout_seconds > 0) {
      throw UsageError(
          "--timeout and --device: the device file's limits say how long a device has");
    }
    options.cases.device = &device->dut;
  }
  const std::optional<suite::Expectations> expectations = read_expectations(map);
  const Entries entries =
      expectations ? check_entries(*expectations, collection, is_partial(map)) : Entries::kAllUsed;
  options.expectations = expectations ? &*expectations : nullptr;
  const std::size_t total = collection.cases.size() + collection.refused.size();
  const reports::ConsoleStyle style = console_style(map);
  Earlier earlier(map, run_context, options.cases, options.expectations);
  options.earlier = earlier.results();
  reports::ConsoleWriter console(style, run_context);
  Progress progress(map, total);
  options.finished = [&](const reports::CaseResult& c) {
    const std::string text = console.finished(c);
    if (!text.empty()) {
      progress.clear();
      fmt::print("{}", text);
      static_cast<void>(std::fflush(stdout));
    }
    progress.step(reports::verdict(c.status) == reports::Verdict::kFailed
                      ? Progress::Outcome::kFailed
                      : Progress::Outcome::kGood);
  };
  catch_interrupts();
  if (cluster != nullptr) cluster->join(collection, run_context, options);
  suite::SuiteRun run = suite::run_suite(std::move(collection), options);
  run.result.context = run_context;
  progress.clear();
  print_diagnostics(run.diagnostics);
  // A shard may be empty; what all shards have together may not.
  const bool nothing = run_context.selected_cases == 0;
  if (nothing) fmt::print(stderr, "mxcheck: {}\n", why_nothing(failed));
  remember_failed(run.result, whole_folders(map, run_context));
  if (run.abandoned) fmt::print(stderr, "mxcheck: a case that ran out of time was left behind\n");
  if (run.too_large > 0 && !has(map, "max-memory")) {
    fmt::print(stderr,
               "mxcheck: warning: {} case(s) skipped for their size; --max-memory allows more\n",
               run.too_large);
  }
  bool written = write_outputs(run.result, requests, text(map, "dump", ""), std::move(run.dump));
  written = annotate(map, run.result) && written;
  earlier.finish();
  for (const std::string& warning : earlier.warnings()) {
    fmt::print(stderr, "mxcheck: warning: {}\n", base::printable(warning));
  }
  if (verbosity(map) > 0) fmt::print("{}", earlier.text(run.result));
  fmt::print("{}", console.summary(run.result));
  static_cast<void>(std::fflush(stdout));
  const int code = !written ? kExitUsage : nothing ? kExitNothing : exit_code(run, entries);
  cluster.reset();
  if (run.abandoned) std::_Exit(code);
  return code;
}

}  // namespace mxcheck::cli
