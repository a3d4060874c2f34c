// Parsing, the environment, and conversions with messages a person can act on.
#include "sim/cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "sim/base/diagnostic.h"
#include "sim/base/text.h"
#include "sim/cli/shard_option.h"
#include "sim/graph/graph.h"
#include "sim/suite/option_text.h"

namespace mxcheck::cli {
namespace {

using Strings = std::vector<std::string>;

Strings long_names(const po::options_description& options) {
  Strings names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

// MXCHECK_SHARD_INDEX for shard-index.
std::string environment_name(const std::string& option) {
  std::string name = "MXCHECK_" + option;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(c));
  });
  return name;
}

std::string help_text(const CommandLine& line) {
  std::ostringstream out;
  out << "usage: " << line.synopsis << "\n\n" << line.options;
  out << "\nEvery option can also be set by the environment variable MXCHECK_<OPTION>.\n";
  if (!line.examples.empty()) out << "\nexamples:\n" << line.examples;
  return out.str();
}

HelpPage page_of(const CommandLine& line) {
  HelpPage out{line.command, line.synopsis, line.examples, {}};
  for (const auto& option : line.options.options()) {
    // "-k [ --keyword ]", or "--tag"
    const std::string shown = option->format_name();
    OptionInfo info;
    info.name = option->long_name();
    if (shown.size() > 2 && shown[0] == '-' && shown[1] != '-') info.letter = shown.substr(1, 1);
    info.takes_value = option->semantic()->max_tokens() > 0;
    info.meaning = option->description();
    out.options.push_back(std::move(info));
  }
  return out;
}

std::string word_of(const std::string& token) { return token.substr(0, token.find('=')); }

// Options set in the environment; those of the command line win because they are stored first.
void store_environment(const CommandLine& line, po::variables_map& map) {
  const auto& options = line.options;
  Strings arguments;
  for (const auto& option : options.options()) {
    const char* value = std::getenv(environment_name(option->long_name()).c_str());
    if (value == nullptr || option->long_name() == "help") continue;
    if (option->semantic()->max_tokens() > 0) {
      arguments.push_back("--" + option->long_name() + "=" + value);
    } else if (std::string(value) == "1" || std::string(value) == "true") {
      arguments.push_back("--" + option->long_name());
    } else if (const std::string word = value; !word.empty() && word != "0" && word != "false") {
      throw UsageError(fmt::format("{} is '{}'; it must be 0 or 1",
                                   environment_name(option->long_name()), base::printable(value)));
    }
  }
  const int style = po::command_line_style::unix_style ^ po::command_line_style::allow_guessing;
  po::store(po::command_line_parser(arguments).options(options).style(style).run(), map);
}

// -v may be repeated, which the library does not allow of an option without a value.
Strings expand_flags(const Arguments& arguments) {
  Strings out;
  bool options = true;
  std::size_t verbose = 0;
  for (const std::string& argument : arguments) {
    options = options && argument != "--";
    const bool flags = argument.size() > 1 && argument[0] == '-' &&
                       argument.find_first_not_of('v', 1) == std::string::npos;
    if (options && flags) {
      verbose += argument.size() - 1;
    } else if (options && argument == "--verbose") {
      ++verbose;
    } else {
      out.push_back(argument);
    }
  }
  if (verbose == 1) out.insert(out.begin(), "--verbose");
  if (verbose > 1) out.insert(out.begin(), "--very-verbose");
  return out;
}

[[noreturn]] void refuse_option(const CommandLine& line, const std::string& word) {
  throw UsageError(fmt::format("mxcheck {} has no option '{}'{}", line.command,
                               base::printable(word),
                               did_you_mean(word, long_names(line.options))));
}

}  // namespace

std::string did_you_mean(const std::string& word, const Strings& known) {
  return suite::did_you_mean(word, known);
}

po::variables_map parse(const CommandLine& line, const Arguments& arguments) {
  po::options_description all;
  all.add(line.options);
  all.add_options()("paths", po::value<Strings>());
  po::positional_options_description positional;
  positional.add("paths", -1);
  const int style = po::command_line_style::unix_style ^ po::command_line_style::allow_guessing;
  po::variables_map map;
  try {
    po::store(po::command_line_parser(expand_flags(arguments))
                  .options(all)
                  .positional(positional)
                  .style(style)
                  .run(),
              map);
    store_environment(line, map);
    po::notify(map);
  } catch (const po::unknown_option& error) {
    refuse_option(line, word_of(error.get_option_name()));
  } catch (const po::multiple_occurrences& error) {
    throw UsageError(fmt::format("option '{}' is given twice", error.get_option_name()));
  } catch (const po::error& error) {
    throw UsageError(base::printable(error.what()));
  }
  if (map.count("help") != 0) throw HelpRequested(help_text(line), page_of(line));
  return map;
}

