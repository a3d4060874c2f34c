// Each part as compact JSON text, in the order in which cases state it; the layout comes last.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/check.h"
#include "sim/base/json_layout.h"
#include "sim/casefile/draft.h"
#include "sim/casefile/number.h"
#include "sim/casefile/write_parts.h"

namespace mxcheck::casefile {
namespace {

using base::quote_json;
using graph::Attributes;
using graph::Op;

// --- sources ------------------------------------------------------------------------------------

// The numbers of a source as a nested list.
std::string nested(const TensorSource& source, std::size_t axis, std::size_t& next) {
  const tensor::Shape& shape = source.type.shape;
  if (axis == shape.size()) {
    const std::string& number = source.numbers[next++];
    const bool quoted = source.kind == TensorSource::Kind::kBits || is_number_string(number);
    return quoted ? quote_json(number) : number;
  }
  std::string out;
  for (std::int64_t i = 0; i < shape[axis]; ++i) {
    out += (out.empty() ? "" : ",") + nested(source, axis + 1, next);
  }
  return "[" + out + "]";
}

void add_numbers(const TensorSource& source, Object& out) {
  std::size_t next = 0;
  const std::string list = nested(source, 0, next);
  const bool scalar = source.type.shape.empty();
  out.add(source.kind == TensorSource::Kind::kBits ? "bits" : "values",
          scalar ? "[" + list + "]" : list);
  if (scalar) out.add("shape", "[]");
}

void add_random(const TensorSource& source, Object& out) {
  constexpr const char* kNames[] = {"uniform", "normal", "integers"};
  out.add_text("random", kNames[static_cast<std::size_t>(source.random)]);
  out.add("seed", std::to_string(source.seed));
  out.add("shape", integers(source.type.shape));
  if (source.random == TensorSource::Random::kIntegers) {
    out.add("low", std::to_string(static_cast<std::int64_t>(source.low)));
    out.add("high", std::to_string(static_cast<std::int64_t>(source.high)));
  } else if (source.random == TensorSource::Random::kUniform) {
    if (source.low != 0) out.add("low", f32_text(source.low));
    if (source.high != 1) out.add("high", f32_text(source.high));
  }
}

// Of any random form but integer dtypes.
void add_affine(const TensorSource& source, Object& out) {
  if (source.scale) out.add("scale", f32_text(*source.scale));
  if (source.shift) out.add("shift", f32_text(*source.shift));
}

std::string source_text(const TensorSource& source) {
  using Kind = TensorSource::Kind;
  Object out;
  switch (source.kind) {
    case Kind::kValues:
    case Kind::kBits:
      add_numbers(source, out);
      break;
    case Kind::kFile:
      out.add_text("file", source.file);
      out.add_text("tensor", source.tensor);
      if (!source.sha256.empty()) out.add_text("sha256", source.sha256);
      break;
    case Kind::kFill: {
      const std::string& number = source.numbers.at(0);
      out.add("fill", is_number_string(number) ? quote_json(number) : number);
      out.add("shape", integers(source.type.shape));
      break;
    }
    case Kind::kIota:
      out.add("iota", std::to_string(source.axis));
      out.add("shape", integers(source.type.shape));
      if (source.start != 0) out.add("start", f64_text(source.start));
      if (source.step != 1) out.add("step", f64_text(source.step));
      break;
    case Kind::kRandom:
      add_random(source, out);
      break;
    case Kind::kSteps:
      out.add("steps", list_of(source.steps, source_text));
      return out.text();
  }
  // A stored tensor has its own dtype; only its codes of 4 bits need a word.
  const bool small =
      source.type.dtype == numerics::DType::kS4 || source.type.dtype == numerics::DType::kU4;
  if (source.kind == Kind::kFile ? small : source.type.dtype != numerics::DType::kF32) {
    out.add_text("dtype", numerics::name(source.type.dtype));
  }
  if (source.kind == Kind::kRandom) add_affine(source, out);
  return out.text();
}

template <typename Pairs>
std::string sources_text(const Pairs& pairs) {
  Object out;
  for (const auto& [name, source] : pairs) out.add(name, source_text(source));
  return out.text();
}

// --- nodes --------------------------------------------------------------------------------------

bool all_ones(const graph::Axes& list) {
  return std::all_of(list.begin(), list.end(), [](std::int64_t i) { return i == 1; });
}

std::string padding_text(const Attributes& a) {
  if (a.padding_kind == graph::PaddingKind::kSame) return "\"SAME\"";
  if (a.padding_kind == graph::PaddingKind::kValid) return "\"VALID\"";
  return list_of(a.padding,
                 [](const auto& p) { return fmt::format("[{},{}]", p.first, p.second); });
}

std::string dimension_numbers(Op op, const Attributes& a) {
  if (op != Op::dot_general) {
    const bool usual = a.conv_layout == std::vector<std::string>{"NHWC", "HWIO", "NHWC"};
    return usual || a.conv_layout.empty() ? "" : texts(a.conv_layout);
  }
  return fmt::format("[[{},{}],[{},{}]]", integers(a.dot.lhs_contract),
                     integers(a.dot.rhs_contract), integers(a.dot.lhs_batch),
                     integers(a.dot.rhs_batch));
}

// JSON of one attribute; "" where it has its default.
std::string attribute(Op op, const Attributes& a, const std::string& key) {
  const bool pool = op == Op::max_pool || op == Op::avg_pool;
  if (key == "dimension_numbers") return dimension_numbers(op, a);
  if (key == "equation") return quote_json(a.equation);
  if (key == "window_strides") return all_ones(a.window_strides) ? "" : integers(a.window_strides);
  if (key == "lhs_dilation") return all_ones(a.lhs_dilation) ? "" : integers(a.lhs_dilation);
  if (key == "rhs_dilation") return all_ones(a.rhs_dilation) ? "" : integers(a.rhs_dilation);
  if (key == "padding") {
    const bool usual = pool && a.padding_kind == graph::PaddingKind::kValid;
    return usual ? "" : padding_text(a);
  }
  if (key == "feature_group_count") {
    return a.feature_group_count == 1 ? "" : std::to_string(a.feature_group_count);
  }
  if (key == "approximate") return a.approximate ? "" : "false";
  if (key == "axes") return integers(a.axes);
  if (key == "keepdims") return a.keepdims ? "true" : "";
  if (key == "axis") {
    const bool usual = op != Op::concatenate && a.axis == (op == Op::take ? 0 : -1);
    return usual ? "" : std::to_string(a.axis);
  }
  if (key == "epsilon") return a.epsilon == Attributes{}.epsilon ? "" : f64_text(a.epsilon);
  if (key == "shape") return integers(a.shape);
  if (key == "permutation") return integers(a.permutation);
  if (key == "start") return integers(a.start);
  if (key == "limit") return integers(a.limit);
  if (key == "strides") {
    const bool usual = pool ? a.strides == a.window : all_ones(a.strides);
    return usual || a.strides.empty() ? "" : integers(a.strides);
  }
  if (key == "dtype") return quote_json(numerics::name(a.dtype));
  if (key == "window") return integers(a.window);
  MXCHECK_CHECK(false, "an attribute that cannot be written: " + key);
}

std::string node_text(const DraftNode& draft) {
  const graph::Node& node = draft.node;
  Object out;
  out.add_text("name", node.name);
  out.add_text("op", graph::name(node.op));
  if (!node.module.empty()) out.add_text("module", node.module);
  out.add("args", texts(draft.args));
  for (const std::string& key : graph::info(node.op).attributes) {
    const std::string json = attribute(node.op, node.attributes, key);
    if (!json.empty()) out.add(key, json);
  }
  return out.text();
}

// --- the rest -----------------------------------------------------------------------------------

std::string policy_text(const numerics::Policy& policy) {
  const numerics::Policy usual = numerics::policy_from_name(policy.base).value();
  Object knobs;
  for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
    const std::string value = numerics::knob_value(policy, knob.name);
    if (value == numerics::knob_value(usual, knob.name)) continue;
    knobs.add(knob.name, knob.values.empty() ? value : quote_json(value));
  }
  if (knobs.empty()) return quote_json(policy.base);
  return fmt::format("{{\"base\":{},{}", quote_json(policy.base), knobs.text().substr(1));
}

std::string hardware_text(const HardwareSpec& hardware) {
  if (hardware.settings.empty()) {
    const bool usual = hardware.base == HardwareSpec{}.base;
    return usual ? "" : quote_json(hardware.base);
  }
  Object out;
  out.add_text("base", hardware.base);
  for (const HardwareSetting& s : hardware.settings) out.add(s.key, s.json);
  return out.text();
}

std::string run_text(const DraftRun& run) {
  using graph::Mode;
  Object out;
  out.add_text("mode", graph::name(run.mode));
  if (run.steps != 1) out.add("steps", std::to_string(run.steps));
  if (!run.cotangents.empty()) out.add("cotangents", sources_text(run.cotangents));
  if (run.loss) out.add_text("loss", *run.loss);
  const bool updates = run.mode == Mode::kCalibrate || run.mode == Mode::kTrain;
  if (run.update_quant_stats != updates) {
    out.add("update_quant_stats", boolean(run.update_quant_stats));
  }
  if (run.optimizer) {
    Object sgd;
    sgd.add_text("type", "sgd");
    sgd.add("learning_rate", f64_text(run.optimizer->learning_rate));
    if (run.optimizer->momentum) sgd.add("momentum", f64_text(*run.optimizer->momentum));
    out.add("optimizer", sgd.text());
  }
  if (run.stochastic_rounding_seed) {
    out.add("rng", fmt::format("{{\"stochastic_rounding\":{}}}", *run.stochastic_rounding_seed));
  }
  return out.text();
}

std::string expect_text(const Expect& expect) {
  Object out;
  if (!expect.golden.empty()) out.add_text("golden", expect.golden);
  if (!expect.values.empty()) out.add("values", sources_text(expect.values));
  if (!expect.error.empty()) out.add_text("error", expect.error);
  return out.empty() ? "" : out.text();
}

std::string element_text(const tensor::Tensor& value, std::int64_t i) {
  const numerics::DType dtype = value.dtype();
  if (!numerics::is_float(dtype)) return std::to_string(value.load_int(i));
  const double x = value.load(i);
  return dtype == numerics::DType::kF64 ? f64_text(x) : f32_text(x);
}

}  // namespace

