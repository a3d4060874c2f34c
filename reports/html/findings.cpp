// What differs: the headline as on the console, the first mismatches, the surroundings, how far
// apart, where on the array, and why.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "reports/finding_text.h"
#include "reports/html/charts.h"
#include "reports/html/sections.h"

namespace mxcheck::reports::html {
namespace {

constexpr std::size_t kFullFindings = 3;     // with figures, of the first check that has any
constexpr std::size_t kNextFindings = 1;     // of the others
constexpr std::size_t kListedFindings = 40;  // of each check
constexpr std::size_t kBriefFindings = 2;

std::vector<const Finding*> in_flow(const CheckResult& check) {
  std::vector<const Finding*> out;
  for (const Finding& f : check.findings) out.push_back(&f);
  const auto key = [](const Finding* f) {
    const std::string step = f->name.substr(0, f->name.find('/'));
    return std::tuple(!f->judged, step.size(), step, place_in_flow(f->name));
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](const Finding* a, const Finding* b) { return key(a) < key(b); });
  return out;
}

// Which side is compared with.
const char* other_side(const CheckResult& check, const Finding& f) {
  if (f.formula == "BND-4") return "exact";
  return check.check == "golden" ? "golden" : "expected";
}

std::string facts_text(const Mismatch& m) {
  std::string out;
  for (const Fact& fact : m.facts) {
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", fact.first, fact.second);
  }
  if (m.tie) out += out.empty() ? "on a tie" : ", on a tie";
  return out;
}

// The columns that say nothing of any mismatch are left out.
Markup mismatch_table(const CheckResult& check, const Finding& f) {
  if (f.mismatches.empty()) return {};
  const auto any = [&](auto has) {
    return std::any_of(f.mismatches.begin(), f.mismatches.end(), has);
  };
  const bool ulps = any([](const Mismatch& m) { return m.ulp.has_value(); });
  const bool shares = any([](const Mismatch& m) { return m.bound_fraction.has_value(); });
  const bool facts = any([](const Mismatch& m) { return !facts_text(m).empty(); });
  const auto head = [](const char* cls, const char* words) {
    return element("th", {{"scope", "col"}, {"class", cls}}, text(words));
  };
  Markup heads = head("num", "index") + head("num", "sim") + head("num", "bits") +
                 head("num", other_side(check, f)) + head("num", "bits");
  if (ulps) heads += head("num", "ulp");
  if (shares) heads += head("num", "share of bound");
  if (facts) heads += head("txt", "made from");
  Markup rows;
  for (const Mismatch& m : f.mismatches) {
    Markup row = number_cell(index_text(m.index)) + number_cell(m.ours) + number_cell(m.ours_bits) +
                 number_cell(m.theirs) + number_cell(m.theirs_bits);
    if (ulps) row += number_cell(m.ulp ? fmt::format("{}", *m.ulp) : "");
    if (shares) {
      row += number_cell(m.bound_fraction ? fmt::format("{:.3g}", *m.bound_fraction) : "");
    }
    if (facts) row += element("td", "long", text(facts_text(m)));
    rows += element("tr", row);
  }
  const std::string caption =
      f.mismatches.size() == 1
          ? fmt::format("The first of {} that differ", f.differ)
          : fmt::format("The first {} of {} that differ", f.mismatches.size(), f.differ);
  return element("div", "scroll",
                 element("table", "grid mono",
                         element("caption", text(caption)) +
                             element("thead", element("tr", heads)) + element("tbody", rows)));
}

Markup window_cell(const WindowCell& cell, const char* other) {
  if (!cell.differs) {
    return element("td", element("span", "v", text(cell.ours)) +
                             element("span", "bits", text(cell.ours_bits)));
  }
  return element("td", "differs",
                 element("span", "v", text("sim " + cell.ours)) +
                     element("span", "bits", text(cell.ours_bits)) +
                     element("span", "v", text(std::string(other) + " " + cell.theirs)) +
                     element("span", "bits", text(cell.theirs_bits)));
}

// "[2,0,.,.]": the fixed axes of a window over the last two.
std::string place_text(const Window& window) {
  std::string out = "[";
  const std::size_t rank = window.origin.size();
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (axis > 0) out += ",";
    out += axis + 2 >= rank ? "." : fmt::format("{}", window.origin[axis]);
  }
  return out + "]";
}

