// `mxcheck lint`: every problem of every file, without running anything: syntax, shapes, rules,
// hardware, tensor sources, golden files and their checksums. Exit 4 if there is an error.
#include <fmt/format.h>

#include <map>

#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/mxu/profile.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "lint";
  line.synopsis = "mxcheck lint [PATHS] [options]";
  add_selection_options(line.options);
  line.options.add_options()("quiet,q", "errors only")("help,h", "this text");
  line.missing = {"sarif"};
  line.examples = "  mxcheck lint my_case.json\n";
  return line;
}

void append(base::Diagnostics& to, const base::Diagnostics& from) {
  to.insert(to.end(), from.begin(), from.end());
}

bool expects(const std::string& label, const base::Diagnostics& diagnostics) {
  for (const base::Diagnostic& d : diagnostics) {
    if (d.severity == base::Severity::kError && (d.label == label || label == "*")) return true;
  }
  return false;
}

// What reading the case's data finds; nothing if it is the refusal the case expects.
base::Diagnostics problems_of(const casefile::Case& c) {
  base::Diagnostics out;
  static_cast<void>(suite::profile_of(c, out));
  static_cast<void>(casefile::load_data(c, out));
  if (!c.expect.golden.empty() || !c.expect.values.empty()) {
    static_cast<void>(casefile::load_expected(c, out));
  }
  if (!c.expect.error.empty() && expects(c.expect.error, out)) out.clear();
  return out;
}

base::Diagnostics problems_of(const suite::RefusedCase& refused) {
  const bool wanted = !refused.expected.empty() && expects(refused.expected, refused.diagnostics);
  return wanted ? base::Diagnostics{} : refused.diagnostics;
}

}  // namespace

int run_lint(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const base::Result<suite::Collection> collected = suite::collect(paths(map), selection(map));
  if (!collected) throw UsageError(base::printable(collected.error()));
  const suite::Collection& collection = collected.value();
  base::Diagnostics all = collection.warnings;
  std::map<std::string, std::string> digests;
  static_cast<void>(suite::check_goldens(collection.cases, digests, all));
  for (const casefile::Case& c : collection.cases) append(all, problems_of(c));
  for (const suite::RefusedCase& refused : collection.refused) append(all, problems_of(refused));
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const base::Diagnostic& d : all) {
    const bool error = d.severity == base::Severity::kError;
    ++(error ? errors : warnings);
    if (error || !has(map, "quiet")) fmt::print(stderr, "{}\n", base::format(d));
  }
  const std::size_t cases = collection.cases.size() + collection.refused.size();
  fmt::print("{} cases, {} errors, {} warnings\n", cases, errors, warnings);
  if (errors > 0) return kExitUsage;
  return cases == 0 ? kExitNothing : kExitOk;
}

}  // namespace mxcheck::cli
