// Console text: failures in full up to a limit, then counts, then the one line CI greps for.
#include "reports/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "reports/finding_text.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

using base::printable;

struct Located {
  const CheckResult* check;
  const Finding* finding;
};

// Findings that fail the case, those of the isolated run first: the end-to-end run mostly repeats
// them further down the graph, so there only names that have no isolated finding are kept.
std::vector<Located> judged_findings(const CaseResult& c) {
  std::vector<Located> out;
  for (const CheckResult& check : c.checks) {
    for (const Finding& finding : check.findings) {
      const bool known = std::any_of(out.begin(), out.end(), [&](const Located& other) {
        return other.finding->name == finding.name && other.check->check == check.check;
      });
      if (finding.judged && !known) out.push_back({&check, &finding});
    }
  }
  return out;
}

// A case that passed against its expectation is not about its findings.
std::vector<Located> shown_findings(const CaseResult& c) {
  return c.status == Status::kXpass ? std::vector<Located>{} : judged_findings(c);
}

std::string totals_line(const Totals& sum) {
  return fmt::format("{} passed, {} failed, {} skipped\n", sum.passed, sum.failed, sum.skipped);
}

std::string finding_text(const CaseResult& c, const Located& located, const std::string& word,
                         const RunContext& context) {
  return fmt::format("{} {}  {}\n{}  repeat: {}\n", word, printable(c.id),
                     finding_headline(*located.check, *located.finding),
                     finding_details(*located.check, *located.finding),
                     printable(repeat_command(c, context)));
}

struct CheckTotals {
  std::int64_t cases = 0, left_out = 0, tensors = 0, elements = 0, equal = 0, bound = 0,
               codes_moved = 0;
  double worst = 0;
};

std::map<std::string, CheckTotals> sum_checks(const RunResult& run) {
  std::map<std::string, CheckTotals> sums;
  for (const CaseResult& c : run.cases) {
    for (const CheckResult& check : c.checks) {
      CheckTotals& sum = sums[check.mode.empty() ? check.check : check.check + " " + check.mode];
      if (check.status == Status::kSkip) {
        ++sum.left_out;
        continue;
      }
      ++sum.cases;
      sum.tensors += check.tensors;
      sum.elements += check.elements;
      sum.equal += check.equal;
      sum.bound += check.bound;
      sum.codes_moved += check.codes_moved;
      sum.worst = std::max(sum.worst, check.worst_fraction);
    }
  }
  return sums;
}

// One line per figure: the share of the bound, and what is known beside it.
std::string figures_text(const CaseResult& c) {
  std::string out;
  for (const CheckResult& check : c.checks) {
    for (const TensorFigure& f : check.figures) {
      out += fmt::format("  {} {}: ", check.check, printable(f.name));
      out += f.cls == Class::kExact
                 ? "EXACT"
                 : fmt::format("{:.3g} of its bound ({})", f.worst_fraction, printable(f.formula));
      if (f.cosine) out += fmt::format(", cosine {:.6f}", *f.cosine);
      if (f.sqnr_db) out += fmt::format(", SQNR {:.1f} dB", *f.sqnr_db);
      out += "\n";
    }
    for (const RelationCount& r : check.relations) {
      out += fmt::format("  {} {}: {} times, {} elements", check.check, r.relation, r.applied,
                         r.elements);
      for (const auto& [reason, times] : r.not_applicable) {
        out += fmt::format("; {} not: {}", times, printable(reason));
      }
      out += "\n";
    }
  }
  return out;
}

// What became of the expectations file, if the run had one.
std::string expectations_text(const RunResult& run) {
  if (run.expectations.empty()) return "";
  std::int64_t came = 0, missed = 0;
  for (const CaseResult& c : run.cases) {
    came += c.expectation && c.status != Status::kXpass ? 1 : 0;
    missed += c.status == Status::kXpass ? 1 : 0;
  }
  const auto idle = std::count_if(run.expectations.begin(), run.expectations.end(),
                                  [](const ExpectationUse& e) { return e.decided == 0; });
  return fmt::format(
      "expectations: {} cases as expected (reasons: -v), {} passed against it; {} of "
      "{} entries decided nothing\n",
      came, missed, idle, run.expectations.size());
}

