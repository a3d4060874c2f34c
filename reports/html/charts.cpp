// Coordinates are pixels; one path an appearance, not one element a mark, keeps the page small.
#include "reports/html/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mxcheck::reports::html {
namespace {

std::string px(double value) {
  std::string out = fmt::format("{:.1f}", value);
  if (out.ends_with(".0")) out.resize(out.size() - 2);
  return out;
}

// The title is the picture's name for those who do not see it.
Markup svg(const char* cls, double width, double height, const std::string& title,
           const Markup& content) {
  return element("svg",
                 {{"class", cls},
                  {"width", px(width)},
                  {"height", px(height)},
                  {"viewBox", fmt::format("0 0 {} {}", px(width), px(height))},
                  {"role", "img"}},
                 element("title", text(title)) + content);
}

Markup path(const char* cls, const std::string& d) {
  return d.empty() ? Markup() : single("path", {{"class", cls}, {"d", d}});
}

}  // namespace

Markup bar_chart(const char* caption, const std::vector<Bin>& bins) {
  if (bins.empty()) return {};
  std::int64_t most = 1;
  for (const Bin& bin : bins) most = std::max(most, bin.count);
  constexpr double kWidth = 120, kHeight = 9;
  Markup rows;
  for (const Bin& bin : bins) {
    const double width = kWidth * static_cast<double>(bin.count) / static_cast<double>(most);
    const Markup bar = element(
        "svg",
        {{"class", "bar"}, {"width", px(kWidth)}, {"height", px(kHeight)}, {"aria-hidden", "true"}},
        single("rect",
               {{"width", px(bin.count > 0 ? std::max(1.0, width) : 0)}, {"height", px(kHeight)}}));
    rows += element("tr", element("th", {{"scope", "row"}, {"class", "num"}}, text(bin.label)) +
                              element("td", bar) + number_cell(grouped(bin.count)));
  }
  return element("table", "bars", element("caption", text(caption)) + element("tbody", rows));
}

Markup code_chart(const CodeHistogram& h) {
  constexpr double kBar = 5, kGap = 1, kHeight = 34;
  std::int64_t most = 1;
  for (const std::int64_t count : h.counts) most = std::max(most, count);
  const auto height = [&](std::int64_t count) {
    if (count == 0) return 0.0;
    return std::max(1.0, kHeight * static_cast<double>(count) / static_cast<double>(most));
  };
  std::string plain, tied, saturated;
  const auto add = [&](std::string& to, std::size_t bin, double from, double tall) {
    if (tall <= 0) return;
    to += fmt::format("M{} {}v-{}h{}v{}z", px(static_cast<double>(bin) * (kBar + kGap)),
                      px(kHeight - from), px(tall), px(kBar), px(tall));
  };
  for (std::size_t bin = 0; bin < h.counts.size(); ++bin) {
    std::int64_t ends = bin == 0 ? h.at_low : 0;
    if (bin + 1 == h.counts.size()) ends += h.at_high;
    const double all = height(h.counts[bin]);
    const double share =
        h.counts[bin] > 0
            ? std::min(1.0, static_cast<double>(ends) / static_cast<double>(h.counts[bin]))
            : 0;
    add(saturated, bin, 0, all * share);
    add(plain, bin, all * share, all * (1 - share));
    if (bin < h.ties.size()) add(tied, bin, 0, std::min(all, height(h.ties[bin])));
  }
  const double width = static_cast<double>(h.counts.size()) * (kBar + kGap);
  std::string label = fmt::format("codes {} to {}, {} a bar; {} at the low end, {} at the high end",
                                  h.low, h.high, h.width, h.at_low, h.at_high);
  std::int64_t ties = 0;
  for (const std::int64_t count : h.ties) ties += count;
  if (!h.ties.empty()) label += fmt::format("; {} on ties", ties);
  return svg("codes", width, kHeight + 1, label,
             path("b", plain) + path("s", saturated) + path("t", tied) +
                 path("axis", fmt::format("M0 {}h{}", px(kHeight + 0.5), px(width))));
}

namespace {

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::string shortly(double value) { return fmt::format("{:.6g}", value); }

Markup trace_table(const SrqTrace& trace) {
  Markup rows;
  for (std::size_t step = 0; step < trace.steps.size(); ++step) {
    const SrqStep& s = trace.steps[step];
    rows +=
        element("tr", number_cell(fmt::format("{}", step)) + number_cell(grouped(s.count)) +
                          number_cell(shortly(s.sum)) + number_cell(shortly(s.own)) +
                          number_cell(shortly(s.in_use)) + cell(s.updated ? "updated" : "frozen"));
  }
  return table("grid", "", {"#step", "#count", "#sum", "#own", "#in use", "statistics"}, rows);
}

}  // namespace

