// What the codes of a run show of their rounding: how many are saturated, lie exactly on a tie, or
// would change if the quotient x / scale moved by one ulp ("sensitive"). A case without any of them
// cannot tell one rounding rule from another; the report carries the counts for every operand.
// Labels: QNT-1, TYP-1.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/numerics/policy.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

// x, scale and quotient of one code, where the array that was quantized is known.
struct CodeOrigin {
  double x = 0, scale = 0;
  double quotient = 0;  // in the array's dtype, by division
  bool tie = false;     // exactly between two integers
  bool sensitive = false;
};

class QuantizedOperand {
 public:
  // The operand "lhs" or "rhs" of a node's forward product; nullopt where its array is not recorded
  // (summed first in an einsum) or its type has no integer codes.
  [[nodiscard]] static std::optional<QuantizedOperand> find(const Sources& sources,
                                                            const graph::Plan& plan,
                                                            const ValueName& name);
  [[nodiscard]] CodeOrigin origin(std::int64_t i) const;
  // A number of this operand, printed so that it reads back.
  [[nodiscard]] std::string text(double value) const;
  [[nodiscard]] std::int64_t size() const { return x_->size(); }

 private:
  const tensor::Tensor* x_ = nullptr;
  const tensor::Tensor* scale_ = nullptr;
  std::vector<std::int64_t> scale_strides_;
  std::vector<std::int64_t> ratios_;
};

// Counts of every "...qvalue" among the values. With a policy the arrays behind gradients, zero
// points, noise and summed operands are found too (operands.h), and the codes are counted that the
// other way of dividing, x / scale or x * (1 / scale), would change.
[[nodiscard]] std::vector<reports::QuantizationCounts> count_quantizations(
    const Sources& sources, const graph::Plan& plan, const numerics::Policy* policy = nullptr);

}  // namespace mxcheck::suite
