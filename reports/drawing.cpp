// Boxes are as wide as their text in a monospaced font of 12 pixels, so that no measuring is
// needed.
#include "reports/drawing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/layered_layout.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

constexpr double kCharacter = 7.25;  // advance of 12 px monospaced text, rounded up
constexpr double kLine = 16;
constexpr double kPadX = 10, kPadY = 8;
constexpr double kMargin = 16;
constexpr double kLabelCharacter = 6.1;  // of 10 px text
constexpr double kLabelGap = 14;

// One character of UTF-8 starting at `at`: its bytes and its columns. Wide ranges of East Asian
// scripts and symbols take two columns.
struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};
Character character_at(const std::string& text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  Character out;
  out.bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  out.bytes = std::min(out.bytes, text.size() - at);
  if (out.bytes == 4 || (out.bytes == 3 && lead >= 0xe2)) out.columns = 2;
  if (text.compare(at, 3, "\xe2\x80\xa6") == 0) out.columns = 1;  // the ellipsis
  return out;
}

std::size_t columns_of(const std::string& text) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    out += c.columns;
    at += c.bytes;
  }
  return out;
}

std::string shortened(const std::string& text, std::size_t most) {
  if (columns_of(text) <= most) return text;
  std::string out;
  std::size_t columns = 1;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (columns + c.columns > most) break;
    out.append(text, at, c.bytes);
    columns += c.columns;
    at += c.bytes;
  }
  return out + "\xe2\x80\xa6";
}

std::string escaped(const std::string& text) { return base::escape_xml(base::printable(text)); }

std::string class_list(const char* own, const std::string& more) {
  return more.empty() ? own : fmt::format("{} {}", own, base::escape_xml(more));
}

double label_width(const std::string& label) {
  return kLabelGap + kLabelCharacter * static_cast<double>(columns_of(base::printable(label)));
}

Box box_of(const DrawingNode& node, double ports) {
  std::size_t columns = 0;
  for (const std::string& line : node.lines) {
    columns = std::max(columns, std::min(kDrawingColumns, columns_of(base::printable(line))));
  }
  const double text = kCharacter * static_cast<double>(columns);
  return {std::max(text, ports) + 2 * kPadX,
          kLine * static_cast<double>(node.lines.size()) + 2 * kPadY};
}

class SvgWriter {
 public:
  explicit SvgWriter(const Drawing& drawing) : drawing_(drawing) {
    std::map<std::string, std::size_t> numbers;
    for (const DrawingNode& node : drawing.nodes) {
      MXCHECK_CHECK(numbers.emplace(node.id, numbers.size()).second, "node " + node.id + " twice");
    }
    std::vector<double> ports(drawing.nodes.size(), 0);
    std::vector<LayoutEdge> edges;
    for (const DrawingEdge& edge : drawing.edges) {
      const auto from = numbers.find(edge.from), to = numbers.find(edge.to);
      MXCHECK_CHECK(from != numbers.end() && to != numbers.end(), "an edge to no node");
      edges.push_back({from->second, to->second, label_width(edge.label)});
      ports[to->second] += edges.back().label_width;
    }
    for (std::size_t i = 0; i < drawing.nodes.size(); ++i) {
      boxes_.push_back(box_of(drawing.nodes[i], ports[i]));
    }
    layout_ = lay_out(boxes_, edges);
    measure();
  }

  std::string write(const std::string& style) const {
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mxdraw\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\">\n",
        width_, height_);
    if (!drawing_.heading.empty()) {
      out += fmt::format("<title>{}</title>\n", escaped(drawing_.heading.front()));
    }
    if (!style.empty()) out += fmt::format("<style>{}</style>\n", style);
    out +=
        fmt::format("<rect class=\"page\" width=\"{:.0f}\" height=\"{:.0f}\"/>\n", width_, height_);
    heading(out);
    for (std::size_t i = 0; i < drawing_.edges.size(); ++i) edge(i, out);
    for (std::size_t i = 0; i < drawing_.nodes.size(); ++i) node(i, out);
    for (std::size_t i = 0; i < drawing_.edges.size(); ++i) label(i, out);
    return out + "</svg>\n";
  }

 private:
  void measure();
  void heading(std::string& out) const;
  void edge(std::size_t i, std::string& out) const;
  void label(std::size_t i, std::string& out) const;
  void node(std::size_t i, std::string& out) const;

  static constexpr std::size_t kHeadingColumns = 110;
  static constexpr double kSwatch = 12;

  const Drawing& drawing_;
  std::vector<Box> boxes_;
  Layout layout_;
  double width_ = 0, height_ = 0;
  double left_ = 0, top_ = 0;  // of the graph
};