TensorSource source_of(const tensor::Tensor& value) {
  TensorSource out;
  out.kind = TensorSource::Kind::kValues;
  out.type = {value.dtype(), value.shape()};
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const std::string text = element_text(value, i);
    out.numbers.push_back(text.find("nan") == std::string::npos ? text : "nan");
  }
  return out;
}

Draft draft_of(const Case& c) {
  Draft out;
  out.title = c.title, out.description = c.description, out.tags = c.tags;
  out.policy = c.policy, out.hardware = c.hardware;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    out.inputs.emplace_back(c.graph.inputs[i].name, c.inputs[i]);
  }
  for (std::size_t i = 0; i < c.params.size(); ++i) {
    out.params.emplace_back(c.graph.params[i].name, c.params[i]);
  }
  out.quant_stats = c.quant_stats;
  for (const graph::Node& node : c.graph.nodes) {
    DraftNode& to = out.nodes.emplace_back();
    to.node = node;
    for (const int arg : node.args) to.args.push_back(c.graph.name(arg));
  }
  out.rules = c.rules;
  out.run.mode = c.run.mode, out.run.steps = c.run.steps;
  for (const int value : c.run.cotangent_values) {
    out.run.cotangents.emplace_back(c.graph.name(value), c.cotangents.at(value));
  }
  if (c.run.loss) out.run.loss = c.graph.name(*c.run.loss);
  out.run.update_quant_stats = c.run.update_quant_stats;
  out.run.optimizer = c.run.optimizer;
  out.run.stochastic_rounding_seed = c.run.stochastic_rounding_seed;
  out.checks = c.checks;
  out.expect = c.expect;
  return out;
}

