// Finds the command, and turns everything that can go wrong into a message on stderr and an exit
// code: what the user typed 4, our own bugs 3.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>

#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/cli/cluster_run.h"
#include "sim/cli/command.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {
namespace {

int usage_error(const std::string& message) {
  fmt::print(stderr, "mxcheck: error: {}\n", message);
  return kExitUsage;
}

bool is_first(const std::optional<Ranks>& ranks) { return !ranks || ranks->rank == 0; }

bool asks_for_help(const Arguments& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
}

bool names_shard(const Arguments& arguments) {
  return std::getenv("MXCHECK_SHARD_INDEX") != nullptr ||
         std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
           return argument.starts_with("--shard-index");
         });
}

int run_command(const Command& command, const Arguments& arguments) {
  const std::optional<Ranks> ranks = ranks_started();
  if (!ranks || command.several == Several::kTogether) return command.run(arguments);
  if (asks_for_help(arguments)) return is_first(ranks) ? command.run(arguments) : kExitOk;
  if (names_shard(arguments)) return command.run(arguments);
  if (command.several == Several::kOnce) return is_first(ranks) ? command.run(arguments) : kExitOk;
  std::string instead = "start one";
  if (command.run == run_conform) {
    instead +=
        ", or give each its shard (--shard-index, --shard-count) and join their reports "
        "with mxcheck merge";
  }
  return usage_error(fmt::format(
      "mxcheck {} is for one process, and MPI started {} that would all do the same; {}",
      command.name, ranks->size, instead));
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty()) {
    fmt::print(stderr, "{}", program_help());
    return kExitUsage;
  }
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h") {
    if (is_first(ranks_started())) fmt::print("{}", program_help());
    return kExitOk;
  }
  if (word == "--version") {
    if (!is_first(ranks_started())) return kExitOk;
    fmt::print("mxcheck {} ({}), {}, {}\n", version(), commit(), compiler(), build_type());
    return kExitOk;
  }
  if (word == "device-host") return run_device_host({arguments.begin() + 1, arguments.end()});
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (word == command.name) {
      return run_command(command, {arguments.begin() + 1, arguments.end()});
    }
    names.emplace_back(command.name);
  }
  const bool option = word.starts_with("-");
  if (option) names = {"--help", "--version"};
  return usage_error(fmt::format("there is no {} '{}'{}; see mxcheck --help",
                                 option ? "option" : "command", base::printable(word),
                                 did_you_mean(word, names)));
}

}  // namespace

std::string program_help() {
  std::string out =
      "mxcheck: a bit-exact conformance suite for quantized training numerics\n\n"
      "usage: mxcheck COMMAND [arguments]\n\ncommands:\n";
  for (const Command& command : commands()) {
    out += fmt::format("  {:<10} {}\n", command.name, command.summary);
  }
  return out +
         "\n  mxcheck COMMAND --help   the options of a command\n"
         "  mxcheck --version        version, commit, compiler\n"
         "\nexamples:\n"
         "  mxcheck run cases --tag smoke\n"
         "  mxcheck lint my_case.json\n"
         "  mxcheck new my_case --op dot_general --mode qt\n"
         "\nexit codes: 0 as expected, 1 some case not, 2 interrupted, 3 internal error,\n"
         "  4 usage, invalid case or configuration, 5 nothing selected, 77 host cannot run it\n";
}

const std::vector<Command>& commands() {
  static const std::vector<Command> list{
      {"run", "run cases, print failures and a summary, write reports", run_run,
       Several::kTogether},
      {"list", "ids, tags, ops and expected values of cases", run_list, Several::kOnce},
      {"show", "a case's graph: shapes, rules, roles, paths, classes", run_show, Several::kOnce},
      {"lint", "what is wrong with case files, what they cannot show", run_lint},
      {"new", "write a small valid case to start from", run_new},
      {"bless", "record what a case gives as expected, differences first", run_bless},
      {"import", "bring a recorded case into a suite", run_import},
      {"fmt", "case files in their canonical layout", run_fmt},
      {"explain", "the rule behind a label, the meaning of a word", run_explain, Several::kOnce},
      {"sim", "products on the cycle model: cycles, stalls, waveforms", run_sim},
      {"conform", "run a device under test against the suite", run_conform},
      {"pack", "a case's products as vectors for a device", run_pack},
      {"verify", "judge the results a device wrote into a pack", run_verify},
      {"mutate", "plant faults, see which of them the cases detect", run_mutate},
      {"report", "a JSON report of run as HTML, JUnit, SARIF, annotations", run_report},
      {"merge", "the reports of all shards of a run as one", run_merge},
      {"diff", "what changed between two run reports", run_diff},
      {"minimize", "shrink a failing case while it keeps failing", run_minimize},
      {"bench", "speed of the matrix unit's models", run_bench},
      {"info", "version, build, kernels; a hardware profile", run_info, Several::kOnce},
      {"completion", "scripts for the completion of bash and zsh", run_completion, Several::kOnce},
      {"help", "this text, a command's, or the manual page", run_help, Several::kOnce},
  };
  return list;
}

int main_program(const Arguments& arguments) {
  try {
    return dispatch(arguments);
  } catch (const HelpRequested& help) {
    fmt::print("{}", help.what());
    return kExitOk;
  } catch (const UsageError& error) {
    return usage_error(error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "mxcheck: internal error: {}\n", error.what());
    return kExitInternal;
  }
}

}  // namespace mxcheck::cli
