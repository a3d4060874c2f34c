// A layer's result beside the product of its operands before they were quantized, in double.
#include "golden/reference/ste.h"
#include "sim/suite/details.h"
#include "sim/suite/product_view.h"

namespace mxcheck::suite {
namespace {

using tensor::Tensor;

Tensor plain_product(const reference::Contraction& contraction, const Tensor& lhs,
                     const Tensor& rhs) {
  Tensor out(numerics::DType::kF64, contraction.result);
  std::vector<reference::Pair> pairs;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    contraction.pairs_of(i, pairs);
    double sum = 0;
    for (const reference::Pair& pair : pairs) sum += lhs.load(pair.lhs) * rhs.load(pair.rhs);
    out.store(i, sum);
  }
  return out;
}

}  // namespace

std::vector<reports::LayerFigure> layer_figures(const DetailInput& input) {
  std::vector<reports::LayerFigure> out;
  const Sources& sources = input.run.sources;
  std::int64_t budget = kMaxLayerPairs;
  for (int step = 0; step < input.c.run.steps; ++step) {
    for (std::size_t node = 0; node < input.run.plan.nodes.size(); ++node) {
      const auto& plan = input.run.plan.nodes[node];
      if (!plan || !plan->quantized) continue;
      const ProductId id{step, node, "fwd"};
      const Tensor* result = sources.find(id.prefix(*sources.graph) + "out");
      const auto lhs = lowered_operand(sources, *plan, step, true);
      const auto rhs = lowered_operand(sources, *plan, step, false);
      const auto view = product_view(sources, input.run.plan, id);
      if (result == nullptr || !lhs || !rhs || !view) continue;
      if (!numerics::is_float(lhs->dtype()) || !numerics::is_float(rhs->dtype())) continue;
      const std::int64_t cost = multiplications(view->product.contraction);
      if (cost > budget) continue;
      budget -= cost;
      const reference::Similarity like =
          reference::similarity(plain_product(view->product.contraction, *lhs, *rhs), *result);
      std::string name = id.prefix(*sources.graph);
      name.pop_back();
      out.push_back({std::move(name), result->size(), like.sqnr_db, like.cosine});
    }
  }
  return out;
}

}  // namespace mxcheck::suite
