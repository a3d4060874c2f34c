// A convolution as a matrix product: sizes, patches and kernel matrices. Shared by the integer and
// the float paths of this folder, which differ only in how the matrices are multiplied.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/exec/conv.h"

namespace mxcheck::exec {

// Length of an axis with holes between its elements.
[[nodiscard]] std::int64_t dilated(std::int64_t size, std::int64_t dilation);
[[nodiscard]] Shape spatial(const Shape& shape, const graph::ConvSpec& spec);
[[nodiscard]] std::int64_t count(const Shape& shape);
[[nodiscard]] graph::Axes inverse_permutation(const graph::Axes& permutation);

// The sizes of one convolution in canonical layout: lhs [batch, spatial.., ci], rhs
// [spatial.., ci, co], out [batch, spatial.., co].
struct ConvSizes {
  std::int64_t batch, ci, co;  // ci, co: per group
  Shape in, kernel, out;       // spatial
};
[[nodiscard]] ConvSizes sizes_of(const ConvGeometry& g, const Shape& lhs, const Shape& rhs);

// Permutations of an operand to canonical layout.
[[nodiscard]] graph::Axes channels_last(const graph::ConvSpec& spec);
[[nodiscard]] graph::Axes kernel_order(const graph::ConvSpec& spec);

// For each (output position, kernel position): the input pixel it meets, or -1 for padding and
// dilation holes. Row-major over output then kernel positions.
[[nodiscard]] std::vector<std::int64_t> tap_table(const ConvGeometry& g, const ConvSizes& s);

// Patches of one group: [batch x out, taps x ci], zero where there is no input.
template <typename T>
std::vector<T> patches(const T* x, const ConvSizes& s, const std::vector<std::int64_t>& table,
                       std::int64_t group, std::int64_t groups) {
  const std::int64_t outs = count(s.out);
  const std::int64_t taps = count(s.kernel);
  const std::int64_t pixels = count(s.in);
  const std::int64_t features = s.ci * groups;
  std::vector<T> out(static_cast<std::size_t>(s.batch * outs * taps * s.ci), T(0));
  T* target = out.data();
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (const std::int64_t pixel : table) {
      if (pixel >= 0) {
        const T* source = x + (b * pixels + pixel) * features + group * s.ci;
        std::copy(source, source + s.ci, target);
      }
      target += s.ci;
    }
  }
  return out;
}

// The kernel matrix of one group: [taps x ci, co] out of [taps x ci, co x groups].
template <typename T>
std::vector<T> kernel_matrix(const T* w, const ConvSizes& s, std::int64_t group,
                             std::int64_t groups) {
  const std::int64_t rows = count(s.kernel) * s.ci;
  std::vector<T> out;
  out.reserve(static_cast<std::size_t>(rows * s.co));
  for (std::int64_t r = 0; r < rows; ++r) {
    const T* row = w + r * s.co * groups + group * s.co;
    out.insert(out.end(), row, row + s.co);
  }
  return out;
}

// Runs `multiply` (patches [m,k], kernel [k,n] -> values [m,n]) for every group and puts the
// results in the output's layout.
template <typename T, typename R, typename Multiply>
Tensor by_groups(const T* x, const T* w, const ConvGeometry& g, const ConvSizes& s,
                 numerics::DType dtype, Multiply multiply) {
  const std::int64_t rows = s.batch * count(s.out);
  const std::int64_t features = s.co * g.groups;
  Shape canonical{s.batch};
  canonical.insert(canonical.end(), s.out.begin(), s.out.end());
  canonical.push_back(features);
  Tensor out(dtype, canonical);
  const std::vector<std::int64_t> table = tap_table(g, s);
  R* target = out.mutable_data<R>().data();
  for (std::int64_t group = 0; group < g.groups; ++group) {
    const std::vector<R> values =
        multiply(patches(x, s, table, group, g.groups), kernel_matrix(w, s, group, g.groups), rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      std::copy_n(values.data() + r * s.co, s.co, target + r * features + group * s.co);
    }
  }
  return tensor::transpose(out, inverse_permutation(channels_last(g.layout.out)));
}

// A float convolution in the backend's order (POL-4, POL-6), rounded once to `result`.
[[nodiscard]] Tensor float_convolution(const Tensor& lhs, const Tensor& rhs, const ConvGeometry& g,
                                       numerics::DType result, const Policy& policy);

}  // namespace mxcheck::exec
