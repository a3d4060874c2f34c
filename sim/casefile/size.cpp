// Bounds what a case can cost before anything runs: elements of all its values and products of its
// contractions, over all steps. One number changed by mistake must not fill the memory.
// Labels: CASE-SIZE.
#include "sim/casefile/size.h"

#include <fmt/format.h>

#include <set>

#include "sim/casefile/context.h"
#include "sim/casefile/reader.h"

namespace mxcheck::casefile {
namespace {

using graph::Axes;
using graph::Graph;
using graph::Node;
using tensor::Shape;

// In double: the sizes of hostile cases overflow integers, and limits need no last digit.
double elements(const Shape& shape) {
  double out = 1;
  for (const std::int64_t n : shape) out *= static_cast<double>(n);
  return out;
}

double einsum_products(const std::string& equation, const Shape& lhs, const Shape& rhs) {
  const std::size_t comma = equation.find(',');
  const std::size_t arrow = equation.find("->");
  std::set<char> seen;
  double out = 1;
  const auto operand = [&](std::string_view letters, const Shape& shape) {
    std::size_t axis = 0;
    for (const char letter : letters) {
      if (letter == ' ' || axis >= shape.size()) continue;
      if (seen.insert(letter).second) out *= static_cast<double>(shape[axis]);
      ++axis;
    }
  };
  if (comma == std::string::npos) return out;
  const std::string_view text = equation;
  operand(text.substr(0, comma), lhs);
  operand(text.substr(comma + 1, arrow == std::string::npos ? arrow : arrow - comma - 1), rhs);
  return out;
}

// Scalar products of one node's forward pass; 0 where it contracts nothing.
double node_products(const Graph& graph, const Node& node) {
  const auto shape = [&](std::size_t i) -> const Shape& { return graph.type(node.args[i]).shape; };
  const double results = elements(node.type.shape);
  switch (node.op) {
    case graph::Op::dot_general: {
      double contracted = 1;
      for (const std::int64_t axis : node.attributes.dot.lhs_contract) {
        const auto rank = static_cast<std::int64_t>(shape(0).size());
        contracted *= static_cast<double>(shape(0)[static_cast<std::size_t>((axis + rank) % rank)]);
      }
      return results * contracted;
    }
    case graph::Op::einsum:
      return einsum_products(node.attributes.equation, shape(0), shape(1));
    case graph::Op::ragged_dot:
      return results * static_cast<double>(shape(0).back());
    case graph::Op::conv_general_dilated: {
      const std::size_t features = node.attributes.conv_layout[1].find('O');
      return results * elements(shape(1)) / static_cast<double>(shape(1)[features]);
    }
    case graph::Op::max_pool:
    case graph::Op::avg_pool:
      return results * elements(node.attributes.window);
    default:
      return 0;
  }
}

}  // namespace

double case_elements(const Case& c) {
  double room = 0;
  for (int v = 0; v < c.graph.value_count(); ++v) {
    room += c.run.steps * (elements(c.graph.type(v).shape) + kElementsPerValue);
  }
  return room;
}

std::uint64_t planned_bytes(const Case& c) {
  return static_cast<std::uint64_t>(kBytesPerElement * case_elements(c));
}

void check_case_size(Context& context, const JsonValue& root, const Case& c) {
  const double steps = c.run.steps;
  const double room = case_elements(c);
  double products = 0;
  for (const Node& node : c.graph.nodes) products += steps * node_products(c.graph, node);
  const auto refuse = [&](double found, double most, const char* what) {
    if (found <= most) return;
    context.error(*root.find("nodes"), "CASE-SIZE",
                  fmt::format("{:.0f} {} over {} step(s)", found, what, c.run.steps),
                  fmt::format("at most {:.0f}", most), "smaller shapes, fewer steps");
  };
  refuse(room, kMaxCaseElements,
         "elements of inputs, params and nodes (each value counts 256 more)");
  refuse(products, kMaxCaseProducts, "products in contractions and pools");
}

}  // namespace mxcheck::casefile
