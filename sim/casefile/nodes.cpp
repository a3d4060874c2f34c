// Inputs, params and nodes of a case, as a graph with every name resolved.
// Labels: CASE-*, REF-UNKNOWN, REF-CYCLE, REF-DUPLICATE, and a warning REF-UNUSED.
#include <fmt/format.h>

#include <set>

#include "sim/casefile/reader.h"
#include "sim/casefile/source.h"

namespace mxcheck::casefile {
namespace {

using graph::Node;
using graph::Op;

constexpr std::size_t kMostNodes = 3000;
constexpr std::size_t kMostPorts = 2000;
constexpr std::size_t kMostArguments = 1000;

void add_port(Context& context, const JsonMember& member, bool input, Case& c, GraphNames& names) {
  const std::string name(member.key.text());
  static_cast<void>(context.check_name(member.key, name));
  std::optional<TensorSource> source =
      read_source(context, member.value, input ? Steps::kAllowed : Steps::kRefused);
  names.unknown.push_back(!source);
  const TensorSource read = source.value_or(TensorSource{});
  (input ? c.graph.inputs : c.graph.params).push_back({name, read.type});
  (input ? c.inputs : c.params).push_back(read);
  const int value = static_cast<int>(names.unknown.size()) - 1;
  if (!names.values.emplace(name, value).second) {
    context.error(member.key, "REF-DUPLICATE",
                  fmt::format("\"{}\" names an input and a param", shortened(name)),
                  "one name for each input, param and node");
  }
}

std::string module_of(Context& context, const JsonValue& node) {
  const auto value = node.find("module");
  if (!value) return "";
  const auto text = context.string(*value);
  if (!text || text->empty()) return "";
  const bool empty_part =
      text->front() == '/' || text->back() == '/' || text->find("//") != std::string::npos;
  if (empty_part) {
    context.error(*value, "CASE-VALUE", fmt::format("the module path \"{}\"", shortened(*text)),
                  "names joined by single slashes");
  }
  static_cast<void>(context.check_name(*value, *text));
  return *text;
}

// The names of all nodes, so that a forward reference can be told from an unknown name.
std::unordered_map<std::string, std::size_t> node_positions(const JsonValue& nodes) {
  std::unordered_map<std::string, std::size_t> out;
  std::size_t i = 0;
  for (const JsonValue& node : nodes.items()) {
    const auto name = node.find("name");
    if (name && name->is(JsonKind::kString)) out.emplace(name->text(), i);
    ++i;
  }
  return out;
}

class NodeReader {
 public:
  NodeReader(Context& context, const JsonValue& nodes, Case& c, GraphNames& names)
      : context_(context), c_(c), names_(names), positions_(node_positions(nodes)) {}

  void read(const JsonValue& value, std::size_t position) {
    const std::size_t before = context_.error_count();
    Node node;
    node.pointer = value.pointer();
    if (context_.expect_kind(value, JsonKind::kObject)) read_parts(value, position, node);
    names_.unknown.push_back(context_.error_count() != before);
    c_.graph.nodes.push_back(std::move(node));
  }

 private:
  void read_parts(const JsonValue& value, std::size_t position, Node& node) {
    read_name(value, position, node);
    read_args(value, position, node);
    const auto op_value = context_.require(value, "op", "the node");
    const auto op = op_value ? context_.choice(*op_value, graph::op_names()) : std::nullopt;
    node.module = module_of(context_, value);
    if (!op) return;
    node.op = static_cast<Op>(*op);
    std::vector<std::string> keys{"name", "op", "module", "args"};
    const std::vector<std::string>& attributes = graph::info(node.op).attributes;
    keys.insert(keys.end(), attributes.begin(), attributes.end());
    context_.check_keys(value, keys, fmt::format("a {} node", graph::name(node.op)));
    static_cast<void>(read_attributes(context_, value, node.op, node.attributes));
  }