// The SIMD kernels the run put to the test: how many of those there are, and on demand which.
std::string kernels_text(const RunResult& run, Verbosity verbosity) {
  const std::vector<KernelUse> kernels = kernel_totals(run);
  if (kernels.empty()) return "";
  std::string used, unused;
  std::int64_t count = 0;
  for (const KernelUse& kernel : kernels) {
    if (kernel.uses > 0) {
      ++count;
      used += fmt::format(" {} ({})", kernel.name(), kernel.uses);
    } else {
      unused += " " + kernel.name();
    }
  }
  std::string out = fmt::format("kernels exercised: {} of {}", count, kernels.size());
  if (verbosity < Verbosity::kVerbose) return out + "\n";
  out += ":" + used + "\n";
  return unused.empty() ? out : out + "kernels not exercised:" + unused + "\n";
}

// How many cases state nothing about what must come out.
std::string without_expected_text(const RunResult& run) {
  std::int64_t cases = 0;
  for (const CaseResult& c : run.cases) {
    cases += std::count(c.notes.begin(), c.notes.end(), kNoExpectedNote);
  }
  return cases == 0 ? ""
                    : fmt::format("{} case{}: {}\n", cases, cases == 1 ? "" : "s", kNoExpectedNote);
}

// Is it the device under test that did not do as expected?
bool is_about_device(const CaseResult& c, const RunContext& context) {
  if (context.device.empty()) return false;
  bool asked = false, other = false;
  for (const CheckResult& check : c.checks) {
    const bool device = check.check == "device";
    asked = asked || device;
    other = other || (!device && check.status == Status::kFail);
  }
  return !other && (asked || c.status == Status::kDutError);
}

}  // namespace

std::string shell_quote(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char ch) {
    return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
           std::string_view("_-./=:,+@%").find(static_cast<char>(ch)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char ch : word) out += ch == '\'' ? std::string("'\\''") : std::string(1, ch);
  return out + "'";
}

std::string repeat_command(const CaseResult& c, const RunContext& context) {
  std::string paths;
  for (const std::string& path : context.paths) paths.append(" ").append(shell_quote(path));
  const bool hardware = !context.hardware.empty();
  if (is_about_device(c, context)) {
    std::string out = "mxcheck conform --device " + shell_quote(context.device) + paths;
    out += " --id " + shell_quote(c.id);
    if (hardware) out += " --hardware " + shell_quote(context.hardware);
    if (c.status == Status::kXpass) out += " --waivers " + shell_quote(context.expectations);
    return out;
  }
  std::string out = "mxcheck run" + paths + " --id " + shell_quote(c.id);
  std::string policy = c.policy;
  policy.erase(std::remove(policy.begin(), policy.end(), ' '), policy.end());
  if (!policy.empty()) out += " --policy " + shell_quote(policy);
  if (hardware) out += " --hardware " + shell_quote(context.hardware);
  for (const std::string& fault : context.faults) out += " --fault " + shell_quote(fault);
  if (c.status == Status::kXpass) {
    out += " --expectations " + shell_quote(context.expectations);
  }
  if (context.seed) out += fmt::format(" --seed {}", *context.seed);
  return out + " --level " + context.level + " --isa " + context.isa;
}

std::string case_headline(const CaseResult& c) {
  if (c.status == Status::kPass) return "";
  const std::vector<Located> findings = judged_findings(c);
  if (c.reason.empty() && !findings.empty()) {
    std::string text = finding_headline(*findings.front().check, *findings.front().finding);
    if (findings.size() > 1) text += fmt::format(" (and {} more)", findings.size() - 1);
    return text;
  }
  return printable(c.reason);
}

std::string failure_text(const CaseResult& c, const RunContext& context) {
  const std::vector<Located> findings = shown_findings(c);
  std::string out;
  for (const Located& located : findings) {
    out += finding_text(c, located, name(c.status), context);
  }
  if (findings.empty()) {
    out += fmt::format("{} {}  {}\n  repeat: {}\n", name(c.status), printable(c.id),
                       printable(c.reason), printable(repeat_command(c, context)));
  }
  return out;
}