void SvgWriter::measure() {
  std::size_t columns = 0;
  for (const std::string& line : drawing_.heading) {
    columns = std::max(columns, std::min(kHeadingColumns, columns_of(base::printable(line))));
  }
  double legend = 0;
  for (const auto& [cls, text] : drawing_.legend) {
    legend += kSwatch + kPadX * 2 + kCharacter * static_cast<double>(columns_of(text));
  }
  const double wide = std::max({layout_.width, kCharacter * static_cast<double>(columns), legend});
  width_ = wide + 2 * kMargin;
  left_ = kMargin + (wide - layout_.width) / 2;
  top_ = kMargin + kLine * static_cast<double>(drawing_.heading.size()) +
         (drawing_.legend.empty() ? 0 : kLine * 1.5) +
         (drawing_.heading.empty() && drawing_.legend.empty() ? 0 : kMargin);
  height_ = top_ + layout_.height + kMargin;
}

void SvgWriter::heading(std::string& out) const {
  double y = kMargin + 12;
  for (std::size_t i = 0; i < drawing_.heading.size(); ++i, y += kLine) {
    const std::string whole = base::printable(drawing_.heading[i]);
    out += fmt::format("<text class=\"{}\" x=\"{:.0f}\" y=\"{:.1f}\"><title>{}</title>{}</text>\n",
                       i == 0 ? "heading first" : "heading", kMargin, y, escaped(whole),
                       escaped(shortened(whole, kHeadingColumns)));
  }
  double x = kMargin;
  y += kLine / 2;
  for (const auto& [cls, text] : drawing_.legend) {
    out += fmt::format(
        "<g class=\"{}\"><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"3\"/>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>\n",
        class_list("node legend", cls), x, y - kSwatch + 2, kSwatch, kSwatch, x + kSwatch + 6, y,
        escaped(text));
    x += kSwatch + kPadX * 2 + kCharacter * static_cast<double>(columns_of(text));
  }
}

// Legs between ranks are curves that leave and arrive upright, legs beside boxes are straight.
void SvgWriter::edge(std::size_t i, std::string& out) const {
  constexpr double kHead = 7, kHalf = 3.5;
  const DrawingEdge& edge = drawing_.edges[i];
  const std::vector<Point>& points = layout_.routes[i];
  std::string path;
  for (std::size_t p = 0; p < points.size(); ++p) {
    const double x = points[p].x + left_;
    const bool last = p + 1 == points.size();
    const double y = points[p].y + top_ - (last ? kHead : 0);
    if (p == 0) {
      path = fmt::format("M{:.1f} {:.1f}", x, y);
    } else if (p % 2 == 1) {
      path += fmt::format("L{:.1f} {:.1f}", x, y);
    } else {
      const double from_x = points[p - 1].x + left_, from_y = points[p - 1].y + top_;
      const double middle = (from_y + y) / 2;
      path += fmt::format("C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", from_x, middle, x, middle,
                          x, y);
    }
  }
  const double x = points.back().x + left_, y = points.back().y + top_;
  out += fmt::format(
      "<g class=\"{}\"><title>{} to {}{}</title><path class=\"line\" d=\"{}\"/>"
      "<path class=\"head\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}Z\"/></g>\n",
      class_list("edge", edge.cls), escaped(edge.from), escaped(edge.to),
      edge.label.empty() ? "" : " as " + escaped(edge.label), path, x, y, x - kHalf, y - kHead,
      x + kHalf, y - kHead);
}

void SvgWriter::label(std::size_t i, std::string& out) const {
  const DrawingEdge& edge = drawing_.edges[i];
  if (edge.label.empty()) return;
  const Point& end = layout_.routes[i].back();
  constexpr double kAside = 5, kAbove = 5;
  out += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                     end.x + left_ + kAside, end.y + top_ - kAbove, escaped(edge.label));
}

