// One row a case. What the filters look at stands in data attributes; the controls are hidden until
// the script is there to answer them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/console.h"
#include "reports/html/sections.h"

namespace mxcheck::reports::html {
namespace {

// "|a|b|": a filter looks for "|a|".
std::string barred(const std::vector<std::string>& words) {
  std::string out = "|";
  for (const std::string& word : words) out.append(word).append("|");
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

Markup row(const CaseResult& c, std::size_t number) {
  std::string what = case_headline(c);
  if (what.empty()) what = c.title;
  const std::string cls = class_of(c);
  return element(
      "tr",
      {{"data-status", name(c.status)},
       {"data-ops", barred(c.ops)},
       {"data-tags", barred(c.tags)},
       {"data-class", cls.empty() ? "none" : cls}},
      element("td", status_badge(c.status)) +
          element("td", "id", element("a", {{"href", "#" + anchor(number)}}, text(c.id))) +
          element("td", "what", text(what)) + element("td", "words", text(joined(c.ops))) +
          element("td", "words", text(joined(c.tags))) + cell(cls) +
          number_cell(fmt::format("{:.1f}", c.milliseconds)));
}

Markup choice(const char* id, const char* words, const std::set<std::string>& values) {
  Markup options = element("option", {{"value", ""}}, text("any"));
  for (const std::string& value : values) {
    options += element("option", {{"value", value}}, text(value));
  }
  return element("label",
                 text(std::string(words) + " ") + element("select", {{"id", id}}, options));
}

Markup controls(const RunResult& run) {
  std::set<std::string> statuses, ops, tags, classes;
  for (const CaseResult& c : run.cases) {
    statuses.insert(name(c.status));
    ops.insert(c.ops.begin(), c.ops.end());
    tags.insert(c.tags.begin(), c.tags.end());
    const std::string cls = class_of(c);
    classes.insert(cls.empty() ? "none" : cls);
  }
  const Markup search = element(
      "label", text("Search ") + single("input", {{"id", "search"},
                                                  {"type", "search"},
                                                  {"autocomplete", "off"},
                                                  {"placeholder", "id, title, failure; press /"}}));
  return element("form", {{"id", "filters"}, {"hidden", ""}, {"role", "search"}},
                 search + choice("status", "Status", statuses) + choice("op", "Op", ops) +
                     choice("tag", "Tag", tags) + choice("class", "Class", classes) +
                     element("button", {{"type", "reset"}}, text("Clear")) +
                     element("output", {{"id", "shown"}, {"aria-live", "polite"}}, Markup()));
}

}  // namespace

Markup cases_table(const RunResult& run) {
  Markup rows;
  for (std::size_t i = 0; i < run.cases.size(); ++i) rows += row(run.cases[i], i);
  return controls(run) +
         table("cases", "", {"status", "case", "failure or title", "ops", "tags", "class", "#ms"},
               rows);
}

}  // namespace mxcheck::reports::html
