// The scales of a product as a faulty unit applies them: the ways to get DOT-5 wrong, one per kind
// of fault. apply_scales() comes here only where faults are planted.
#pragma once

#include "sim/exec/contraction.h"

namespace mxcheck::exec {

[[nodiscard]] Tensor apply_scales_faultily(const Tensor& values,
                                           const std::optional<OutputScale>& lhs,
                                           const std::optional<OutputScale>& rhs,
                                           const Policy& policy);

}  // namespace mxcheck::exec
