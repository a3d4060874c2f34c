// `mxcheck diff A.json B.json`: what changed between two run reports; exit 1 on a regression.
#include <fmt/format.h>

#include "reports/diff.h"
#include "reports/read.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/suite/bundle.h"

namespace mxcheck::cli {
namespace {

CommandLine command_line() {
  CommandLine line;
  line.command = "diff";
  line.synopsis =
      "mxcheck diff A.json B.json [options]    JSON reports of run; A is the earlier one\n\n"
      "A regression (exit 1): a case that passed in A and does not in B (a skip counts), a tensor\n"
      "that was equal in bits in A and is not in B, a case of A that B does not have. Use of\n"
      "bounds, counts of codes, cases only in B and speed are told and not judged.\n\n"
      "Two folders are two bundles of conform: also what changed in the device file, the\n"
      "verdicts, and the answers of cases that pass or fail as before.";
  line.options.add_options()                                              //
      ("json", po::value<std::string>(), "write the difference to FILE")  //
      ("quiet,q", "regressions and the last line only")                   //
      ("help,h", "this text");
  line.examples =
      "  mxcheck run cases --report json=before.json\n"
      "  mxcheck diff before.json after.json\n"
      "  mxcheck diff bundle_a bundle_b\n"
      "  mxcheck diff before.json after.json -q --json diff.json\n";
  return line;
}

// A report, or that of a bundle, which must be whole.
std::optional<reports::RunResult> read(const std::string& file) {
  base::Diagnostics problems;
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    std::optional<suite::ReadBundle> bundle = suite::read_bundle(file, problems);
    for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
    if (!bundle) return std::nullopt;
    return std::move(bundle->bundle.report);
  }
  std::optional<reports::RunResult> run = reports::read_report(file, problems);
  for (const base::Diagnostic& d : problems) fmt::print(stderr, "{}\n", base::format(d));
  return run;
}

// What a report does not hold of two bundles.
std::string bundle_lines(const std::string& a, const std::string& b) {
  base::Diagnostics ignored;
  const auto x = suite::read_bundle(a, ignored), y = suite::read_bundle(b, ignored);
  if (!x || !y) return "";
  std::string out;
  const auto line = [&](const char* what, const std::string& from, const std::string& to) {
    if (from != to) {
      out += fmt::format("{}: {} -> {}\n", what, base::printable(from), base::printable(to));
    }
  };
  const suite::Bundle &p = x->bundle, &q = y->bundle;
  line("device", p.device.name + " " + p.device.version, q.device.name + " " + q.device.version);
  line("device file", base::sha256_hex(p.device.text), base::sha256_hex(q.device.text));
  line("must-pass list", p.must_pass ? base::sha256_hex(p.must_pass->text) : "none",
       q.must_pass ? base::sha256_hex(q.must_pass->text) : "none");
  line("waivers", p.waivers.empty() ? "none" : base::sha256_hex(p.waivers),
       q.waivers.empty() ? "none" : base::sha256_hex(q.waivers));
  line("verdict", name(suite::verdict_of(p).kind), name(suite::verdict_of(q).kind));
  for (const auto& [id, digests] : p.digests) {
    const auto other = q.digests.find(id);
    if (other == q.digests.end()) continue;
    if (digests.requests != other->second.requests) {
      out += fmt::format("{}: asked something else\n", base::printable(id));
    } else if (digests.results != other->second.results) {
      out += fmt::format("{}: answered something else\n", base::printable(id));
    }
  }
  return out;
}

}  // namespace

int run_diff(const Arguments& arguments) {
  const po::variables_map map = parse(command_line(), arguments);
  const std::vector<std::string> files = texts(map, "paths");
  if (files.size() != 2) throw UsageError("mxcheck diff needs two reports: A.json B.json");
  const std::string json = text(map, "json", "");
  check_output_folder("json", json);
  const std::optional<reports::RunResult> a = read(files[0]);
  const std::optional<reports::RunResult> b = read(files[1]);
  if (!a || !b) return kExitUsage;
  reports::ReportDiff diff = reports::diff(*a, *b);
  if (!json.empty()) {
    const base::Status written = base::write_file_atomically(json, reports::to_json(diff));
    if (!written) throw UsageError("--json: " + base::printable(written.error()));
  }
  std::error_code error;
  const bool bundles = std::filesystem::is_directory(files[0], error) &&
                       std::filesystem::is_directory(files[1], error);
  if (bundles && !has(map, "quiet")) fmt::print("{}", bundle_lines(files[0], files[1]));
  const std::string text = reports::to_text(diff);
  for (const std::string& line : base::split(text.substr(0, text.size() - 1), '\n')) {
    const bool needed = line.starts_with("REGRESSION ") || line.ends_with(" regressions");
    if (needed || !has(map, "quiet")) fmt::print("{}\n", line);
  }
  return diff.regressions() > 0 ? kExitFailed : kExitOk;
}

}  // namespace mxcheck::cli
