// Indices from dimension numbers and layouts; positions through taken().
#include "sim/suite/metamorphic_axes.h"

#include <algorithm>
#include <numeric>

#include "sim/graph/conv_layout.h"
#include "sim/graph/planner.h"
#include "sim/suite/product_view.h"
#include "sim/suite/unit_sums.h"

namespace mxcheck::suite {
namespace {

using graph::Axes;
using graph::Op;
using tensor::Tensor;

// Elements that share a scale along an axis; the extent where there is one for all or one for each.
std::int64_t tile_along(const std::optional<graph::QuantizePlan>& how, std::int64_t axis,
                        std::int64_t extent) {
  if (!how || axis < 0) return extent;
  const std::int64_t scales = how->scale_shape[static_cast<std::size_t>(axis)];
  return scales <= 1 || scales == extent ? extent : extent / scales;
}

// The residual's axis in a gradient product, g's axis.
std::int64_t common_tile(const NodeRun& run, const ProductIndex& x) {
  const graph::NodePlan& plan = run.plan();
  std::int64_t tile = x.extent;
  const auto meet = [&](const std::optional<graph::QuantizePlan>& how, std::int64_t axis) {
    tile = std::gcd(tile, tile_along(how, axis, x.extent));
  };
  meet(plan.lhs.quantize, x.lhs);
  meet(plan.rhs.quantize, x.rhs);
  meet(plan.dlhs.quantize_g, x.out);
  meet(plan.drhs.quantize_g, x.out);
  meet(plan.dlhs.quantize_residual, x.rhs);
  meet(plan.drhs.quantize_residual, x.lhs);
  return tile;
}

void add(const NodeRun& run, ProductIndex x, std::vector<ProductIndex>& out) {
  const graph::NodePlan& plan = run.plan();
  x.extent = x.lhs >= 0 ? plan.lhs.type.shape[static_cast<std::size_t>(x.lhs)]
                        : plan.rhs.type.shape[static_cast<std::size_t>(x.rhs)];
  if (x.extent < 2) return;
  if (x.blocks.empty()) {
    const std::int64_t tile = common_tile(run, x);
    for (std::int64_t first = 0; first < x.extent; first += tile) {
      x.blocks.emplace_back(first, first + tile);
    }
  }
  out.push_back(std::move(x));
}

std::vector<ProductIndex> dot_indices(const NodeRun& run) {
  std::vector<ProductIndex> out;
  const graph::DotDimensionNumbers& dot = run.plan().lowering.dot;
  for (std::size_t i = 0; i < dot.lhs_contract.size(); ++i) {
    add(run, {"K", dot.lhs_contract[i], dot.rhs_contract[i], -1, 1, {}}, out);
  }
  std::int64_t at = 0;
  for (std::size_t i = 0; i < dot.lhs_batch.size(); ++i) {
    add(run, {"batch", dot.lhs_batch[i], dot.rhs_batch[i], at++, 1, {}}, out);
  }
  const std::size_t left = run.plan().lhs.type.shape.size();
  const std::size_t right = run.plan().rhs.type.shape.size();
  for (const std::int64_t axis : graph::remaining_axes(left, dot.lhs_contract, dot.lhs_batch)) {
    add(run, {"rows", axis, -1, at++, 1, {}}, out);
  }
  for (const std::int64_t axis : graph::remaining_axes(right, dot.rhs_contract, dot.rhs_batch)) {
    add(run, {"columns", -1, axis, at++, 1, {}}, out);
  }
  return out;
}

std::vector<ProductIndex> conv_indices(const NodeRun& run) {
  std::vector<ProductIndex> out;
  const graph::Attributes& attributes = run.node().node().attributes;
  const graph::ConvLayout layout = graph::conv_layout(attributes.conv_layout);
  add(run, {"rows", layout.lhs.first, -1, layout.out.first, 1, {}}, out);
  if (attributes.feature_group_count != 1) return out;
  add(run, {"K", layout.lhs.second, layout.rhs.second, -1, 1, {}}, out);
  add(run, {"columns", -1, layout.rhs.first, layout.out.second, 1, {}}, out);
  return out;
}

// Rows change places only inside their group.
std::vector<ProductIndex> ragged_indices(const NodeRun& run) {
  std::vector<ProductIndex> out;
  add(run, {"K", 1, 1, -1, 1, {}}, out);
  add(run, {"columns", -1, 2, 1, 1, {}}, out);
  ProductIndex rows{"rows", 0, -1, 0, 1, {}};
  const std::int64_t m = run.plan().lhs.type.shape[0];
  std::int64_t first = 0;
  for (const std::int64_t size : group_sizes(run.recorded().sources, run.node().node(), 0)) {
    const std::int64_t end = std::min(m, first + std::max<std::int64_t>(size, 0));
    if (end > first) rows.blocks.emplace_back(first, end);
    first = end;
  }
  if (first < m) rows.blocks.emplace_back(first, m);
  add(run, rows, out);
  return out;
}

std::int64_t product_of(const tensor::Shape& shape, const Axes& axes) {
  std::int64_t out = 1;
  for (const std::int64_t axis : axes) out *= shape[static_cast<std::size_t>(axis)];
  return out;
}

}  // namespace

std::vector<ProductIndex> product_indices(const NodeRun& run) {
  switch (run.node().node().op) {
    case Op::conv_general_dilated:
      return conv_indices(run);
    case Op::ragged_dot:
      return ragged_indices(run);
    default:
      return dot_indices(run);
  }
}

// --- arrays
// ---------------------------------------------------------------------------------------

Tensor Relabelled::moved(const Tensor& x, std::int64_t axis) const {
  if (axis < 0 || axis >= x.rank() || x.dim(axis) != index_.extent) return x;
  return taken(x, axis, positions_);
}

std::int64_t Relabelled::argument_axis(bool lhs) const {
  const std::int64_t axis = lhs ? index_.lhs : index_.rhs;
  if (axis < 0) return -1;
  const Axes& summed = lhs ? run_.plan().lowering.lhs_sum : run_.plan().lowering.rhs_sum;
  const Tensor& x = run_.node().operand(run_.node().argument(lhs));
  const Axes kept = graph::remaining_axes(x.shape().size(), summed, {});
  return kept[static_cast<std::size_t>(axis)];
}

Tensor Relabelled::operand(bool lhs, const Tensor& value) const {
  return moved(value, argument_axis(lhs));
}

Tensor Relabelled::result(const Tensor& value) const {
  const Axes& permutation = run_.plan().lowering.permutation;
  if (index_.out < 0 || permutation.empty()) return moved(value, index_.out);
  const auto found = std::find(permutation.begin(), permutation.end(), index_.out);
  return moved(value, found - permutation.begin());
}

OneNode Relabelled::node() const {
  OneNode out = run_.node();
  for (const bool lhs : {true, false}) {
    const std::int64_t axis = argument_axis(lhs);
    if (axis < 0) continue;
    const std::size_t argument = out.argument(lhs);
    out.set_operand(argument, moved(out.operand(argument), axis));
    const std::string& stats = (lhs ? run_.plan().lhs : run_.plan().rhs).stats_name;
    for (auto& [name, value] : out.statistics()) {
      if (!stats.empty() && name.starts_with(stats + "/sum_of_")) {
        value = moved(value, lhs ? index_.lhs : index_.rhs);
      }
    }
  }
  if (const Tensor* g = out.cotangent()) out.set_cotangent(result(*g));
  return out;
}

// The axis of the index in a value of a product. Gradient products of a dot have g on the left and
// lie in their own order; accumulators have the counts of tiles between batch and other axes.
std::int64_t Relabelled::quant_axis(const std::string& leaf, const Tensor& value) const {
  const std::string product = leaf.substr(0, leaf.find('/'));
  const std::string what = leaf.substr(leaf.find('/') + 1);
  const bool left = what.starts_with("lhs."), right = what.starts_with("rhs.");
  std::int64_t axis = -1;
  if (product == "fwd") {
    axis = left ? index_.lhs : right ? index_.rhs : index_.out;
  } else {
    const bool dlhs = product == "dlhs";
    const std::int64_t of_x = dlhs ? index_.lhs : index_.rhs;
    const std::int64_t of_residual = dlhs ? index_.rhs : index_.lhs;
    if (left || right) {
      axis = left == run_.gradient_on_left(product) ? index_.out : of_residual;
    } else if (of_x >= 0 && run_.is_dot()) {
      axis = run_.gradient(product).permutation[static_cast<std::size_t>(of_x)];
    } else {
      axis = of_x;
    }
  }
  const Tensor* out = run_.quant(product + "/out");
  if (what != "acc" || out == nullptr || axis < 0) return axis;
  const auto batch = static_cast<std::int64_t>(run_.plan().lowering.dot.lhs_batch.size());
  return axis < batch ? axis : axis + value.rank() - out->rank();
}

std::optional<Tensor> Relabelled::quant(const std::string& leaf) const {
  const Tensor* value = run_.quant(leaf);
  if (value == nullptr) return std::nullopt;
  // RAG-2: the recorded residual of dlhs has its last axes exchanged.
  const bool exchanged = run_.node().node().op == Op::ragged_dot && leaf.starts_with("dlhs/rhs.");
  if (exchanged) {
    const Tensor plain = tensor::transpose(*value, {0, 2, 1});
    return tensor::transpose(moved(plain, index_.rhs), {0, 2, 1});
  }
  return moved(*value, quant_axis(leaf, *value));
}

// --- obstacles
// ------------------------------------------------------------------------------------

std::string order_obstacle(const graph::QuantizePlan& how, std::int64_t axis, std::int64_t extent) {
  if (axis < 0) return "";
  const bool reduced = how.scale_shape[static_cast<std::size_t>(axis)] != extent;
  if (how.method.kind == numerics::CalibrationMethod::Kind::kRms && reduced) {
    return "a mean of squares depends on the order";
  }
  return "";
}

std::string place_obstacle(const NodeRun& run, const std::string& product,
                           const ProductIndex& index, std::int64_t parts) {
  if (run.quant(product + "/acc") != nullptr) return "";
  if (!run.is_dot()) return "float convolutions and ragged products depend on their sizes";
  const graph::DotDimensionNumbers& dot = run.plan().lowering.dot;
  const tensor::Shape& a = run.plan().lhs.type.shape;
  const tensor::Shape& b = run.plan().rhs.type.shape;
  const auto rest = [](const tensor::Shape& shape, const Axes& contract, const Axes& batch) {
    return product_of(shape, graph::remaining_axes(shape.size(), contract, batch));
  };
  const std::int64_t rows = rest(a, dot.lhs_contract, dot.lhs_batch);
  const std::int64_t columns = rest(b, dot.rhs_contract, dot.rhs_batch);
  const std::int64_t k = product_of(a, dot.lhs_contract);
  std::int64_t sizes[3] = {rows, columns, k};  // m, n, contracted
  if (product == "dlhs") sizes[1] = k, sizes[2] = columns;
  if (product == "drhs") sizes[0] = columns, sizes[1] = k, sizes[2] = rows;
  // A kept index is part of m or n, or neither if it is a batch index.
  const bool batch = index.lhs >= 0 && index.rhs >= 0 && index.out >= 0;
  const std::int64_t smallest = std::min(sizes[0], sizes[1]) / (batch ? 1 : parts);
  if (smallest < 2) return "vector products depend on the place (POL-6)";
  if (parts > 1 && sizes[2] > 320) return "long float products are cut by their sizes (POL-5)";
  return "";
}

std::string sum_obstacle(const NodeRun& run, const std::string& product) {
  const std::optional<ProductView> view =
      product_view(run.recorded().sources, run.recorded().plan, {0, 0, product});
  if (!view) return "its operands are not known";
  return unit_obstacle(run.profile(), view->product);
}

}  // namespace mxcheck::suite
