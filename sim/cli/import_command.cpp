// `mxcheck import`: brings a recorded case into a suite, if it passes here.
#include <fmt/format.h>

#include <algorithm>

#include "reports/console.h"
#include "sim/author/import_case.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "import";
  line.synopsis =
      "mxcheck import RECORDED.json [options]\n\n"
      "Copies a case that the golden generator recorded elsewhere into a suite, with its data and\n"
      "its golden under the suite's names, checksum and provenance beside them. The case must\n"
      "pass first. Exit 1: it does not; 4: it is invalid or the files are there.";
  line.options.add_options()                                                               //
      ("as", po::value<std::string>(), "id in the suite (default: the file's name)")       //
      ("output,o", po::value<std::string>(), "DIR of the suite's cases (default: cases)")  //
      ("failing", "a case that fails here, too: its golden stays what the norm recorded")  //
      ("force,f", "replace the files of an earlier import")                                //
      ("dry-run,n", "show, write nothing")                                                 //
      ("help,h", "this text");
  line.examples =
      "  scripts/golden/generate.sh record my_model.py:make -o /tmp/recorded\n"
      "  mxcheck import /tmp/recorded/my_model.json --as models/my_model\n";
  return line;
}

// The one case of the file; throws UsageError after telling what is wrong with it.
casefile::Case only_case(const std::filesystem::path& file) {
  base::Result<suite::Collection> collected = suite::collect({file}, {});
  if (!collected) throw UsageError(base::printable(collected.error()));
  for (const suite::RefusedCase& refused : collected.value().refused) {
    for (const base::Diagnostic& d : refused.diagnostics) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
  }
  if (collected.value().cases.size() != 1) {
    throw UsageError(fmt::format("{}: expected one valid case, found {}", file.string(),
                                 collected.value().cases.size()));
  }
  return collected.value().cases.front();
}

bool passes(const std::filesystem::path& file) {
  base::Result<suite::Collection> collected = suite::collect({file}, {});
  if (!collected) throw UsageError(base::printable(collected.error()));
  suite::SuiteRun run = suite::run_suite(std::move(collected).value(), {});
  for (const base::Diagnostic& d : run.diagnostics) {
    if (d.severity == base::Severity::kError) fmt::print(stderr, "{}\n", base::format(d));
  }
  if (run.refused) throw UsageError(file.string() + ": not imported");
  const bool good =
      std::all_of(run.result.cases.begin(), run.result.cases.end(),
                  [](const reports::CaseResult& c) { return c.status == reports::Status::kPass; });
  reports::ConsoleWriter writer({}, run.result.context);
  for (const reports::CaseResult& c : run.result.cases) {
    fmt::print("{}", writer.finished(c));
  }
  return good;
}

std::string shown(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::relative(file, error);
  return (error || here.empty() ? file : here).string();
}

std::string listed(const std::vector<std::filesystem::path>& files) {
  std::string out;
  for (const std::filesystem::path& file : files) {
    out += (out.empty() ? "" : ", ") + base::printable(shown(file));
  }
  return out;
}

// Who recorded the golden, as its provenance says.
std::string recorder(const author::ImportPlan& plan) {
  const auto qwix = plan.provenance.find("qwix");
  if (qwix != plan.provenance.end()) return "on Qwix " + base::printable(qwix->second);
  const auto generator = plan.provenance.find("generator");
  if (generator != plan.provenance.end()) return "by " + base::printable(generator->second);
  return "by nobody named";
}

}  // namespace

int run_import(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::vector<std::string> words = texts(map, "paths");
  if (words.size() != 1) throw UsageError("mxcheck import needs one recorded case file");
  const std::filesystem::path file = words.front();
  const casefile::Case c = only_case(file);
  const std::string id = text(map, "as", file.stem().string());
  base::Result<author::ImportPlan> planned =
      author::plan_import(c, text(map, "output", "cases"), id);
  if (!planned) throw UsageError(base::printable(planned.error()));
  const author::ImportPlan& plan = planned.value();
  const std::vector<std::filesystem::path> occupied = plan.occupied();
  if (!occupied.empty() && !has(map, "force")) {
    throw UsageError(fmt::format("{}: there already; --force replaces", listed(occupied)));
  }
  const bool good = passes(file);
  if (!good && !has(map, "failing")) {
    fmt::print("{} fails here; --failing imports it all the same\n", base::printable(c.id));
    return kExitFailed;
  }
  fmt::print("{}: {}, its golden recorded {}{}\n", base::printable(shown(plan.case_file)),
             good ? "passes" : "fails", recorder(plan),
             has(map, "dry-run") ? " (not written)" : "");
  if (has(map, "dry-run")) return kExitOk;
  const base::Status written = author::write_import(plan);
  if (!written) throw UsageError(base::printable(written.error()));
  return kExitOk;
}

}  // namespace mxcheck::cli
