// One case file from text to checked cases: JSON, version, matrix, then every part of each
// expansion, inference and the plan (CASE-VERSION, CASE-FILE, REF-UNUSED and all labels of the
// parts).
#include "sim/casefile/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/casefile/matrix.h"
#include "sim/casefile/size.h"
#include "sim/graph/infer.h"

namespace mxcheck::casefile {
namespace {

constexpr std::size_t kMostFailedExpansions = 100;  // the rest fails for the same reasons
constexpr std::size_t kMostPerRefusal = 4;          // problems kept of each expected refusal
constexpr std::size_t kMostExpandedValues = 2'000'000;

const std::vector<std::string>& top_keys() {
  static const std::vector<std::string> keys{
      "mxcheck",     "title", "description", "tags", "policy", "hardware", "inputs", "params",
      "quant_stats", "nodes", "rules",       "run",  "checks", "expect",   "matrix"};
  return keys;
}

bool check_version(Context& context, const JsonValue& root) {
  if (!context.expect_kind(root, JsonKind::kObject)) return false;
  const auto version = root.find("mxcheck");
  if (!version) {
    context.error(root, "CASE-MISSING", "the file has no \"mxcheck\": it is no case",
                  "\"mxcheck\": 1, the version of the format");
    return false;
  }
  const auto number = context.integer(*version);
  if (!number) return false;
  if (*number == 1) return true;
  context.error(*version, "CASE-VERSION", fmt::format("format version {}", *number),
                "version 1, the only one this program reads");
  return false;
}

void read_texts(Context& context, const JsonValue& root, Case& c) {
  if (const auto title = root.find("title")) c.title = context.string(*title).value_or("");
  if (const auto text = root.find("description")) {
    c.description = context.string(*text).value_or("");
  }
  const auto tags = root.find("tags");
  if (!tags || !context.expect_kind(*tags, JsonKind::kArray)) return;
  for (const JsonValue& item : tags->items()) {
    const auto tag = context.name(item);
    if (!tag) continue;
    if (tag->find_first_of(" ,") != std::string::npos) {
      context.error(item, "CASE-VALUE", fmt::format("the tag \"{}\"", shortened(*tag)), "one word");
    }
    c.tags.push_back(*tag);
  }
}

void warn_unused(Context& context, const JsonValue& root, const Case& c) {
  std::vector<bool> used(static_cast<std::size_t>(c.graph.value_count()), false);
  for (const graph::Node& node : c.graph.nodes) {
    for (const int arg : node.args) used[static_cast<std::size_t>(arg)] = true;
  }
  std::size_t value = 0;
  for (const char* key : {"inputs", "params"}) {
    const auto ports = root.find(key);
    if (!ports) continue;
    for (const JsonMember& member : ports->members()) {
      if (used[value++]) continue;
      context.warn(member.key, "REF-UNUSED",
                   fmt::format("no node uses \"{}\"", shortened(member.key.text())),
                   "inputs and params that take part");
    }
  }
}

// The plan, and the types it decides: a quantized product may have another dtype than the float one
// (DOT-1), which the nodes behind it must see.
void plan_case(Context& context, const base::JsonDocument& document, Case& c) {
  graph::InferOptions options;
  base::Diagnostics findings;
  bool settled = false;
  while (!settled) {
    findings.clear();
    c.plan = graph::make_plan(c.graph, c.rules, c.run, findings);
    settled = true;
    for (const std::optional<graph::NodePlan>& plan : c.plan.nodes) {
      if (!plan || !plan->quantized || base::has_errors(findings)) continue;
      if (plan->result == c.graph.nodes[plan->node].type.dtype) continue;
      settled = !options.result_dtypes.emplace(plan->node, plan->result).second && settled;
    }
    if (settled) break;
    base::Diagnostics problems;
    graph::infer(c.graph, options, problems);
    if (base::has_errors(problems)) {
      findings = problems;
      break;
    }
  }
  for (const base::Diagnostic& finding : findings) context.place(document, finding);
  for (const std::optional<graph::NodePlan>& plan : c.plan.nodes) {
    if (!plan ||
        std::find(plan->quirks.begin(), plan->quirks.end(), "QUIRK-SHAPE") == plan->quirks.end()) {
      continue;
    }
    const graph::Node& node = c.graph.nodes[plan->node];
    context.warn(document.nearest_to(node.pointer), "QUIRK-SHAPE",
                 fmt::format("an operand of \"{}\" is taken for a weight because a param of module "
                             "\"{}\" has its shape",
                             node.name, node.module),
                 "activations whose shape no param of the module has");
  }
}

// Bounds what matching every rule with every quantizable node can cost: a match takes time in
// proportion to groups, pattern and path.
bool patterns_are_affordable(Context& context, const JsonValue& root, const Case& c) {
  constexpr std::size_t kPerMatch = 2'000;
  constexpr std::size_t kMost = 600'000'000;
  std::size_t paths = 0;
  std::size_t bytes = 0;
  for (const graph::Node& node : c.graph.nodes) {
    if (!graph::is_quantizable(node.op)) continue;
    ++paths;
    bytes += node.module.size();
  }
  std::size_t cost = 0;
  for (const graph::Rule& rule : c.rules) {
    const std::string& pattern = rule.module_path;
    const auto groups = static_cast<std::size_t>(std::count(pattern.begin(), pattern.end(), '('));
    cost += paths * kPerMatch + (groups + 1) * pattern.size() * bytes;
  }
  if (cost <= kMost) return true;
  context.error(*root.find("rules"), "RULE-PATTERN",
                fmt::format("{} rules for {} quantizable nodes", c.rules.size(), paths),
                "fewer rules, or simpler patterns and shorter module paths");
  return false;
}

void read_parts(Context& context, const base::JsonDocument& document, Case& c) {
  const JsonValue root = document.root();
  context.check_keys(root, top_keys(), "a case");
  read_texts(context, root, c);
  const auto part = [&](const char* key, auto read) {
    if (const auto value = root.find(key)) read(context, *value, c);
  };
  part("policy", read_policy);
  part("hardware", read_hardware);
  GraphNames names;
  read_ports(context, root, c, names);
  if (const auto nodes = context.require(root, "nodes", "the case")) {
    read_nodes(context, *nodes, c, names);
  }
  part("rules", read_rules);
  read_run(context, root, c, names);
  part("checks", read_checks);
  part("quant_stats", read_quant_stats);
  part("expect", read_expect);

  base::Diagnostics findings;
  const std::vector<bool> unknown = graph::infer(c.graph, {names.unknown, {}}, findings);
  for (const base::Diagnostic& finding : findings) context.place(document, finding);
  if (!context.has_errors() && patterns_are_affordable(context, root, c)) {
    plan_case(context, document, c);
  }
  check_seeds(context, root, c, unknown);
  if (!context.has_errors()) check_plan(context, document, c);
  if (!context.has_errors()) check_case_size(context, root, c);
  if (!context.has_errors()) warn_unused(context, root, c);
}

// The label a file expects to be refused with, looked up before anything else can fail.
std::string expected_error(const JsonValue& root) {
  const auto expect = root.find("expect");
  const auto error = expect ? expect->find("error") : std::nullopt;
  return error && error->is(JsonKind::kString) ? std::string(error->text()) : "";
}

std::vector<std::string> tags_of(const JsonValue& root) {
  std::vector<std::string> out;
  const auto tags = root.find("tags");
  if (!tags) return out;
  for (const JsonValue& tag : tags->items()) {
    if (tag.is(JsonKind::kString)) out.emplace_back(tag.text());
  }
  return out;
}

class Loader {
 public:
  Loader(const std::filesystem::path& file, const std::filesystem::path& root,
         const std::string& id, std::string digest)
      : file_(file), root_(root), id_(id), digest_(std::move(digest)) {}

