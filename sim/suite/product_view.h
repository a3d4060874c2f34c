// A recorded product as golden/reference sees it: which arrays were multiplied, as codes with
// scales or as floats, taken from recorded values and the plan. The bridge between the names of a
// golden file and the reference's checks (fake_quant) and bounds (BND-1, BND-3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "golden/reference/fake_quant.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {

struct ProductId {
  int step = 0;
  std::size_t node = 0;
  std::string product = "fwd";  // fwd, dlhs, drhs

  [[nodiscard]] std::string prefix(const graph::Graph& graph) const {
    return quant_prefix(step, graph.nodes[node].name, product);
  }
};

struct ProductView {
  reference::QuantizedProduct product;
  bool quantized = false;  // at least one operand has codes
};

// nullopt where an operand is not recorded or the layout of `out` is not known.
[[nodiscard]] std::optional<ProductView> product_view(const Sources& sources,
                                                      const graph::Plan& plan, const ProductId& id);

// order[i] of a transpose: element i of transpose(x, permutation) is element order[i] of x.
[[nodiscard]] std::vector<std::int64_t> transpose_order(const tensor::Shape& shape,
                                                        const graph::Axes& permutation);

}  // namespace mxcheck::suite
