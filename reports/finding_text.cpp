// The wording of findings. Columns follow the example of the command-line contract.
#include "reports/finding_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

using base::printable;

constexpr int kRuleColumn = 79;

std::string class_text(const Finding& f) {
  return f.formula.empty() ? name(f.cls) : fmt::format("{}({})", name(f.cls), f.formula);
}

std::string difference_text(const Finding& f) {
  if (!f.problem.empty()) return f.problem;
  std::string text = f.cls == Class::kExact
                         ? fmt::format("{} of {} differ", f.differ, f.total)
                         : fmt::format("{} of {} outside the bound, worst {:.3g} of it", f.differ,
                                       f.total, f.worst_fraction);
  if (!f.mismatches.empty()) text += ", first " + index_text(f.mismatches.front().index);
  return text;
}

std::string mismatch_line(const Mismatch& m, const char* other) {
  const auto shown = [](const std::string& value, const std::string& bits) {
    return bits.empty() ? value : fmt::format("{} ({})", value, bits);
  };
  std::string line = fmt::format("  sim {}  {} {}", shown(m.ours, m.ours_bits), other,
                                 shown(m.theirs, m.theirs_bits));
  if (!m.facts.empty()) line += " ";
  for (const Fact& fact : m.facts) line += fmt::format(" {}={}", fact.first, fact.second);
  if (m.tie) line += " (on a tie)";
  if (m.ulp) line += fmt::format("  {} ulp", *m.ulp);
  if (m.bound_fraction) line += fmt::format("  error {:.3g} of its bound", *m.bound_fraction);
  return line;
}

}  // namespace

std::string index_text(const std::vector<std::int64_t>& index) {
  return fmt::format("[{}]", fmt::join(index, ","));
}

int place_in_flow(const std::string& name) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  const bool codes = has(".qvalue") || has(".scale") || has(".zero_point");
  if (has("/quant/") && has("/fwd/")) return codes ? 0 : has("/acc") ? 1 : 2;
  if (has("/node/")) return 3;
  if (has("/quant/")) return codes ? 4 : has("/acc") ? 5 : 6;
  return has("/ct/") ? 7 : has("/grad/") ? 8 : 9;
}

std::string finding_headline(const CheckResult& check, const Finding& f) {
  const std::string mode = check.mode == "end_to_end" ? " end_to_end" : "";
  return printable(
      fmt::format("{}{} {}  {}  {}", check.check, mode, f.name, class_text(f), difference_text(f)));
}

std::string finding_details(const CheckResult& check, const Finding& f) {
  std::string out;
  if (!f.mismatches.empty()) {
    const char* other = check.check == "device" ? "device"
                        : f.formula == "BND-4"  ? "exact"
                                                : "golden";
    out += printable(mismatch_line(f.mismatches.front(), other)) + "\n";
  }
  std::string line = f.explanation.empty() ? "" : "  " + printable(f.explanation);
  if (!f.rule.empty()) line = fmt::format("{:<{}}  rule {}", line, kRuleColumn, printable(f.rule));
  if (!line.empty()) out += line + "\n";
  return out;
}

std::string root_cause_text(const RootCause& cause) {
  constexpr std::size_t kShown = 4;
  std::string text = "no single change explains it";
  if (!cause.causes.empty()) {
    const std::size_t shown = std::min(kShown, cause.causes.size());
    text = fmt::format(
        "{}", fmt::join(cause.causes.begin(),
                        cause.causes.begin() + static_cast<std::ptrdiff_t>(shown), ", or "));
    if (shown < cause.causes.size())
      text += fmt::format(", or {} more", cause.causes.size() - shown);
  }
  std::string note =
      cause.failing == 1 ? "1 failing tensor" : fmt::format("{} failing tensors", cause.failing);
  if (cause.tried < cause.changes) {
    note += fmt::format("; cut short after {} of {} changes, {:.0f} ms", cause.tried, cause.changes,
                        cause.milliseconds);
  }
  return fmt::format("  root cause: {} ({})\n", printable(text), note);
}

}  // namespace mxcheck::reports
