// Codes of a product cut in two along K: the sums of both halves must add up to the recorded one.
#include <algorithm>

#include "sim/exec/contraction.h"
#include "sim/exec/conv.h"
#include "sim/exec/ragged.h"
#include "sim/graph/conv_layout.h"
#include "sim/numerics/rounding.h"
#include "sim/suite/metamorphic_axes.h"

namespace mxcheck::suite {
namespace {

using graph::Op;
using tensor::Tensor;

// Two arrays of codes and the axes they are contracted over.
struct Codes {
  Tensor lhs, rhs;
  std::int64_t lhs_axis = 0, rhs_axis = 0;
};

bool is_codes(const Tensor& x) {
  return numerics::is_integer(x.dtype()) && numerics::byte_width(x.dtype()) == 1;
}

// s32 + s32, wrapping.
Tensor sum_of(const Tensor& a, const Tensor& b) {
  Tensor out = a;
  const auto to = out.mutable_data<std::int32_t>();
  const auto from = b.data<std::int32_t>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = numerics::wrap_add(to[i], from[i]);
  return out;
}

// Recorded accumulators with the counts of tiles (after `batch` axes) summed away.
Tensor without_tiles(const Tensor& acc, std::int64_t batch, std::int64_t tiles) {
  if (tiles == 0) return acc;
  tensor::Shape shape(acc.shape().begin(), acc.shape().begin() + batch);
  std::int64_t outer = 1, count = 1, inner = 1;
  for (std::int64_t i = 0; i < acc.rank(); ++i) {
    (i < batch ? outer : i < batch + tiles ? count : inner) *= acc.dim(i);
    if (i >= batch + tiles) shape.push_back(acc.dim(i));
  }
  Tensor out(acc.dtype(), shape);
  const auto to = out.mutable_data<std::int32_t>();
  const auto from = acc.data<std::int32_t>();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t t = 0; t < count; ++t) {
      for (std::int64_t i = 0; i < inner; ++i) {
        auto& cell = to[static_cast<std::size_t>(o * inner + i)];
        cell =
            numerics::wrap_add(cell, from[static_cast<std::size_t>((o * count + t) * inner + i)]);
      }
    }
  }
  return out;
}

class Splitting {
 public:
  explicit Splitting(NodeRun& run) : run_(run), request_(run.node().request()) {}

  void apply() {
    for (const char* product : {"fwd", "dlhs", "drhs"}) split(product);
    run_.applied("split_k");
  }

 private:
  void split(const std::string& product) {
    const Tensor* acc = run_.quant(product + "/acc");
    if (acc == nullptr) {
      const bool ran = run_.quant(product + "/out") != nullptr;
      if (ran) run_.not_applicable("split_k", "sums are not s32");
      return;
    }
    const bool forward = product == "fwd";
    if (!forward && !run_.is_dot()) {
      return run_.not_applicable("split_k", "gradients of convolutions and ragged products");
    }
    const std::optional<Codes> codes = find(product);
    if (!codes || codes->lhs.dim(codes->lhs_axis) < 2) {
      return run_.not_applicable("split_k", "one product, or raw operands");
    }
    const std::string why = sum_obstacle(run_, product);
    if (!why.empty()) return run_.not_applicable("split_k", why);
    const std::int64_t extent = codes->lhs.dim(codes->lhs_axis);
    const std::optional<Tensor> first = sums(product, *codes, positions(0, extent / 2));
    const std::optional<Tensor> second = sums(product, *codes, positions(extent / 2, extent));
    if (!first || !second) return run_.not_applicable("split_k", "refused or undefined");
    const Tensor* out = run_.quant(product + "/out");
    const auto batch = static_cast<std::int64_t>(run_.plan().lowering.dot.lhs_batch.size());
    const Tensor whole = without_tiles(*acc, batch, acc->rank() - out->rank());
    const Tensor both = sum_of(*first, *second).reshaped(whole.shape());
    run_.expect("split_k", product + "/acc", &both, whole, "DOT-8");
  }

  [[nodiscard]] std::optional<Codes> find(const std::string& product) const {
    const Tensor* a = side(product, true);
    const Tensor* b = side(product, false);
    if (a == nullptr || b == nullptr || !is_codes(*a) || !is_codes(*b)) return std::nullopt;
    Codes out{*a, *b};
    const graph::Node& node = run_.node().node();
    if (node.op == Op::conv_general_dilated) {
      if (node.attributes.feature_group_count != 1) return std::nullopt;
      const graph::ConvLayout layout = graph::conv_layout(node.attributes.conv_layout);
      out.lhs_axis = layout.lhs.second, out.rhs_axis = layout.rhs.second;
    } else if (node.op == Op::ragged_dot) {
      out.lhs_axis = 1, out.rhs_axis = 1;
    } else {
      const graph::DotDimensionNumbers& dot = dims(product);
      if (dot.lhs_contract.empty()) return std::nullopt;
      out.lhs_axis = dot.lhs_contract.back(), out.rhs_axis = dot.rhs_contract.back();
    }
    return out;
  }

  // Recorded codes of one side; the forward's where a gradient multiplies them raw.
  [[nodiscard]] const Tensor* side(const std::string& product, bool lhs) const {
    const Tensor* own = run_.quant(product + (lhs ? "/lhs.qvalue" : "/rhs.qvalue"));
    if (own != nullptr) return own;
    if (product == "fwd") {
      const bool quantized = (lhs ? run_.plan().lhs : run_.plan().rhs).quantize.has_value();
      return quantized ? nullptr : &run_.node().operand(run_.node().argument(lhs));
    }
    if (lhs) return nullptr;
    return run_.quant(product == "dlhs" ? "fwd/rhs.qvalue" : "fwd/lhs.qvalue");
  }

  [[nodiscard]] const graph::DotDimensionNumbers& dims(const std::string& product) const {
    return product == "fwd" ? run_.plan().lowering.dot : run_.gradient(product).dot;
  }

  [[nodiscard]] std::optional<Tensor> sums(const std::string& product, const Codes& codes,
                                           const std::vector<std::int64_t>& at) const {
    exec::Engine engine(request_.profile, {request_.level, request_.isa, request_.pool, nullptr,
                                           request_.policy.faults});
    const exec::Operand a{taken(codes.lhs, codes.lhs_axis, at), std::nullopt};
    const exec::Operand b{taken(codes.rhs, codes.rhs_axis, at), std::nullopt};
    const graph::Node& node = run_.node().node();
    exec::ProductResult out;
    if (node.op == Op::conv_general_dilated) {
      out = exec::convolve(a, b, exec::forward_geometry(node.attributes), request_.policy, engine);
    } else if (node.op == Op::ragged_dot) {
      const exec::RowGroups groups = exec::row_groups(run_.node().operand(2), a.shape()[0]);
      out = exec::ragged_product(a, b, groups, request_.policy, engine);
    } else {
      out = exec::contract(a, b, dims(product), graph::Path::kFast, request_.policy, engine);
    }
    if (engine.undefined() || !engine.refused_label().empty()) return std::nullopt;
    return out.acc;
  }

  NodeRun& run_;
  exec::Request request_;
};

}  // namespace

void split_k(NodeRun& run) {
  const bool summed = !run.plan().lowering.lhs_sum.empty() || !run.plan().lowering.rhs_sum.empty();
  if (summed) return run.not_applicable("split_k", "letters of an einsum summed first");
  Splitting(run).apply();
}

}  // namespace mxcheck::suite
