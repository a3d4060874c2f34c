// What a shape rule sees of its node, and the rules themselves: one function per distinct entry of
// the shape-rule column of ops.def. Internal to this folder.
#pragma once

#include <optional>
#include <string>

#include "sim/base/diagnostic.h"
#include "sim/graph/graph.h"

namespace mxcheck::graph {

class NodeTypes {
 public:
  NodeTypes(const Graph& graph, Node& node, base::Diagnostics& diagnostics)
      : graph_(graph), node_(node), diagnostics_(diagnostics) {}

  [[nodiscard]] Op op() const { return node_.op; }
  [[nodiscard]] std::size_t arg_count() const { return node_.args.size(); }
  [[nodiscard]] const ValueType& arg(std::size_t i) const { return graph_.type(node_.args[i]); }
  [[nodiscard]] const Shape& shape(std::size_t i) const { return arg(i).shape; }
  [[nodiscard]] DType dtype(std::size_t i) const { return arg(i).dtype; }
  [[nodiscard]] std::int64_t rank(std::size_t i) const {
    return static_cast<std::int64_t>(shape(i).size());
  }
  // "lhs [4, 16] f32"
  [[nodiscard]] std::string describe(std::size_t i) const;
  [[nodiscard]] Attributes& attributes() { return node_.attributes; }

  // Reports a problem; `key` is the node's key to point at.
  void fail(const std::string& label, const std::string& key, const std::string& fact,
            const std::string& expectation, const std::string& hint = "");
  [[nodiscard]] bool failed() const { return failed_; }

  // Checks and sets the node's type.
  void result(DType dtype, const Shape& shape);

  // All arguments have one arithmetic float dtype; reports and returns false otherwise.
  bool same_float();
  bool float_argument(std::size_t i);
  // Axis made non-negative as numpy does; nullopt and a report if it is out of range.
  std::optional<std::int64_t> axis(const std::string& key, std::int64_t axis, std::int64_t rank);
  // The same for a list without repetitions.
  std::optional<Axes> axes(const std::string& key, const Axes& axes, std::int64_t rank);

 private:
  const Graph& graph_;
  Node& node_;
  base::Diagnostics& diagnostics_;
  bool failed_ = false;
};

// Numpy's broadcast of two shapes; nullopt if they do not fit.
[[nodiscard]] std::optional<Shape> broadcast_shapes(const Shape& a, const Shape& b);

using ShapeRule = void (*)(NodeTypes&);
#define MXCHECK_OP(id, arguments, kind, shape_rule, attributes) void shape_rule(NodeTypes& types);
#include "sim/graph/ops.def"
#undef MXCHECK_OP

}  // namespace mxcheck::graph
