// What can only be checked once the plan says which operands keep statistics and which ops draw
// noise. Labels: REF-UNKNOWN, STAT-SHAPE, STAT-KIND, SHP-AXIS, CASE-MISSING.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/casefile/reader.h"

namespace mxcheck::casefile {
namespace {

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

// SRQ-2: the axes to average over exist, each once.
void check_batch_axes(Context& context, const base::JsonDocument& document, const Case& c,
                      const Collector& collector) {
  const auto rank = static_cast<std::int64_t>(collector.side->quantize->scale_shape.size());
  std::set<std::int64_t> seen;
  for (const std::int64_t axis : collector.plan->act_batch_axes) {
    const bool inside = axis >= -rank && axis < rank;
    if (inside && seen.insert(axis < 0 ? axis + rank : axis).second) continue;
    const std::string& rule = c.rules[static_cast<std::size_t>(collector.plan->rule)].pointer;
    context.error(document.nearest_to(rule + "/act_batch_axes"), "SHP-AXIS",
                  inside ? fmt::format("axis {} stands twice", axis)
                         : fmt::format("axis {} of an activation with {} axes", axis, rank),
                  fmt::format("axes from {} to {}, each once", -rank, rank - 1));
    return;
  }
}

void check_quant_stats(Context& context, const JsonValue& stats,
                       const std::map<std::string, Collector>& known, const Case& c) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : known) names.push_back(name);
  std::map<std::string, std::set<std::string>> groups;
  for (const JsonMember& member : stats.members()) {
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
      context.error(stats, "STAT-KIND", fmt::format("\"{}\" has no \"{}\"", group, leaf),
                    fmt::format("all of {}", fmt::join(leaves, ", ")));
    }
  }
}

}  // namespace

void check_plan(Context& context, const base::JsonDocument& document, const Case& c) {
  const JsonValue root = document.root();
  const std::map<std::string, Collector> known = collectors(c);
  for (const auto& [name, collector] : known) check_batch_axes(context, document, c, collector);
  if (context.has_errors()) return;
  if (const auto stats = root.find("quant_stats")) check_quant_stats(context, *stats, known, c);
  const bool noisy = std::any_of(
      c.plan.nodes.begin(), c.plan.nodes.end(),
      [](const std::optional<graph::NodePlan>& plan) { return plan && plan->noise_method; });
  if (noisy && c.run.has_backward() && !c.run.stochastic_rounding_seed) {
    context.error(*root.find("run"), "CASE-MISSING", "stochastic rounding without a seed",
                  "\"rng\": {\"stochastic_rounding\": seed}");
  }
}

}  // namespace mxcheck::casefile
