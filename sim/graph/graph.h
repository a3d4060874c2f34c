// A case's graph: inputs, params and nodes in execution order, with every shape and dtype known.
//
// Values are numbered: inputs first, then params, then nodes. The graph holds no data and knows
// nothing of files; sim/casefile builds it, infer() completes and checks it, sim/exec runs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/numerics/dtype.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::graph {

using numerics::DType;
using tensor::Shape;

enum class Op : std::uint8_t {
#define MXCHECK_OP(id, arguments, kind, shape_rule, attributes) id,
#include "sim/graph/ops.def"
#undef MXCHECK_OP
};

enum class OpKind : std::uint8_t { kQuantizable, kFloat, kLayout };

struct OpInfo {
  const char* name;
  std::vector<std::string> arguments;  // names; {"..."}: one or more
  OpKind kind;
  std::vector<std::string> attributes;  // the attribute keys it accepts
};
[[nodiscard]] const OpInfo& info(Op op);
[[nodiscard]] inline const char* name(Op op) { return info(op).name; }
[[nodiscard]] inline bool is_quantizable(Op op) { return info(op).kind == OpKind::kQuantizable; }
[[nodiscard]] std::optional<Op> op_from_name(std::string_view name);
[[nodiscard]] std::vector<std::string> op_names();

using Axes = std::vector<std::int64_t>;
using Padding = std::vector<std::pair<std::int64_t, std::int64_t>>;  // (low, high) per axis

struct DotDimensionNumbers {
  Axes lhs_contract, rhs_contract, lhs_batch, rhs_batch;
  friend bool operator==(const DotDimensionNumbers&, const DotDimensionNumbers&) = default;
};

enum class PaddingKind : std::uint8_t { kValid, kSame, kExplicit };

// What a node's JSON may state beside name, op, module and args; each op reads its own.
struct Attributes {
  DotDimensionNumbers dot;  // dot_general
  std::string equation;     // einsum
  Axes window_strides;      // conv; default 1s
  PaddingKind padding_kind = PaddingKind::kValid;
  Padding padding;                       // conv, pools; infer() fills it from padding_kind
  Axes lhs_dilation, rhs_dilation;       // conv; default 1s
  std::vector<std::string> conv_layout;  // conv dimension_numbers: lhs, rhs, out
  std::int64_t feature_group_count = 1;  // conv
  Axes axes;                             // reductions
  bool keepdims = false;                 // reductions
  std::int64_t axis = -1;                // softmax, concatenate, take (default 0)
  double epsilon = 1e-6;                 // norms
  bool approximate = true;               // gelu
  Shape shape;                           // reshape, broadcast_to
  Axes permutation;                      // transpose
  Axes start, limit, strides;            // slice (strides also of pools)
  DType dtype = DType::kF32;             // convert
  Axes window;                           // pools
  friend bool operator==(const Attributes&, const Attributes&) = default;
};

struct ValueType {
  DType dtype = DType::kF32;
  Shape shape;
  friend bool operator==(const ValueType&, const ValueType&) = default;
};

struct Port {  // an input or a param
  std::string name;
  ValueType type;
  friend bool operator==(const Port&, const Port&) = default;
};

struct Node {
  std::string name;
  Op op = Op::add;
  std::string module;
  std::vector<int> args;  // value numbers, all smaller than the node's own
  Attributes attributes;
  ValueType type;       // set by infer()
  std::string pointer;  // JSON pointer of the node in its case file, for diagnostics
  friend bool operator==(const Node&, const Node&) = default;
};

struct Graph {
  std::vector<Port> inputs;
  std::vector<Port> params;
  std::vector<Node> nodes;

  [[nodiscard]] int value_count() const {
    return static_cast<int>(inputs.size() + params.size() + nodes.size());
  }
  [[nodiscard]] int input_value(std::size_t i) const { return static_cast<int>(i); }
  [[nodiscard]] int param_value(std::size_t i) const { return static_cast<int>(inputs.size() + i); }
  [[nodiscard]] int node_value(std::size_t i) const {
    return static_cast<int>(inputs.size() + params.size() + i);
  }
  [[nodiscard]] bool is_input(int v) const { return v < static_cast<int>(inputs.size()); }
  [[nodiscard]] bool is_param(int v) const {
    return !is_input(v) && v < static_cast<int>(inputs.size() + params.size());
  }
  [[nodiscard]] bool is_node(int v) const { return !is_input(v) && !is_param(v); }
  [[nodiscard]] std::size_t node_index(int v) const {
    return static_cast<std::size_t>(v) - inputs.size() - params.size();
  }
  [[nodiscard]] std::size_t param_index(int v) const {
    return static_cast<std::size_t>(v) - inputs.size();
  }
  [[nodiscard]] const ValueType& type(int v) const;
  [[nodiscard]] const std::string& name(int v) const;
  [[nodiscard]] std::optional<int> find(std::string_view name) const;
  friend bool operator==(const Graph&, const Graph&) = default;
};

// The module that owns a param: its name up to the last '/', "" at the top.
[[nodiscard]] std::string owner_module(const std::string& param_name);

}  // namespace mxcheck::graph
