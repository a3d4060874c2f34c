// Writes the model field by field; text that is not UTF-8 is replaced, never passed on, and numbers
// JSON cannot carry (inf, nan) are written as strings.
#include "reports/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/json_detail.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const Mismatch& m) {
  Json facts = Json::object();
  for (const Fact& fact : m.facts) facts[fact.first] = fact.second;
  Json out{{"index", m.index},
           {"sim", {{"value", m.ours}, {"bits", m.ours_bits}}},
           {"expected", {{"value", m.theirs}, {"bits", m.theirs_bits}}},
           {"ulp", optional(m.ulp)},
           {"bound_fraction", nullptr},
           {"tie", m.tie},
           {"facts", facts}};
  if (m.bound_fraction) out["bound_fraction"] = json_number(*m.bound_fraction);
  return out;
}

Json to_json(const Finding& f) {
  Json mismatches = Json::array();
  for (const Mismatch& m : f.mismatches) mismatches.push_back(to_json(m));
  return {{"name", f.name},
          {"class", name(f.cls)},
          {"formula", f.formula},
          {"problem", f.problem},
          {"judged", f.judged},
          {"differ", f.differ},
          {"total", f.total},
          {"worst_ulp", f.worst_ulp},
          {"worst_bound_fraction", json_number(f.worst_fraction)},
          {"rule", f.rule},
          {"explanation", f.explanation},
          {"mismatches", mismatches},
          {"window", f.window ? to_json(*f.window) : Json(nullptr)},
          {"deltas", to_json(f.deltas)},
          {"ulps", to_json(f.ulps)},
          {"pe_map", f.pe_map ? to_json(*f.pe_map) : Json(nullptr)}};
}

Json to_json(const TensorFigure& f) {
  return {{"name", f.name},
          {"class", name(f.cls)},
          {"formula", f.formula},
          {"elements", f.elements},
          {"worst_bound_fraction", json_number(f.worst_fraction)},
          {"cosine", json_number(f.cosine)},
          {"sqnr_db", json_number(f.sqnr_db)}};
}

Json to_json(const RelationCount& r) {
  Json reasons = Json::array();
  for (const auto& [reason, times] : r.not_applicable) {
    reasons.push_back({{"reason", reason}, {"times", times}});
  }
  return {{"relation", r.relation},
          {"applied", r.applied},
          {"elements", r.elements},
          {"not_applicable", reasons}};
}

Json to_json(const RootCause& cause) {
  return {{"causes", cause.causes},   {"faults", cause.faults},
          {"failing", cause.failing}, {"tried", cause.tried},
          {"changes", cause.changes}, {"milliseconds", cause.milliseconds}};
}

Json to_json(const CheckResult& check) {
  Json findings = Json::array();
  for (const Finding& finding : check.findings) findings.push_back(to_json(finding));
  Json figures = Json::array();
  for (const TensorFigure& figure : check.figures) figures.push_back(to_json(figure));
  Json relations = Json::array();
  for (const RelationCount& relation : check.relations) relations.push_back(to_json(relation));
  return {{"check", check.check},
          {"mode", check.mode},
          {"status", name(check.status)},
          {"reason", check.reason},
          {"tensors", check.tensors},
          {"elements", check.elements},
          {"exact", check.exact},
          {"bound", check.bound},
          {"equal_bits", check.equal},
          {"worst_bound_fraction", json_number(check.worst_fraction)},
          {"worst_name", check.worst_name},
          {"codes_moved", check.codes_moved},
          {"findings", findings},
          {"figures", figures},
          {"relations", relations},
          {"root_cause", check.root_cause ? to_json(*check.root_cause) : Json(nullptr)}};
}

Json to_json(const QuantizationCounts& q) {
  return {{"name", q.name},
          {"total", q.total},
          {"saturated", q.saturated},
          {"zero", q.zero},
          {"ties", optional(q.ties)},
          {"sensitive", optional(q.sensitive)},
          {"reciprocal", optional(q.reciprocal)},
          {"sqnr_db", json_number(q.sqnr_db)},
          {"histogram", q.histogram ? to_json(*q.histogram) : Json(nullptr)}};
}

Json to_json(const Expectation& e) {
  return {{"entry", e.entry},
          {"expected", name(e.expected)},
          {"actual", name(e.actual)},
          {"check", e.check},
          {"reason", e.reason}};
}

Json to_json(const ExpectationUse& e) {
  return {{"entry", e.entry},    {"glob", e.glob},     {"expected", name(e.expected)},
          {"check", e.check},    {"reason", e.reason}, {"matched", e.matched},
          {"decided", e.decided}};
}

Json to_json(const PathUse& p) {
  return {{"level", p.level}, {"kernel", p.kernel}, {"reason", p.reason}, {"products", p.products}};
}

Json to_json(const std::vector<KernelUse>& uses) {
  Json out = Json::array();
  for (const KernelUse& k : uses) {
    out.push_back({{"name", k.name()}, {"family", k.family()}, {"isa", k.isa()}, {"uses", k.uses}});
  }
  return out;
}