std::string write_draft(const Draft& draft) {
  Object out;
  out.add("mxcheck", "1");
  if (!draft.title.empty()) out.add_text("title", draft.title);
  if (!draft.description.empty()) out.add_text("description", draft.description);
  if (!draft.tags.empty()) out.add("tags", texts(draft.tags));
  out.add("policy", policy_text(draft.policy));
  const std::string hardware = hardware_text(draft.hardware);
  if (!hardware.empty()) out.add("hardware", hardware);
  out.add("inputs", sources_text(draft.inputs));
  if (!draft.params.empty()) out.add("params", sources_text(draft.params));
  if (!draft.quant_stats.empty()) out.add("quant_stats", sources_text(draft.quant_stats));
  out.add("nodes", list_of(draft.nodes, node_text));
  if (!draft.rules.empty()) out.add("rules", list_of(draft.rules, rule_text));
  out.add("run", run_text(draft.run));
  if (!draft.checks.empty()) out.add("checks", texts(draft.checks));
  const std::string expect = expect_text(draft.expect);
  if (!expect.empty()) out.add("expect", expect);
  base::Diagnostics problems;
  const auto document = base::parse_json(out.text(), problems);
  MXCHECK_CHECK(document && problems.empty(), "a case that is no JSON");
  return base::layout_json(document->root());
}

}  // namespace mxcheck::casefile
