// Which object stands where decides the order of its keys; objects whose keys are names chosen by
// the author (inputs, params, cotangents, expected values, bindings) keep theirs.
#include "sim/author/format_case.h"

#include <algorithm>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/json_layout.h"
#include "sim/graph/graph.h"

namespace mxcheck::author {
namespace {

using base::JsonKind;
using base::JsonMember;
using base::JsonValue;
using Keys = std::vector<std::string>;

// What a value is in the case format.
enum class Part : std::uint8_t {
  kCase,
  kNamedSources,  // name -> source
  kSource,
  kNodes,
  kNode,
  kRules,
  kRule,
  kConfig,  // additional_qt_config
  kRun,
  kOptimizer,
  kExpect,
  kBased,  // policy, hardware: the base first
  kOther,
};

const Keys& known_keys(Part part) {
  static const Keys kCaseKeys{"mxcheck",  "title",  "description", "tags",   "policy",
                              "hardware", "matrix", "inputs",      "params", "quant_stats",
                              "nodes",    "rules",  "run",         "checks", "expect"};
  static const Keys kSourceKeys{"values", "bits",   "file",  "tensor", "sha256", "fill",
                                "iota",   "random", "seed",  "shape",  "start",  "step",
                                "low",    "high",   "dtype", "scale",  "shift",  "steps"};
  static const Keys kNodeKeys{"name", "op", "module", "args"};
  static const Keys kRuleKeys{"module_path",
                              "op_names",
                              "weight_qtype",
                              "act_qtype",
                              "bwd_qtype",
                              "tile_size",
                              "weight_calibration_method",
                              "act_calibration_method",
                              "bwd_calibration_method",
                              "act_static_scale",
                              "act_batch_axes",
                              "bwd_weight_grad_tile_size",
                              "bwd_stochastic_rounding",
                              "channelwise_noise_axes",
                              "disable_channelwise_axes",
                              "additional_qt_config"};
  static const Keys kRunKeys{"mode",      "steps", "cotangents", "loss", "update_quant_stats",
                             "optimizer", "rng"};
  static const Keys kOptimizerKeys{"type", "learning_rate", "momentum"};
  static const Keys kExpectKeys{"golden", "values", "error"};
  static const Keys kBasedKeys{"base"};
  static const Keys kNone;
  switch (part) {
    case Part::kCase:
      return kCaseKeys;
    case Part::kSource:
      return kSourceKeys;
    case Part::kNode:
      return kNodeKeys;
    case Part::kRule:
      return kRuleKeys;
    case Part::kRun:
      return kRunKeys;
    case Part::kOptimizer:
      return kOptimizerKeys;
    case Part::kExpect:
      return kExpectKeys;
    case Part::kBased:
      return kBasedKeys;
    default:
      return kNone;
  }
}

Part member_part(Part part, std::string_view key) {
  if (part == Part::kNamedSources) return Part::kSource;
  if (part == Part::kSource && key == "steps") return Part::kSource;
  if (part == Part::kRule && key == "additional_qt_config") return Part::kConfig;
  if (part == Part::kRun && key == "cotangents") return Part::kNamedSources;
  if (part == Part::kRun && key == "optimizer") return Part::kOptimizer;
  if (part == Part::kExpect && key == "values") return Part::kNamedSources;
  if (part != Part::kCase) return Part::kOther;
  if (key == "inputs" || key == "params" || key == "quant_stats") return Part::kNamedSources;
  if (key == "nodes") return Part::kNodes;
  if (key == "rules") return Part::kRules;
  if (key == "run") return Part::kRun;
  if (key == "expect") return Part::kExpect;
  return key == "policy" || key == "hardware" ? Part::kBased : Part::kOther;
}

Part item_part(Part part) {
  if (part == Part::kNodes) return Part::kNode;
  if (part == Part::kRules) return Part::kRule;
  return part == Part::kSource ? Part::kSource : Part::kOther;  // of `steps`
}

// A node's attributes follow its op's.
Keys order_of(Part part, const JsonValue& value) {
  Keys out = known_keys(part);
  if (part != Part::kNode) return out;
  const auto op = value.find("op");
  if (!op || !op->is(JsonKind::kString)) return out;
  if (const auto known = graph::op_from_name(op->text())) {
    const auto& attributes = graph::info(*known).attributes;
    out.insert(out.end(), attributes.begin(), attributes.end());
  }
  return out;
}

void write(const JsonValue& value, Part part, std::string& out);

void write_object(const JsonValue& value, Part part, std::string& out) {
  const Keys order = order_of(part, value);
  std::vector<std::pair<std::size_t, JsonMember>> members;
  for (const JsonMember& member : value.members()) {
    const auto at = std::find(order.begin(), order.end(), member.key.text());
    members.emplace_back(static_cast<std::size_t>(at - order.begin()), member);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const char* separator = "{";
  for (const auto& [position, member] : members) {
    out.append(separator).append(base::quote_json(member.key.text())).append(":");
    write(member.value, member_part(part, member.key.text()), out);
    separator = ",";
  }
  out += members.empty() ? "{}" : "}";
}

void write(const JsonValue& value, Part part, std::string& out) {
  if (value.is(JsonKind::kObject)) return write_object(value, part, out);
  if (!value.is(JsonKind::kArray)) {
    out += base::to_json(value);
    return;
  }
  const char* separator = "[";
  for (const JsonValue& item : value.items()) {
    out += separator;
    write(item, item_part(part), out);
    separator = ",";
  }
  out += value.size() == 0 ? "[]" : "]";
}

}  // namespace

std::optional<std::string> formatted_case(const std::string& text, const std::string& file,
                                          base::Diagnostics& diagnostics) {
  base::Diagnostics problems;
  const auto document = base::parse_json(text, problems);
  for (base::Diagnostic& d : problems) {
    d.file = file;
    diagnostics.push_back(d);
  }
  if (!document || base::has_errors(problems)) return std::nullopt;
  const JsonValue root = document->root();
  const bool is_case = root.is(JsonKind::kObject) && root.find("mxcheck");
  std::string ordered;
  write(root, is_case ? Part::kCase : Part::kOther, ordered);
  const auto again = base::parse_json(ordered, problems);
  MXCHECK_CHECK(again && problems.empty(), "a formatted case that is no JSON");
  return base::layout_json(again->root());
}

std::optional<std::string> with_golden(const std::string& text, const std::string& golden) {
  base::Diagnostics problems;
  const auto document = base::parse_json(text, problems);
  if (!document || !document->root().is(JsonKind::kObject)) return std::nullopt;
  std::string expect = "{\"golden\":" + base::quote_json(golden);
  std::string out = "{";
  for (const JsonMember& member : document->root().members()) {
    if (member.key.text() != "expect") {
      out += base::quote_json(member.key.text()) + ":" + base::to_json(member.value) + ",";
      continue;
    }
    for (const JsonMember& one : member.value.members()) {
      if (one.key.text() == "golden") continue;
      expect += "," + base::quote_json(one.key.text()) + ":" + base::to_json(one.value);
    }
  }
  return formatted_case(out + "\"expect\":" + expect + "}}", "", problems);
}

}  // namespace mxcheck::author
