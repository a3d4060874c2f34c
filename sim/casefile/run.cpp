// What is executed: `run`, with its cotangents or loss, optimizer and random seed, and what each
// mode needs and excludes. Labels: CASE-*, REF-UNKNOWN, SRC-STEPS, SHP-LOSS, SHP-COTANGENT.
#include <fmt/format.h>

#include "sim/casefile/reader.h"
#include "sim/casefile/source.h"

namespace mxcheck::casefile {
namespace {

using graph::Mode;

constexpr std::int64_t kMostSteps = 100'000;

// The value number of a node (not of an input or param).
std::optional<int> node_named(Context& context, const JsonValue& at, const Case& c,
                              const GraphNames& names) {
  const auto known = names.values.find(std::string(at.text()));
  if (known != names.values.end() && c.graph.is_node(known->second)) return known->second;
  std::vector<std::string> candidates;
  for (const graph::Node& node : c.graph.nodes) candidates.push_back(node.name);
  context.error(at, "REF-UNKNOWN", fmt::format("no node is named \"{}\"", shortened(at.text())),
                "the name of a node", did_you_mean(at.text(), candidates));
  return std::nullopt;
}

void check_steps(Context& context, const JsonValue& at, const TensorSource& source, int steps) {
  if (source.kind != TensorSource::Kind::kSteps) return;
  const auto count = static_cast<int>(source.steps.size());
  if (count < steps) {
    context.error(at, "SRC-STEPS", fmt::format("{} sources for {} steps", count, steps),
                  "one source for every step of the run");
  } else if (count > steps) {
    context.warn(at, "SRC-STEPS",
                 fmt::format("{} sources for {} steps: the last are never used", count, steps),
                 "one source for every step of the run");
  }
}

void read_optimizer(Context& context, const JsonValue& value, Case& c) {
  if (!context.expect_kind(value, JsonKind::kObject)) return;
  context.check_keys(value, {"type", "learning_rate", "momentum"}, "the optimizer");
  if (const auto type = context.require(value, "type", "the optimizer")) {
    static_cast<void>(context.choice(*type, {"sgd"}));
  }
  graph::Optimizer optimizer;
  if (const auto rate = context.require(value, "learning_rate", "the optimizer")) {
    optimizer.learning_rate = context.number(*rate).value_or(0);
  }
  if (const auto momentum = value.find("momentum")) {
    if (!momentum->is(JsonKind::kNull)) optimizer.momentum = context.number(*momentum);
  }
  c.run.optimizer = optimizer;
}

void read_rng(Context& context, const JsonValue& value, Case& c) {
  if (!context.expect_kind(value, JsonKind::kObject)) return;
  context.check_keys(value, {"stochastic_rounding"}, "rng");
  if (const auto seed = context.require(value, "stochastic_rounding", "rng")) {
    c.run.stochastic_rounding_seed = context.seed(*seed);
  }
}

void read_cotangents(Context& context, const JsonValue& value, Case& c, const GraphNames& names) {
  if (!context.expect_kind(value, JsonKind::kObject)) return;
  if (value.size() == 0) {
    context.error(value, "CASE-VALUE", "no cotangent", "the cotangent of at least one node");
  }
  for (const JsonMember& member : value.members()) {
    const auto number = node_named(context, member.key, c, names);
    const auto source = read_source(context, member.value, Steps::kAllowed);
    if (!number || !source) continue;
    check_steps(context, member.value, *source, c.run.steps);
    c.run.cotangent_values.push_back(*number);
    c.cotangents.emplace(*number, *source);
  }
}

// What the mode needs and what it has no use for.
void check_mode(Context& context, const JsonValue& run, const Case& c) {
  const char* mode = graph::name(c.run.mode);
  const auto loss = run.find_member("loss");
  const auto cotangents = run.find_member("cotangents");
  const auto optimizer = run.find_member("optimizer");
  const auto useless = [&](const std::optional<JsonMember>& member) {
    if (!member) return;
    context.error(member->key, "CASE-VALUE",
                  fmt::format("\"{}\" in a run of mode \"{}\"", member->key.text(), mode),
                  "only keys that the mode uses");
  };
  if (!c.run.has_backward()) {
    useless(loss);
    useless(cotangents);
  } else if (loss && cotangents) {
    context.error(loss->key, "CASE-VALUE", "both \"loss\" and \"cotangents\"", "one of the two");
  } else if (!loss && !cotangents) {
    context.error(run, "CASE-MISSING",
                  fmt::format("a run of mode \"{}\" without a gradient to start from", mode),
                  "\"loss\" or \"cotangents\"");
  }
  if (c.run.mode != Mode::kTrain) {
    useless(optimizer);
  } else if (!optimizer) {
    context.error(run, "CASE-MISSING", "a run of mode \"train\" without an optimizer",
                  "the key \"optimizer\"");
  }
}

void read_run_keys(Context& context, const JsonValue& run, Case& c, const GraphNames& names) {
  context.check_keys(
      run, {"mode", "steps", "cotangents", "loss", "update_quant_stats", "optimizer", "rng"},
      "run");
  bool known_mode = true;
  if (const auto mode = run.find("mode")) {
    const auto index = context.choice(*mode, {"forward", "grad", "calibrate", "train"});
    if (index) c.run.mode = static_cast<Mode>(*index);
    known_mode = index.has_value();
  }
  if (const auto steps = run.find("steps")) {
    c.run.steps = static_cast<int>(context.integer(*steps, 1, kMostSteps).value_or(1));
  }
  c.run.update_quant_stats = c.run.mode == Mode::kCalibrate || c.run.mode == Mode::kTrain;
  if (const auto update = run.find("update_quant_stats")) {
    if (const auto flag = context.boolean(*update)) c.run.update_quant_stats = *flag;
  }
  if (const auto cotangents = run.find("cotangents")) {
    read_cotangents(context, *cotangents, c, names);
  }
  if (const auto loss = run.find("loss")) {
    if (context.expect_kind(*loss, JsonKind::kString)) {
      c.run.loss = node_named(context, *loss, c, names);
    }
  }
  if (const auto optimizer = run.find("optimizer")) read_optimizer(context, *optimizer, c);
  if (const auto rng = run.find("rng")) read_rng(context, *rng, c);
  if (known_mode) check_mode(context, run, c);
}

}  // namespace

void read_run(Context& context, const JsonValue& root, Case& c, const GraphNames& names) {
  const auto run = root.find("run");
  if (run && context.expect_kind(*run, JsonKind::kObject)) read_run_keys(context, *run, c, names);
  const auto inputs = root.find("inputs");
  if (!inputs || inputs->size() != c.inputs.size()) return;  // not read
  std::size_t i = 0;
  for (const JsonMember& member : inputs->members()) {
    check_steps(context, member.value, c.inputs[i++], c.run.steps);
  }
}

void check_seeds(Context& context, const JsonValue& root, const Case& c,
                 const std::vector<bool>& unknown) {
  const auto known = [&](int value) { return !unknown[static_cast<std::size_t>(value)]; };
  const auto describe = [](const graph::ValueType& type) {
    return fmt::format("{} {}", tensor::to_string(type.shape), numerics::name(type.dtype));
  };
  const auto run = root.find("run");
  if (c.run.loss && known(*c.run.loss)) {
    const graph::ValueType& type = c.graph.type(*c.run.loss);
    if (!type.shape.empty() || !numerics::is_arithmetic_float(type.dtype)) {
      context.error(*run->find("loss"), "SHP-LOSS",
                    fmt::format("the loss \"{}\" is {}", c.graph.name(*c.run.loss), describe(type)),
                    "a float scalar");
    }
  }
  for (const auto& [value, source] : c.cotangents) {
    if (!known(value)) continue;
    const graph::ValueType& type = c.graph.type(value);
    const JsonValue at = *run->find("cotangents")->find(c.graph.name(value));
    if (!numerics::is_arithmetic_float(type.dtype)) {
      context.error(at, "SHP-COTANGENT",
                    fmt::format("node \"{}\" is {}", c.graph.name(value), describe(type)),
                    "a node of a float dtype: only those have gradients");
    } else if (source.type != type) {
      context.error(at, "SHP-COTANGENT",
                    fmt::format("a cotangent {} for node \"{}\" {}", describe(source.type),
                                c.graph.name(value), describe(type)),
                    "the node's shape and dtype");
    }
  }
}

}  // namespace mxcheck::casefile
