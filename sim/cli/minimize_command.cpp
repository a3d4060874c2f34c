// `mxcheck minimize`: shrinks a failing case, writes the small one, proves that it still fails.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "reports/console.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/fault_option.h"
#include "sim/cli/hardware_option.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/cli/policy_option.h"
#include "sim/suite/minimize.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::cli {
namespace {

constexpr std::int64_t kMostInline = 4096;  // expected elements in the case file itself

CommandLine command_line() {
  CommandLine line;
  line.command = "minimize";
  line.synopsis =
      "mxcheck minimize CASE --check NAME [options]    CASE: a file, or an id below cases\n\n"
      "Shrinks a failing case (dimensions, then nodes, rules, values) while it fails for the same\n"
      "reason: the same check, no root cause that it did not have or, where none is named, the "
      "same\n"
      "rule.\n"
      "Exit 0: the small case is written; 2: interrupted, what there is is written; 4: the case\n"
      "does not fail.";
  using Strings = std::vector<std::string>;
  line.options.add_options()                                                                   //
      ("check", po::value<std::string>(), "the check that fails; default: the first failing")  //
      ("output,o", po::value<std::string>(), "FILE to write, default NAME.min.json")           //
      ("timeout", po::value<std::string>(), "seconds, default 60; then the best so far")       //
      ("fault", po::value<Strings>()->composing(),
       "plant a fault in the model, as run does (repeatable)")                       //
      ("policy", po::value<std::string>(), "numerics policy instead of the case's")  //
      ("hardware", po::value<std::string>(), "matrix unit instead of the case's")    //
      ("level", po::value<std::string>(),
       "model level: auto (default), functional, cycle, fast")  //
      ("quiet,q", "the last line only")                         //
      ("verbose,v", "every step that was kept")                 //
      ("very-verbose", "the same as -v")                        //
      ("help,h", "this text");
  line.examples =
      "  mxcheck minimize cases/models/mlp_qt.json --check golden -o small.json\n"
      "  mxcheck minimize qt/dense_f32_ieee --check golden --fault round_half_away\n";
  return line;
}

// The one case that the argument names.
casefile::Case the_case(const po::variables_map& map) {
  const std::vector<std::string> words = texts(map, "paths");
  if (words.size() != 1) throw UsageError("mxcheck minimize needs one case");
  suite::Selection selected;
  std::filesystem::path where = words.front();
  std::error_code error;
  if (!std::filesystem::exists(where, error)) {
    selected.ids = {words.front()};
    where = "cases";
  }
  base::Result<suite::Collection> collected = suite::collect({where}, selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  suite::Collection collection = std::move(collected).value();
  for (const suite::RefusedCase& refused : collection.refused) {
    for (const base::Diagnostic& d : refused.diagnostics) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
  }
  if (collection.cases.size() == 1) return std::move(collection.cases.front());
  std::vector<std::string> ids;
  for (const casefile::Case& c : collection.cases) ids.push_back(base::printable(c.id));
  if (ids.size() > 10) ids.resize(10);
  throw UsageError(fmt::format("{} names {} cases{}{}", base::printable(words.front()),
                               collection.cases.size(),
                               ids.empty() ? "" : ", one is needed: ", base::join(ids, ", ")));
}

exec::Level level(const po::variables_map& map) {
  const std::string word = one_of(map, "level", "auto", {"auto", "functional", "cycle", "fast"});
  for (const exec::Level one :
       {exec::Level::kFunctional, exec::Level::kCycle, exec::Level::kFast}) {
    if (word == exec::name(one)) return one;
  }
  return exec::Level::kAuto;
}

suite::MinimizeOptions minimize_options(const po::variables_map& map) {
  suite::MinimizeOptions options;
  options.check = one_of(
      map, "check", "", {"", "golden", "fast", "cycle", "fake_quant", "ste", "srq", "metamorphic"});
  if (has(map, "policy")) options.cases.policy = parse_policy(text(map, "policy", ""));
  if (has(map, "hardware")) options.cases.profile = parse_hardware(text(map, "hardware", ""));
  options.cases.level = level(map);
  for (const std::string& fault : texts(map, "fault")) {
    options.cases.faults.push_back(parse_fault_option(fault));
  }
  constexpr double kUsualSeconds = 60;
  options.seconds = positive_number(map, "timeout", kUsualSeconds);
  options.stop = &interrupt_requested();
  return options;
}

reports::RunContext context(const po::variables_map& map, const suite::MinimizeOptions& options,
                            const std::filesystem::path& file) {
  reports::RunContext out;
  out.paths = {file.string()};
  out.hardware = text(map, "hardware", "");
  for (const fault::Fault& fault : options.cases.faults) {
    out.faults.push_back(fault::to_json(fault));
  }
  out.level = exec::name(options.cases.level);
  out.isa = kernels::name(options.cases.isa);
  return out;
}

std::filesystem::path output_file(const po::variables_map& map, const casefile::Case& c) {
  if (has(map, "output")) {
    const std::filesystem::path file = text(map, "output", "");
    if (file.extension() != ".json") throw UsageError("--output: the name must end in .json");
    check_output_folder("output", file);
    return file;
  }
  std::string name = c.file.stem().string() + c.matrix;
  std::replace(name.begin(), name.end(), '/', '_');
  return name + ".min.json";
}

void must(const base::Status& status) {
  if (!status) throw UsageError("--output: " + base::printable(status.error()));
}

// Many expected values go to a file beside the case.
void write(casefile::Draft draft, const std::filesystem::path& file) {
  std::int64_t elements = 0;
  for (const auto& [name, source] : draft.expect.values) {
    elements += static_cast<std::int64_t>(source.numbers.size());
  }
  if (elements > kMostInline) {
    tensor::SafetensorsFile golden;
    for (const auto& [name, source] : draft.expect.values) {
      golden.tensors.emplace(name, casefile::materialize(source));
    }
    std::filesystem::path beside = file;
    beside.replace_extension(".safetensors");
    must(tensor::write_safetensors(beside, golden));
    draft.expect.values.clear();
    draft.expect.golden = beside.filename().string();
  }
  must(base::write_file_atomically(file, casefile::write_draft(draft)));
}

// The file as anybody will run it; its failure must have the reason.
reports::CaseResult run_again(const std::filesystem::path& file,
                              const suite::MinimizeOptions& options,
                              const suite::FailureReason& reason) {
  base::Result<suite::Collection> collected = suite::collect({file}, {});
  if (!collected || collected.value().cases.size() != 1) {
    throw std::runtime_error("the small case cannot be read back");
  }
  const casefile::Case& c = collected.value().cases.front();
  suite::CaseOptions how = options.cases;
  how.policy.reset();
  constexpr double kNoHurry = 20'000;
  how.explain_milliseconds = kNoHurry;
  const suite::CaseRun run = suite::run_case(c, how);
  if (!suite::same_reason(c, run.result, reason)) {
    throw std::runtime_error("the small case does not fail for the same reason");
  }
  return run.result;
}

std::string reason_text(const suite::FailureReason& r) {
  std::string out = r.mode.empty() ? r.check : r.check + " " + r.mode;
  out += " " + base::printable(r.finding);
  if (!r.rule.empty()) out += ", rule " + r.rule;
  return out + (r.causes.empty() ? ", no root cause named"
                                 : ", root cause " + base::join(r.causes, ", or "));
}

}  // namespace

int run_minimize(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  suite::MinimizeOptions options = minimize_options(map);
  const casefile::Case c = the_case(map);
  const std::filesystem::path file = output_file(map, c);
  options.id = file.stem().string();
  catch_interrupts();
  const auto start = std::chrono::steady_clock::now();
  suite::Minimized small = suite::minimize(c, options);
  if (!small.problem.empty()) {
    throw UsageError(fmt::format("{}: {}", base::printable(c.id), base::printable(small.problem)));
  }
  small.draft.title = "minimized from " + c.id;
  small.draft.description =
      fmt::format("Fails for the reason {} fails for: {}.{}", c.id, reason_text(small.reason),
                  options.cases.faults.empty() ? ""
                                               : " What is expected is what the model without the "
                                                 "planted fault gives.");
  small.draft.tags = {"minimized"};
  write(small.draft, file);
  reports::CaseResult again = run_again(file, options, small.reason);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (verbosity(map) >= 2) {
    for (const std::string& step : small.done) fmt::print("  {}\n", base::printable(step));
  }
  if (verbosity(map) >= 1) {
    fmt::print("reason: {}\n", reason_text(small.reason));
    fmt::print("{}", reports::failure_text(again, context(map, options, file)));
    if (small.cut_short) {
      fmt::print("cut short after {:.1f} s: the case may not be the smallest\n", seconds);
    }
  }
  fmt::print(
      "{} -> {}: nodes {} -> {}, rules {} -> {}, steps {} -> {}, elements {} -> {}; {} candidates "
      "tried, {} kept, {:.1f} s\n",
      base::printable(c.id), base::printable(file.string()), small.before.nodes, small.after.nodes,
      small.before.rules, small.after.rules, small.before.steps, small.after.steps,
      small.before.elements, small.after.elements, small.tried, small.done.size(), seconds);
  return interrupt_requested() ? kExitInterrupted : kExitOk;
}

}  // namespace mxcheck::cli
