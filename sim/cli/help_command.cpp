// `mxcheck help` and `mxcheck completion`: what the commands say of themselves, for man and shells.
#include <fmt/format.h>

#include "sim/author/terms.h"
#include "sim/base/labels.h"
#include "sim/base/text.h"
#include "sim/cli/manual.h"
#include "sim/suite/discover.h"

namespace mxcheck::cli {
namespace {

CommandLine help_line() {
  CommandLine line;
  line.command = "help";
  line.synopsis = "mxcheck help [COMMAND] [options]";
  line.options.add_options()("man", "the manual page, for man")("help,h", "this text");
  line.examples = "  mxcheck help bless\n  mxcheck help --man > mxcheck.1 && man ./mxcheck.1\n";
  return line;
}

CommandLine completion_line() {
  CommandLine line;
  line.command = "completion";
  line.synopsis =
      "mxcheck completion bash|zsh|ids|labels\n\n"
      "bash, zsh: a script that completes commands, options, their words, ids of cases;\n"
      "ids: those of ./cases; labels: what explain knows.";
  line.options.add_options()("help,h", "this text");
  line.examples =
      "  source <(mxcheck completion bash)\n"
      "  mxcheck completion zsh > ~/.zfunc/_mxcheck\n";
  return line;
}

void print_ids() {
  const auto found = suite::discover({"cases"});
  if (!found) return;  // nothing to complete
  for (const suite::CaseFile& file : found.value()) fmt::print("{}\n", base::printable(file.id));
}

void print_labels() {
  for (const std::string& id : base::label_ids()) fmt::print("{}\n", id);
  for (const author::Term& term : author::terms()) {
    if (term.word.find(' ') == std::string::npos) fmt::print("{}\n", term.word);
  }
}

}  // namespace

int run_help(const Arguments& arguments) {
  const po::variables_map map = parse(help_line(), arguments);
  if (has(map, "man")) {
    fmt::print("{}", manual_page());
    return kExitOk;
  }
  const std::vector<std::string> words = texts(map, "paths");
  if (words.empty()) {
    fmt::print("{}", program_help());
    return kExitOk;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (words.size() == 1 && words.front() == command.name) return command.run({"--help"});
    names.emplace_back(command.name);
  }
  throw UsageError(fmt::format("there is no command '{}'{}", base::printable(words.front()),
                               did_you_mean(words.front(), names)));
}

int run_completion(const Arguments& arguments) {
  const po::variables_map map = parse(completion_line(), arguments);
  const std::vector<std::string> words = texts(map, "paths");
  const std::vector<std::string> known{"bash", "zsh", "ids", "labels"};
  if (words == std::vector<std::string>{"bash"}) {
    fmt::print("{}", bash_completion());
  } else if (words == std::vector<std::string>{"zsh"}) {
    fmt::print("{}", zsh_completion());
  } else if (words == std::vector<std::string>{"ids"}) {
    print_ids();
  } else if (words == std::vector<std::string>{"labels"}) {
    print_labels();
  } else {
    throw UsageError("mxcheck completion needs one of: " + base::join(known, ", ") +
                     (words.empty() ? "" : did_you_mean(words.front(), known)));
  }
  return kExitOk;
}

}  // namespace mxcheck::cli
