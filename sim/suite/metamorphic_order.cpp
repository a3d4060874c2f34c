// Relations that follow one index of the product: another order of it, or each half alone.
#include <algorithm>

#include "sim/base/threefry.h"
#include "sim/suite/metamorphic_axes.h"

namespace mxcheck::suite {
namespace {

using tensor::Tensor;

// Another order inside each block, always the same.
std::vector<std::int64_t> shuffled(const ProductIndex& index) {
  std::vector<std::int64_t> out = positions(0, index.extent);
  for (const auto& [first, end] : index.blocks) {
    for (std::int64_t i = end - 1; i > first; --i) {
      const std::uint64_t word = base::random_word(7, static_cast<std::uint64_t>(i));
      const std::int64_t j =
          first + static_cast<std::int64_t>(word % static_cast<std::uint64_t>(i - first + 1));
      std::swap(out[static_cast<std::size_t>(i)], out[static_cast<std::size_t>(j)]);
    }
    // Two positions are exchanged at least.
    const auto b = static_cast<std::size_t>(first);
    if (end - first > 1 && out[b] == first && out[b + 1] == first + 1)
      std::swap(out[b], out[b + 1]);
  }
  return out;
}

bool has(const graph::Axes& axes, std::int64_t axis, std::size_t rank) {
  return std::any_of(axes.begin(), axes.end(), [&](std::int64_t a) {
    return (a < 0 ? a + static_cast<std::int64_t>(rank) : a) == axis;
  });
}

// One relation along one index: a permutation (parts 1) or halves (parts 2).
class Following {
 public:
  Following(NodeRun& run, std::string relation, ProductIndex index, std::int64_t parts)
      : run_(run), relation_(std::move(relation)), index_(std::move(index)), parts_(parts) {}

  // Why the operands are not quantized alike; "" if they are.
  [[nodiscard]] std::string operands() const {
    for (const bool lhs : {true, false}) {
      const graph::OperandPlan& plan = lhs ? run_.plan().lhs : run_.plan().rhs;
      const std::int64_t axis = lhs ? index_.lhs : index_.rhs;
      if (!plan.quantize || axis < 0) continue;
      std::string why = quantized(*plan.quantize, axis);
      if (why.empty() && plan.collect_stats) why = statistics(plan, axis);
      if (!why.empty()) return why;
    }
    return "";
  }

  void apply(const std::vector<std::int64_t>& at) {
    const Relabelled expected(run_, index_, at);
    OneNode changed = expected.node();
    if (parts_ > 1 && !changed.plan_again()) {
      return run_.not_applicable(relation_, "a part is planned in another way");
    }
    const std::optional<exec::Outcome> outcome = changed.execute();
    if (!outcome) return run_.not_applicable(relation_, "refused or undefined");
    values_ = &outcome->values;
    forward(expected);
    for (const char* product : {"dlhs", "drhs"}) {
      if (run_.quant(std::string(product) + "/out") != nullptr)
        backward(product, expected, changed);
    }
    run_.applied(relation_);
  }

 private:
  // A scale of its own for every position, or one that depends on no order.
  [[nodiscard]] std::string quantized(const graph::QuantizePlan& how, std::int64_t axis) const {
    if (parts_ == 1) return order_obstacle(how, axis, index_.extent);
    if (how.method.kind == numerics::CalibrationMethod::Kind::kFixed) return "";
    if (how.scale_shape[static_cast<std::size_t>(axis)] != index_.extent) {
      return "parts share a scale";
    }
    // POL-7: a single scale or mean is divided truly where several are not.
    const numerics::Policy& policy = run_.policy();
    using Division = numerics::Policy::Division;
    const bool counts = policy.scale_constant == Division::kReciprocal ||
                        policy.mean_divide == Division::kReciprocal;
    const std::int64_t scales = tensor::element_count(how.scale_shape).value_or(0);
    if (counts && scales / parts_ < 2) return "a single scale is divided truly (POL-7)";
    return "";
  }

  [[nodiscard]] std::string statistics(const graph::OperandPlan& plan, std::int64_t axis) const {
    if (parts_ > 1) return "statistics of the whole";
    const bool averaged = has(run_.plan().act_batch_axes, axis, plan.type.shape.size());
    const bool own = plan.quantize->scale_shape[static_cast<std::size_t>(axis)] > 1;
    return averaged && own ? "statistics average over it, in order" : "";
  }

  [[nodiscard]] const Tensor* found(const std::string& leaf) const {
    return NodeRun::value_of(*values_, "step0/quant/" + run_.node().node().name + "/" + leaf);
  }

  void compare(const Relabelled& expected, const std::string& leaf, const char* rule) {
    const std::optional<Tensor> must = expected.quant(leaf);
    if (must) run_.expect(relation_, leaf, found(leaf), *must, rule);
  }

  void compare_side(const Relabelled& expected, const std::string& side) {
    compare(expected, side + ".scale", "SCL-1");
    compare(expected, side + ".zero_point", "SCL-4");
    compare(expected, side + ".qvalue", "QNT-1");
  }