Json to_json(const CaseResult& c) {
  Json checks = Json::array();
  for (const CheckResult& check : c.checks) checks.push_back(to_json(check));
  Json quantizations = Json::array();
  for (const QuantizationCounts& q : c.quantizations) quantizations.push_back(to_json(q));
  Json products = Json::array();
  for (const ProductWidths& p : c.products) {
    products.push_back({{"name", p.name},
                        {"batch", p.batch},
                        {"m", p.m},
                        {"k", p.k},
                        {"n", p.n},
                        {"partial_bits", p.partial_bits},
                        {"acc_bits", p.acc_bits},
                        {"cycles", p.cycles},
                        {"bytes", p.bytes},
                        {"peak", p.peak},
                        {"edge_bytes", p.edge_bytes}});
  }
  Json paths = Json::array();
  for (const PathUse& p : c.paths) paths.push_back(to_json(p));
  Json graph = Json::array();
  for (const GraphNode& node : c.graph) graph.push_back(to_json(node));
  Json layers = Json::array();
  for (const LayerFigure& layer : c.layers) layers.push_back(to_json(layer));
  Json traces = Json::array();
  for (const SrqTrace& trace : c.traces) traces.push_back(to_json(trace));
  return {{"id", c.id},
          {"file", c.file},
          {"line", c.line},
          {"digest", c.digest},
          {"golden_digest", c.golden_digest},
          {"title", c.title},
          {"tags", c.tags},
          {"ops", c.ops},
          {"labels", c.labels},
          {"policy", c.policy},
          {"hardware", c.hardware},
          {"mode", c.mode},
          {"status", name(c.status)},
          {"reason", c.reason},
          {"expectation", c.expectation ? to_json(*c.expectation) : Json(nullptr)},
          {"graph", graph},
          {"layers", layers},
          {"traces", traces},
          {"checks", checks},
          {"quantizations", quantizations},
          {"products", products},
          {"paths", paths},
          {"kernels", to_json(c.kernels)},
          {"quirks", c.quirks},
          {"notes", c.notes},
          {"milliseconds", c.milliseconds}};
}

Json context_json(const RunContext& context) {
  return {{"version", context.version},
          {"commit", context.commit},
          {"paths", context.paths},
          {"selection", context.selection},
          {"policy", context.policy},
          {"hardware", context.hardware},
          {"faults", context.faults},
          {"level", context.level},
          {"isa", context.isa},
          {"isas_here", context.isas_here},
          {"seed", optional(context.seed)},
          {"shard", context.shard},
          {"selected_cases", context.selected_cases},
          {"selected_digest", context.selected_digest},
          {"expectations", context.expectations},
          {"device", context.device}};
}

std::string compact(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Values that fit on a line take one; lists of plain values always do.
std::string layout(const Json& value, std::size_t depth) {
  if (!value.is_structured()) return compact(value);
  constexpr std::size_t kLine = 120;
  std::vector<std::string> parts;
  std::size_t length = 0;
  bool plain = value.is_array(), lines = false;
  for (const auto& item : value.items()) {
    std::string part = value.is_object() ? compact(item.key()) + ": " : "";
    part += layout(item.value(), depth + 1);
    plain = plain && !item.value().is_structured();
    lines = lines || part.find('\n') != std::string::npos;
    length += part.size() + 2;
    parts.push_back(std::move(part));
  }
  const std::string open = value.is_object() ? "{" : "[", close = value.is_object() ? "}" : "]";
  if (plain || (!lines && depth + length <= kLine)) return open + base::join(parts, ", ") + close;
  const std::string indent = "\n" + std::string(depth + 1, ' ');
  return open + indent + base::join(parts, "," + indent) + "\n" + std::string(depth, ' ') + close;
}

}  // namespace

std::vector<Fact> context_facts(const RunContext& context) {
  std::vector<Fact> out;
  const Json object = context_json(context);
  for (const auto& field : object.items()) out.emplace_back(field.key(), compact(field.value()));
  return out;
}

std::string to_json(const RunResult& run) {
  Json expectations = Json::array();
  for (const ExpectationUse& e : run.expectations) expectations.push_back(to_json(e));
  const Totals sum = totals(run);
  std::string out;
  const auto begin = [&](const char* key) -> std::string& {
    return out += fmt::format("{}\n \"{}\": ", out.empty() ? "{" : ",", key);
  };
  begin("mxcheck_report") += layout(kReportVersion, 1);
  begin("context") += layout(context_json(run.context), 1);
  begin("suite_digest") += layout(run.suite_digest, 1);
  begin("incomplete") += layout(run.incomplete, 1);
  begin("totals") +=
      layout({{"passed", sum.passed}, {"failed", sum.failed}, {"skipped", sum.skipped}}, 1);
  begin("kernels") += layout(to_json(kernel_totals(run)), 1);
  begin("expectations") += layout(expectations, 1);
  // One case after the other: as values all of them take many times what their text takes.
  begin("cases") += "[";
  for (const CaseResult& c : run.cases) {
    out += out.back() == '[' ? "\n  " : ",\n  ";
    out += layout(to_json(c), 2);
  }
  out += run.cases.empty() ? "]" : "\n ]";
  begin("milliseconds") += layout(run.milliseconds, 1);
  return out + "\n}\n";
}

}  // namespace mxcheck::reports
