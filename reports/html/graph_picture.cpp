// The graph with what became of every tensor: the drawing shows each value's worst verdict and
// counts, the list under it every tensor by name.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/drawing.h"
#include "reports/html/sections.h"

namespace mxcheck::reports::html {
namespace {

const char* verdict_words(TensorVerdict verdict) {
  switch (verdict) {
    case TensorVerdict::kEqual:
      return "equal in bits";
    case TensorVerdict::kWithin:
      return "within the bound";
    case TensorVerdict::kOpen:
      return "differs, left open";
    case TensorVerdict::kFail:
      return "fails";
    case TensorVerdict::kNone:
      return "not compared";
  }
  return "";
}

// The drawing's class for a verdict.
const char* verdict_class(TensorVerdict verdict) {
  switch (verdict) {
    case TensorVerdict::kEqual:
      return "pass";
    case TensorVerdict::kWithin:
      return "pass bound";
    case TensorVerdict::kOpen:
    case TensorVerdict::kNone:
      return "skip";
    case TensorVerdict::kFail:
      return "fail";
  }
  return "";
}

// "5 equal, 1 fails"
std::string tally(const GraphNode& node) {
  constexpr std::array kWords{"equal", "in bound", "open", "FAIL", "not compared"};
  std::array<int, kWords.size()> counts{};
  for (const TensorState& t : node.tensors) ++counts[static_cast<std::size_t>(t.verdict)];
  std::string out;
  for (const std::size_t i : {3u, 2u, 1u, 0u, 4u}) {
    if (counts[i] > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", counts[i], kWords[i]);
  }
  return out;
}

DrawingNode drawing_node(const GraphNode& node, std::size_t number) {
  DrawingNode out;
  out.id = fmt::format("n{}", number);
  out.lines = {visible(node.name)};
  out.lines.push_back(node.op.empty() ? fmt::format("{} {}", name(node.role), visible(node.type))
                                      : fmt::format("{} {}", visible(node.op), visible(node.type)));
  if (!node.tensors.empty()) out.lines.push_back(tally(node));
  out.cls = fmt::format("{} {}", name(node.role), verdict_class(verdict(node)));
  out.tooltip = out.lines[0];
  constexpr std::size_t kNamed = 12;
  for (std::size_t i = 0; i < std::min(kNamed, node.tensors.size()); ++i) {
    const TensorState& t = node.tensors[i];
    out.tooltip += fmt::format("; {}: {}", visible(t.name), verdict_words(t.verdict));
  }
  return out;
}

Markup drawing(const CaseResult& c) {
  Drawing picture;
  for (std::size_t i = 0; i < c.graph.size(); ++i) {
    picture.nodes.push_back(drawing_node(c.graph[i], i));
    for (const int argument : c.graph[i].arguments) {
      picture.edges.push_back(
          {fmt::format("n{}", argument), fmt::format("n{}", i), "",
           verdict(c.graph[static_cast<std::size_t>(argument)]) == TensorVerdict::kFail ? "fail"
                                                                                        : ""});
    }
  }
  return element("div", "scroll", trusted(to_svg_fragment(picture)));
}

Markup tensors(const CaseResult& c) {
  Markup rows;
  for (const GraphNode& node : c.graph) {
    for (const TensorState& t : node.tensors) {
      if (t.verdict == TensorVerdict::kEqual) continue;
      rows += element("tr", element("td", code(t.name)) + cell(node.name) +
                                element("td", t.verdict == TensorVerdict::kFail ? "bad" : "",
                                        text(verdict_words(t.verdict))));
    }
  }
  if (rows.empty()) return element("p", "small", text("Every compared tensor is equal in bits."));
  return element("details", element("summary", text("Tensors that are not equal in bits")) +
                                table("grid", "", {"tensor", "value", "verdict"}, rows));
}

}  // namespace

Markup graph_part(const CaseResult& c) {
  constexpr std::size_t kMostNodes = 400;
  if (c.graph.empty()) return {};
  Markup out = element("h4", text("Graph, with the worst verdict on each value's tensors"));
  if (c.graph.size() <= kMostNodes) out += drawing(c);
  return out + tensors(c);
}

}  // namespace mxcheck::reports::html
