// One case: what it is, what failed, the graph, figures, how to repeat it.
#include <fmt/format.h>

#include <algorithm>

#include "reports/console.h"
#include "reports/html/sections.h"

namespace mxcheck::reports::html {
namespace {

Markup fact(const char* key, const Markup& value) {
  return value.empty() ? Markup() : element("dt", text(key)) + element("dd", value);
}

Markup words(const std::string& value) { return value.empty() ? Markup() : text(value); }

Markup chips(const std::vector<std::string>& values) {
  Markup out;
  for (const std::string& value : values) {
    out += (out.empty() ? Markup() : text(" ")) + element("span", "chip", text(value));
  }
  return out;
}

Markup lines(const std::vector<std::string>& values) {
  Markup out;
  for (const std::string& value : values) out += element("div", text(value));
  return out;
}

Markup facts(const CaseResult& c, Extent extent) {
  std::string place = c.file;
  if (c.line > 0) place += fmt::format(":{}", c.line);
  Markup out = fact("file", words(place).empty() ? Markup() : code(place)) +
               fact("policy", words(c.policy)) + fact("matrix unit", words(c.hardware)) +
               fact("mode", words(c.mode)) + fact("ops", chips(c.ops)) +
               fact("tags", chips(c.tags)) + fact("labels", chips(c.labels)) +
               fact("quirks", lines(c.quirks)) + fact("notes", lines(c.notes));
  if (c.expectation) {
    out += fact("expected", text(fmt::format("{} by entry {}: {}", name(c.expectation->expected),
                                             c.expectation->entry, c.expectation->reason)));
  }
  if (extent == Extent::kFull) {
    out += fact("digest", c.digest.empty() ? Markup() : code(c.digest)) +
           fact("golden digest", c.golden_digest.empty() ? Markup() : code(c.golden_digest));
  }
  return element("dl", "facts", out);
}

Markup checks(const CaseResult& c) {
  if (c.checks.empty()) return {};
  Markup rows;
  for (const CheckResult& check : c.checks) {
    rows += element(
        "tr", element("th", {{"scope", "row"}},
                      text(check.check + (check.mode == "end_to_end" ? ", end to end"
                                          : check.mode.empty()       ? ""
                                                                     : ", " + check.mode))) +
                  element("td", status_badge(check.status)) + number_cell(grouped(check.tensors)) +
                  number_cell(grouped(check.elements)) + number_cell(grouped(check.equal)) +
                  number_cell(grouped(check.exact)) + number_cell(grouped(check.bound)) +
                  number_cell(check.bound > 0 ? fmt::format("{:.3g}", check.worst_fraction) : "") +
                  number_cell(grouped(check.codes_moved)) +
                  element("td", "long", text(check.reason)));
  }
  return table("grid", "Checks",
               {"check", "status", "#tensors", "#elements", "#equal in bits", "#EXACT", "#BOUND",
                "#worst share", "#codes moved", "left out, and why"},
               rows);
}

Markup content(const RunResult& run, const CaseResult& c, Extent extent) {
  Markup out;
  if (!c.title.empty()) out += element("p", "title", text(c.title));
  if (!c.reason.empty()) out += element("p", "reason", text(c.reason));
  const bool failing = verdict(c.status) != Verdict::kPassed || c.status == Status::kXfail;
  if (failing || extent == Extent::kBrief) {
    out += element("p", "repeat", text("repeat: ") + code(repeat_command(c, run.context)));
  }
  out += findings_part(c, extent);
  if (extent != Extent::kFull) {
    out += element("p", "note",
                   text("Drawings and figures are left out, the page would be too large. In full: "
                        "mxcheck report REPORT.json --id ID --report html=FILE"));
  }
  if (extent == Extent::kBrief) return out;
  if (extent == Extent::kFull) out += graph_part(c);
  out += facts(c, extent) + checks(c) + figures_part(c, extent);
  return out;
}

}  // namespace

Markup case_section(const RunResult& run, std::size_t number, Extent extent, Fold fold) {
  const CaseResult& c = run.cases[number];
  std::string headline = case_headline(c);
  const Markup summary = element(
      "summary", status_badge(c.status) + text(" ") + element("span", "id", text(c.id)) +
                     (headline.empty() ? Markup() : element("span", "what", text(headline))));
  const Markup inside = summary + element("div", "body", content(run, c, extent));
  const std::string cls = fmt::format("case {}", status_class(c.status));
  if (fold == Fold::kOpen) {
    return element("details", {{"class", cls}, {"id", anchor(number)}, {"open", ""}}, inside);
  }
  return element("details", {{"class", cls}, {"id", anchor(number)}}, inside);
}

}  // namespace mxcheck::reports::html
