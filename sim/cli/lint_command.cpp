// `mxcheck lint`: every problem of every file: syntax, shapes, rules, hardware, tensor sources,
// golden files and their checksums (errors, exit 4), and what a case cannot show (warnings, exit 0,
// or 1 with --strict). No check is run.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "reports/sarif.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/cli/options.h"
#include "sim/mxu/profile.h"
#include "sim/suite/run_suite.h"
#include "sim/suite/weak_case.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "lint";
  line.synopsis = "mxcheck lint [PATHS] [options]";
  add_selection_options(line.options);
  line.options.add_options()                                                                  //
      ("sarif", po::value<std::string>(), "write the findings to this file, as SARIF 2.1.0")  //
      ("json", "the findings as JSON on stdout, no text")                                     //
      ("strict", "exit 1 if there are warnings and no errors")                                //
      ("quiet,q", "errors only")("help,h", "this text");
  line.examples =
      "  mxcheck lint my_case.json\n"
      "  mxcheck lint cases --strict --sarif lint.sarif\n";
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

// What reading the case's data and running it once find; nothing if it is the refusal the case
// expects. A case too large to be run here is held to what can be seen without its tensors.
base::Diagnostics problems_of(const casefile::Case& c, std::size_t earlier_expansions) {
  // Of a large matrix the first expansions run; what they show is much the same for all.
  constexpr std::size_t kMostExpansions = 200;
  base::Diagnostics out;
  const std::optional<mxu::Profile> profile = suite::profile_of(c, out);
  if (earlier_expansions < kMostExpansions && suite::is_cheap(c)) {
    const std::optional<graph::RunData> data = casefile::load_data(c, out);
    if (profile && data) append(out, suite::weak_points(c, *data, *profile));
  }
  if (!c.expect.golden.empty() || !c.expect.values.empty()) {
    static_cast<void>(casefile::load_expected(c, out));
  }
  const bool wanted = !c.expect.error.empty() && expects(c.expect.error, out);
  return wanted ? base::Diagnostics{} : out;
}

base::Diagnostics problems_of(const suite::RefusedCase& refused) {
  const bool wanted = !refused.expected.empty() && expects(refused.expected, refused.diagnostics);
  return wanted ? base::Diagnostics{} : refused.diagnostics;
}

// The expansions of a matrix share most of what is said of them.
base::Diagnostics without_repetition(const base::Diagnostics& all) {
  std::set<std::tuple<std::string, int, int, std::string, std::string>> seen;
  base::Diagnostics out;
  for (const base::Diagnostic& d : all) {
    if (seen.emplace(d.file, d.line, d.column, d.label, d.fact).second) out.push_back(d);
  }
  return out;
}

base::Diagnostics problems_of(const suite::Collection& collection) {
  base::Diagnostics out = collection.warnings;
  std::map<std::string, std::string> digests;
  static_cast<void>(suite::check_goldens(collection.cases, digests, out));
  std::map<std::filesystem::path, std::size_t> expansions;  // by file
  for (const casefile::Case& c : collection.cases)
    append(out, problems_of(c, expansions[c.file]++));
  for (const suite::RefusedCase& refused : collection.refused) append(out, problems_of(refused));
  return without_repetition(out);
}

struct Counts {
  std::size_t cases = 0, errors = 0, warnings = 0;
};

const char* severity_word(base::Severity severity) {
  return severity == base::Severity::kError     ? "error"
         : severity == base::Severity::kWarning ? "warning"
                                                : "note";
}

void print_json(const base::Diagnostics& all, const Counts& counts) {
  using Json = nlohmann::ordered_json;
  Json findings = Json::array();
  for (const base::Diagnostic& d : all) {
    findings.push_back({{"severity", severity_word(d.severity)},
                        {"file", d.file},
                        {"line", d.line},
                        {"column", d.column},
                        {"pointer", d.pointer},
                        {"label", d.label},
                        {"fact", d.fact},
                        {"expectation", d.expectation},
                        {"hint", d.hint}});
  }
  const Json out{{"mxcheck_lint", 1},
                 {"cases", counts.cases},
                 {"errors", counts.errors},
                 {"warnings", counts.warnings},
                 {"findings", findings}};
  fmt::print("{}\n", out.dump(1, ' ', false, Json::error_handler_t::replace));
}

void write_sarif(const std::filesystem::path& file, const base::Diagnostics& all) {
  reports::SarifRun run;
  run.version = version();
  run.folder = std::filesystem::current_path();
  std::map<std::string, std::string> texts;  // of the files, to count characters in
  for (const base::Diagnostic& d : all) {
    auto known = texts.find(d.file);
    if (known == texts.end()) {
      base::Result<std::string> text = base::read_file(d.file, base::JsonLimits{}.bytes);
      // One at a time: findings of a file stand together.
      texts.clear();
      known = texts.emplace(d.file, text.ok() ? std::move(text).value() : "").first;
    }
    run.findings.push_back(reports::sarif_finding(d, known->second));
  }
  const base::Status status = base::write_file_atomically(file, reports::to_sarif(run));
  if (!status) throw std::runtime_error(status.error());
}

int exit_code(const Counts& counts, const po::variables_map& map) {
  if (counts.errors > 0) return kExitUsage;
  if (counts.cases == 0) return kExitNothing;
  return counts.warnings > 0 && has(map, "strict") ? kExitFailed : kExitOk;
}

}  // namespace

int run_lint(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::string sarif = text(map, "sarif", "");
  check_output_folder("sarif", sarif);
  const base::Result<suite::Collection> collected = suite::collect(paths(map), selection(map));
  if (!collected) throw UsageError(base::printable(collected.error()));
  const suite::Collection& collection = collected.value();
  base::Diagnostics all = problems_of(collection);
  Counts counts;
  counts.cases = collection.cases.size() + collection.refused.size();
  for (const base::Diagnostic& d : all) {
    const bool error = d.severity == base::Severity::kError;
    ++(error ? counts.errors : counts.warnings);
    const bool shown = (error || !has(map, "quiet")) && !has(map, "json");
    if (shown) fmt::print(stderr, "{}\n", base::format(d));
  }
  if (!sarif.empty()) write_sarif(sarif, all);
  if (has(map, "json")) {
    print_json(all, counts);
  } else {
    fmt::print("{} cases, {} errors, {} warnings\n", counts.cases, counts.errors, counts.warnings);
  }
  return exit_code(counts, map);
}

}  // namespace mxcheck::cli
