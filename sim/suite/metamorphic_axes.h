// The indices of a quantized product (K, rows, columns, batch) and where each lies in every
// recorded array of the node, so that a permutation or a part of one index can be followed through
// them all.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/suite/metamorphic_node.h"
#include "sim/suite/tensor_parts.h"

namespace mxcheck::suite {

// One index of the lowered product; -1 where an array does not have it.
struct ProductIndex {
  std::string name;  // "K", "rows", "columns", "batch"
  std::int64_t lhs = -1, rhs = -1, out = -1;
  std::int64_t extent = 1;
  // Ranges inside of which positions may change places; one over all of it for most.
  std::vector<std::pair<std::int64_t, std::int64_t>> blocks;

  [[nodiscard]] bool contracted() const { return lhs >= 0 && rhs >= 0 && out < 0; }
};

// Every index whose positions can be told apart, blocks cut to the tiles along it.
[[nodiscard]] std::vector<ProductIndex> product_indices(const NodeRun& run);

// Arrays of the node with the positions of one index replaced by others: a permutation or a part.
class Relabelled {
 public:
  Relabelled(const NodeRun& run, ProductIndex index, std::vector<std::int64_t> positions)
      : run_(run), index_(std::move(index)), positions_(std::move(positions)) {}

  // The node on arrays changed so.
  [[nodiscard]] OneNode node() const;
  // What the value of that name (below "step0/quant/<node>/") must be; nullopt if not recorded.
  [[nodiscard]] std::optional<tensor::Tensor> quant(const std::string& leaf) const;
  [[nodiscard]] tensor::Tensor result(const tensor::Tensor& value) const;
  [[nodiscard]] tensor::Tensor operand(bool lhs, const tensor::Tensor& value) const;

 private:
  [[nodiscard]] tensor::Tensor moved(const tensor::Tensor& x, std::int64_t axis) const;
  [[nodiscard]] std::int64_t argument_axis(bool lhs) const;
  [[nodiscard]] std::int64_t quant_axis(const std::string& leaf, const tensor::Tensor& value) const;

  const NodeRun& run_;
  ProductIndex index_;
  std::vector<std::int64_t> positions_;
};

// --- what speaks against a relation; "" if nothing does ---------------------------------------

// The quantization of an operand under another order of one of its axes.
[[nodiscard]] std::string order_obstacle(const graph::QuantizePlan& how, std::int64_t axis,
                                         std::int64_t extent);
// The bits of a float product at another place of the result, or of one `parts`th its size.
[[nodiscard]] std::string place_obstacle(const NodeRun& run, const std::string& product,
                                         const ProductIndex& index, std::int64_t parts);
// A product of codes whose terms are added in another order, or in two parts (unit_sums.h).
[[nodiscard]] std::string sum_obstacle(const NodeRun& run, const std::string& product);

}  // namespace mxcheck::suite
