// One gradient of one quantized contraction as golden/reference/ste.h wants it, from recorded
// values and the plan. Labels: BWD-1..BWD-4, CNV-2, CNV-3, RAG-2, QUIRK-CONV-ZP, QUIRK-NF4-INDEX.
#pragma once

#include <optional>
#include <string>

#include "golden/reference/ste.h"
#include "sim/numerics/policy.h"
#include "sim/suite/operands.h"

namespace mxcheck::suite {

using reference::QuantizedView;
using tensor::Tensor;

class GradientView {
 public:
  GradientView(const Sources& of_sources, const graph::Plan& of_plan, int of_step,
               std::size_t of_node, bool of_lhs)
      : step(of_step), index(of_node), dlhs(of_lhs), sources_(of_sources), plan_(of_plan) {}

  const int step;
  const std::size_t index;  // of the node
  const bool dlhs;          // the gradient of the left operand

  [[nodiscard]] const graph::NodePlan& plan() const { return *plan_.nodes[index]; }
  [[nodiscard]] const graph::Node& node() const { return sources_.graph->nodes[index]; }
  [[nodiscard]] bool is_dot() const {
    return node().op == graph::Op::dot_general || node().op == graph::Op::einsum;
  }
  [[nodiscard]] const graph::GradientPlan& gradient_plan() const {
    return dlhs ? plan().dlhs : plan().drhs;
  }
  [[nodiscard]] const graph::OperandPlan& operand_plan() const {
    return dlhs ? plan().lhs : plan().rhs;
  }
  // "step0/quant/y/dlhs/"
  [[nodiscard]] std::string prefix() const {
    return quant_prefix(step, node().name, dlhs ? "dlhs" : "drhs");
  }
  // Of the node, as it is written: before an einsum's operands change places.
  [[nodiscard]] std::size_t argument() const { return dlhs != plan().lowering.swapped ? 0 : 1; }

  // In the operand's own layout, g on the left.
  [[nodiscard]] reference::Contraction contraction() const;
  // What the straight-through gradient multiplies (BWD-2, CNV-2): the operand as it was, or the
  // forward Q. Convolutions and ragged products of codes lose the zero point and multiply nf4's
  // indices.
  [[nodiscard]] std::optional<QuantizedView> residual() const;
  // The order of the float product (POL-4).
  [[nodiscard]] reference::FloatOrder order(const numerics::Policy& policy) const;
  // The codes of g where it was quantized, g otherwise.
  [[nodiscard]] std::optional<QuantizedView> multiplied_gradient(const Tensor& g) const;
  // The residual as the product multiplied it: codes, a Q of its own, or as the straight-through
  // gradient has it.
  [[nodiscard]] std::optional<QuantizedView> multiplied_residual(const QuantizedView& ste) const;
  // QUIRK-NF4-INDEX: the indices of a gradient's nf4 values are no approximation of it.
  [[nodiscard]] bool multiplies_indices() const;

 private:
  [[nodiscard]] std::optional<QuantizedView> view(const std::string& name,
                                                  std::optional<numerics::QType> qtype,
                                                  bool zero_points) const;

  const Sources& sources_;
  const graph::Plan& plan_;
};

}  // namespace mxcheck::suite