Markup trace_chart(const SrqTrace& trace) {
  constexpr double kWidth = 420, kHeight = 130, kLeft = 64, kRight = 12, kTop = 10, kBottom = 22;
  Range range;
  for (const SrqStep& s : trace.steps) {
    range.add(s.own);
    range.add(s.in_use);
  }
  if (!(range.low <= range.high)) return trace_table(trace);
  if (range.low == range.high) range.low -= 1, range.high += 1;
  const double count = static_cast<double>(std::max<std::size_t>(2, trace.steps.size()) - 1);
  const auto x = [&](std::size_t step) {
    return kLeft + (kWidth - kLeft - kRight) * static_cast<double>(step) / count;
  };
  const auto y = [&](double value) {
    const double share = (value - range.low) / (range.high - range.low);
    return kTop + (kHeight - kTop - kBottom) * (1 - share);
  };
  std::string line, own, updated, frozen;
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    const SrqStep& s = trace.steps[i];
    if (std::isfinite(s.own)) {
      own += fmt::format("M{} {}l3 3l3 -3l-3 -3z", px(x(i) - 3), px(y(s.own)));
    }
    if (!std::isfinite(s.in_use)) continue;
    line += fmt::format("{}{} {}", line.empty() ? "M" : "L", px(x(i)), px(y(s.in_use)));
    (s.updated ? updated : frozen) +=
        fmt::format("M{} {}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", px(x(i) - 3), px(y(s.in_use)));
  }
  const auto label = [](double at_x, double at_y, const char* anchor, const std::string& words) {
    return element("text", {{"x", px(at_x)}, {"y", px(at_y)}, {"text-anchor", anchor}},
                   text(words));
  };
  const std::string title = fmt::format("{} over {} steps: from {} to {}", trace.part,
                                        trace.steps.size(), range.low, range.high);
  const Markup drawing = path("axis", fmt::format("M{0} {1}V{2}H{3}", px(kLeft - 6), px(kTop),
                                                  px(kHeight - kBottom + 6), px(kWidth - kRight))) +
                         path("line", line) + path("own", own) + path("dot", updated) +
                         path("ring", frozen) +
                         label(kLeft - 10, y(range.high) + 4, "end", shortly(range.high)) +
                         label(kLeft - 10, y(range.low) + 4, "end", shortly(range.low)) +
                         label(x(0), kHeight - 4, "middle", "0") +
                         label(x(trace.steps.size() - 1), kHeight - 4, "end",
                               fmt::format("step {}", trace.steps.size() - 1));
  std::string name = fmt::format("{} {}", trace.name, trace.part);
  if (trace.elements > 1) {
    name += fmt::format(", element {} of {}", trace.element, trace.elements);
  }
  return element("figure", "trace",
                 element("figcaption", code(name)) + svg("plot", kWidth, kHeight, title, drawing) +
                     trace_table(trace));
}

Markup pe_chart(const PeMap& map) {
  const std::int64_t rows = (map.rows + map.cell - 1) / std::max<std::int64_t>(1, map.cell);
  const std::int64_t columns = (map.columns + map.cell - 1) / std::max<std::int64_t>(1, map.cell);
  if (rows <= 0 || columns <= 0) return {};
  const double side = std::clamp(200.0 / static_cast<double>(std::max(rows, columns)), 3.0, 14.0);
  std::int64_t most = 1, wrong = 0;
  for (const PeCount& pe : map.wrong) {
    most = std::max(most, pe.wrong);
    wrong += pe.wrong;
  }
  std::string shades[3], stripes;
  for (const PeCount& pe : map.wrong) {
    const double x = static_cast<double>(pe.column) * side;
    if (pe.row < 0) {
      stripes += fmt::format("M{} 0h{}v{}h-{}z", px(x), px(side),
                             px(static_cast<double>(rows) * side), px(side));
      continue;
    }
    const auto shade = static_cast<std::size_t>(
        std::min(2.0, std::floor(3 * static_cast<double>(pe.wrong) / static_cast<double>(most))));
    shades[shade] += fmt::format("M{} {}h{}v{}h-{}z", px(x), px(static_cast<double>(pe.row) * side),
                                 px(side), px(side), px(side));
  }
  const double width = static_cast<double>(columns) * side;
  const double height = static_cast<double>(rows) * side;
  const std::string title = fmt::format("{} x {} array, {} of {} outputs wrong", map.rows,
                                        map.columns, wrong, map.compared);
  const Markup picture =
      single("rect", {{"class", "array"}, {"width", px(width)}, {"height", px(height)}}) +
      path("column", stripes) + path("w1", shades[0]) + path("w2", shades[1]) +
      path("w3", shades[2]);
  constexpr std::size_t kNamed = 8;
  std::string words;
  for (std::size_t i = 0; i < std::min(kNamed, map.wrong.size()); ++i) {
    const PeCount& pe = map.wrong[i];
    const std::string row = pe.row < 0 ? "some row" : fmt::format("row {}", pe.row * map.cell);
    words += fmt::format("{}{}, column {}: {}", words.empty() ? "" : "; ", row,
                         pe.column * map.cell, pe.wrong);
  }
  if (map.wrong.size() > kNamed) words += fmt::format("; {} more", map.wrong.size() - kNamed);
  const std::string caption =
      title + (map.cell > 1 ? fmt::format(", in cells of {0} x {0} PEs", map.cell) : "");
  return element("figure", "pe",
                 element("figcaption", text("PE map: " + caption)) +
                     svg("array-map", width, height, title, picture) +
                     element("p", "small", text(words)));
}

}  // namespace mxcheck::reports::html
