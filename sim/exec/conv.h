// Convolutions: integer, float and their gradients (CNV), as products of a patch matrix with the
// kernel matrix. The contraction runs over the kernel's spatial axes, then input features.
#pragma once

#include "sim/exec/contraction.h"
#include "sim/graph/conv_layout.h"

namespace mxcheck::exec {

// Everything that shapes one convolution; spatial lists in the kernel's order.
struct ConvGeometry {
  graph::ConvLayout layout;
  graph::Axes strides, lhs_dilation, rhs_dilation;
  graph::Padding padding;
  std::int64_t groups = 1;
};

[[nodiscard]] ConvGeometry forward_geometry(const graph::Attributes& attributes);
// CNV-4: the convolutions that give dlhs (of g and the reversed kernel) and drhs (of lhs and g).
[[nodiscard]] ConvGeometry dlhs_geometry(const ConvGeometry& forward, const Shape& lhs,
                                         const Shape& rhs, const Shape& out);
[[nodiscard]] ConvGeometry drhs_geometry(const ConvGeometry& forward, const Shape& lhs,
                                         const Shape& rhs, const Shape& out);

// CNV-1. The left scale lies on the batch axis, the right one on the output features.
[[nodiscard]] ProductResult convolve(const Operand& lhs, const Operand& rhs,
                                     const ConvGeometry& geometry, const Policy& policy,
                                     Engine& engine);

// x with its spatial axes reversed.
[[nodiscard]] Tensor reverse_spatial(const Tensor& x, const graph::Axes& axes);

// "" if the bits of this float convolution are defined, otherwise why not.
[[nodiscard]] std::string undefined_conv_order(const ConvGeometry& geometry, const Shape& lhs,
                                               const Shape& rhs, numerics::DType accumulate,
                                               const Policy& policy);

}  // namespace mxcheck::exec
