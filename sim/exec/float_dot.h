// Float contractions in the norm's order (POL-4, POL-5, POL-6): [b,m,k] x [b,k,n] -> [b,m,n].
//
// Where both m and n exceed 1 every output is one chain of fused multiply-adds over k, ascending
// from +0. Beyond k = 320 the backend cuts the chain in blocks (unless m and n are below 4); their
// length depends on its host, so it is the policy's dot_block, the block sums added unfused. Vector
// products follow the backend's two matrix-vector kernels, chosen by how the operands lie in
// memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/exec/fast_quant.h"
#include "sim/graph/graph.h"
#include "sim/numerics/policy.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::exec {

using tensor::Tensor;

// A contraction brought to batched matrices: sizes, and the memory layout flags that choose a
// matrix-vector kernel.
struct MatrixView {
  std::int64_t batch = 1, m = 1, k = 1, n = 1;
  bool lhs_transposed = false;  // lhs is stored [.., k, m]
  bool rhs_transposed = false;  // rhs is stored [.., n, k]
  bool simple_layout = true;    // one contracting axis, at most one other axis a side

  [[nodiscard]] bool is_vector() const { return m == 1 || n == 1; }
};

[[nodiscard]] MatrixView matrix_view(const graph::DotDimensionNumbers& dot,
                                     const tensor::Shape& lhs, const tensor::Shape& rhs);

// The axes of an operand in canonical order (batch, rest, contract) or (batch, contract, rest).
[[nodiscard]] Tensor canonical_lhs(const Tensor& x, const graph::DotDimensionNumbers& dot);
[[nodiscard]] Tensor canonical_rhs(const Tensor& x, const graph::DotDimensionNumbers& dot);
// Shape of the product: batch, lhs rest, rhs rest.
[[nodiscard]] tensor::Shape product_shape(const graph::DotDimensionNumbers& dot,
                                          const tensor::Shape& lhs, const tensor::Shape& rhs);

// Any operand dtypes (codes are converted first); accumulates in f32 (f64 for f64), one rounding to
// `result` at the end.
[[nodiscard]] Tensor float_dot(const Tensor& lhs, const Tensor& rhs,
                               const graph::DotDimensionNumbers& dot, numerics::DType result,
                               const numerics::Policy& policy, VectorIsa isa = std::nullopt);

// a: [m,k], b: [k,n], out: [m,n], row-major: the chain of POL-4 and POL-5.
void matrix_chain(const float* a, const float* b, float* out, const MatrixView& view,
                  const numerics::Policy& policy, VectorIsa isa = std::nullopt);

// "" if the bits of this contraction are defined under the policy; otherwise why they are not.
[[nodiscard]] std::string undefined_order(const MatrixView& view, numerics::DType accumulate,
                                          const numerics::Policy& policy);

}  // namespace mxcheck::exec
