// `mxcheck mutate`: plants every fault, reports the mutation score and the survivors.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/fault_option.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/options.h"
#include "sim/suite/mutate.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cli {
namespace {

using Json = nlohmann::ordered_json;
using suite::FaultVerdict;
using suite::MutateResult;

CommandLine command_line() {
  CommandLine line;
  line.command = "mutate";
  line.synopsis = "mxcheck mutate [PATHS] [options]    PATHS: files and folders, default: cases";
  using Strings = std::vector<std::string>;
  add_selection_options(line.options);
  line.options.add_options()                                                                //
      ("tier", po::value<std::string>(), "smoke: cases tagged smoke; full (default): all")  //
      ("fault", po::value<Strings>()->composing(),
       "plant this fault only: KIND, PLACE or {\"kind\": ..., \"at\": {...}} (repeatable)")     //
      ("jobs,j", po::value<std::string>(), "faults at a time, 0 (default): one per processor")  //
      ("min-score", po::value<std::string>(), "percent that is good enough, default 100")       //
      ("json", po::value<std::string>(), "write verdicts and score to FILE")                    //
      ("list", "print the faults there are and stop")                                           //
      ("quiet,q", "survivors, false alarms and the last line only")                             //
      ("verbose,v", "a line per fault")                                                         //
      ("very-verbose", "the same as -v")                                                        //
      ("help,h", "this text");
  line.examples =
      "  mxcheck mutate cases -j 2 --json mutation.json\n"
      "  mxcheck mutate cases --tier smoke --min-score 85\n"
      "  mxcheck mutate cases --fault round_half_away -v\n"
      "  mxcheck mutate --fault '{\"kind\": \"weight_stuck_at_1\", \"at\": {\"row\": 3, \"col\": "
      "2, "
      "\"bit\": 0}}'\n";
  return line;
}

std::vector<fault::Fault> faults_of_place(const std::string& place) {
  std::vector<fault::Fault> out;
  for (const fault::Fault& fault : fault::all_faults()) {
    if (place == fault::name(fault::info(fault.kind).place)) out.push_back(fault);
  }
  return out;
}

// A kind alone stands for its default place at every level.
std::vector<fault::Fault> faults_named(const std::string& text) {
  std::vector<fault::Fault> out = faults_of_place(text);
  if (!out.empty()) return out;
  for (const fault::Fault& fault : fault::all_faults()) {
    if (text == fault::info(fault.kind).name) out.push_back(fault);
  }
  if (out.empty()) out.push_back(parse_fault_option(text));
  return out;
}

suite::MutateOptions mutate_options(const po::variables_map& map) {
  suite::MutateOptions options;
  constexpr std::int64_t kMostJobs = 1024;
  options.jobs = static_cast<unsigned>(integer(map, "jobs", 0, 0, kMostJobs));
  if (options.jobs == 0) options.jobs = std::max(1u, std::thread::hardware_concurrency());
  const std::vector<std::string> named = texts(map, "fault");
  if (!named.empty()) options.faults.clear();
  for (const std::string& text : named) {
    for (const fault::Fault& fault : faults_named(text)) options.faults.push_back(fault);
  }
  options.stop = &interrupt_requested();
  return options;
}

std::string check_text(const suite::FailedCheck& failed) {
  return failed.mode.empty() ? failed.check : failed.check + " " + failed.mode;
}

std::string fault_text(const fault::Fault& fault) {
  const fault::Info& info = fault::info(fault.kind);
  return fmt::format("{:<10} {} {}", fault::name(info.place), info.name, fault::at_json(fault));
}

std::string verdict_text(const FaultVerdict& v) {
  const fault::Info& info = fault::info(v.fault.kind);
  if (!v.applicable) {
    return fmt::format("not applicable  {}\n", fault_text(v.fault));
  }
  if (v.detected) {
    return fmt::format("detected        {}  by {} {}\n", fault_text(v.fault),
                       base::printable(v.detected->id), check_text(*v.detected));
  }
  return fmt::format("SURVIVED        {}  [{}] {}\n                would be caught by: {}\n",
                     fault_text(v.fault), info.rule, info.what, info.catches);
}

Json entry(const FaultVerdict& v) {
  const fault::Info& info = fault::info(v.fault.kind);
  return {{"kind", info.name},
          {"place", fault::name(info.place)},
          {"at", Json::parse(fault::at_json(v.fault))},
          {"rule", info.rule},
          {"what", info.what},
          {"cases", v.cases},
          {"runs", v.runs}};
}

std::string to_json(const MutateResult& result, const std::string& tier) {
  Json applicable = Json::array(), detected = Json::array(), survivors = Json::array();
  Json not_applicable = Json::array(), false_alarms = Json::array();
  for (const FaultVerdict& v : result.verdicts) {
    Json one = entry(v);
    (v.applicable ? applicable : not_applicable).push_back(one);
    if (v.detected) {
      one["case"] = v.detected->id;
      one["check"] = v.detected->check;
      one["mode"] = v.detected->mode;
      detected.push_back(one);
    } else if (v.applicable) {
      one["catches"] = fault::info(v.fault.kind).catches;
      survivors.push_back(one);
    }
  }
  for (const suite::FailedCheck& failed : result.false_alarms) {
    false_alarms.push_back({{"case", failed.id}, {"check", failed.check}, {"mode", failed.mode}});
  }
  const Json out{{"mxcheck_mutation", 1},
                 {"tier", tier},
                 {"cases", result.cases},
                 {"score", result.score()},
                 {"applicable", applicable},
                 {"detected", detected},
                 {"false_alarms", false_alarms},
                 {"survivors", survivors},
                 {"not_applicable", not_applicable},
                 {"interrupted", result.interrupted},
                 {"milliseconds", result.milliseconds}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void print_result(const MutateResult& result, int level) {
  for (const FaultVerdict& v : result.verdicts) {
    const bool survivor = v.applicable && !v.detected;
    if (survivor || level >= 2) fmt::print("{}", verdict_text(v));
  }
  for (const suite::FailedCheck& failed : result.false_alarms) {
    fmt::print("FALSE ALARM     {} {} fails without a fault\n", base::printable(failed.id),
               check_text(failed));
  }
  std::map<std::string, std::pair<int, int>> places;  // detected, applicable
  for (const FaultVerdict& v : result.verdicts) {
    auto& [detected, applicable] = places[fault::name(fault::info(v.fault.kind).place)];
    detected += v.detected ? 1 : 0;
    applicable += v.applicable ? 1 : 0;
  }
  if (level >= 1) {
    for (const auto& [place, counts] : places) {
      fmt::print("{:<10} {} of {} detected\n", place, counts.first, counts.second);
    }
  }
  fmt::print(
      "{} of {} applicable faults detected, score {:.1f} %, {} not applicable, {} false alarms, "
      "{} cases, {:.1f} s\n",
      result.detected(), result.applicable(), result.score(),
      static_cast<std::int64_t>(result.verdicts.size()) - result.applicable(),
      result.false_alarms.size(), result.cases, result.milliseconds / 1000);
}

void print_table() {
  for (const fault::Fault& fault : fault::all_faults()) {
    const fault::Info& info = fault::info(fault.kind);
    fmt::print("{}\n           [{}] {}\n", fault_text(fault), info.rule, info.what);
  }
}

int exit_code(const MutateResult& result, double wanted) {
  if (result.interrupted) return kExitInterrupted;
  return result.score() >= wanted && result.false_alarms.empty() ? kExitOk : kExitFailed;
}

}  // namespace

int run_mutate(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  if (has(map, "list")) {
    print_table();
    return kExitOk;
  }
  suite::Selection selected = selection(map);
  const std::string tier = one_of(map, "tier", "full", {"smoke", "full"});
  suite::MutateOptions options = mutate_options(map);
  constexpr double kAll = 100;
  const double wanted = positive_number(map, "min-score", kAll);
  const std::string json = text(map, "json", "");
  check_output_folder("json", json);
  base::Result<suite::Collection> collected = suite::collect(paths(map), selected);
  if (!collected) throw UsageError(base::printable(collected.error()));
  suite::Collection collection = std::move(collected).value();
  if (tier == "smoke") {
    std::erase_if(collection.cases, [](const casefile::Case& c) {
      return std::find(c.tags.begin(), c.tags.end(), "smoke") == c.tags.end();
    });
  }
  if (collection.cases.empty()) {
    fmt::print(stderr, "mxcheck: nothing selected\n");
    return kExitNothing;
  }
  std::map<std::string, std::string> digests;
  base::Diagnostics problems;
  if (!suite::check_goldens(collection.cases, digests, problems)) {
    for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
    return kExitUsage;
  }
  catch_interrupts();
  const MutateResult result = suite::mutate(collection, options);
  print_result(result, verbosity(map));
  if (!json.empty()) {
    const base::Status written = base::write_file_atomically(json, to_json(result, tier));
    if (!written) throw UsageError("--json: " + base::printable(written.error()));
  }
  return exit_code(result, wanted);
}

}  // namespace mxcheck::cli