  // Why a product contracted over the index need not keep its sums.
  [[nodiscard]] std::string contracted(const std::string& product) const {
    if (run_.quant(product + "/acc") == nullptr) return "float sums depend on the order";
    if (parts_ > 1) return "a part of the sum";
    return sum_obstacle(run_, product);
  }

  void forward(const Relabelled& expected) {
    if (run_.plan().lhs.quantize) compare_side(expected, "fwd/lhs");
    if (run_.plan().rhs.quantize) compare_side(expected, "fwd/rhs");
    const std::string why =
        index_.contracted() ? contracted("fwd") : place_obstacle(run_, "fwd", index_, parts_);
    if (!why.empty()) return run_.not_applicable(relation_ + " of results", why);
    if (!has_tiles("fwd") || !index_.contracted()) compare(expected, "fwd/acc", "DOT-4");
    compare(expected, "fwd/out", "DOT-5");
    const std::string name = "step0/node/" + run_.node().node().name;
    const Tensor* base = NodeRun::value_of(run_.outcome().values, name);
    if (base != nullptr) {
      run_.expect(relation_, name, NodeRun::value_of(*values_, name), expected.result(*base),
                  "DOT-5");
    }
  }

  [[nodiscard]] bool has_tiles(const std::string& product) const {
    const Tensor* acc = run_.quant(product + "/acc");
    const Tensor* out = run_.quant(product + "/out");
    return acc != nullptr && out != nullptr && acc->rank() != out->rank();
  }

  [[nodiscard]] std::string gradient_obstacle(const std::string& product) const {
    const bool dlhs = product == "dlhs";
    const graph::GradientPlan& how = run_.gradient(product);
    const std::int64_t of_residual = dlhs ? index_.rhs : index_.lhs;
    std::string why;
    if (how.quantize_g && index_.out >= 0) why = quantized(*how.quantize_g, index_.out);
    if (why.empty() && how.noise && index_.out >= 0 &&
        has(run_.plan().noise_axes, index_.out, how.quantize_g->scale_shape.size())) {
      why = "noise belongs to the position";
    }
    if (why.empty() && how.quantize_residual && of_residual >= 0) {
      why = quantized(*how.quantize_residual, of_residual);
    }
    return why;
  }

  void backward(const std::string& product, const Relabelled& expected, const OneNode& changed) {
    const bool dlhs = product == "dlhs";
    std::string why = gradient_obstacle(product);
    if (!why.empty()) return run_.not_applicable(relation_ + " of gradients", why);
    const graph::GradientPlan& how = run_.gradient(product);
    const bool left = run_.gradient_on_left(product);
    if (how.quantize_g) compare_side(expected, product + (left ? "/lhs" : "/rhs"));
    if (how.quantize_residual) compare_side(expected, product + "/rhs");
    const bool kept = (dlhs ? index_.lhs : index_.rhs) >= 0;
    why = kept ? place_obstacle(run_, product, index_, parts_) : contracted(product);
    if (!why.empty()) return run_.not_applicable(relation_ + " of gradients", why);
    if (kept || !has_tiles(product)) compare(expected, product + "/acc", "DOT-4");
    compare(expected, product + "/out", "BWD-1");
    const std::size_t argument = run_.node().argument(dlhs);
    const std::string name = run_.node().gradient_name(argument);
    const Tensor* base = NodeRun::value_of(run_.outcome().values, name);
    if (base == nullptr) return;
    run_.expect(relation_, name, NodeRun::value_of(*values_, changed.gradient_name(argument)),
                expected.operand(dlhs, *base), "BWD-7");
  }

  NodeRun& run_;
  std::string relation_;
  ProductIndex index_;
  std::int64_t parts_;
  const graph::Values* values_ = nullptr;
};

bool movable(const ProductIndex& index) {
  return std::any_of(index.blocks.begin(), index.blocks.end(),
                     [](const auto& block) { return block.second - block.first > 1; });
}

void permute(NodeRun& run, const std::string& relation, const ProductIndex& index) {
  Following following(run, relation, index, 1);
  const std::string why = following.operands();
  if (!why.empty()) return run.not_applicable(relation, why);
  following.apply(shuffled(index));
}

}  // namespace

void permute_k(NodeRun& run) {
  for (const ProductIndex& index : product_indices(run)) {
    if (index.contracted() && movable(index)) permute(run, "permute_k", index);
  }
}

void permute_rows(NodeRun& run) {
  for (const ProductIndex& index : product_indices(run)) {
    if (!index.contracted() && movable(index)) permute(run, "permute_rows", index);
  }
}

void split_batch(NodeRun& run) {
  const std::string name = "split_batch";
  if (run.node().node().op == graph::Op::ragged_dot) {
    return run.not_applicable(name, "rows of groups");
  }
  std::string reason = "no kept index of even extent";
  for (const ProductIndex& index : product_indices(run)) {
    if (index.contracted() || index.extent % 2 != 0) continue;
    Following following(run, name, index, 2);
    const std::string why = following.operands();
    if (!why.empty()) {
      reason = why;
      continue;
    }
    following.apply(positions(0, index.extent / 2));
    following.apply(positions(index.extent / 2, index.extent));
    return;
  }
  run.not_applicable(name, reason);
}

}  // namespace mxcheck::suite
