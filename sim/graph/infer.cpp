// The driver of shape inference: runs each node's shape rule in order and skips what depends on
// something that already failed (SHP-ARGS, SHP-DTYPE, SHP-AXIS, SHP-SIZE).
#include "sim/graph/infer.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/graph/shape_rules.h"

namespace mxcheck::graph {
namespace {

ShapeRule shape_rule(Op op) {
  constexpr ShapeRule kRules[] = {
#define MXCHECK_OP(id, arguments, kind, shape_rule, attributes) shape_rule,
#include "sim/graph/ops.def"
#undef MXCHECK_OP
  };
  return kRules[static_cast<std::size_t>(op)];
}

// An einsum says itself how many operands it has (EIN-ARITY).
bool right_argument_count(const Node& node, NodeTypes& types) {
  const std::vector<std::string>& wanted = info(node.op).arguments;
  const bool variadic = wanted.size() == 1 && wanted[0] == "...";
  if (node.op == Op::einsum) return true;
  if (variadic ? !node.args.empty() : node.args.size() == wanted.size()) return true;
  std::string names;
  for (const std::string& name : wanted) names += (names.empty() ? "" : ", ") + name;
  types.fail("SHP-ARGS", "args", fmt::format("{} arguments", node.args.size()),
             variadic ? "at least one argument" : fmt::format("{}: {}", wanted.size(), names));
  return false;
}

}  // namespace

std::vector<bool> infer(Graph& graph, const InferOptions& options, base::Diagnostics& diagnostics) {
  std::vector<bool> unknown = options.unknown;
  unknown.resize(static_cast<std::size_t>(graph.value_count()), false);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    const auto value = static_cast<std::size_t>(graph.node_value(i));
    const bool blocked = std::any_of(node.args.begin(), node.args.end(), [&](int arg) {
      return unknown[static_cast<std::size_t>(arg)];
    });
    if (blocked) unknown[value] = true;
    if (unknown[value]) continue;
    NodeTypes types(graph, node, diagnostics);
    if (right_argument_count(node, types)) shape_rule(node.op)(types);
    unknown[value] = types.failed();
    const auto decided = options.result_dtypes.find(i);
    if (decided != options.result_dtypes.end()) node.type.dtype = decided->second;
  }
  return unknown;
}

std::string NodeTypes::describe(std::size_t i) const {
  const std::vector<std::string>& names = info(node_.op).arguments;
  const std::string name =
      i < names.size() && names[i] != "..." ? names[i] : fmt::format("argument {}", i);
  return fmt::format("{} {} {}", name, tensor::to_string(shape(i)), numerics::name(dtype(i)));
}

void NodeTypes::fail(const std::string& label, const std::string& key, const std::string& fact,
                     const std::string& expectation, const std::string& hint) {
  failed_ = true;
  base::Diagnostic d;
  d.pointer = node_.pointer + "/" + key;
  d.label = label;
  d.fact = fmt::format("{} '{}': {}", name(node_.op), node_.name, fact);
  d.expectation = expectation;
  d.hint = hint;
  diagnostics_.push_back(d);
}

void NodeTypes::result(DType dtype, const Shape& shape) {
  if (failed_) return;
  const std::optional<std::int64_t> count = tensor::element_count(shape);
  if (!count || *count > kMaxElements || shape.size() > kMaxRank) {
    fail("SHP-SIZE", "args", fmt::format("the result would be {}", tensor::to_string(shape)),
         fmt::format("at most {} elements and {} axes", kMaxElements, kMaxRank));
  } else if (*count == 0) {
    fail("SHP-SIZE", "args", fmt::format("the result would be {}", tensor::to_string(shape)),
         "at least one element");
  } else {
    node_.type = {dtype, shape};
  }
}

bool NodeTypes::float_argument(std::size_t i) {
  if (numerics::is_arithmetic_float(dtype(i))) return true;
  fail("SHP-DTYPE", "args", describe(i), "f64, f32, f16 or bf16", "insert a convert node");
  return false;
}

bool NodeTypes::same_float() {
  for (std::size_t i = 0; i < arg_count(); ++i) {
    if (!float_argument(i)) return false;
    if (dtype(i) == dtype(0)) continue;
    fail("SHP-DTYPE", "args", fmt::format("{}, {}", describe(0), describe(i)),
         "operands of one dtype: the op computes in it", "insert a convert node");
    return false;
  }
  return true;
}

std::optional<std::int64_t> NodeTypes::axis(const std::string& key, std::int64_t axis,
                                            std::int64_t rank) {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  fail("SHP-AXIS", key, fmt::format("axis {} of an array with {} axes", axis, rank),
       rank == 0 ? "an array with axes" : fmt::format("an axis from {} to {}", -rank, rank - 1));
  return std::nullopt;
}

std::optional<Axes> NodeTypes::axes(const std::string& key, const Axes& axes, std::int64_t rank) {
  Axes out;
  for (const std::int64_t a : axes) {
    const std::optional<std::int64_t> normal = axis(key, a, rank);
    if (!normal) return std::nullopt;
    if (std::find(out.begin(), out.end(), *normal) != out.end()) {
      fail("SHP-AXIS", key, fmt::format("axis {} stands twice", a), "each axis once");
      return std::nullopt;
    }
    out.push_back(*normal);
  }
  return out;
}

std::optional<Shape> broadcast_shapes(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  const std::size_t offset = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& dim = out[offset + i];
    if (dim == 1) {
      dim = shorter[i];
    } else if (shorter[i] != 1 && shorter[i] != dim) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace mxcheck::graph
