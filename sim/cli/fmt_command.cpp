// `mxcheck fmt`: case files brought to their canonical layout. A file that is no JSON is told with
// its places and left as it is; everything else is replaced whole or not at all.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "sim/author/format_case.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/suite/discover.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "fmt";
  line.synopsis =
      "mxcheck fmt PATHS [options]    PATHS: files, folders, or - for stdin to stdout\n\n"
      "Exit 0: in layout; 1: --check or --diff found files that are not; 4: a file is no JSON.";
  line.options.add_options()                                                        //
      ("check", "change nothing, list the files that are not in canonical layout")  //
      ("diff", "change nothing, show what would change")                            //
      ("quiet,q", "the last line only")                                             //
      ("help,h", "this text");
  line.examples =
      "  mxcheck fmt my_case.json\n"
      "  mxcheck fmt --check cases\n"
      "  mxcheck fmt - < draft.json > my_case.json\n";
  return line;
}

struct Counts {
  std::size_t files = 0, changed = 0, refused = 0;
};

std::optional<std::string> formatted(const std::string& text, const std::string& file) {
  base::Diagnostics problems;
  std::optional<std::string> out = author::formatted_case(text, file, problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  return out;
}

int format_stdin() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  const std::optional<std::string> out = formatted(text, "<stdin>");
  if (!out) return kExitUsage;
  fmt::print("{}", *out);
  return kExitOk;
}

void format_file(const std::filesystem::path& file, const po::variables_map& map, Counts& counts) {
  ++counts.files;
  const base::Result<std::string> text = base::read_file(file, base::JsonLimits{}.bytes);
  const std::optional<std::string> out =
      text ? formatted(text.value(), file.string()) : std::nullopt;
  if (!text) fmt::print(stderr, "mxcheck: error: {}\n", base::printable(text.error()));
  if (!out) {
    ++counts.refused;
    return;
  }
  if (*out == text.value()) return;
  const bool dry = has(map, "check") || has(map, "diff");
  if (!dry) {
    // Through a link to the file it names, which stays a link.
    std::error_code error;
    const std::filesystem::path target = std::filesystem::canonical(file, error);
    const base::Status written = base::write_file_atomically(error ? file : target, *out);
    if (!written) {
      fmt::print(stderr, "mxcheck: error: {}\n", base::printable(written.error()));
      ++counts.refused;
      return;
    }
  }
  ++counts.changed;
  if (has(map, "diff")) {
    fmt::print("{}", author::unified_diff(text.value(), *out, file.string()));
  } else if (!has(map, "quiet")) {
    fmt::print("{}\n", base::printable(file.string()));
  }
}

}  // namespace

int run_fmt(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::vector<std::string> words = texts(map, "paths");
  if (words.empty()) throw UsageError("mxcheck fmt needs files or folders, or - for stdin");
  if (words == std::vector<std::string>{"-"}) return format_stdin();
  std::vector<std::filesystem::path> files;
  for (const std::string& word : words) {
    const auto found = suite::discover({word});
    if (!found) throw UsageError(base::printable(found.error()));
    for (const suite::CaseFile& file : found.value()) files.push_back(file.file);
  }
  Counts counts;
  for (const std::filesystem::path& file : files) format_file(file, map, counts);
  const bool dry = has(map, "check") || has(map, "diff");
  fmt::print(has(map, "diff") ? stderr : stdout, "{} files, {} {}, {} refused\n", counts.files,
             counts.changed, dry ? "would change" : "changed", counts.refused);
  if (counts.refused > 0) return kExitUsage;
  return dry && counts.changed > 0 ? kExitFailed : files.empty() ? kExitNothing : kExitOk;
}

}  // namespace mxcheck::cli