Markup window_table(const CheckResult& check, const Finding& f) {
  if (!f.window || f.window->rows <= 0 || f.window->columns <= 0) return {};
  const Window& w = *f.window;
  const std::size_t rank = w.origin.size();
  const std::int64_t first_row = rank > 1 ? w.origin[rank - 2] : 0;
  const std::int64_t first_column = rank > 0 ? w.origin[rank - 1] : 0;
  Markup heads = element("th", {{"scope", "col"}}, text(place_text(w)));
  for (std::int64_t c = 0; c < w.columns; ++c) {
    heads += element("th", {{"scope", "col"}}, text(fmt::format("{}", first_column + c)));
  }
  Markup rows;
  for (std::int64_t r = 0; r < w.rows; ++r) {
    Markup row = element("th", {{"scope", "row"}}, text(fmt::format("{}", first_row + r)));
    for (std::int64_t c = 0; c < w.columns; ++c) {
      row +=
          window_cell(w.cells[static_cast<std::size_t>(r * w.columns + c)], other_side(check, f));
    }
    rows += element("tr", row);
  }
  return element(
      "div", "scroll",
      element("table", "window",
              element("caption", text("Around the first mismatch; mismatches are marked")) +
                  element("thead", element("tr", heads)) + element("tbody", rows)));
}

Markup figures(const CheckResult& check, const Finding& f) {
  const Markup row = bar_chart("sim minus expected", f.deltas) +
                     bar_chart("distance in ulp", f.ulps) +
                     (f.pe_map ? pe_chart(*f.pe_map) : Markup());
  return window_table(check, f) + (row.empty() ? Markup() : element("div", "figures", row));
}

Markup finding(const CheckResult& check, const Finding& f, Extent extent) {
  Markup out = element("h4", text(finding_headline(check, f)));
  if (!f.explanation.empty()) out += element("p", text(f.explanation));
  if (!f.rule.empty()) out += element("p", "small", text("rule " + f.rule));
  out += mismatch_table(check, f);
  if (extent == Extent::kFull) out += figures(check, f);
  return element("div", f.judged ? "finding" : "finding open", out);
}

Markup listed(const CheckResult& check, const std::vector<const Finding*>& findings,
              std::size_t from) {
  Markup rows;
  const std::size_t end = std::min(findings.size(), kListedFindings);
  for (std::size_t i = from; i < end; ++i) {
    const Finding& f = *findings[i];
    rows += element("li", text(finding_headline(check, f)) +
                              (f.judged ? Markup() : text(" (not held against the case)")));
  }
  if (end < findings.size()) {
    rows += element("li", text(fmt::format("and {} more", findings.size() - end)));
  }
  return rows.empty() ? Markup() : element("ul", "more", rows);
}

Markup cause(const CheckResult& check) {
  if (!check.root_cause) return {};
  std::string words = root_cause_text(*check.root_cause);
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  words.erase(0, words.find_first_not_of(' '));
  return element("p", "cause", text(words));
}

}  // namespace

Markup findings_part(const CaseResult& c, Extent extent) {
  Markup out;
  std::size_t most = extent == Extent::kBrief ? kBriefFindings : kFullFindings;
  for (const CheckResult& check : c.checks) {
    if (check.findings.empty()) continue;
    out += cause(check);
    // The end-to-end run mostly repeats what the isolated one shows.
    const bool repeats = check.mode == "end_to_end" && !out.empty();
    const std::vector<const Finding*> findings = in_flow(check);
    std::size_t shown = 0;
    while (!repeats && shown < std::min(most, findings.size())) {
      out += finding(check, *findings[shown++], extent);
    }
    if (extent != Extent::kBrief) out += listed(check, findings, shown);
    most = kNextFindings;
  }
  return out;
}

}  // namespace mxcheck::reports::html
