// `mxcheck explain WORD`: the rule behind a label, where it is implemented, and which cases of the
// suite cover it (refusals by their expect.error, quirks by the plans that show them); and what the
// words of reports, policies, profiles and faults mean.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/author/terms.h"
#include "sim/base/labels.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "explain";
  line.synopsis =
      "mxcheck explain [WORD...] [options]    WORD: a label, or a word of a report, a policy,\n"
      "a hardware profile, a fault; without one: the list of all";
  line.options.add_options()                                                                   //
      ("cases", po::value<std::string>(), "folder whose cases are searched (default: cases)")  //
      ("help,h", "this text");
  line.examples =
      "  mxcheck explain QNT-1\n"
      "  mxcheck explain VACUOUS sensitive fake_quant tie\n"
      "  mxcheck explain RULE-UNUSED --cases my_suite\n";
  return line;
}

// Does the text name the label as a word of its own (QNT-1, but not in QNT-10)?
bool names(const std::string& text, const std::string& label) {
  for (std::size_t at = text.find(label); at != std::string::npos; at = text.find(label, at + 1)) {
    const std::size_t end = at + label.size();
    const bool starts = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
    const bool stops =
        end == text.size() || std::isalnum(static_cast<unsigned char>(text[end])) == 0;
    if (starts && stops) return true;
  }
  return false;
}

bool shows(const casefile::Case& c, const std::string& label) {
  if (c.expect.error == label || names(c.title, label) || names(c.description, label)) return true;
  return std::any_of(c.plan.nodes.begin(), c.plan.nodes.end(), [&](const auto& node) {
    return node && std::find(node->quirks.begin(), node->quirks.end(), label) != node->quirks.end();
  });
}

std::vector<std::string> covering_cases(const suite::Collection& collection,
                                        const std::string& label) {
  std::vector<std::string> out;
  for (const casefile::Case& c : collection.cases) {
    if (shows(c, label)) out.push_back(c.id);
  }
  for (const suite::RefusedCase& refused : collection.refused) {
    if (refused.expected == label) out.push_back(refused.id);
  }
  return out;
}

void explain(const base::Label& label, const std::optional<suite::Collection>& collection) {
  fmt::print("{} ({})\n  {}\n  implemented in {}\n", label.id, base::name(label.kind),
             label.meaning, label.file);
  if (!collection) return;
  const std::vector<std::string> cases = covering_cases(*collection, label.id);
  fmt::print("  {} cases{}{}\n", cases.size(), cases.empty() ? "" : ": ",
             base::printable(base::join(cases, " ")));
}

std::optional<suite::Collection> searched_cases(const po::variables_map& map) {
  const std::string folder = text(map, "cases", "cases");
  std::error_code error;
  if (!has(map, "cases") && !std::filesystem::is_directory(folder, error)) return std::nullopt;
  base::Result<suite::Collection> collected = suite::collect({folder}, {});
  if (!collected) throw UsageError(base::printable(collected.error()));
  return std::move(collected).value();
}

// Labels are written in capitals; small letters do.
const base::Label* label_of(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return base::find_label(word);
}

std::vector<std::string> known_words() {
  std::vector<std::string> out = base::label_ids();
  for (const author::Term& term : author::terms()) out.push_back(term.word);
  return out;
}

void list_all() {
  for (const base::Label& label : base::labels()) {
    fmt::print("{:<16} {:<8} {}\n", label.id, base::name(label.kind), label.meaning);
  }
  for (const author::Term& term : author::terms()) {
    fmt::print("{:<24} {:<12} {}\n", term.word, term.kind, term.meaning);
  }
}

}  // namespace

int run_explain(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::vector<std::string> words = texts(map, "paths");
  if (words.empty()) {
    list_all();
    return kExitOk;
  }
  bool labels = false;
  for (const std::string& word : words) {
    if (label_of(word) != nullptr) {
      labels = true;
    } else if (author::find_terms(word).empty()) {
      throw UsageError(fmt::format("there is no label or term '{}'{}", base::printable(word),
                                   did_you_mean(word, known_words())));
    }
  }
  const std::optional<suite::Collection> collection = labels ? searched_cases(map) : std::nullopt;
  for (const std::string& word : words) {
    if (const base::Label* label = label_of(word)) explain(*label, collection);
    for (const author::Term& term : author::find_terms(word)) {
      fmt::print("{} ({})\n  {}\n  made in {}\n", term.word, term.kind, term.meaning, term.file);
    }
  }
  return kExitOk;
}

}  // namespace mxcheck::cli
