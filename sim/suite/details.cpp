// The graph's picture and the words of a case; figures are in quantization_details.cpp and
// layer_figures.cpp.
#include "sim/suite/details.h"

#include <algorithm>
#include <map>
#include <set>

#include "sim/base/labels.h"
#include "sim/suite/compare.h"

namespace mxcheck::suite {
namespace {

using reports::CaseResult;
using reports::CheckResult;
using reports::Finding;
using reports::GraphNode;
using reports::GraphRole;
using reports::TensorVerdict;

// The worst that a check says of each tensor it complains about.
std::map<std::string, TensorVerdict> complaints(const CaseResult& result) {
  std::map<std::string, TensorVerdict> out;
  for (const CheckResult& check : result.checks) {
    for (const Finding& finding : check.findings) {
      TensorVerdict& verdict = out.emplace(finding.name, TensorVerdict::kOpen).first->second;
      if (finding.judged) verdict = TensorVerdict::kFail;
    }
  }
  return out;
}

TensorVerdict compared(const DetailInput& input, const std::string& name) {
  if (input.expected == nullptr || input.isolated == nullptr) return TensorVerdict::kNone;
  const auto expected = input.expected->find(name);
  const auto ours = input.isolated->find(name);
  if (expected == input.expected->end() || ours == input.isolated->end()) {
    return TensorVerdict::kNone;
  }
  return compare(name, ours->second, expected->second, {}).equal ? TensorVerdict::kEqual
                                                                 : TensorVerdict::kWithin;
}

std::string type_text(const graph::ValueType& type) {
  return numerics::name(type.dtype) + tensor::to_string(type.shape);
}

GraphRole role_of(const casefile::Case& c, std::size_t node) {
  const auto& plan = c.plan.nodes[node];
  if (plan && plan->quantized) return GraphRole::kQuantized;
  return graph::info(c.graph.nodes[node].op).kind == graph::OpKind::kLayout ? GraphRole::kLayout
                                                                            : GraphRole::kFloat;
}

// Every value of the graph, without its tensors.
std::vector<GraphNode> skeleton(const casefile::Case& c) {
  std::vector<GraphNode> out;
  for (int v = 0; v < c.graph.value_count(); ++v) {
    GraphNode node;
    node.name = c.graph.name(v);
    node.type = type_text(c.graph.type(v));
    node.role = c.graph.is_input(v) ? GraphRole::kInput : GraphRole::kParam;
    if (c.graph.is_node(v)) {
      const std::size_t index = c.graph.node_index(v);
      node.role = role_of(c, index);
      node.op = graph::name(c.graph.nodes[index].op);
      node.arguments = c.graph.nodes[index].args;
    }
    out.push_back(std::move(node));
  }
  return out;
}

// The node whose operand has these statistics, "m/dot_general0_lhs/count".
std::optional<int> statistics_owner(const casefile::Case& c, const std::string& subject) {
  for (std::size_t i = 0; i < c.plan.nodes.size(); ++i) {
    if (!c.plan.nodes[i]) continue;
    for (const graph::OperandPlan* side : {&c.plan.nodes[i]->lhs, &c.plan.nodes[i]->rhs}) {
      if (side->collect_stats && subject.starts_with(side->stats_name + "/")) {
        return c.graph.node_value(i);
      }
    }
  }
  return std::nullopt;
}

bool is_word(char ch) {
  return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
         ch == '-' || ch == '_';
}

// Does the text name the label, as a word of its own?
bool names(const std::string& text, const std::string& label) {
  for (std::size_t at = text.find(label); at != std::string::npos; at = text.find(label, at + 1)) {
    const std::size_t end = at + label.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<GraphNode> graph_details(const DetailInput& input, const CaseResult& result) {
  const casefile::Case& c = input.c;
  std::vector<GraphNode> out = skeleton(c);
  const std::map<std::string, TensorVerdict> worst = complaints(result);
  std::set<std::string> names_seen;
  for (const graph::Values* values : {input.expected, input.isolated, input.run.sources.values}) {
    if (values == nullptr) continue;
    for (const auto& [name, value] : *values) names_seen.insert(name);
  }
  for (const std::string& name : names_seen) {
    const ValueName parsed = parse_value_name(c.graph, name);
    const std::optional<int> owner =
        parsed.kind == ValueKind::kStats ? statistics_owner(c, parsed.subject) : parsed.value;
    if (!owner) continue;
    const auto complaint = worst.find(name);
    const TensorVerdict verdict =
        complaint != worst.end() ? complaint->second : compared(input, name);
    out[static_cast<std::size_t>(*owner)].tensors.push_back({name, verdict});
  }
  return out;
}

void add_details(const DetailInput& input, CaseResult& result) {
  result.graph = graph_details(input, result);
  result.layers = layer_figures(input);
  result.traces = srq_traces(input);
  add_quantization_details(input, result.quantizations);
}

std::vector<std::string> ops_of(const casefile::Case& c) {
  std::set<std::string> ops;
  for (const graph::Node& node : c.graph.nodes) ops.insert(graph::name(node.op));
  return {ops.begin(), ops.end()};
}

std::vector<std::string> labels_of(const casefile::Case& c) {
  std::set<std::string> out;
  if (base::find_label(c.expect.error) != nullptr) out.insert(c.expect.error);
  for (const auto& node : c.plan.nodes) {
    if (node) out.insert(node->quirks.begin(), node->quirks.end());
  }
  std::string text = c.title + "\n" + c.description;
  for (const std::string& tag : c.tags) text += "\n" + tag;
  for (const base::Label& label : base::labels()) {
    if (names(text, label.id)) out.insert(label.id);
  }
  return {out.begin(), out.end()};
}

}  // namespace mxcheck::suite
