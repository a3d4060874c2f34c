// `mxcheck bless`: shows what would change, then records what the cases give now as expected.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "sim/author/bless.h"
#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/cli/case_argument.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "bless";
  line.synopsis =
      "mxcheck bless CASE... [options]    CASE: a file, a folder, or an id below cases\n\n"
      "Shows the difference between the golden there is and what the case gives, then writes\n"
      "golden, checksum and provenance, and names a new golden in the case file. Nothing is\n"
      "written for any case if one is refused. Exit 1: refused (a check fails, or --reason is\n"
      "needed); 4: a case is invalid.";
  line.options.add_options()  //
      ("reason", po::value<std::string>(),
       "why this is right although values are not EXACT, prove nothing, or were recorded from "
       "Qwix")                                              //
      ("dry-run,n", "show, write nothing")                  //
      ("quiet,q", "the last line only")                     //
      ("verbose,v", "every tensor that is new or changed")  //
      ("very-verbose", "the same as -v")                    //
      ("help,h", "this text");
  line.examples =
      "  mxcheck bless my_case.json\n"
      "  mxcheck bless my_suite --dry-run -v\n"
      "  mxcheck bless my_case.json --reason 'K above the defined order, checked by hand'\n";
  return line;
}

// Now, or SOURCE_DATE_EPOCH for reproducible files.
std::string date() {
  std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (const char* fixed = std::getenv("SOURCE_DATE_EPOCH")) {
    const std::string word = fixed;
    constexpr std::size_t kMostDigits = 12;
    if (word.empty() || word.size() > kMostDigits ||
        word.find_first_not_of("0123456789") != std::string::npos) {
      throw UsageError("SOURCE_DATE_EPOCH is no number of seconds");
    }
    seconds = static_cast<std::time_t>(std::stoll(word));
  }
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// Case files that cannot be read at all; told, with what they expected.
bool tell_refused(const suite::Collection& collection) {
  bool any = false;
  for (const suite::RefusedCase& refused : collection.refused) {
    if (!refused.expected.empty()) continue;  // as it should be, and nothing to record
    any = true;
    for (const base::Diagnostic& d : refused.diagnostics) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
  }
  return any;
}

struct Blessing {
  std::vector<author::BlessPlan> plans;
  std::size_t refused = 0, invalid = 0, changed = 0;
};

void plan_all(const suite::Collection& collection, const po::variables_map& map,
              const author::BlessOptions& options, Blessing& out) {
  std::map<std::string, std::string> goldens;  // path -> id
  for (const casefile::Case& c : collection.cases) {
    if (!c.expect.error.empty()) {  // has no values, as it should
      fmt::print("{} must be refused [{}]: nothing to record\n", base::printable(c.id),
                 base::printable(c.expect.error));
      continue;
    }
    author::BlessPlan plan = author::plan_bless(c, options);
    std::error_code error;
    const std::string golden = std::filesystem::weakly_canonical(plan.golden, error).string();
    const auto [other, fresh] = goldens.emplace(golden, c.id);
    if (!fresh && !plan.golden.empty()) {
      plan.refusals.push_back("its golden is that of " + other->second + " as well");
    }
    for (const base::Diagnostic& d : plan.diagnostics) {
      fmt::print(stderr, "{}\n", base::format(d));
    }
    const bool allowed = plan.allowed(options);
    if (!has(map, "quiet") || !allowed) {
      fmt::print("{}", author::bless_text(plan, verbosity(map) >= 2));
    }
    out.invalid += plan.diagnostics.empty() ? 0 : 1;
    out.refused += allowed ? 0 : 1;
    out.changed += allowed && plan.changes() ? 1 : 0;
    out.plans.push_back(std::move(plan));
  }
}

// The files as anybody will run them: every blessed case must pass.
bool passes_now(const po::variables_map& map) {
  suite::SuiteRun run = suite::run_suite(cases_named(map, "bless"), {});
  for (const base::Diagnostic& d : run.diagnostics) {
    if (d.severity == base::Severity::kError) fmt::print(stderr, "{}\n", base::format(d));
  }
  return !run.refused && std::all_of(run.result.cases.begin(), run.result.cases.end(),
                                     [](const reports::CaseResult& c) {
                                       return c.status == reports::Status::kPass ||
                                              c.status == reports::Status::kVacuous;
                                     });
}

}  // namespace

int run_bless(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  author::BlessOptions options;
  options.reason = text(map, "reason", "");
  if (has(map, "reason") && options.reason.find_first_not_of(" \t\n") == std::string::npos) {
    throw UsageError("--reason: say why, in words");
  }
  options.version = version();
  options.date = date();
  const suite::Collection collection = cases_named(map, "bless");
  if (tell_refused(collection)) return kExitUsage;
  if (collection.cases.empty()) {
    fmt::print(stderr, "mxcheck: nothing to bless\n");
    return kExitNothing;
  }
  Blessing blessing;
  plan_all(collection, map, options, blessing);
  const bool dry = has(map, "dry-run");
  if (blessing.refused == 0 && !dry && blessing.changed > 0) {
    const base::Status written = author::write_blessed(blessing.plans);
    if (!written) throw UsageError(base::printable(written.error()));
    if (!passes_now(map)) throw std::runtime_error("a blessed case does not pass");
  }
  const std::size_t same = blessing.plans.size() - blessing.changed - blessing.refused;
  const bool none = dry || blessing.refused > 0;
  fmt::print("{} cases: {} {}, {} unchanged, {} refused\n", blessing.plans.size(), blessing.changed,
             none ? "would be blessed" : "blessed", same, blessing.refused);
  if (blessing.invalid > 0) return kExitUsage;
  return blessing.refused > 0 ? kExitFailed : kExitOk;
}

}  // namespace mxcheck::cli
