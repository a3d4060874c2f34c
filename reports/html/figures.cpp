// Figures of a case: codes of every quantization, likeness of layers and gradients, statistics over
// steps, products and kernels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/html/charts.h"
#include "reports/html/sections.h"

namespace mxcheck::reports::html {
namespace {

template <typename T>
std::string known(const std::optional<T>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "";
}

Markup quantizations(const CaseResult& c, Extent extent) {
  if (c.quantizations.empty()) return {};
  Markup rows;
  for (const QuantizationCounts& q : c.quantizations) {
    Markup row = element("td", code(q.name)) + number_cell(grouped(q.total)) +
                 number_cell(grouped(q.saturated)) + number_cell(grouped(q.zero)) +
                 number_cell(known(q.ties, "{}")) + number_cell(known(q.sensitive, "{}")) +
                 number_cell(known(q.reciprocal, "{}")) + number_cell(known(q.sqnr_db, "{:.1f}"));
    if (extent == Extent::kFull) {
      row += element("td", q.histogram ? code_chart(*q.histogram) : Markup());
    }
    rows += element("tr", row);
  }
  constexpr const char* kCaption = "Codes of every quantization";
  if (extent != Extent::kFull) {
    return table("grid", kCaption,
                 {"quantization", "#codes", "#saturated", "#zero", "#ties", "#sensitive",
                  "#by reciprocal", "#SQNR dB"},
                 rows);
  }
  const auto key = [](const char* cls, const char* words) {
    return element("span", {{"class", fmt::format("key {}", cls)}}, Markup()) + text(words);
  };
  return table("grid", kCaption,
               {"quantization", "#codes", "#saturated", "#zero", "#ties", "#sensitive",
                "#by reciprocal", "#SQNR dB", "codes from low to high"},
               rows) +
         element("p", "small",
                 key("b", "codes") + key("s", "saturated, at an end of the range") +
                     key("t", "outlined: on a tie between two codes"));
}

// A bar of 60 dB.
Markup decibel_bar(const std::optional<double>& value) {
  if (!value || std::isnan(*value)) return {};
  constexpr double kWidth = 90, kMost = 60;
  const double width = std::clamp(*value / kMost, 0.0, 1.0) * kWidth;
  return element("svg",
                 {{"class", "bar"}, {"width", "90"}, {"height", "9"}, {"aria-hidden", "true"}},
                 single("rect", {{"width", fmt::format("{:.0f}", width)}, {"height", "9"}}));
}

Markup layers(const CaseResult& c) {
  if (c.layers.empty()) return {};
  Markup rows;
  for (const LayerFigure& layer : c.layers) {
    rows += element("tr", element("td", code(layer.name)) + number_cell(grouped(layer.elements)) +
                              number_cell(known(layer.sqnr_db, "{:.1f}")) +
                              element("td", decibel_bar(layer.sqnr_db)) +
                              number_cell(known(layer.cosine, "{:.6f}")));
  }
  return table("grid", "Layers beside the product of their unquantized operands",
               {"layer", "#elements", "#SQNR dB", "of 60 dB", "#cosine"}, rows);
}

Markup agreement(const CaseResult& c) {
  Markup rows;
  for (const CheckResult& check : c.checks) {
    for (const TensorFigure& f : check.figures) {
      rows += element(
          "tr",
          element("td", code(f.name)) + cell(check.check) + cell(name(f.cls)) +
              number_cell(grouped(f.elements)) + number_cell(known(f.cosine, "{:.6f}")) +
              number_cell(known(f.sqnr_db, "{:.1f}")) + element("td", decibel_bar(f.sqnr_db)) +
              number_cell(f.cls == Class::kBound ? fmt::format("{:.3g}", f.worst_fraction) : ""));
    }
  }
  if (rows.empty()) return {};
  return table("grid", "Agreement of gradients and sums with the reference",
               {"tensor", "check", "class", "#elements", "#cosine", "#SQNR dB", "of 60 dB",
                "#share of its bound"},
               rows);
}

Markup traces(const CaseResult& c, Extent extent) {
  if (c.traces.empty() || extent != Extent::kFull) return {};
  Markup out = element(
      "p", "small",
      text("Diamonds: of the step's own array. Line: what the scale was made from; filled where "
           "the step updated the statistics, hollow where they were frozen."));
  for (const SrqTrace& trace : c.traces) out += trace_chart(trace);
  return element("h4", text("Statistics over the steps")) + out;
}

Markup products(const CaseResult& c, Extent extent) {
  if (c.products.empty()) return {};
  Markup rows;
  for (const ProductWidths& p : c.products) {
    const double macs = static_cast<double>(p.batch) * static_cast<double>(p.m) *
                        static_cast<double>(p.k) * static_cast<double>(p.n);
    const double slots = static_cast<double>(p.cycles) * static_cast<double>(p.peak);
    rows += element(
        "tr",
        element("td", code(p.name)) + number_cell(grouped(p.batch)) +
            number_cell(fmt::format("{} x {} x {}", p.m, p.k, p.n)) +
            number_cell(p.cycles > 0 ? grouped(p.cycles) : "") +
            number_cell(slots > 0 ? fmt::format("{:.2f} %", 100 * macs / slots) : "") +
            number_cell(p.bytes > 0 ? fmt::format("{:.2f}", macs / static_cast<double>(p.bytes))
                                    : "") +
            number_cell(fmt::format("{}", p.partial_bits)) +
            number_cell(fmt::format("{}", p.acc_bits)));
  }
  Markup out = table("grid", "Products on the array",
                     {"product", "#batch", "#M x K x N", "#cycles", "#utilisation",
                      "#multiplications a byte", "#bits in the array", "#bits of sums"},
                     rows);
  if (extent == Extent::kFull) out += roofline_chart(roofline_points(c));
  return out;
}

Markup paths(const CaseResult& c) {
  Markup rows;
  for (const PathUse& p : c.paths) {
    rows += element("li", text(fmt::format("{} products: {}{}{}", p.products, p.level,
                                           p.kernel.empty() ? "" : " " + p.kernel,
                                           p.reason.empty() ? "" : ", " + p.reason)));
  }
  std::string used;
  for (const KernelUse& k : c.kernels) {
    if (k.uses > 0) used += fmt::format("{}{} ({})", used.empty() ? "" : ", ", k.name(), k.uses);
  }
  if (!used.empty()) rows += element("li", text("kernels under the check fast: " + used));
  return rows.empty() ? Markup() : element("ul", "more", rows);
}

Markup relations(const CaseResult& c) {
  Markup rows;
  for (const CheckResult& check : c.checks) {
    for (const RelationCount& r : check.relations) {
      std::string why;
      for (const auto& [reason, times] : r.not_applicable) {
        why += fmt::format("{}{} not: {}", why.empty() ? "" : "; ", times, reason);
      }
      rows +=
          element("tr", cell(check.check) + cell(r.relation) + number_cell(grouped(r.applied)) +
                            number_cell(grouped(r.elements)) + element("td", "long", text(why)));
    }
  }
  if (rows.empty()) return {};
  return table("grid", "Relations between runs",
               {"check", "relation", "#applied", "#elements", "not applied, and why"}, rows);
}

}  // namespace

Markup figures_part(const CaseResult& c, Extent extent) {
  return traces(c, extent) + layers(c) + agreement(c) + quantizations(c, extent) +
         products(c, extent) + paths(c) + (extent == Extent::kFull ? relations(c) : Markup());
}

}  // namespace mxcheck::reports::html