  void read_name(const JsonValue& value, std::size_t position, Node& node) {
    const auto name_value = context_.require(value, "name", "the node");
    const auto name = name_value ? context_.name(*name_value) : std::nullopt;
    if (!name) return;
    node.name = *name;
    const int number = static_cast<int>(names_.unknown.size());
    const auto [known, fresh] = names_.values.emplace(*name, number);
    if (fresh) return;
    const bool port = static_cast<std::size_t>(known->second) + position < names_.unknown.size();
    context_.error(*name_value, "REF-DUPLICATE",
                   fmt::format("\"{}\" is also the name of {}", shortened(*name),
                               port ? "an input or param" : "an earlier node"),
                   "one name for each input, param and node");
  }

  void read_args(const JsonValue& value, std::size_t position, Node& node) {
    const auto args = context_.require(value, "args", "the node");
    if (!args || !context_.expect_kind(*args, JsonKind::kArray)) return;
    if (args->size() > kMostArguments) {
      context_.error(*args, "CASE-VALUE", fmt::format("{} arguments", args->size()),
                     fmt::format("at most {} arguments", kMostArguments));
      return;
    }
    for (const JsonValue& item : args->items()) {
      const auto name = context_.string(item);
      if (!name) continue;
      const auto known = names_.values.find(*name);
      const bool earlier = known != names_.values.end() &&
                           static_cast<std::size_t>(known->second) < names_.unknown.size();
      if (earlier) {
        node.args.push_back(known->second);
      } else {
        refuse_argument(item, *name, position);
      }
    }
  }

  void refuse_argument(const JsonValue& at, const std::string& name, std::size_t position) {
    const auto later = positions_.find(name);
    if (later != positions_.end() && later->second >= position) {
      context_.error(at, "REF-CYCLE",
                     later->second == position
                         ? fmt::format("the node takes its own value \"{}\"", shortened(name))
                         : fmt::format("\"{}\" is a later node", shortened(name)),
                     "arguments that come before the node", "nodes stand in execution order");
      return;
    }
    if (context_.full()) return;
    std::vector<std::string> candidates;
    for (const auto& [candidate, unused] : names_.values) candidates.push_back(candidate);
    context_.error(at, "REF-UNKNOWN", fmt::format("nothing is named \"{}\"", shortened(name)),
                   "an input, a param or an earlier node", did_you_mean(name, candidates));
  }

  Context& context_;
  Case& c_;
  GraphNames& names_;
  std::unordered_map<std::string, std::size_t> positions_;
};

}  // namespace

void read_ports(Context& context, const JsonValue& root, Case& c, GraphNames& names) {
  const auto read = [&](const JsonValue& ports, bool input) {
    if (!context.expect_kind(ports, JsonKind::kObject)) return;
    if (ports.size() > kMostPorts) {
      context.error(ports, "CASE-VALUE", fmt::format("{} tensors", ports.size()),
                    fmt::format("at most {} tensors", kMostPorts));
      return;
    }
    for (const JsonMember& member : ports.members()) add_port(context, member, input, c, names);
  };
  if (const auto inputs = context.require(root, "inputs", "the case")) read(*inputs, true);
  if (const auto params = root.find("params")) read(*params, false);
}

void read_nodes(Context& context, const JsonValue& nodes, Case& c, GraphNames& names) {
  if (!context.expect_kind(nodes, JsonKind::kArray)) return;
  if (nodes.size() == 0 || nodes.size() > kMostNodes) {
    context.error(nodes, "CASE-VALUE", fmt::format("{} nodes", nodes.size()),
                  fmt::format("1 to {} nodes", kMostNodes));
    return;
  }
  NodeReader reader(context, nodes, c, names);
  std::size_t position = 0;
  for (const JsonValue& node : nodes.items()) {
    if (context.full()) break;
    reader.read(node, position++);
  }
}

}  // namespace mxcheck::casefile
