// Figures as inline SVG, each with its numbers in text: colours come from classes of the page's
// style, and nothing is told by colour alone.
#pragma once

#include <string>
#include <vector>

#include "reports/html/markup.h"
#include "reports/model.h"

namespace mxcheck::reports::html {

// A bar a bin, from the top down, with its count.
[[nodiscard]] Markup bar_chart(const char* caption, const std::vector<Bin>& bins);
// Counts of codes from the low to the high end; ties and saturated codes marked.
[[nodiscard]] Markup code_chart(const CodeHistogram& histogram);
// Statistics of one operand over the steps, as lines and as a table.
[[nodiscard]] Markup trace_chart(const SrqTrace& trace);
// The array with the PEs of wrong outputs.
[[nodiscard]] Markup pe_chart(const PeMap& map);

// A product in the roofline: useful multiplications, cycles, bytes.
struct RooflinePoint {
  std::string name;
  double intensity = 0;  // multiplications a byte
  double speed = 0;      // multiplications a cycle
  double peak = 0, edge_bytes = 0;
};
[[nodiscard]] std::vector<RooflinePoint> roofline_points(const CaseResult& c);
// "" without points. Points of several arrays share the axes; each array has its roof.
[[nodiscard]] Markup roofline_chart(const std::vector<RooflinePoint>& points);

}  // namespace mxcheck::reports::html
