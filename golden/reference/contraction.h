// Which products make up each element of a contraction: dot_general, convolution, ragged_dot and
// their gradients reduced to one form, a list of (lhs element, rhs element) pairs per result
// element. Every check of this folder loops over these pairs and over nothing else.
//
// Written from the definitions (numerics.md DOT, BWD-1, CNV, RAG): a gradient's pairs are the
// forward's pairs seen from the operand, not the transposed convolution of CNV-4.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/graph/graph.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

using tensor::Shape;
using tensor::Tensor;

struct Pair {
  std::int64_t lhs, rhs;  // row-major positions
};

struct Contraction {
  Shape result;
  // Replaces `pairs` by those of result element `out`, in row-major order of the contracted axes.
  std::function<void(std::int64_t out, std::vector<Pair>& pairs)> pairs_of;
  // An implementation may multiply zeros beside these pairs (padding, rows of other groups):
  // without effect unless the other factor is infinite or NaN.
  bool zero_filled = false;
};

// Result axes: batch, lhs rest, rhs rest.
[[nodiscard]] Contraction dot_contraction(const graph::DotDimensionNumbers& dims, const Shape& lhs,
                                          const Shape& rhs);
// The gradients of a dot_general in the operand's own layout. dlhs: (g, rhs) pairs; drhs: (g, lhs)
// pairs; g is always the left one (BWD-1).
[[nodiscard]] Contraction dot_dlhs(const graph::DotDimensionNumbers& dims, const Shape& lhs,
                                   const Shape& rhs);
[[nodiscard]] Contraction dot_drhs(const graph::DotDimensionNumbers& dims, const Shape& lhs,
                                   const Shape& rhs);

// A convolution: strides, explicit padding, dilations, layouts and feature groups of `attributes`
// (padding as infer() completed it). dlhs: (g, rhs) pairs; drhs: (lhs, g) pairs.
[[nodiscard]] Contraction conv_contraction(const graph::Attributes& attributes, const Shape& lhs,
                                           const Shape& rhs);
[[nodiscard]] Contraction conv_dlhs(const graph::Attributes& attributes, const Shape& lhs,
                                    const Shape& rhs);
[[nodiscard]] Contraction conv_drhs(const graph::Attributes& attributes, const Shape& lhs,
                                    const Shape& rhs);

// [M,K] x [G,K,N], group_sizes [G]. dlhs: (g, rhs) pairs; drhs: (lhs, g) pairs.
[[nodiscard]] Contraction ragged_contraction(const Shape& lhs, const Shape& rhs,
                                             const std::vector<std::int64_t>& group_sizes);
[[nodiscard]] Contraction ragged_dlhs(const Shape& lhs, const Shape& rhs,
                                      const std::vector<std::int64_t>& group_sizes);
[[nodiscard]] Contraction ragged_drhs(const Shape& lhs, const Shape& rhs,
                                      const std::vector<std::int64_t>& group_sizes);

// The same products with the operands' roles exchanged.
[[nodiscard]] Contraction swap_operands(Contraction contraction);

}  // namespace mxcheck::reference
