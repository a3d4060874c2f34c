// Escapes of workflow commands follow the runner's own toolkit: %, CR and LF in a message, also ':'
// and ',' in a property. In Markdown every character that could start anything becomes a numeric
// entity, which no parser takes for syntax.
#include "reports/github.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/console.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

using base::printable;

std::string escape_command(const std::string& text, bool property) {
  std::string out;
  for (const char ch : text) {
    const bool special =
        ch == '%' || ch == '\r' || ch == '\n' || (property && (ch == ':' || ch == ','));
    out += special ? fmt::format("%{:02X}", static_cast<unsigned>(ch)) : std::string(1, ch);
  }
  return out;
}

std::string escape_markdown(const std::string& text) {
  constexpr std::string_view kSyntax = "\\`*_{}[]()<>#+-!|~&\"'@$:";
  std::string out;
  for (const char ch : text) {
    out += kSyntax.find(ch) != std::string_view::npos
               ? fmt::format("&#{};", static_cast<unsigned>(ch))
               : std::string(1, ch);
  }
  return out;
}

bool failed(const CaseResult& c) { return verdict(c.status) == Verdict::kFailed; }

// The first failure of the case and how to repeat it; every line is printable.
std::string first_failure(const CaseResult& c, const RunContext& context) {
  constexpr std::size_t kMost = 4000;
  constexpr const char* kRepeat = "\n  repeat: ";
  std::string text = failure_text(c, context);
  const std::size_t repeat = text.find(kRepeat);
  if (repeat != std::string::npos) text.resize(text.find('\n', repeat + 1));
  if (text.size() > kMost) {
    text.resize(kMost);
    while (!base::is_valid_utf8(text)) text.pop_back();
    text += "...";
  }
  return text;
}

std::string annotation(const CaseResult& c, const RunContext& context) {
  return fmt::format("::error file={},line={},title={}::{}\n",
                     escape_command(printable(c.file), true), std::max(1, c.line),
                     escape_command(printable(fmt::format("{} {}", name(c.status), c.id)), true),
                     escape_command(first_failure(c, context), false));
}

std::string counts_table(const RunResult& run) {
  std::map<Status, std::int64_t> counts;
  for (const CaseResult& c : run.cases) ++counts[c.status];
  std::string out = "| status | cases |\n|---|---:|\n";
  for (const auto& [status, count] : counts) {
    out += fmt::format("| {} | {} |\n", escape_markdown(name(status)), count);
  }
  return out;
}

std::string context_line(const RunResult& run) {
  const RunContext& c = run.context;
  std::string out =
      fmt::format("mxcheck {} ({}), level {}, isa {}", c.version, c.commit, c.level, c.isa);
  if (!c.policy.empty()) out += ", policy " + c.policy;
  if (!c.hardware.empty()) out += ", hardware " + c.hardware;
  if (!c.selection.empty()) out += ", selected by " + c.selection;
  if (!c.shard.empty()) out += ", shard " + c.shard;
  for (const std::string& fault : c.faults) out += ", planted fault " + fault;
  return escape_markdown(printable(out)) + "\n";
}

std::string failure_entry(const CaseResult& c, const RunContext& context) {
  std::string text;
  for (const std::string& line : base::split(first_failure(c, context), '\n')) {
    text += (text.empty() ? "" : "\n") + escape_markdown(line);
  }
  return fmt::format(
      "<details><summary>{} <code>{}</code></summary>\n\n<pre>{}</pre>\n</details>\n\n",
      escape_markdown(name(c.status)), escape_markdown(printable(c.id)), text);
}

}  // namespace

std::string github_annotations(const RunResult& run) {
  std::string out;
  std::size_t shown = 0;
  std::int64_t more = 0;
  for (const CaseResult& c : run.cases) {
    if (!failed(c)) continue;
    if (shown < kGithubAnnotations) {
      out += annotation(c, run.context);
      ++shown;
    } else {
      ++more;
    }
  }
  if (more > 0) {
    out += fmt::format("::notice title=mxcheck::{} more failures are not annotated\n", more);
  }
  return out;
}

std::string github_summary(const RunResult& run, std::size_t most) {
  constexpr std::size_t kTail = 80;
  const Totals sum = totals(run);
  std::string out = fmt::format("## mxcheck: {} passed, {} failed, {} skipped\n\n", sum.passed,
                                sum.failed, sum.skipped);
  if (run.incomplete) out += "**The run is incomplete.**\n\n";
  out += counts_table(run) + "\n" + context_line(run) + "\n";
  if (out.size() + kTail > most) return "";
  std::int64_t left = sum.failed;
  for (const CaseResult& c : run.cases) {
    if (!failed(c)) continue;
    const std::string entry = failure_entry(c, run.context);
    if (out.size() + entry.size() + kTail > most) break;
    out += entry;
    --left;
  }
  if (left > 0) out += fmt::format("{} more failures do not fit in here.\n", left);
  return out;
}

}  // namespace mxcheck::reports
