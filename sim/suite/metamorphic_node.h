// One node alone as the relations of `metamorphic` see it: its arrays, its run on them, and where
// what they find is reported.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "reports/model.h"
#include "sim/suite/one_node.h"

namespace mxcheck::suite {

// The rules and the matrix unit that what follows is judged by.
struct JudgedBy {
  const numerics::Policy& policy;
  const mxu::Profile& profile;
};

class NodeRun {
 public:
  NodeRun(const OneNode& node, exec::Outcome outcome, const JudgedBy& by, std::string prefix,
          reports::CheckResult& result)
      : node_(node),
        outcome_(std::move(outcome)),
        by_(by),
        prefix_(std::move(prefix)),
        result_(result) {}

  [[nodiscard]] const OneNode& node() const { return node_; }
  [[nodiscard]] const graph::NodePlan& plan() const { return node_.plan(); }
  [[nodiscard]] const exec::Outcome& outcome() const { return outcome_; }
  [[nodiscard]] const numerics::Policy& policy() const { return by_.policy; }
  [[nodiscard]] const mxu::Profile& profile() const { return by_.profile; }
  [[nodiscard]] Recorded recorded() const { return node_.recorded(outcome_.values, by_.policy); }

  // "fwd/lhs.scale", "dlhs/out" of this run; nullptr if there is none.
  [[nodiscard]] const tensor::Tensor* quant(const std::string& leaf) const {
    return value_of(outcome_.values, "step0/quant/" + node_.node().name + "/" + leaf);
  }
  [[nodiscard]] std::optional<QuantizationView> quantization(const std::string& product,
                                                             bool lhs) const {
    return quantization_view(recorded(), {0, 0, product, lhs});
  }
  [[nodiscard]] bool is_dot() const {
    return node_.node().op == graph::Op::dot_general || node_.node().op == graph::Op::einsum;
  }
  // Is g the left side of the recorded gradient product?
  [[nodiscard]] bool gradient_on_left(const std::string& product) const {
    return is_dot() || product == "dlhs";
  }
  [[nodiscard]] const graph::GradientPlan& gradient(const std::string& product) const {
    return product == "dlhs" ? plan().dlhs : plan().drhs;
  }

  // Compares a value of another run in bits with what must follow from this one.
  void expect(const std::string& relation, const std::string& name, const tensor::Tensor* value,
              const tensor::Tensor& expected, const char* rule);
  void applied(const std::string& relation);
  void not_applicable(const std::string& relation, const std::string& reason);

  static const tensor::Tensor* value_of(const graph::Values& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
  }

 private:
  const OneNode& node_;
  exec::Outcome outcome_;
  JudgedBy by_;
  std::string prefix_;  // of findings and relations: "" or "generated "
  reports::CheckResult& result_;
  std::int64_t compared_ = 0;  // elements since the last applied()
};

// The relations; each asks the node itself whether it applies.
void scale_inputs(NodeRun& run);
void scale_cotangent(NodeRun& run);
void permute_k(NodeRun& run);
void permute_rows(NodeRun& run);
void split_batch(NodeRun& run);
void split_k(NodeRun& run);
inline void apply_relations(NodeRun& run) {
  for (const auto relation :
       {scale_inputs, scale_cotangent, permute_k, permute_rows, split_batch, split_k}) {
    relation(run);
  }
}

}  // namespace mxcheck::suite
