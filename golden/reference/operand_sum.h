// An einsum's operand after the letters that only it has are summed away (EIN-1): one sum per kept
// position, in the dtype both operands promote to.
#pragma once

#include <optional>
#include <vector>

#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

// x converted to `dtype` and summed over `axes`, which are removed. nullopt where the order of the
// additions is open (POL-3): more than one summed axis with more than one element, an axis longer
// than 32, a dtype that sums in another one.
[[nodiscard]] std::optional<tensor::Tensor> operand_sum(const tensor::Tensor& x,
                                                        const std::vector<std::int64_t>& axes,
                                                        numerics::DType dtype);

}  // namespace mxcheck::reference
