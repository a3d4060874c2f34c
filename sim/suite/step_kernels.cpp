// Nodes whose layout a kernel takes as it lies in memory; all others are left alone.
#include "sim/suite/step_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "sim/exec/fast_layout.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/suite/level_compare.h"

namespace mxcheck::suite {
namespace {

using exec::fast::mutable_start;
using exec::fast::start;
using tensor::Tensor;

// One judged value: its name, as the functional run has it, and what to make it from.
struct Question {
  std::string name;
  const Tensor* expected = nullptr;
  const Tensor* x = nullptr;
  const Tensor* other = nullptr;  // added: of x's shape, or a row; null: a sum over x's first axis
  bool rectified = false;
};

bool is_kernel_type(const Tensor& x) {
  return exec::fast::element_of(x.dtype()).has_value() && x.size() > 0;
}

Tensor combined(const Question& q, kernels::Isa isa) {
  Tensor out(q.x->dtype(), q.x->shape());
  kernels::CombineBlock block;
  block.type = *exec::fast::element_of(q.x->dtype());
  block.operation = q.rectified ? kernels::Combination::kAddRelu : kernels::Combination::kAdd;
  block.columns = q.x->shape().empty() ? 1 : q.x->shape().back();
  block.rows = q.x->size() / block.columns;
  block.stride = block.out_stride = block.columns;
  block.other = {start(*q.other), q.other->size() == q.x->size() ? block.columns : 0,
                 q.other->size() == 1 ? 0 : 1};
  block.x = start(*q.x);
  block.out = mutable_start(out);
  kernels::vector_kernels(isa).combine(block);
  return out;
}

Tensor summed(const Question& q, kernels::Isa isa) {
  Tensor out(q.expected->dtype(), q.expected->shape());
  kernels::SumBlock block;
  block.type = *exec::fast::element_of(q.x->dtype());
  block.x = start(*q.x);
  block.rows = q.x->dim(0);
  block.columns = block.stride = q.x->size() / block.rows;
  block.out = mutable_start(out);
  kernels::vector_kernels(isa).sum_columns(block);
  return out;
}

// What the values of a run say about these kernels.
class Questions {
 public:
  Questions(const Sources& sources, const numerics::Policy& policy)
      : sources_(sources),
        graph_(*sources.graph),
        sums_(policy.reduce_order == numerics::Policy::ReduceOrder::kWindows32) {
    for (std::size_t step = 0; step < sources.data->steps.size(); ++step) {
      for (const graph::Node& node : graph_.nodes) ask(static_cast<int>(step), node);
    }
  }
  [[nodiscard]] const std::vector<Question>& all() const { return questions_; }

 private:
  void ask(int step, const graph::Node& node) {
    Question q;
    q.name = fmt::format("step{}/node/{}", step, node.name);
    q.expected = sources_.find(q.name);
    if (q.expected == nullptr || node.args.empty() || !is_kernel_type(*q.expected)) return;
    q.x = sources_.value(step, node.args[0]);
    if (q.x == nullptr || q.x->dtype() != q.expected->dtype()) return;
    if (node.op == graph::Op::reduce_sum) {
      // Of f32 only: nothing is wider than the kernel's own sums.
      const bool f32 = q.x->dtype() == numerics::DType::kF32;
      if (sums_ && f32 && node.attributes.axes == graph::Axes{0}) questions_.push_back(q);
      return;
    }
    if (q.x->shape() != q.expected->shape()) return;
    if (node.op == graph::Op::relu) {
      zeros_.emplace_back(q.x->dtype(), tensor::Shape{1});
      q.other = &zeros_.back();
      q.rectified = true;
      questions_.push_back(q);
    } else if (node.op == graph::Op::add) {
      q.other = sources_.value(step, node.args[1]);
      const bool is_row = is_row_of(q.other, *q.x);
      if (q.other == nullptr || q.other->dtype() != q.x->dtype()) return;
      if (!is_row && q.other->shape() != q.x->shape()) return;
      questions_.push_back(q);
      if (is_row && sums_) ask_gradient(step, node);
    }
  }

  static bool is_row_of(const Tensor* row, const Tensor& x) {
    return row != nullptr && row->shape().size() == 1 && x.shape().size() == 2 &&
           row->dim(0) == x.dim(1);
  }

  // A param added to rows, and nothing else: its gradient is the sum of the rows.
  void ask_gradient(int step, const graph::Node& node) {
    const int bias = node.args[1];
    std::int64_t uses = 0;
    for (const graph::Node& other : graph_.nodes) {
      uses += std::count(other.args.begin(), other.args.end(), bias);
    }
    Question q;
    q.name = fmt::format("step{}/grad/param/{}", step, graph_.name(bias));
    q.expected = sources_.find(q.name);
    q.x = sources_.find(fmt::format("step{}/ct/{}", step, node.name));
    if (uses != 1 || q.expected == nullptr || q.x == nullptr) return;
    if (!is_row_of(q.expected, *q.x) || q.x->dtype() != q.expected->dtype()) return;
    questions_.push_back(q);
  }

  const Sources& sources_;
  const graph::Graph& graph_;
  bool sums_;  // does the policy add as the kernel does?
  std::deque<Tensor> zeros_;
  std::vector<Question> questions_;
};

}  // namespace

void check_step_kernels(const Sources& sources, const numerics::Policy& policy,
                        const std::vector<kernels::Isa>& isas, reports::CheckResult& out) {
  if (!exec::fast::is_plain(policy)) return;
  const Questions questions(sources, policy);
  for (const kernels::Isa isa : isas) {
    graph::Values functional, fast;
    for (const Question& q : questions.all()) {
      functional.emplace(q.name, *q.expected);
      fast.emplace(q.name, q.other != nullptr ? combined(q, isa) : summed(q, isa));
    }
    compare_levels(functional, fast,
                   fmt::format("sim: kernels of {}, golden: functional level", kernels::name(isa)),
                   out);
  }
}

}  // namespace mxcheck::suite
