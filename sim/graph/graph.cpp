// The op table as data and look-ups in a graph.
#include "sim/graph/graph.h"

#include "sim/base/check.h"
#include "sim/base/text.h"

namespace mxcheck::graph {
namespace {

std::vector<std::string> words(std::string_view list) {
  return list.empty() ? std::vector<std::string>{} : base::split(list, ',');
}

const std::vector<OpInfo>& table() {
  static const std::vector<OpInfo> ops{
#define MXCHECK_OP(id, arguments, kind, shape_rule, attributes) \
  OpInfo{#id, words(arguments), OpKind::kind, words(attributes)},
#include "sim/graph/ops.def"
#undef MXCHECK_OP
  };
  return ops;
}

}  // namespace

const OpInfo& info(Op op) { return table()[static_cast<std::size_t>(op)]; }

std::optional<Op> op_from_name(std::string_view name) {
  for (std::size_t i = 0; i < table().size(); ++i) {
    if (name == table()[i].name) return static_cast<Op>(i);
  }
  return std::nullopt;
}

std::vector<std::string> op_names() {
  std::vector<std::string> out;
  for (const OpInfo& op : table()) out.emplace_back(op.name);
  return out;
}

const ValueType& Graph::type(int v) const {
  MXCHECK_CHECK(v >= 0 && v < value_count(), std::to_string(v));
  if (is_input(v)) return inputs[static_cast<std::size_t>(v)].type;
  if (is_param(v)) return params[param_index(v)].type;
  return nodes[node_index(v)].type;
}

const std::string& Graph::name(int v) const {
  MXCHECK_CHECK(v >= 0 && v < value_count(), std::to_string(v));
  if (is_input(v)) return inputs[static_cast<std::size_t>(v)].name;
  if (is_param(v)) return params[param_index(v)].name;
  return nodes[node_index(v)].name;
}

std::optional<int> Graph::find(std::string_view wanted) const {
  for (int v = 0; v < value_count(); ++v) {
    if (name(v) == wanted) return v;
  }
  return std::nullopt;
}

std::string owner_module(const std::string& param_name) {
  const std::size_t slash = param_name.rfind('/');
  return slash == std::string::npos ? "" : param_name.substr(0, slash);
}

}  // namespace mxcheck::graph
