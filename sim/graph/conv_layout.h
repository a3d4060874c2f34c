// Where a convolution's batch, feature and spatial axes lie, from its three layout strings
// ("NHWC", "HWIO", "NHWC"). Spatial axes are listed in the order of the kernel's string, which is
// also the order of strides, padding and dilations.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/graph/graph.h"

namespace mxcheck::graph {

// One operand's axes: `first` is batch (lhs, out) or output features (rhs); `second` is features
// (lhs, out) or input features (rhs).
struct ConvSpec {
  std::int64_t first = 0;
  std::int64_t second = 0;
  Axes spatial;

  // The axes as a permutation (first, second, spatial...).
  [[nodiscard]] Axes permutation() const {
    Axes out{first, second};
    out.insert(out.end(), spatial.begin(), spatial.end());
    return out;
  }
  // The same operand with its two leading roles exchanged.
  [[nodiscard]] ConvSpec swapped() const { return {second, first, spatial}; }
};

struct ConvLayout {
  ConvSpec lhs, rhs, out;
};

// The strings must already have passed infer().
[[nodiscard]] inline ConvLayout conv_layout(const std::vector<std::string>& strings) {
  const auto axis = [](const std::string& s, char c) {
    return static_cast<std::int64_t>(s.find(c));
  };
  ConvLayout layout{{axis(strings[0], 'N'), axis(strings[0], 'C'), {}},
                    {axis(strings[1], 'O'), axis(strings[1], 'I'), {}},
                    {axis(strings[2], 'N'), axis(strings[2], 'C'), {}}};
  for (const char c : strings[1]) {
    if (c == 'O' || c == 'I') continue;
    layout.rhs.spatial.push_back(axis(strings[1], c));
    layout.lhs.spatial.push_back(axis(strings[0], c));
    layout.out.spatial.push_back(axis(strings[2], c));
  }
  return layout;
}

}  // namespace mxcheck::graph
