// A graph as an SVG drawing made here, without any other program: boxes with lines of text, arrows
// with labels, a heading, a legend. Colours are CSS classes on variables, for light and dark pages
// and for print; every text is escaped, and what had to be cut short is whole in a tooltip.
//
// Used for one case (`mxcheck show --svg`) and, with a verdict as class, inside other pages.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mxcheck::reports {

struct DrawingNode {
  std::string id;                  // unique
  std::vector<std::string> lines;  // the first one is its title
  std::string cls;                 // CSS classes, e.g. "quantized bound"; see drawing_css()
  std::string tooltip;             // "": the lines
};
struct DrawingEdge {
  std::string from, to;  // ids of nodes
  std::string label;     // where it arrives; "" for none
  std::string cls;
};
struct Drawing {
  std::vector<std::string> heading;
  std::vector<DrawingNode> nodes;
  std::vector<DrawingEdge> edges;                           // no cycle
  std::vector<std::pair<std::string, std::string>> legend;  // class, what it means
};

// Longest line of a box in characters; more of it is in the tooltip.
inline constexpr std::size_t kDrawingColumns = 52;

// An <svg> element to stand in a page that has drawing_css() in a <style>. Two nodes of one id, or
// an edge to none, is a CHECK.
[[nodiscard]] std::string to_svg_fragment(const Drawing& drawing);
// A file of its own: XML declaration, namespace, style.
[[nodiscard]] std::string to_svg_file(const Drawing& drawing);
// Classes of nodes: input, param, quantized, float, layout; of classes: bound; of verdicts: pass,
// fail, skip. Everything is below `.mxdraw`, every colour a variable `--mxd-*`.
[[nodiscard]] const char* drawing_css();

}  // namespace mxcheck::reports
