// Policy, hardware, checks, starting statistics and expected values of a case.
// Labels: CASE-*, REF-UNKNOWN, STAT-SHAPE, STAT-KIND, SRC-PATH.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "sim/base/labels.h"
#include "sim/base/text.h"
#include "sim/casefile/number.h"
#include "sim/casefile/reader.h"
#include "sim/casefile/source.h"

namespace mxcheck::casefile {
namespace {

const std::vector<std::string>& check_names() {
  static const std::vector<std::string> names{"golden", "fast", "cycle",       "fake_quant",
                                              "ste",    "srq",  "metamorphic", "device"};
  return names;
}

void read_base_policy(Context& context, const JsonValue& value, Case& c) {
  const std::vector<std::string> names = numerics::policy_names();
  if (const auto index = context.choice(value, names)) {
    c.policy = *numerics::policy_from_name(names[*index]);
  }
}

void read_knob(Context& context, const numerics::PolicyKnob& knob, const JsonValue& value,
               Case& c) {
  const bool text = value.is(JsonKind::kString) || value.is(JsonKind::kNumber);
  if (text && numerics::set_knob(c.policy, knob.name, value.text())) return;
  context.error(value, "CASE-VALUE",
                fmt::format("{} for the knob {}", shortened(base::to_json(value)), knob.name),
                knob.values.empty() ? "an integer from 0"
                                    : fmt::format("one of {}", fmt::join(knob.values, ", ")),
                text ? did_you_mean(value.text(), knob.values) : "");
}

// Who keeps the statistics "<module>/<op_id>_lhs".
struct Collector {
  const graph::OperandPlan* side;
  const graph::NodePlan* plan;
};

std::map<std::string, Collector> collectors(const Case& c) {
  std::map<std::string, Collector> out;
  for (const std::optional<graph::NodePlan>& plan : c.plan.nodes) {
    if (!plan) continue;
    for (const graph::OperandPlan* side : {&plan->lhs, &plan->rhs}) {
      if (side->collect_stats) out.emplace(side->stats_name, Collector{side, &*plan});
    }
  }
  return out;
}

std::set<std::string> wanted_leaves(const Collector& collector) {
  if (numerics::is_asymmetric(collector.side->quantize->method)) {
    return {"count", "sum_of_max", "sum_of_min"};
  }
  return {"count", "sum_of_absmax"};
}

// SRQ-2: the calibration's shape with the batch axes averaged away.
graph::Shape statistics_shape(const graph::OperandPlan& side, const graph::Axes& batch_axes) {
  graph::Shape shape = side.quantize->scale_shape;
  for (std::int64_t axis : batch_axes) {
    const auto rank = static_cast<std::int64_t>(shape.size());
    if (axis < 0) axis += rank;
    if (axis >= 0 && axis < rank) shape[static_cast<std::size_t>(axis)] = 1;
  }
  return shape;
}

void check_statistic(Context& context, const JsonValue& at, const std::string& leaf,
                     const TensorSource& source, const graph::Shape& shape) {
  const graph::ValueType wanted = leaf == "count" ? graph::ValueType{numerics::DType::kS32, {}}
                                                  : graph::ValueType{numerics::DType::kF32, shape};
  if (source.type == wanted) return;
  context.error(
      at, "STAT-SHAPE",
      fmt::format("{} {} {}", leaf, tensor::to_string(source.type.shape),
                  numerics::name(source.type.dtype)),
      fmt::format("{} {}", tensor::to_string(wanted.shape), numerics::name(wanted.dtype)));
}

void check_golden(Context& context, const JsonValue& value, Case& c) {
  const auto path = context.string(value);
  if (!path) return;
  if (const auto problem = check_path(context.file(), context.root(), *path)) {
    context.error(value, problem->label, problem->fact,
                  "a file below the suite's root, relative to the case file");
    return;
  }
  c.expect.golden = *path;
}

}  // namespace

void read_policy(Context& context, const JsonValue& policy, Case& c) {
  if (policy.is(JsonKind::kString)) return read_base_policy(context, policy, c);
  if (!policy.is(JsonKind::kObject)) {
    context.error(policy, "CASE-TYPE", fmt::format("found {}", base::name(policy.kind())),
                  "the name of a policy, or an object {\"base\": name, knob: value}");
    return;
  }
  if (const auto name = policy.find("base")) read_base_policy(context, *name, c);
  std::vector<std::string> known{"base"};
  for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
    known.emplace_back(knob.name);
    if (const auto value = policy.find(knob.name)) read_knob(context, knob, *value, c);
  }
  context.check_keys(policy, known, "a policy");
}

