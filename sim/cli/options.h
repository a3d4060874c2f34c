// Command-line options on top of Boost.program_options: guessing off, numbers read as text and
// converted here (the library reads "-1" as a huge unsigned), every option mirrored by the
// environment variable MXCHECK_<OPTION>, unknown words answered with the nearest known one.
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/cli/command.h"
#include "sim/suite/collect.h"

namespace mxcheck::cli {

namespace po = boost::program_options;

// What the user typed cannot be meant; exit code 4.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// One option of a command, as its help shows it.
struct OptionInfo {
  std::string name;    // long, without dashes
  std::string letter;  // "" if it has none
  bool takes_value = false;
  std::string meaning;
};
// What a command says of itself: the source of its help, of the manual page and of completion.
struct HelpPage {
  std::string command, synopsis, examples;
  std::vector<OptionInfo> options;
};
// --help was given; the text to print, and the same as data.
class HelpRequested : public std::runtime_error {
 public:
  HelpRequested(const std::string& text, HelpPage page)
      : std::runtime_error(text), page_(std::move(page)) {}
  [[nodiscard]] const HelpPage& page() const { return page_; }

 private:
  HelpPage page_;
};

struct CommandLine {
  std::string command;   // "run"
  std::string synopsis;  // "mxcheck run [PATHS] [options]"
  std::string examples;  // lines, indented
  po::options_description options{"options"};
};

// Parses the arguments and the environment; words that are no options end up in "paths". Throws
// UsageError or HelpRequested.
[[nodiscard]] po::variables_map parse(const CommandLine& line, const Arguments& arguments);

// 0 for -q, 1, 2 for -v, 3 for -vv.
[[nodiscard]] int verbosity(const po::variables_map& map);
[[nodiscard]] bool has(const po::variables_map& map, const char* name);
[[nodiscard]] std::string text(const po::variables_map& map, const char* name,
                               const std::string& otherwise);
[[nodiscard]] std::vector<std::string> texts(const po::variables_map& map, const char* name);
// An integer in [low, high]; throws UsageError otherwise.
[[nodiscard]] std::int64_t integer(const po::variables_map& map, const char* name,
                                   std::int64_t otherwise, std::int64_t low, std::int64_t high);
[[nodiscard]] double positive_number(const po::variables_map& map, const char* name,
                                     double otherwise);
// One of `words`; throws UsageError with the nearest one otherwise.
[[nodiscard]] std::string one_of(const po::variables_map& map, const char* name,
                                 const std::string& otherwise,
                                 const std::vector<std::string>& words);

// Selection by path, -k, --tag, --op, --id, --shard-*: the same for every command.
void add_selection_options(po::options_description& options);
[[nodiscard]] suite::Selection selection(const po::variables_map& map);
// The options above as the user gave them, for the report; "" if none.
[[nodiscard]] std::string selection_text(const po::variables_map& map);
// The paths given; the default is "cases".
[[nodiscard]] std::vector<std::filesystem::path> paths(const po::variables_map& map);

// Throws UsageError unless the folder of the file an option names exists; "" is no file.
void check_output_folder(const char* option, const std::filesystem::path& file);

// " (did you mean 'x'?)" or "".
[[nodiscard]] std::string did_you_mean(const std::string& word,
                                       const std::vector<std::string>& known);

}  // namespace mxcheck::cli