  LoadedCases load(std::string text) {
    base::Diagnostics parsing;
    const std::optional<base::JsonDocument> document = base::parse_json(std::move(text), parsing);
    for (base::Diagnostic& d : parsing) d.file = file_.string();
    if (!document) {
      out_.diagnostics = parsing;
      return std::move(out_);
    }
    const std::string expected = expected_error(document->root());
    base::Diagnostics& target = begin(expected, document->root(), parsing);
    Context context(file_, root_, stored_, target);
    std::vector<Binding> bindings;
    if (check_version(context, document->root())) {
      bindings = expand_matrix(context, document->root());
    }
    if (context.has_errors() || !parsing.empty()) {
      // What can still be said about the rest of a file with doubled keys.
      if (bindings.size() == 1 && bindings[0].empty()) {
        Case unused;
        read_parts(context, *document, unused);
      }
      return std::move(out_);
    }
    if (!expected.empty()) out_.refused.pop_back();
    std::size_t budget = kMostExpandedValues;
    for (const Binding& binding : bindings) {
      if (!load_expansion(*document, binding, budget)) break;
    }
    Context whole(file_, root_, stored_, out_.diagnostics);
    warn_unused_names(whole, *document);
    return std::move(out_);
  }

 private:
  // Where the problems of a case go: to its own refusal if it expects one.
  base::Diagnostics& begin(const std::string& expected, const JsonValue& root,
                           const base::Diagnostics& parsing) {
    if (expected.empty()) {
      out_.diagnostics.insert(out_.diagnostics.end(), parsing.begin(), parsing.end());
      return out_.diagnostics;
    }
    out_.refused.push_back({id_, expected, tags_of(root), parsing});
    return out_.refused.back().diagnostics;
  }