void read_hardware(Context& context, const JsonValue& hardware, Case& c) {
  c.hardware.pointer = hardware.pointer();
  c.hardware.position = position_of(hardware);
  if (hardware.is(JsonKind::kString)) {
    if (const auto name = context.name(hardware)) c.hardware.base = *name;
    return;
  }
  if (!hardware.is(JsonKind::kObject)) {
    context.error(hardware, "CASE-TYPE", fmt::format("found {}", base::name(hardware.kind())),
                  "the name of a preset, or an object {\"base\": name, key: value}");
    return;
  }
  for (const JsonMember& member : hardware.members()) {
    if (member.key.text() == "base") {
      if (const auto name = context.name(member.value)) c.hardware.base = *name;
    } else {
      c.hardware.settings.push_back({std::string(member.key.text()), base::to_json(member.value),
                                     member.value.pointer(), position_of(member.value)});
    }
  }
}

void read_checks(Context& context, const JsonValue& checks, Case& c) {
  if (!context.expect_kind(checks, JsonKind::kArray)) return;
  for (const JsonValue& item : checks.items()) {
    if (const auto index = context.choice(item, check_names())) {
      c.checks.push_back(check_names()[*index]);
    }
  }
}

void read_quant_stats(Context& context, const JsonValue& stats, Case& c) {
  if (!context.expect_kind(stats, JsonKind::kObject)) return;
  for (const JsonMember& member : stats.members()) {
    const auto source = read_source(context, member.value, Steps::kRefused);
    if (context.check_name(member.key, member.key.text()) && source) {
      c.quant_stats.emplace(member.key.text(), *source);
    }
  }
}

void check_quant_stats(Context& context, const JsonValue& root, const Case& c) {
  const auto stats = root.find("quant_stats");
  if (!stats) return;
  const std::map<std::string, Collector> known = collectors(c);
  std::vector<std::string> names;
  for (const auto& [name, unused] : known) names.push_back(name);
  std::map<std::string, std::set<std::string>> groups;
  for (const JsonMember& member : stats->members()) {
    if (context.full()) return;
    const std::string name(member.key.text());
    const std::size_t slash = name.rfind('/');
    const std::string group = slash == std::string::npos ? "" : name.substr(0, slash);
    const std::string leaf = slash == std::string::npos ? name : name.substr(slash + 1);
    const auto found = known.find(group);
    if (found == known.end()) {
      context.error(member.key, "REF-UNKNOWN",
                    fmt::format("no operand keeps statistics \"{}\"", shortened(group)),
                    names.empty() ? "no statistics: no rule has act_static_scale"
                                  : "\"<module>/<op_id>_lhs/<statistic>\" of an activation with "
                                    "a static scale",
                    did_you_mean(group, names));
      continue;
    }
    const Collector& collector = found->second;
    const std::set<std::string> leaves = wanted_leaves(collector);
    groups[group].insert(leaf);
    const auto source = c.quant_stats.find(name);
    if (leaves.count(leaf) == 0) {
      context.error(member.key, "STAT-KIND",
                    fmt::format("the statistic \"{}\" for a calibration by {}", shortened(leaf),
                                numerics::to_string(collector.side->quantize->method)),
                    fmt::format("{}", fmt::join(leaves, ", ")));
    } else if (source != c.quant_stats.end()) {
      check_statistic(context, member.value, leaf, source->second,
                      statistics_shape(*collector.side, collector.plan->act_batch_axes));
    }
  }
  for (const auto& [group, present] : groups) {
    const std::set<std::string> leaves = wanted_leaves(known.at(group));
    for (const std::string& leaf : leaves) {
      if (present.count(leaf) != 0) continue;
      context.error(*stats, "STAT-KIND", fmt::format("\"{}\" has no \"{}\"", group, leaf),
                    fmt::format("all of {}", fmt::join(leaves, ", ")));
    }
  }
}

void read_expect(Context& context, const JsonValue& expect, Case& c) {
  if (!context.expect_kind(expect, JsonKind::kObject)) return;
  c.expect.position = position_of(expect);
  context.check_keys(expect, {"golden", "values", "error"}, "expect");
  if (const auto golden = expect.find("golden")) check_golden(context, *golden, c);
  if (const auto values = expect.find("values")) {
    if (context.expect_kind(*values, JsonKind::kObject)) {
      for (const JsonMember& member : values->members()) {
        const auto source = read_source(context, member.value, Steps::kRefused);
        if (source) c.expect.values.emplace(member.key.text(), *source);
      }
    }
  }
  const auto error = expect.find("error");
  if (!error) return;
  if (expect.size() != 1) {
    context.error(expect, "CASE-VALUE", "an expected error next to expected values",
                  "\"error\" alone");
  }
  const auto label = context.string(*error);
  if (!label) return;
  c.expect.error = *label;
  const base::Label* known = base::find_label(*label);
  if (*label != "*" && (known == nullptr || known->kind != base::LabelKind::kRefusal)) {
    context.error(*error, "CASE-VALUE",
                  fmt::format("\"{}\" is no label of a refusal", shortened(*label)),
                  "a label that `mxcheck explain` lists as a refusal",
                  did_you_mean(*label, base::label_ids(base::LabelKind::kRefusal)));
  }
}

}  // namespace mxcheck::casefile
