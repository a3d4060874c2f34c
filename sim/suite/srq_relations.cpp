// Every relation starts from the node alone on the arrays of one step, changes what the relation is
// about and runs it again.
#include "sim/suite/srq_relations.h"

#include <algorithm>
#include <cmath>

#include "golden/reference/float_model.h"
#include "sim/suite/relation_counts.h"
#include "sim/suite/srq_runs.h"
#include "sim/suite/tensor_parts.h"

namespace mxcheck::suite {
namespace {

using graph::Op;
using numerics::DType;
using reports::CheckResult;

constexpr double kUnit = 0x1p-24;  // of f32

class Relations : private StatisticsRuns {
 public:
  using StatisticsRuns::StatisticsRuns;

  void check() {
    const std::optional<OneNode> first = alone(0);
    const std::optional<OneNode> last = alone(request_.run.steps - 1);
    if (!first || !last) return;
    frozen(*last);
    own_value(*last);
    order(*first);
    batch_merge(*first);
  }

 private:
  void frozen(OneNode node) {
    graph::Values statistics;
    for (const auto& [leaf, value] : statistics_after_run()) statistics.emplace(leaf, value);
    node.statistics() = statistics;
    node.run_spec().update_quant_stats = false;
    const std::optional<exec::Outcome> outcome = node.execute();
    if (!outcome || statistics.empty()) return;
    std::int64_t elements = 0;
    for (const auto& [leaf, value] : statistics) {
      must_equal("frozen", leaf, find(outcome->values, after(0, leaf)), value, "SRQ-4");
      elements += value.size();
    }
    judge_codes(node, *outcome);
    relation_applied(result_, "frozen", elements);
  }

  [[nodiscard]] graph::Values statistics_after_run() const {
    graph::Values out;
    std::vector<std::string> leaves{"count"};
    for (const std::string& part : parts_) leaves.push_back("sum_of_" + part);
    for (const std::string& leaf : leaves) {
      const Tensor* value = find(values_, after(request_.run.steps - 1, stat(leaf)));
      if (value != nullptr) out.emplace(stat(leaf), *value);
    }
    return out;
  }

  void own_value(OneNode node) {
    node.statistics().clear();
    node.run_spec().update_quant_stats = false;
    const std::optional<exec::Outcome> outcome = node.execute();
    if (!outcome) return;
    judge_codes(node, *outcome);
    relation_applied(result_, "own_value", 1);
  }

  void order(OneNode node) {
    const int steps = request_.run.steps;
    if (steps < 2 || !request_.run.update_quant_stats) {
      const char* why = steps < 2 ? "one step" : "the run does not update";
      return relation_not_applicable(result_, "order", why);
    }
    const std::size_t argument = node.argument(lhs_);
    std::vector<Tensor> reversed;
    for (int step = steps; step-- > 0;) {
      const std::optional<OneNode> other = alone(step);
      if (!other) return;
      reversed.push_back(other->operand(argument));
    }
    if (!node.graph().is_input(node.node().args[argument])) {
      return relation_not_applicable(result_, "order", "a param");
    }
    node.set_steps(argument, reversed);
    const std::optional<exec::Outcome> outcome = node.execute();
    if (!outcome) return;
    const Tensor* count = find(values_, after(steps - 1, stat("count")));
    if (count == nullptr) return;
    must_equal("order", stat("count"), find(outcome->values, after(steps - 1, stat("count"))),
               *count, "SRQ-4");
    std::int64_t elements = 0;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      elements += compare_orders(*outcome, part, node);
    }
    add_figure("order", elements, "BND-2: 2 gamma_n * sum |mean|");
    relation_applied(result_, "order", elements);
  }

  // n additions to the first sum, in two orders: each within gamma_n sum |x| of the exact sum.
  std::int64_t compare_orders(const exec::Outcome& reversed, std::size_t part,
                              const OneNode& node) {
    const int steps = request_.run.steps;
    const std::string leaf = stat("sum_of_" + parts_[part]);
    const Tensor* a = find(values_, after(steps - 1, leaf));
    const Tensor* b = find(reversed.values, after(steps - 1, leaf));
    if (a == nullptr || b == nullptr || a->shape() != b->shape()) {
      fail("order", leaf, "the shape of the sum depends on the order of steps", "SRQ-4");
      return 0;
    }
    std::vector<double> sizes(static_cast<std::size_t>(a->size()), 0);
    const auto add = [&](const Tensor& x) {
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        sizes[i] += std::fabs(x.load(static_cast<std::int64_t>(i)));
      }
    };
    if (const Tensor* first = find(node.data().quant_stats, leaf)) add(*first);
    for (int step = 0; step < steps; ++step) {
      if (const auto mean = means(step)) add((*mean)[part]);
    }
    for (std::int64_t i = 0; i < a->size(); ++i) {
      const double bound = 2 * reference::gamma(steps, kUnit) * sizes[static_cast<std::size_t>(i)] *
                           reference::kSlack;
      must_be_near("order", leaf, a->load(i), b->load(i), bound);
    }
    return a->size();
  }