ConsoleWriter::ConsoleWriter(ConsoleStyle style, RunContext context)
    : style_(style), context_(std::move(context)) {}

std::string ConsoleWriter::status_word(Status status) const {
  if (!style_.color) return name(status);
  constexpr const char* kGreen = "\x1b[32m";
  constexpr const char* kRed = "\x1b[31m";
  constexpr const char* kYellow = "\x1b[33m";
  const Verdict v = verdict(status);
  const char* color = v == Verdict::kPassed ? kGreen : v == Verdict::kFailed ? kRed : kYellow;
  return fmt::format("{}{}\x1b[0m", color, name(status));
}

std::string ConsoleWriter::finished(const CaseResult& c) {
  const std::string word = status_word(c.status);
  const bool failed = verdict(c.status) == Verdict::kFailed;
  std::string out;
  if (!failed) {
    if (style_.verbosity < Verbosity::kVerbose) return out;
    out = fmt::format("{} {}", word, printable(c.id));
    const std::string why = case_headline(c);
    if (!why.empty()) out += "  " + why;
    out += fmt::format("  ({:.1f} ms)\n", c.milliseconds);
  } else if (const auto findings = shown_findings(c); findings.empty()) {
    out = fmt::format("{} {}  {}\n", word, printable(c.id), printable(c.reason));
    out += fmt::format("  repeat: {}\n", printable(repeat_command(c, context_)));
  } else {
    const auto before = shown_;
    for (const Located& located : findings) {
      if (shown_ >= kFullFailures && style_.verbosity < Verbosity::kVeryVerbose) {
        ++hidden_;
        continue;
      }
      ++shown_;
      out += finding_text(c, located, word, context_);
    }
    if (shown_ > before) {
      for (const CheckResult& check : c.checks) {
        if (check.root_cause && check.root_cause->failing > 1) {
          out += root_cause_text(*check.root_cause);
        }
      }
    }
  }
  if (style_.verbosity >= Verbosity::kVerbose) out += figures_text(c);
  if (style_.verbosity < Verbosity::kVeryVerbose) return out;
  for (const CheckResult& check : c.checks) {
    out += fmt::format("  {} {} {}: {} tensors, {} elements, {} equal in bits, {} EXACT, {} BOUND",
                       name(check.status), check.check, check.mode, check.tensors, check.elements,
                       check.equal, check.exact, check.bound);
    if (check.bound > 0) out += fmt::format(", worst {:.3g} of its bound", check.worst_fraction);
    if (check.codes_moved > 0) out += fmt::format(", {} codes moved", check.codes_moved);
    out += check.reason.empty() ? "\n" : "  (" + printable(check.reason) + ")\n";
  }
  for (const std::string& quirk : c.quirks) out += "  quirk " + printable(quirk) + "\n";
  for (const std::string& note : c.notes) out += "  note " + printable(note) + "\n";
  return out;
}

std::string ConsoleWriter::summary(const RunResult& run) const {
  std::string out;
  if (hidden_ > 0) out += fmt::format("... {} more failures, -vv shows them\n", hidden_);
  if (style_.verbosity > Verbosity::kQuiet) {
    for (const auto& [check, sum] : sum_checks(run)) {
      out += fmt::format("{}: {} cases, {} tensors ({} elements), {} equal in bits", check,
                         sum.cases, sum.tensors, sum.elements, sum.equal);
      if (sum.bound > 0) {
        out += fmt::format(", {} judged by a bound, worst {:.3g} of it", sum.bound, sum.worst);
      }
      if (sum.codes_moved > 0) out += fmt::format(", {} codes moved", sum.codes_moved);
      if (sum.left_out > 0) out += fmt::format("; {} cases left out", sum.left_out);
      out += "\n";
    }
    out += kernels_text(run, style_.verbosity);
    out += expectations_text(run);
    out += without_expected_text(run);
  }
  if (run.incomplete) out += "the run is incomplete\n";
  return out + totals_line(totals(run));
}

}  // namespace mxcheck::reports