int verbosity(const po::variables_map& map) {
  if (has(map, "quiet")) return 0;
  return has(map, "very-verbose") ? 3 : has(map, "verbose") ? 2 : 1;
}

bool has(const po::variables_map& map, const char* name) { return map.count(name) != 0; }

std::string text(const po::variables_map& map, const char* name, const std::string& otherwise) {
  return has(map, name) ? map[name].as<std::string>() : otherwise;
}

Strings texts(const po::variables_map& map, const char* name) {
  return has(map, name) ? map[name].as<Strings>() : Strings{};
}

std::int64_t integer(const po::variables_map& map, const char* name, std::int64_t otherwise,
                     std::int64_t low, std::int64_t high) {
  if (!has(map, name)) return otherwise;
  const std::string word = map[name].as<std::string>();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value < low || value > high) {
    throw UsageError(fmt::format("--{} is '{}'; it must be an integer from {} to {}", name,
                                 base::printable(word), low, high));
  }
  return value;
}

double positive_number(const po::variables_map& map, const char* name, double otherwise) {
  if (!has(map, name)) return otherwise;
  const std::string word = map[name].as<std::string>();
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  constexpr double kLargest = 1e9;
  if (error != std::errc{} || end != word.data() + word.size() ||
      !(value > 0 && value <= kLargest)) {
    throw UsageError(
        fmt::format("--{} is '{}'; it must be a positive number", name, base::printable(word)));
  }
  return value;
}

std::string one_of(const po::variables_map& map, const char* name, const std::string& otherwise,
                   const Strings& words) {
  const std::string word = text(map, name, otherwise);
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  throw UsageError(fmt::format("--{} is '{}'; it must be one of: {}{}", name, base::printable(word),
                               base::join(words, ", "), did_you_mean(word, words)));
}

void check_output_folder(const char* option, const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::is_directory(folder, error)) {
    throw UsageError(
        fmt::format("--{}: there is no folder {}", option, base::printable(folder.string())));
  }
}

void add_selection_options(po::options_description& options) {
  options.add_options()                                                                       //
      ("keyword,k", po::value<std::string>(), "select by id: words joined by and, or, not")   //
      ("tag", po::value<Strings>()->composing(), "select cases with this tag (repeatable)")   //
      ("op", po::value<Strings>()->composing(), "select cases with this op (repeatable)")     //
      ("id", po::value<Strings>()->composing(), "select the case with this id (repeatable)")  //
      ("shard-index", po::value<std::string>(), "only the shard I of --shard-count, from 0")  //
      ("shard-count", po::value<std::string>(),
       "number of shards; which one has a case follows from its id");
}

suite::Selection selection(const po::variables_map& map) {
  suite::Selection out;
  if (has(map, "keyword")) {
    base::Result<suite::Expression> parsed = suite::Expression::parse(text(map, "keyword", ""));
    if (!parsed) throw UsageError("-k: " + parsed.error());
    out.expression = std::move(parsed).value();
  }
  out.tags = texts(map, "tag");
  out.ops = texts(map, "op");
  for (const std::string& op : out.ops) {
    if (graph::op_from_name(op)) continue;
    throw UsageError(fmt::format("--op: there is no op '{}'{}", base::printable(op),
                                 did_you_mean(op, graph::op_names())));
  }
  out.ids = texts(map, "id");
  out.shard = shard_of_options(map);
  return out;
}

std::string selection_text(const po::variables_map& map) {
  std::string out;
  const auto add = [&](const std::string& option, const std::string& value) {
    if (!out.empty()) out += " ";
    out.append(option).append(" ").append(value);
  };
  if (has(map, "keyword")) add("-k", "'" + text(map, "keyword", "") + "'");
  for (const char* name : {"tag", "op", "id"}) {
    for (const std::string& value : texts(map, name)) add(std::string("--") + name, value);
  }
  return out;
}

std::vector<std::filesystem::path> paths(const po::variables_map& map) {
  std::vector<std::filesystem::path> out;
  for (const std::string& path : texts(map, "paths")) out.emplace_back(path);
  if (out.empty()) out.emplace_back("cases");
  return out;
}

}  // namespace mxcheck::cli
