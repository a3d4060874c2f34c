// One function a structure, in the order of json.cpp. Keys that later builds of this version added
// may be missing; no key may be unknown.
#include "reports/read.h"

#include <fmt/format.h>

#include "reports/read_detail.h"
#include "reports/read_fields.h"
#include "sim/base/file.h"
#include "sim/base/json_reader.h"

namespace mxcheck::reports {
namespace {

using base::JsonKind;
using base::JsonMember;
using base::JsonReader;
using base::JsonValue;

constexpr base::JsonLimits kLimits{std::size_t{256} << 20, 16'000'000, 16};

void read_element(JsonReader& reader, const JsonValue& value, std::string& text,
                  std::string& bits) {
  Fields fields(reader, value, "an element");
  fields.text("value", text);
  fields.text("bits", bits);
}

Mismatch read_mismatch(JsonReader& reader, const JsonValue& value) {
  Mismatch m;
  Fields fields(reader, value, "a mismatch");
  fields.each("index", [&](const JsonValue& v) {
    if (const auto i = reader.integer(v, 0, kMost)) m.index.push_back(*i);
  });
  fields.with("sim", [&](const JsonValue& v) { read_element(reader, v, m.ours, m.ours_bits); });
  fields.with("expected",
              [&](const JsonValue& v) { read_element(reader, v, m.theirs, m.theirs_bits); });
  fields.natural("ulp", m.ulp);
  fields.number("bound_fraction", m.bound_fraction);
  fields.boolean("tie", m.tie);
  fields.with("facts", [&](const JsonValue& v) {
    if (!reader.expect_kind(v, JsonKind::kObject)) return;
    for (const JsonMember& member : v.members()) {
      const auto text = reader.string(member.value);
      if (text) m.facts.emplace_back(std::string(member.key.text()), *text);
    }
  });
  return m;
}

Finding read_finding(JsonReader& reader, const JsonValue& value) {
  Finding f;
  Fields fields(reader, value, "a finding");
  fields.text("name", f.name);
  fields.cls(f.cls);
  fields.text("formula", f.formula);
  fields.text("problem", f.problem);
  fields.boolean("judged", f.judged);
  fields.count("differ", f.differ);
  fields.count("total", f.total);
  fields.natural("worst_ulp", f.worst_ulp);
  fields.number("worst_bound_fraction", f.worst_fraction);
  fields.text("rule", f.rule);
  fields.text("explanation", f.explanation);
  fields.each("mismatches",
              [&](const JsonValue& v) { f.mismatches.push_back(read_mismatch(reader, v)); });
  fields.maybe(
      "window", [&](const JsonValue& v) { f.window = read_window(reader, v); }, Need::kAddedLater);
  fields.each(
      "deltas", [&](const JsonValue& v) { f.deltas.push_back(read_bin(reader, v)); },
      Need::kAddedLater);
  fields.each(
      "ulps", [&](const JsonValue& v) { f.ulps.push_back(read_bin(reader, v)); },
      Need::kAddedLater);
  fields.maybe(
      "pe_map", [&](const JsonValue& v) { f.pe_map = read_pe_map(reader, v); }, Need::kAddedLater);
  return f;
}

TensorFigure read_figure(JsonReader& reader, const JsonValue& value) {
  TensorFigure f;
  Fields fields(reader, value, "a figure");
  fields.text("name", f.name);
  fields.cls(f.cls);
  fields.text("formula", f.formula);
  fields.count("elements", f.elements);
  fields.number("worst_bound_fraction", f.worst_fraction);
  fields.number("cosine", f.cosine);
  fields.number("sqnr_db", f.sqnr_db);
  return f;
}

RelationCount read_relation(JsonReader& reader, const JsonValue& value) {
  RelationCount r;
  Fields fields(reader, value, "a relation");
  fields.text("relation", r.relation);
  fields.count("applied", r.applied);
  fields.count("elements", r.elements);
  fields.each("not_applicable", [&](const JsonValue& v) {
    auto& [reason, times] = r.not_applicable.emplace_back();
    Fields one(reader, v, "a reason");
    one.text("reason", reason);
    one.count("times", times);
  });
  return r;
}

RootCause read_root_cause(JsonReader& reader, const JsonValue& value) {
  RootCause cause;
  Fields fields(reader, value, "a root cause");
  fields.texts("causes", cause.causes);
  fields.texts("faults", cause.faults);
  fields.count("failing", cause.failing);
  fields.count("tried", cause.tried);
  fields.count("changes", cause.changes);
  fields.number("milliseconds", cause.milliseconds);
  return cause;
}

CheckResult read_check(JsonReader& reader, const JsonValue& value) {
  CheckResult c;
  Fields fields(reader, value, "a check");
  fields.text("check", c.check);
  fields.text("mode", c.mode);
  fields.status("status", c.status);
  fields.text("reason", c.reason);
  fields.count("tensors", c.tensors);
  fields.count("elements", c.elements);
  fields.count("exact", c.exact);
  fields.count("bound", c.bound);
  fields.count("equal_bits", c.equal);
  fields.number("worst_bound_fraction", c.worst_fraction);
  fields.text("worst_name", c.worst_name);
  fields.count("codes_moved", c.codes_moved);
  fields.each("findings",
              [&](const JsonValue& v) { c.findings.push_back(read_finding(reader, v)); });
  fields.each("figures", [&](const JsonValue& v) { c.figures.push_back(read_figure(reader, v)); });
  fields.each("relations",
              [&](const JsonValue& v) { c.relations.push_back(read_relation(reader, v)); });
  fields.maybe("root_cause",
               [&](const JsonValue& v) { c.root_cause = read_root_cause(reader, v); });
  return c;
}

QuantizationCounts read_quantization(JsonReader& reader, const JsonValue& value) {
  QuantizationCounts q;
  Fields fields(reader, value, "a quantization");
  fields.text("name", q.name);
  fields.count("total", q.total);
  fields.count("saturated", q.saturated);
  fields.count("zero", q.zero);
  fields.count("ties", q.ties);
  fields.count("sensitive", q.sensitive);
  fields.count("reciprocal", q.reciprocal);
  fields.number("sqnr_db", q.sqnr_db, Need::kAddedLater);
  fields.maybe(
      "histogram", [&](const JsonValue& v) { q.histogram = read_histogram(reader, v); },
      Need::kAddedLater);
  return q;
}

ProductWidths read_product(JsonReader& reader, const JsonValue& value) {
  ProductWidths p;
  Fields fields(reader, value, "a product");
  fields.text("name", p.name);
  fields.count("batch", p.batch);
  fields.count("m", p.m);
  fields.count("k", p.k);
  fields.count("n", p.n);
  fields.count("partial_bits", p.partial_bits);
  fields.count("acc_bits", p.acc_bits);
  fields.count("cycles", p.cycles, Need::kAddedLater);
  fields.count("bytes", p.bytes, Need::kAddedLater);
  fields.count("peak", p.peak, Need::kAddedLater);
  fields.count("edge_bytes", p.edge_bytes, Need::kAddedLater);
  return p;
}

PathUse read_path(JsonReader& reader, const JsonValue& value) {
  PathUse p;
  Fields fields(reader, value, "a path");
  fields.text("level", p.level);
  fields.text("kernel", p.kernel);
  fields.text("reason", p.reason);
  fields.count("products", p.products);
  return p;
}

KernelUse read_kernel(JsonReader& reader, const JsonValue& value) {
  std::string name, family, isa;
  std::int64_t uses = 0;
  Fields fields(reader, value, "a kernel");
  fields.text("name", name);
  fields.text("family", family);
  fields.text("isa", isa);
  fields.count("uses", uses);
  return {std::move(name), std::move(family), std::move(isa), uses};
}

Expectation read_expectation(JsonReader& reader, const JsonValue& value) {
  Expectation e;
  Fields fields(reader, value, "an expectation");
  fields.text("entry", e.entry);
  fields.status("expected", e.expected);
  fields.status("actual", e.actual);
  fields.text("check", e.check);
  fields.text("reason", e.reason);
  return e;
}

ExpectationUse read_use(JsonReader& reader, const JsonValue& value) {
  ExpectationUse e;
  Fields fields(reader, value, "an expectation");
  fields.text("entry", e.entry);
  fields.boolean("glob", e.glob);
  fields.status("expected", e.expected);
  fields.text("check", e.check);
  fields.text("reason", e.reason);
  fields.count("matched", e.matched);
  fields.count("decided", e.decided);
  return e;
}

CaseResult read_case(JsonReader& reader, const JsonValue& value) {
  CaseResult c;
  Fields fields(reader, value, "a case");
  fields.text("id", c.id);
  fields.text("file", c.file);
  fields.count("line", c.line, Need::kAddedLater);
  fields.text("digest", c.digest);
  fields.text("golden_digest", c.golden_digest);
  fields.text("title", c.title);
  fields.texts("tags", c.tags);
  fields.texts("ops", c.ops, Need::kAddedLater);
  fields.texts("labels", c.labels, Need::kAddedLater);
  fields.text("policy", c.policy);
  fields.text("hardware", c.hardware);
  fields.text("mode", c.mode);
  fields.status("status", c.status);
  fields.text("reason", c.reason);
  fields.maybe(
      "expectation", [&](const JsonValue& v) { c.expectation = read_expectation(reader, v); },
      Need::kAddedLater);
  fields.each(
      "graph", [&](const JsonValue& v) { c.graph.push_back(read_node(reader, v, c.graph.size())); },
      Need::kAddedLater);
  fields.each(
      "layers", [&](const JsonValue& v) { c.layers.push_back(read_layer(reader, v)); },
      Need::kAddedLater);
  fields.each(
      "traces", [&](const JsonValue& v) { c.traces.push_back(read_trace(reader, v)); },
      Need::kAddedLater);
  fields.each("checks", [&](const JsonValue& v) { c.checks.push_back(read_check(reader, v)); });
  fields.each("quantizations",
              [&](const JsonValue& v) { c.quantizations.push_back(read_quantization(reader, v)); });
  fields.each("products",
              [&](const JsonValue& v) { c.products.push_back(read_product(reader, v)); });
  fields.each("paths", [&](const JsonValue& v) { c.paths.push_back(read_path(reader, v)); });
  fields.each("kernels", [&](const JsonValue& v) { c.kernels.push_back(read_kernel(reader, v)); });
  fields.texts("quirks", c.quirks);
  fields.texts("notes", c.notes);
  fields.number("milliseconds", c.milliseconds);
  return c;
}

RunContext read_context(JsonReader& reader, const JsonValue& value) {
  RunContext c;
  Fields fields(reader, value, "the context");
  fields.text("version", c.version);
  fields.text("commit", c.commit);
  fields.texts("paths", c.paths);
  fields.text("selection", c.selection);
  fields.text("policy", c.policy);
  fields.text("hardware", c.hardware);
  fields.texts("faults", c.faults);
  fields.text("level", c.level);
  fields.text("isa", c.isa);
  fields.texts("isas_here", c.isas_here);
  fields.natural("seed", c.seed);
  fields.text("shard", c.shard);
  fields.count("selected_cases", c.selected_cases, Need::kAddedLater);
  fields.text("selected_digest", c.selected_digest, Need::kAddedLater);
  fields.text("expectations", c.expectations, Need::kAddedLater);
  fields.text("device", c.device, Need::kAddedLater);
  return c;
}

// What the report says twice must be said once and the same.
void check_totals(JsonReader& reader, const JsonValue& value, const RunResult& run) {
  Totals stated;
  {
    Fields fields(reader, value, "the totals");
    fields.count("passed", stated.passed);
    fields.count("failed", stated.failed);
    fields.count("skipped", stated.skipped);
  }
  const Totals sum = totals(run);
  if (reader.has_errors() || (stated.passed == sum.passed && stated.failed == sum.failed &&
                              stated.skipped == sum.skipped)) {
    return;
  }
  reader.refuse_value(value,
                      fmt::format("{}, {}, {}", stated.passed, stated.failed, stated.skipped),
                      fmt::format("the totals of the cases: {} passed, {} failed, {} skipped",
                                  sum.passed, sum.failed, sum.skipped));
}

// Is it a report, and of the version this build reads?
bool check_version(JsonReader& reader, const JsonValue& root) {
  if (!reader.expect_kind(root, JsonKind::kObject)) return false;
  const auto version = reader.require(root, "mxcheck_report", "the file");
  const auto number = version ? reader.integer(*version, 0, kMost) : std::nullopt;
  if (!number) return false;
  if (*number == kReportVersion) return true;
  reader.error(*version, "RPT-VERSION", fmt::format("report version {}", *number),
               fmt::format("version {}, the only one this program reads", kReportVersion));
  return false;
}

}  // namespace

std::optional<RunResult> parse_report(std::string text, const std::string& file,
                                      base::Diagnostics& diagnostics) {
  base::Diagnostics parsing;
  const std::optional<base::JsonDocument> document =
      base::parse_json(std::move(text), parsing, kLimits);
  for (base::Diagnostic& d : parsing) d.file = file;
  diagnostics.insert(diagnostics.end(), parsing.begin(), parsing.end());
  if (!document) return std::nullopt;
  JsonReader reader(file, {"RPT-KEY", "RPT-VALUE"}, diagnostics);
  const JsonValue root = document->root();
  if (!check_version(reader, root)) return std::nullopt;
  RunResult run;
  {
    Fields fields(reader, root, "a report");
    fields.with("mxcheck_report", [](const JsonValue&) {});
    fields.with("context", [&](const JsonValue& v) { run.context = read_context(reader, v); });
    fields.text("suite_digest", run.suite_digest);
    fields.boolean("incomplete", run.incomplete);
    fields.each("kernels", [&](const JsonValue& v) { read_kernel(reader, v); });
    fields.each(
        "expectations",
        [&](const JsonValue& v) { run.expectations.push_back(read_use(reader, v)); },
        Need::kAddedLater);
    fields.each("cases", [&](const JsonValue& v) { run.cases.push_back(read_case(reader, v)); });
    fields.number("milliseconds", run.milliseconds);
    fields.with("totals", [&](const JsonValue& v) { check_totals(reader, v, run); });
  }
  if (reader.has_errors() || !parsing.empty()) return std::nullopt;
  return run;
}

std::optional<RunResult> read_report(const std::filesystem::path& file,
                                     base::Diagnostics& diagnostics) {
  base::Result<std::string> text = base::read_file(file, kLimits.bytes);
  if (text) return parse_report(std::move(text).value(), file.string(), diagnostics);
  base::Diagnostic d;
  d.file = file.string();
  d.label = "RPT-FILE";
  d.fact = text.error();
  d.expectation = fmt::format("a readable file of at most {} bytes", kLimits.bytes);
  diagnostics.push_back(d);
  return std::nullopt;
}

}  // namespace mxcheck::reports
