// Over all cases: products on the roofline, labels that cases are about, kernels that were used.
#include <fmt/format.h>

#include <map>

#include "reports/html/charts.h"
#include "reports/html/sections.h"
#include "sim/base/labels.h"

namespace mxcheck::reports::html {
namespace {

struct Cover {
  std::int64_t cases = 0, failed = 0;
};

std::map<std::string, Cover> covers(const RunResult& run) {
  std::map<std::string, Cover> out;
  for (const CaseResult& c : run.cases) {
    for (const std::string& label : c.labels) {
      Cover& cover = out[label];
      ++cover.cases;
      cover.failed += verdict(c.status) == Verdict::kFailed ? 1 : 0;
    }
  }
  return out;
}

}  // namespace

Markup performance_section(const RunResult& run) {
  std::vector<RooflinePoint> points;
  std::int64_t products = 0, cycles = 0;
  double macs = 0, slots = 0;
  for (const CaseResult& c : run.cases) {
    const std::vector<RooflinePoint> own = roofline_points(c);
    points.insert(points.end(), own.begin(), own.end());
    for (const ProductWidths& p : c.products) {
      products += p.batch;
      cycles += p.cycles;
      macs += static_cast<double>(p.batch) * static_cast<double>(p.m) * static_cast<double>(p.k) *
              static_cast<double>(p.n);
      slots += static_cast<double>(p.cycles) * static_cast<double>(p.peak);
    }
  }
  if (products == 0) return element("p", text("No integer products."));
  const std::string words = fmt::format(
      "{} integer products, {} cycles by the schedules of their arrays, {:.2f} % of all "
      "multiplications that the arrays could have done.",
      grouped(products), grouped(cycles), slots > 0 ? 100 * macs / slots : 0.0);
  return element("p", text(words)) + roofline_chart(points);
}

Markup labels_section(const RunResult& run) {
  const std::map<std::string, Cover> found = covers(run);
  std::int64_t covered = 0;
  Markup rows, missing;
  for (const base::Label& label : base::labels()) {
    const auto cover = found.find(label.id);
    if (cover == found.end()) {
      missing += (missing.empty() ? Markup() : text(" ")) +
                 element("span", {{"class", "chip"}, {"title", label.meaning}}, text(label.id));
      continue;
    }
    ++covered;
    const bool bad = cover->second.failed > 0;
    rows += element(
        "tr", element("th", {{"scope", "row"}}, text(label.id)) + cell(base::name(label.kind)) +
                  number_cell(grouped(cover->second.cases)) +
                  element("td", bad ? "num bad" : "num", text(grouped(cover->second.failed))) +
                  element("td", "long", text(label.meaning)));
  }
  const std::string words =
      fmt::format("{} of {} labels are what at least one case of this run is about.", covered,
                  base::labels().size());
  Markup out = element("p", text(words));
  if (!rows.empty()) {
    out += element("details",
                   element("summary", text("Covered labels")) +
                       table("grid", "", {"label", "kind", "#cases", "#failed", "meaning"}, rows));
  }
  if (!missing.empty()) {
    out += element("details", element("summary", text("Labels without a case in this run")) +
                                  element("p", missing));
  }
  return out;
}

Markup kernels_section(const RunResult& run) {
  const std::vector<KernelUse> kernels = kernel_totals(run);
  std::map<std::string, std::int64_t> levels;
  for (const CaseResult& c : run.cases) {
    for (const PathUse& p : c.paths) {
      levels[p.kernel.empty() ? p.level : p.level + ", " + p.kernel] += p.products;
    }
  }
  Markup out;
  if (!levels.empty()) {
    Markup rows;
    for (const auto& [level, count] : levels) {
      rows += element("tr",
                      element("th", {{"scope", "row"}}, text(level)) + number_cell(grouped(count)));
    }
    out += table("grid", "How products were computed", {"level, kernel", "#products"}, rows);
  }
  if (kernels.empty()) return out + element("p", text("The check fast did not run."));
  Markup rows;
  std::int64_t used = 0;
  for (const KernelUse& k : kernels) {
    used += k.uses > 0 ? 1 : 0;
    rows += element("tr", element("th", {{"scope", "row"}}, text(k.name())) + cell(k.family()) +
                              cell(k.isa()) + number_cell(grouped(k.uses)));
  }
  out += element("p", text(fmt::format("{} of {} kernels of the host were used by the check fast.",
                                       used, kernels.size())));
  return out +
         element("details", element("summary", text("Kernels by name")) +
                                table("grid", "", {"kernel", "family", "isa", "#uses"}, rows));
}

}  // namespace mxcheck::reports::html
