// Nodes whose layout a kernel takes as it lies in memory; all others are left alone.
#include "sim/suite/step_kernels.h"

#include <fmt/format.h>

#include <optional>

#include "sim/exec/fast_layout.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/suite/level_compare.h"

namespace mxcheck::suite {
namespace {

using exec::fast::mutable_start;
using exec::fast::start;
using tensor::Tensor;

bool elementwise(const Tensor& x, const Tensor& y) {
  return exec::fast::element_of(x.dtype()) && x.dtype() == y.dtype() && x.shape() == y.shape() &&
         x.size() > 0;
}

// y = x + other with `other` of x's shape, or one value for all of x: the last axis is a row.
Tensor combine(const Tensor& x, const Tensor& other, kernels::Combination operation,
               kernels::Isa isa) {
  Tensor out(x.dtype(), x.shape());
  kernels::CombineBlock block;
  block.type = *exec::fast::element_of(x.dtype());
  block.operation = operation;
  block.columns = x.shape().empty() ? 1 : x.shape().back();
  block.rows = x.size() / block.columns;
  block.stride = block.out_stride = block.columns;
  const bool same = other.size() == x.size();
  block.other = {start(other), same ? block.columns : 0, same ? 1 : 0};
  block.x = start(x);
  block.out = mutable_start(out);
  kernels::vector_kernels(isa).combine(block);
  return out;
}

// The sum over the first axis; only f32, where nothing is wider than the kernel's own sums.
std::optional<Tensor> first_axis_sum(const graph::Node& node, const Tensor& x, const Tensor& y,
                                     const numerics::Policy& policy, kernels::Isa isa) {
  if (x.dtype() != numerics::DType::kF32 || y.dtype() != x.dtype() || x.size() == 0 ||
      node.attributes.axes != graph::Axes{0} ||
      policy.reduce_order != numerics::Policy::ReduceOrder::kWindows32) {
    return std::nullopt;
  }
  Tensor out(y.dtype(), y.shape());
  kernels::SumBlock block;
  block.x = start(x);
  block.rows = x.dim(0);
  block.columns = block.stride = x.size() / block.rows;
  block.out = mutable_start(out);
  kernels::vector_kernels(isa).sum_columns(block);
  return out;
}

std::optional<Tensor> by_kernel(const graph::Node& node, const std::vector<const Tensor*>& args,
                                const Tensor& y, const numerics::Policy& policy, kernels::Isa isa) {
  for (const Tensor* arg : args) {
    if (arg == nullptr) return std::nullopt;
  }
  if (node.op == graph::Op::reduce_sum) return first_axis_sum(node, *args[0], y, policy, isa);
  if (!elementwise(*args[0], y)) return std::nullopt;
  if (node.op == graph::Op::relu) {
    return combine(*args[0], Tensor(y.dtype(), {1}), kernels::Combination::kAddRelu, isa);
  }
  if (node.op != graph::Op::add || !elementwise(*args[1], y)) return std::nullopt;
  return combine(*args[0], *args[1], kernels::Combination::kAdd, isa);
}

}  // namespace

void check_step_kernels(const Sources& sources, const numerics::Policy& policy,
                        const std::vector<kernels::Isa>& isas, reports::CheckResult& out) {
  if (!exec::fast::is_plain(policy)) return;
  const graph::Graph& graph = *sources.graph;
  for (const kernels::Isa isa : isas) {
    graph::Values functional, fast;
    for (std::size_t step = 0; step < sources.data->steps.size(); ++step) {
      for (const graph::Node& node : graph.nodes) {
        const std::string name = fmt::format("step{}/node/{}", step, node.name);
        const Tensor* y = sources.find(name);
        if (y == nullptr) continue;
        std::vector<const Tensor*> args;
        for (const int arg : node.args) {
          args.push_back(sources.value(static_cast<int>(step), arg));
        }
        std::optional<Tensor> value = by_kernel(node, args, *y, policy, isa);
        if (!value) continue;
        functional.emplace(name, *y);
        fast.emplace(name, std::move(*value));
      }
    }
    compare_levels(functional, fast,
                   fmt::format("sim: kernels of {}, golden: functional level", kernels::name(isa)),
                   out);
  }
}

}  // namespace mxcheck::suite
