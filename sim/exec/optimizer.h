// SGD as the norm's training loop does it, every operation rounded to the param's dtype.
#pragma once

#include <optional>

#include "sim/graph/run.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

// p - g*r, or with momentum v := v*m + g, p - v*r. `velocity` is nullopt before the first step
// (zeros). param, grad: same dtype and shape.
[[nodiscard]] tensor::Tensor sgd(const tensor::Tensor& param, const tensor::Tensor& grad,
                                 const graph::Optimizer& optimizer,
                                 std::optional<tensor::Tensor>& velocity);

}  // namespace mxcheck::exec
