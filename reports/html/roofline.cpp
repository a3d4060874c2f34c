// The roofline: what the array could do at an intensity, and what the schedule lets a product do.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "reports/html/charts.h"

namespace mxcheck::reports::html {
namespace {

constexpr double kWidth = 440, kHeight = 230, kLeft = 52, kRight = 14, kTop = 14, kBottom = 34;

// Whole decades on both axes.
struct Axes {
  int left, right, bottom, top;  // exponents of ten

  [[nodiscard]] double x(double value) const {
    return kLeft + (kWidth - kLeft - kRight) * (std::log10(value) - left) / (right - left);
  }
  [[nodiscard]] double y(double value) const {
    return kTop + (kHeight - kTop - kBottom) * (top - std::log10(value)) / (top - bottom);
  }
};

Axes axes_of(const std::vector<RooflinePoint>& points) {
  double left = 0, right = 1, bottom = 0, top = 1;
  for (const RooflinePoint& p : points) {
    const double knee = p.peak / p.edge_bytes;
    left = std::min({left, std::floor(std::log10(p.intensity)), std::floor(std::log10(knee))});
    right = std::max(
        {right, std::ceil(std::log10(p.intensity) + 0.01), std::ceil(std::log10(knee) + 0.3)});
    bottom = std::min(bottom, std::floor(std::log10(p.speed)));
    top = std::max(top, std::ceil(std::log10(p.peak) + 0.01));
  }
  const auto whole = [](double exponent) { return static_cast<int>(exponent); };
  return {whole(left), whole(right), whole(bottom), whole(top)};
}

Markup words(double x, double y, const char* anchor, const std::string& label) {
  return element(
      "text",
      {{"x", fmt::format("{:.1f}", x)}, {"y", fmt::format("{:.1f}", y)}, {"text-anchor", anchor}},
      text(label));
}

std::string power(int exponent) {
  if (exponent >= 0 && exponent <= 5)
    return grouped(static_cast<std::int64_t>(std::pow(10, exponent)));
  return fmt::format("1e{}", exponent);
}

Markup frame(const Axes& axes) {
  std::string lines;
  Markup labels;
  for (int e = axes.left; e <= axes.right; ++e) {
    const double x = axes.x(std::pow(10, e));
    lines += fmt::format("M{:.1f} {:.1f}V{:.1f}", x, kTop, kHeight - kBottom);
    labels += words(x, kHeight - kBottom + 14, "middle", power(e));
  }
  for (int e = axes.bottom; e <= axes.top; ++e) {
    const double y = axes.y(std::pow(10, e));
    lines += fmt::format("M{:.1f} {:.1f}H{:.1f}", kLeft, y, kWidth - kRight);
    labels += words(kLeft - 6, y + 4, "end", power(e));
  }
  labels += words((kLeft + kWidth - kRight) / 2, kHeight - 4, "middle", "multiplications a byte");
  return single("path", {{"class", "gridline"}, {"d", lines}}) + labels;
}

std::string roof(const Axes& axes, double peak, double edge_bytes) {
  const double knee = peak / edge_bytes;
  const double start = std::max(std::pow(10, axes.left), std::pow(10, axes.bottom) / edge_bytes);
  std::string d;
  if (start < knee) {
    d = fmt::format("M{:.1f} {:.1f}L", axes.x(start), axes.y(start * edge_bytes));
  } else {
    d = "M";
  }
  return d + fmt::format("{:.1f} {:.1f}H{:.1f}", axes.x(knee), axes.y(peak), kWidth - kRight);
}

}  // namespace

std::vector<RooflinePoint> roofline_points(const CaseResult& c) {
  std::vector<RooflinePoint> out;
  for (const ProductWidths& p : c.products) {
    const double macs = static_cast<double>(p.batch) * static_cast<double>(p.m) *
                        static_cast<double>(p.k) * static_cast<double>(p.n);
    if (p.cycles <= 0 || p.bytes <= 0 || p.peak <= 0 || p.edge_bytes <= 0 || macs <= 0) continue;
    out.push_back({p.name, macs / static_cast<double>(p.bytes),
                   macs / static_cast<double>(p.cycles), static_cast<double>(p.peak),
                   static_cast<double>(p.edge_bytes)});
  }
  return out;
}

Markup roofline_chart(const std::vector<RooflinePoint>& points) {
  if (points.empty()) return {};
  const Axes axes = axes_of(points);
  std::set<std::pair<double, double>> arrays;
  std::set<std::string> marks;
  for (const RooflinePoint& p : points) {
    arrays.insert({p.peak, p.edge_bytes});
    marks.insert(fmt::format("M{:.0f} {:.0f}h.01", axes.x(p.intensity), axes.y(p.speed)));
  }
  std::string roofs, dots;
  for (const auto& [peak, bytes] : arrays) roofs += roof(axes, peak, bytes);
  for (const std::string& mark : marks) dots += mark;
  const std::string title =
      fmt::format("roofline of {} products, multiplications a cycle over multiplications a byte",
                  points.size());
  return element(
      "figure", "roofline",
      element("figcaption",
              text("Roofline: multiplications a cycle; the roof is what the array and its edges "
                   "can do")) +
          element("svg",
                  {{"class", "plot"},
                   {"width", fmt::format("{}", kWidth)},
                   {"height", fmt::format("{}", kHeight)},
                   {"viewBox", fmt::format("0 0 {} {}", kWidth, kHeight)},
                   {"role", "img"},
                   {"aria-label", title}},
                  element("title", text(title)) + frame(axes) +
                      single("path", {{"class", "roof"}, {"d", roofs}}) +
                      single("path", {{"class", "point"}, {"d", dots}})));
}

}  // namespace mxcheck::reports::html