  // The batch axis that can be cut without touching the other operand: one with a scale for each
  // index, not shared with the other operand; -1 if there is none.
  [[nodiscard]] std::int64_t batch_axis(const OneNode& node) const {
    const graph::OperandPlan& side = lhs_ ? plan_.lhs : plan_.rhs;
    const tensor::Shape& shape = side.type.shape;
    const bool summed = !(lhs_ ? plan_.lowering.lhs_sum : plan_.lowering.rhs_sum).empty();
    if (summed || node.node().op == Op::ragged_dot) return -1;
    const graph::Axes& shared = lhs_ ? plan_.lowering.dot.lhs_batch : plan_.lowering.dot.rhs_batch;
    for (std::int64_t axis : plan_.act_batch_axes) {
      if (axis < 0) axis += static_cast<std::int64_t>(shape.size());
      const auto a = static_cast<std::size_t>(axis);
      const auto& channels = side.quantize->channelwise;
      const bool own = std::find(channels.begin(), channels.end(), axis) != channels.end();
      if (own && shape[a] % 2 == 0 && shape[a] > 0 &&
          std::find(shared.begin(), shared.end(), axis) == shared.end()) {
        return axis;
      }
    }
    return -1;
  }

  void batch_merge(OneNode node) {
    const std::int64_t axis = batch_axis(node);
    if (axis < 0) {
      return relation_not_applicable(result_, "batch_merge",
                                     "no batch axis of even extent with a scale for each index");
    }
    const std::size_t argument = node.argument(lhs_);
    const Tensor whole = node.operand(argument);
    const std::int64_t half = whole.dim(axis) / 2;
    const auto merged = means(0);
    node.statistics().clear();
    node.run_spec().update_quant_stats = true;
    node.set_operand(argument, taken(whole, axis, positions(0, half)));
    if (!merged || !node.plan_again()) {
      return relation_not_applicable(result_, "batch_merge",
                                     "half the batch is planned in another way");
    }
    node.set_steps(argument, {taken(whole, axis, positions(0, half)),
                              taken(whole, axis, positions(half, 2 * half))});
    const std::optional<exec::Outcome> outcome = node.execute();
    if (!outcome) return;
    const Tensor* count = find(outcome->values, after(1, stat("count")));
    Tensor two(DType::kS32, count == nullptr ? tensor::Shape{} : count->shape());
    two.store_int(0, 2);
    must_equal("batch_merge", stat("count"), count, two, "SRQ-4");
    std::int64_t elements = 0;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const std::string leaf = stat("sum_of_" + parts_[part]);
      const Tensor* sum = find(outcome->values, after(1, leaf));
      if (sum == nullptr || sum->shape() != (*merged)[part].shape()) {
        fail("batch_merge", leaf, "the shape of the sum depends on the batch", "SRQ-2");
        continue;
      }
      elements += compare_merged(leaf, *sum, (*merged)[part], whole.dtype());
    }
    add_figure("batch_merge", elements, "BND-2: gamma of three means and a sum, * mean |x|");
    relation_applied(result_, "batch_merge", elements);
  }

  // Calibrations have one sign, so the size of a mean is the mean of sizes, m. A computed mean of B
  // values has B - 1 additions, a division (by a rounded reciprocal: twice) and the rounding to the
  // dtype: relative error e. The merged mean b is within m e of m, the half sum a of the two others
  // within m ((1 + e)(1 + u) - 1), and m <= |b| / (1 - e); underflow adds what it may.
  std::int64_t compare_merged(const std::string& leaf, const Tensor& sum, const Tensor& merged,
                              DType dtype) {
    double batch = 1;
    const graph::OperandPlan& side = lhs_ ? plan_.lhs : plan_.rhs;
    for (std::int64_t axis : plan_.act_batch_axes) {
      if (axis < 0) axis += static_cast<std::int64_t>(side.type.shape.size());
      batch *= static_cast<double>(side.quantize->scale_shape[static_cast<std::size_t>(axis)]);
    }
    const reference::FloatModel format = reference::float_model(dtype);
    const reference::FloatModel f32 = reference::float_model(DType::kF32);
    const double carrier = reference::float_model(reference::accumulator_of(dtype)).unit;
    const double e = (1 + reference::gamma(batch + 1, carrier)) * (1 + format.unit) - 1;
    const double relative = ((1 + e) * (1 + f32.unit) - 1 + e) / (1 - e);
    for (std::int64_t i = 0; i < sum.size(); ++i) {
      const double a = sum.load(i) / 2, b = merged.load(i);
      const double bound =
          (relative * std::fabs(b) + 3 * format.tiny + 2 * f32.tiny) * reference::kSlack;
      must_be_near("batch_merge", leaf, a, b, bound);
    }
    return sum.size();
  }
};

}  // namespace

void check_statistics_relations(const StatisticsOperand& operand, CheckResult& result) {
  Relations(operand, result).check();
  check_long_run(operand, result);
}

}  // namespace mxcheck::suite