  // False: give up on the remaining expansions.
  bool load_expansion(const base::JsonDocument& document, const Binding& binding,
                      std::size_t& budget) {
    std::optional<base::JsonDocument> expanded;
    if (!binding.empty()) {
      Context context(file_, root_, stored_, out_.diagnostics);
      context.set_expansion(id_ + id_suffix(binding));
      expanded = substitute(context, document, binding, budget);
      if (!expanded) return budget > 0;
    }
    const base::JsonDocument& used = expanded ? *expanded : document;
    Case c;
    c.matrix = id_suffix(binding);
    c.id = id_ + c.matrix;
    c.file = file_;
    c.root = root_;
    c.digest = c.matrix.empty() ? digest_ : base::sha256_hex(digest_ + c.matrix);
    const std::string expected = expected_error(used.root());
    base::Diagnostics& target = begin(expected, used.root(), {});
    const bool many = !expected.empty() && !binding.empty();
    Context context(file_, root_, stored_, target, many ? kMostPerRefusal : kMaxReported);
    if (!binding.empty()) context.set_expansion(c.id);
    read_parts(context, used, c);
    if (!expected.empty()) {
      out_.refused.back().id = c.id;
      if (!context.has_errors()) out_.refused.pop_back();
    } else if (context.has_errors() && ++failed_ >= kMostFailedExpansions) {
      return false;
    }
    if (context.has_errors()) return true;
    settle_golden(document, c);
    out_.cases.push_back(std::move(c));
    return true;
  }

  // The golden of an expansion: as written if the path names the expansion itself, else the file
  // dense/K=8.safetensors beside dense.safetensors, unless only the latter exists.
  void settle_golden(const base::JsonDocument& document, Case& c) const {
    if (c.matrix.empty() || c.expect.golden.empty()) return;
    const auto expect = document.root().find("expect");
    const auto written = expect ? expect->find("golden") : std::nullopt;
    if (!written || mentions_matrix(written->text())) return;
    std::filesystem::path own(c.expect.golden);
    const std::filesystem::path extension = own.extension();
    own.replace_extension();
    own += c.matrix;
    own += extension;
    std::error_code error;
    const std::filesystem::path folder = file_.parent_path();
    const bool shared = std::filesystem::exists(folder / c.expect.golden, error) &&
                        !std::filesystem::exists(folder / own, error);
    if (!shared) c.expect.golden = own.string();
  }

  const std::filesystem::path& file_;
  const std::filesystem::path& root_;
  const std::string& id_;
  std::string digest_;
  StoredFiles stored_;
  std::size_t failed_ = 0;
  LoadedCases out_;
};

}  // namespace

LoadedCases load_case_text(const std::string& text, const std::filesystem::path& file,
                           const std::filesystem::path& root, const std::string& id) {
  return Loader(file, root, id, base::sha256_hex(text)).load(text);
}

LoadedCases load_case_file(const std::filesystem::path& file, const std::filesystem::path& root,
                           const std::string& id) {
  base::Result<std::string> text = base::read_file(file, base::JsonLimits{}.bytes);
  if (text.ok()) {
    std::string digest = base::sha256_hex(text.value());
    return Loader(file, root, id, std::move(digest)).load(std::move(text).value());
  }
  LoadedCases out;
  base::Diagnostic d;
  d.file = file.string();
  d.line = d.column = 1;  // forges and editors want a place
  d.label = "CASE-FILE";
  d.fact = text.error();
  d.expectation = fmt::format("a readable file of at most {} bytes", base::JsonLimits{}.bytes);
  out.diagnostics.push_back(d);
  return out;
}

}  // namespace mxcheck::casefile