void SvgWriter::node(std::size_t i, std::string& out) const {
  const DrawingNode& node = drawing_.nodes[i];
  const double x = layout_.corners[i].x + left_, y = layout_.corners[i].y + top_;
  std::string tooltip = escaped(node.tooltip);
  if (node.tooltip.empty()) {
    for (const std::string& line : node.lines) {
      tooltip += (tooltip.empty() ? "" : "\n") + escaped(line);
    }
  }
  out += fmt::format(
      "<g class=\"{}\" data-id=\"{}\"><title>{}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" "
      "width=\"{:.1f}\" height=\"{:.1f}\" rx=\"5\"/>",
      class_list("node", node.cls), escaped(node.id), tooltip, x, y, boxes_[i].width,
      boxes_[i].height);
  double line_y = y + kPadY + 12;
  for (std::size_t n = 0; n < node.lines.size(); ++n, line_y += kLine) {
    out += fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                       n == 0 ? " class=\"first\"" : "", x + kPadX, line_y,
                       escaped(shortened(base::printable(node.lines[n]), kDrawingColumns)));
  }
  out += "</g>\n";
}

}  // namespace

const char* drawing_css() {
  return R"(
.mxdraw{--mxd-page:#fff;--mxd-text:#1b1f24;--mxd-soft:#59636e;--mxd-line:#8c959f;--mxd-box:#f6f8fa;
--mxd-edge:#8c959f;--mxd-input:#ddf4ff;--mxd-param:#fff1d6;--mxd-quantized:#e3e0ff;
--mxd-float:#f6f8fa;--mxd-layout:#fff;--mxd-bound:#bc4c00;--mxd-pass:#1a7f37;--mxd-fail:#cf222e;
--mxd-skip:#8c959f;font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;
background:var(--mxd-page)}
@media (prefers-color-scheme:dark){.mxdraw{--mxd-page:#0d1117;--mxd-text:#e6edf3;--mxd-soft:#9198a1;
--mxd-line:#656c76;--mxd-box:#161b22;--mxd-edge:#6e7681;--mxd-input:#0b2d48;--mxd-param:#3d2b06;
--mxd-quantized:#2b2459;--mxd-float:#161b22;--mxd-layout:#0d1117;--mxd-bound:#f0883e;
--mxd-pass:#3fb950;--mxd-fail:#f85149;--mxd-skip:#6e7681}}
@media print{.mxdraw{--mxd-page:#fff;--mxd-text:#000;--mxd-soft:#333}}
.mxdraw .page{fill:var(--mxd-page)}
.mxdraw text{fill:var(--mxd-text);white-space:pre}
.mxdraw .heading{fill:var(--mxd-soft)}
.mxdraw .heading.first{fill:var(--mxd-text);font-weight:bold}
.mxdraw .node rect{fill:var(--mxd-box);stroke:var(--mxd-line)}
.mxdraw .node text{fill:var(--mxd-soft)}
.mxdraw .node text.first{fill:var(--mxd-text);font-weight:bold}
.mxdraw .input rect{fill:var(--mxd-input)}
.mxdraw .param rect{fill:var(--mxd-param)}
.mxdraw .quantized rect{fill:var(--mxd-quantized)}
.mxdraw .float rect{fill:var(--mxd-float)}
.mxdraw .layout rect{fill:var(--mxd-layout)}
.mxdraw .bound rect{stroke:var(--mxd-bound);stroke-width:1.5;stroke-dasharray:5 3}
.mxdraw .pass rect{stroke:var(--mxd-pass);stroke-width:2}
.mxdraw .fail rect{stroke:var(--mxd-fail);stroke-width:3;stroke-dasharray:none}
.mxdraw .skip rect{stroke:var(--mxd-skip);stroke-dasharray:2 3}
.mxdraw .edge .line{fill:none;stroke:var(--mxd-edge);stroke-width:1.3}
.mxdraw .edge .head{fill:var(--mxd-edge)}
.mxdraw .edge.fail .line{stroke:var(--mxd-fail)}
.mxdraw .edge.fail .head{fill:var(--mxd-fail)}
.mxdraw .edge:hover .line{stroke:var(--mxd-text);stroke-width:2}
.mxdraw .label{fill:var(--mxd-soft);font-size:10px;paint-order:stroke;stroke:var(--mxd-page);
stroke-width:3px}
)";
}

std::string to_svg_fragment(const Drawing& drawing) { return SvgWriter(drawing).write(""); }

std::string to_svg_file(const Drawing& drawing) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + SvgWriter(drawing).write(drawing_css());
}

}  // namespace mxcheck::reports
