// One quantized node of a run as a graph of its own, on the arrays the run recorded for it: its
// operands, the cotangent that arrived, the statistics as they were before the step. Checks run it
// again on changed operands; the plan, the policy, the profile and the level stay the case's.
//
// What differs from the run: a node is the first of its module to draw noise, at step 0 (RND-3), so
// the noise of a gradient is another one; operands that a case gives as one value are separate.
#pragma once

#include <optional>
#include <string>

#include "sim/exec/executor.h"
#include "sim/suite/operands.h"

namespace mxcheck::suite {

class OneNode {
 public:
  // nullopt where an operand is not recorded.
  [[nodiscard]] static std::optional<OneNode> find(const exec::Request& request,
                                                   const graph::Values& values, int step,
                                                   std::size_t node);

  [[nodiscard]] const graph::Node& node() const { return graph_.nodes[0]; }
  [[nodiscard]] const graph::NodePlan& plan() const { return *plan_.nodes[0]; }
  [[nodiscard]] graph::NodePlan& mutable_plan() { return *plan_.nodes[0]; }
  [[nodiscard]] const graph::Graph& graph() const { return graph_; }
  [[nodiscard]] const graph::RunData& data() const { return data_; }
  [[nodiscard]] graph::RunSpec& run_spec() { return run_; }
  [[nodiscard]] graph::Values& statistics() { return data_.quant_stats; }

  // The argument of the lowered product's left or right side.
  [[nodiscard]] std::size_t argument(bool lhs) const { return lhs != swapped_ ? 0 : 1; }
  [[nodiscard]] const tensor::Tensor& operand(std::size_t argument) const;
  // Another array for an argument; its shape becomes the argument's. The node's own type follows
  // from infer(), the plan is the caller's to adapt where shapes change.
  void set_operand(std::size_t argument, tensor::Tensor value);
  [[nodiscard]] const tensor::Tensor* cotangent() const;
  void set_cotangent(tensor::Tensor value);
  // Drops the backward pass.
  void forward_only();
  // Infers the node's type and makes the plan anew from the rule that matched. False if that is
  // refused or gives the operands other roles or types than they had.
  [[nodiscard]] bool plan_again();

  // Steps as many as operands were given for: one, unless set_steps() gave more.
  void set_steps(std::size_t argument, std::vector<tensor::Tensor> values);

  [[nodiscard]] exec::Request request() const;
  // nullopt where the run is refused, undefined or out of memory.
  [[nodiscard]] std::optional<exec::Outcome> execute() const;
  // Values of a run of this node, to be judged by `policy`.
  [[nodiscard]] Recorded recorded(const graph::Values& values,
                                  const numerics::Policy& policy) const;

  // "step0/grad/input/lhs": the gradient of an argument.
  [[nodiscard]] std::string gradient_name(std::size_t argument) const;

 private:
  explicit OneNode(const exec::Request& request)
      : policy_(&request.policy),
        profile_(&request.profile),
        level_(request.level),
        isa_(request.isa),
        pool_(request.pool) {}

  graph::Graph graph_;
  std::vector<graph::Rule> rules_;
  graph::Plan plan_;
  graph::RunSpec run_;
  graph::RunData data_;
  bool swapped_ = false;
  const numerics::Policy* policy_;
  const mxu::Profile* profile_;
  exec::Level level_;
  kernels::Isa isa_;
  base::Pool* pool_;
};

}  // namespace mxcheck::suite
