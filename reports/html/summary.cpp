// What a reader wants first: did it pass, what ran, under which settings.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/html/sections.h"

namespace mxcheck::reports::html {

const char* status_class(Status status) {
  switch (verdict(status)) {
    case Verdict::kPassed:
      return status == Status::kPass ? "pass" : "odd";
    case Verdict::kFailed:
      return "fail";
    case Verdict::kSkipped:
      return "skip";
  }
  return "";
}

Markup status_badge(Status status) {
  return element("span", {{"class", fmt::format("badge {}", status_class(status))}},
                 text(name(status)));
}

std::string class_of(const CaseResult& c) {
  bool compared = false;
  for (const CheckResult& check : c.checks) {
    if (check.bound > 0) return name(Class::kBound);
    compared = compared || check.tensors > 0;
  }
  return compared ? name(Class::kExact) : "";
}

std::string anchor(std::size_t number) { return fmt::format("c{}", number); }

namespace {

std::string seconds(double milliseconds) {
  return milliseconds < 1000 ? fmt::format("{:.0f} ms", milliseconds)
                             : fmt::format("{:.1f} s", milliseconds / 1000);
}

Markup count_tile(const char* cls, const char* words, std::int64_t count) {
  return element("div", {{"class", fmt::format("tile {}", count == 0 ? "none" : cls)}},
                 element("strong", text(grouped(count))) + element("span", text(words)));
}

// Passed, failed and skipped as parts of one line.
Markup share_bar(const Totals& sum) {
  const double all = static_cast<double>(sum.passed + sum.failed + sum.skipped);
  if (all <= 0) return {};
  Markup parts;
  double x = 0;
  for (const auto& [cls, count] :
       {std::pair{"pass", sum.passed}, {"fail", sum.failed}, {"skip", sum.skipped}}) {
    const double width = 1000 * static_cast<double>(count) / all;
    if (count > 0) {
      parts += single("rect", {{"class", cls},
                               {"x", fmt::format("{:.1f}", x)},
                               {"width", fmt::format("{:.1f}", std::max(width, 2.0))},
                               {"height", "10"}});
    }
    x += width;
  }
  return element("svg",
                 {{"class", "share"},
                  {"viewBox", "0 0 1000 10"},
                  {"preserveAspectRatio", "none"},
                  {"role", "img"},
                  {"aria-label", fmt::format("{} passed, {} failed, {} skipped", sum.passed,
                                             sum.failed, sum.skipped)}},
                 parts);
}

struct CheckSum {
  std::int64_t cases = 0, failed = 0, left_out = 0, tensors = 0, elements = 0, equal = 0, exact = 0,
               bound = 0;
  double worst = 0;
};

Markup checks_table(const RunResult& run) {
  std::map<std::string, CheckSum> sums;
  for (const CaseResult& c : run.cases) {
    for (const CheckResult& check : c.checks) {
      CheckSum& sum = sums[check.check + (check.mode == "end_to_end" ? ", end to end"
                                          : check.mode.empty()       ? ""
                                                                     : ", " + check.mode)];
      if (check.status == Status::kSkip) {
        ++sum.left_out;
        continue;
      }
      ++sum.cases;
      sum.failed += check.status == Status::kFail ? 1 : 0;
      sum.tensors += check.tensors, sum.elements += check.elements;
      sum.equal += check.equal, sum.exact += check.exact, sum.bound += check.bound;
      sum.worst = std::max(sum.worst, check.worst_fraction);
    }
  }
  if (sums.empty()) return {};
  Markup rows;
  for (const auto& [check, sum] : sums) {
    rows += element(
        "tr", element("th", {{"scope", "row"}}, text(check)) + number_cell(grouped(sum.cases)) +
                  element("td", sum.failed > 0 ? "num bad" : "num", text(grouped(sum.failed))) +
                  number_cell(grouped(sum.left_out)) + number_cell(grouped(sum.tensors)) +
                  number_cell(grouped(sum.elements)) + number_cell(grouped(sum.equal)) +
                  number_cell(grouped(sum.exact)) + number_cell(grouped(sum.bound)) +
                  number_cell(sum.bound > 0 ? fmt::format("{:.3g}", sum.worst) : ""));
  }
  return table("grid", "What was compared",
               {"check", "#cases", "#failed", "#left out", "#tensors", "#elements",
                "#equal in bits", "#EXACT", "#BOUND", "#worst share of a bound"},
               rows);
}

Markup statuses(const RunResult& run) {
  std::map<Status, std::int64_t> counts;
  for (const CaseResult& c : run.cases) ++counts[c.status];
  Markup out;
  for (const auto& [status, count] : counts) {
    out += element("li", status_badge(status) + text(" " + grouped(count)));
  }
  return element("ul", {{"class", "statuses"}, {"aria-label", "Cases by status"}}, out);
}

}  // namespace

Markup summary_section(const RunResult& run) {
  const Totals sum = totals(run);
  const RunContext& c = run.context;
  std::string line =
      fmt::format("mxcheck {} ({}), level {}, isa {}, {} in {}", c.version, c.commit, c.level,
                  c.isa, fmt::format("{} cases", run.cases.size()), seconds(run.milliseconds));
  if (!c.policy.empty()) line += ", policy " + c.policy;
  if (!c.hardware.empty()) line += ", hardware " + c.hardware;
  Markup out = element("h1", text("mxcheck report"));
  out += element("p", "lead", text(line));
  if (run.incomplete) {
    out += element("p", "warning", text("The run was stopped: not every selected case has run."));
  }
  for (const std::string& fault : c.faults) {
    out += element("p", "warning", text("Planted fault: ") + code(fault));
  }
  out +=
      element("div", "tiles",
              count_tile("fail", "failed", sum.failed) + count_tile("pass", "passed", sum.passed) +
                  count_tile("skip", "skipped", sum.skipped));
  return out + share_bar(sum) + statuses(run) + checks_table(run);
}

Markup context_section(const RunResult& run) {
  const RunContext& c = run.context;
  Markup rows;
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    rows += element(
        "tr", element("th", {{"scope", "row"}}, text(key)) + element("td", "long", text(value)));
  };
  const auto joined = [](const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
  };
  add("version", c.version);
  add("commit", c.commit);
  add("paths", joined(c.paths));
  add("selection", c.selection);
  add("policy", c.policy.empty() ? "of each case" : c.policy);
  add("matrix unit", c.hardware.empty() ? "of each case" : c.hardware);
  add("level", c.level);
  add("instruction set", c.isa);
  add("instruction sets of the host", joined(c.isas_here));
  add("seed", c.seed ? fmt::format("{}", *c.seed) : "0 (default)");
  add("shard", c.shard);
  add("expectations", c.expectations);
  add("planted faults", joined(c.faults));
  add("suite digest", run.suite_digest);
  Markup out = element("table", "facts", element("tbody", rows));
  if (run.expectations.empty()) return out;
  Markup entries;
  for (const ExpectationUse& e : run.expectations) {
    entries += element("tr", element("td", code(e.entry)) + cell(name(e.expected)) + cell(e.check) +
                                 number_cell(grouped(e.matched)) + number_cell(grouped(e.decided)) +
                                 element("td", "long", text(e.reason)));
  }
  return out + table("grid", "Expectations",
                     {"entry", "expected", "check", "#matched", "#decided", "reason"}, entries);
}

}  // namespace mxcheck::reports::html
