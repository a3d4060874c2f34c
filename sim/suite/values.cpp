// Splitting of golden names and lookup of the arrays they stand for.
#include "sim/suite/values.h"

#include <fmt/format.h>

#include <charconv>

namespace mxcheck::suite {
namespace {

using tensor::Tensor;

bool take_prefix(std::string& text, const std::string& prefix) {
  if (!text.starts_with(prefix)) return false;
  text.erase(0, prefix.size());
  return true;
}

// Removes "step<k>/"; false if the name does not start so.
bool take_step(std::string& text, int& step) {
  if (!take_prefix(text, "step")) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '/') return false;
  text.erase(0, static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

// "<node>/<product>/<leaf>", the last two parts having no slash.
void split_quant(const graph::Graph& graph, const std::string& rest, ValueName& out) {
  const std::size_t leaf = rest.rfind('/');
  if (leaf == std::string::npos || leaf == 0) return;
  const std::size_t product = rest.rfind('/', leaf - 1);
  if (product == std::string::npos) return;
  out.kind = ValueKind::kQuant;
  out.subject = rest.substr(0, product);
  out.product = rest.substr(product + 1, leaf - product - 1);
  out.leaf = rest.substr(leaf + 1);
  out.value = graph.find(out.subject);
}

}  // namespace

ValueName parse_value_name(const graph::Graph& graph, const std::string& name) {
  struct Prefix {
    const char* text;
    ValueKind kind;
  };
  constexpr Prefix kPrefixes[] = {{"node/", ValueKind::kNode},
                                  {"ct/", ValueKind::kCotangent},
                                  {"grad/param/", ValueKind::kGradParam},
                                  {"grad/input/", ValueKind::kGradInput},
                                  {"stats/", ValueKind::kStats},
                                  {"param/", ValueKind::kParam}};
  ValueName out;
  std::string rest = name;
  if (!take_step(rest, out.step)) return out;
  if (take_prefix(rest, "quant/")) {
    split_quant(graph, rest, out);
    return out;
  }
  for (const Prefix& prefix : kPrefixes) {
    if (!take_prefix(rest, prefix.text)) continue;
    out.kind = prefix.kind;
    out.subject = rest;
    if (out.kind != ValueKind::kStats) out.value = graph.find(rest);
    return out;
  }
  return out;
}

std::string quant_prefix(int step, const std::string& node, const std::string& product) {
  return fmt::format("step{}/quant/{}/{}/", step, node, product);
}

const Tensor* Sources::find(const std::string& name) const {
  for (const graph::Values* map : {preferred, values}) {
    if (map == nullptr) continue;
    if (const auto found = map->find(name); found != map->end()) return &found->second;
  }
  return nullptr;
}

const Tensor* Sources::value(int step, int v) const {
  if (graph->is_node(v)) return find(fmt::format("step{}/node/{}", step, graph->name(v)));
  if (graph->is_input(v)) {
    if (step < 0 || static_cast<std::size_t>(step) >= data->steps.size()) return nullptr;
    return &data->steps[static_cast<std::size_t>(step)].inputs[static_cast<std::size_t>(v)];
  }
  if (step > 0) {
    const Tensor* updated = find(fmt::format("step{}/param/{}", step - 1, graph->name(v)));
    if (updated != nullptr) return updated;
  }
  return &data->params[graph->param_index(v)];
}

std::string rule_label(const graph::Graph& graph, const graph::Plan& plan, const ValueName& name) {
  if (name.kind == ValueKind::kStats) return "SRQ-4";
  if (name.kind == ValueKind::kCotangent) return "BWD-10";
  if (!name.value || !graph.is_node(*name.value)) return "";
  const std::size_t index = graph.node_index(*name.value);
  const graph::Op op = graph.nodes[index].op;
  if (name.kind == ValueKind::kNode && !graph::is_quantizable(op)) return "FLT-6";
  if (name.kind != ValueKind::kQuant || !plan.nodes[index]) return "";
  const graph::NodePlan& node = *plan.nodes[index];
  const bool forward = name.product == "fwd";
  if (name.leaf == "noise") return "RND-2";
  if (name.leaf.ends_with(".zero_point")) return "SCL-4";
  if (name.leaf.ends_with(".scale")) return forward ? "SCL-1" : "BWD-3";
  if (name.leaf.ends_with(".qvalue")) {
    const graph::OperandPlan& operand = name.leaf.starts_with("lhs") ? node.lhs : node.rhs;
    const bool asymmetric = forward && operand.quantize && operand.quantize->zero_point;
    return asymmetric ? "QNT-2" : "QNT-1";
  }
  if (op == graph::Op::conv_general_dilated) return forward ? "CNV-1" : "CNV-4";
  if (op == graph::Op::ragged_dot) return forward ? "RAG-1" : "RAG-2";
  if (name.leaf == "acc") return "DOT-1";
  if (!forward) return "BWD-5";
  return node.path == graph::Path::kFast ? "DOT-5" : "DOT-7";
}

}  // namespace mxcheck::suite
