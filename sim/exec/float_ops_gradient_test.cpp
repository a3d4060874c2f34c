// Every differentiable float op in f64: its gradient against central differences of its value. This
// finds a wrong formula, whatever the order of roundings.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/exec/op.h"

namespace mxcheck::exec {
namespace {

using graph::Op;

constexpr double kStep = 1e-5;

Tensor f64(Shape shape, double phase) {
  Tensor x(DType::kF64, std::move(shape));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.store(i, 1.3 * std::sin(phase + 2.7 * static_cast<double>(i)) + 0.11);
  }
  return x;
}

Tensor positive(Shape shape, double phase) {
  Tensor x = f64(std::move(shape), phase);
  for (std::int64_t i = 0; i < x.size(); ++i) x.store(i, std::fabs(x.load(i)) + 0.3);
  return x;
}

struct Case {
  graph::Node node;
  std::vector<Tensor> args;
};

Case make(Op op, std::vector<Tensor> args, Shape result, graph::Attributes attributes = {}) {
  Case c{{}, std::move(args)};
  c.node.op = op;
  c.node.type = {DType::kF64, std::move(result)};
  c.node.attributes = std::move(attributes);
  return c;
}

Tensor value(const Case& c) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& x : c.args) pointers.push_back(&x);
  return float_op(c.node.op).forward({c.node, pointers, Policy{}});
}

double weighted(const Tensor& y, const Tensor& g) {
  double sum = 0;
  for (std::int64_t i = 0; i < y.size(); ++i) sum += y.load(i) * g.load(i);
  return sum;
}

std::vector<Tensor> gradients(const Case& c, const Tensor& g) {
  std::vector<Tensor> out;
  std::vector<const Tensor*> pointers;
  for (const Tensor& x : c.args) {
    out.emplace_back(DType::kF64, x.shape());
    pointers.push_back(&x);
  }
  for (const Contribution& part :
       float_op(c.node.op).vjp({c.node, pointers, Policy{}}, value(c), g)) {
    out[part.arg] = add_values(out[part.arg], part.value, Policy{});
  }
  return out;
}

void check(Case c) {
  INFO(graph::name(c.node.op));
  const Tensor y = value(c);
  REQUIRE(y.shape() == c.node.type.shape);
  const Tensor g = f64(y.shape(), 0.4);
  const std::vector<Tensor> computed = gradients(c, g);
  for (std::size_t arg = 0; arg < c.args.size(); ++arg) {
    if (c.args[arg].dtype() != DType::kF64) continue;
    for (std::int64_t i = 0; i < c.args[arg].size(); ++i) {
      const double x = c.args[arg].load(i);
      c.args[arg].store(i, x + kStep);
      const double up = weighted(value(c), g);
      c.args[arg].store(i, x - kStep);
      const double down = weighted(value(c), g);
      c.args[arg].store(i, x);
      CHECK(computed[arg].load(i) == Approx((up - down) / (2 * kStep)).margin(1e-7));
    }
  }
}

Tensor ids(const std::vector<std::int64_t>& values) {
  Tensor x(DType::kS32, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) {
    x.store_int(static_cast<std::int64_t>(i), values[i]);
  }
  return x;
}

}  // namespace

TEST_CASE("gradients of one operand match central differences [FLT-7]", "[exec]") {
  for (const Op op : {Op::neg, Op::abs, Op::exp, Op::tanh, Op::logistic, Op::square, Op::relu,
                      Op::silu, Op::gelu}) {
    check(make(op, {f64({3, 5}, 0)}, {3, 5}));
  }
  for (const Op op : {Op::log, Op::sqrt, Op::rsqrt}) {
    check(make(op, {positive({3, 5}, 0)}, {3, 5}));
  }
  graph::Attributes exact;
  exact.approximate = false;
  check(make(Op::gelu, {f64({3, 5}, 0)}, {3, 5}, exact));
}

TEST_CASE("gradients of two operands match central differences, broadcast or not [FLT-7]",
          "[exec]") {
  for (const Op op : {Op::add, Op::sub, Op::mul, Op::div, Op::max, Op::min}) {
    check(make(op, {f64({3, 5}, 0), positive({3, 5}, 1)}, {3, 5}));
    check(make(op, {f64({3, 5}, 0), positive({5}, 1)}, {3, 5}));
    check(make(op, {f64({5}, 0), positive({3, 1}, 1)}, {3, 5}));
    check(make(op, {f64({}, 0), positive({2, 3}, 1)}, {2, 3}));
  }
}

TEST_CASE("gradients of reductions, norms and losses match central differences [FLT-7] [FLT-8]",
          "[exec]") {
  graph::Attributes axes;
  axes.axes = {0, 2};
  for (const Op op : {Op::reduce_sum, Op::reduce_mean, Op::reduce_max}) {
    axes.keepdims = false;
    check(make(op, {f64({2, 3, 4}, 0)}, {3}, axes));
    axes.keepdims = true;
    check(make(op, {f64({2, 3, 4}, 0)}, {1, 3, 1}, axes));
  }
  for (const Op op : {Op::softmax, Op::log_softmax}) {
    graph::Attributes axis;
    axis.axis = 0;
    check(make(op, {f64({3, 5}, 0)}, {3, 5}));
    check(make(op, {f64({3, 5}, 0)}, {3, 5}, axis));
  }
  check(make(Op::layer_norm, {f64({3, 5}, 0), f64({5}, 1), f64({5}, 2)}, {3, 5}));
  check(make(Op::rms_norm, {f64({3, 5}, 0), f64({5}, 1)}, {3, 5}));
  check(make(Op::mse, {f64({3, 5}, 0), f64({3, 5}, 1)}, {}));
  check(make(Op::softmax_cross_entropy, {f64({3, 5}, 0), ids({4, 0, 2})}, {}));
}

TEST_CASE("gradients of layout ops and pools match central differences [FLT-8]", "[exec]") {
  graph::Attributes a;
  a.permutation = {2, 0, 1};
  check(make(Op::reshape, {f64({3, 4}, 0)}, {2, 6}));
  check(make(Op::transpose, {f64({2, 3, 4}, 0)}, {4, 2, 3}, a));
  a.shape = {4, 3, 5};
  check(make(Op::broadcast_to, {f64({3, 1}, 0)}, {4, 3, 5}, a));
  a.axis = 1;
  check(make(Op::concatenate, {f64({2, 3}, 0), f64({2, 1}, 1)}, {2, 4}, a));
  a.start = {1, 0};
  a.limit = {4, 5};
  a.strides = {1, 2};
  check(make(Op::slice, {f64({4, 5}, 0)}, {3, 3}, a));
  check(make(Op::take, {f64({3, 4}, 0), ids({3, 0, 3})}, {3, 3}, a));
  Tensor pred(DType::kPred, {3, 1});
  pred.store_int(1, 1);
  check(make(Op::select, {pred, f64({3, 2}, 0), f64({2}, 1)}, {3, 2}));
  graph::Attributes pool;
  pool.window = {3, 2};
  pool.strides = {2, 1};
  pool.padding = {{1, 1}, {0, 1}};
  check(make(Op::max_pool, {f64({2, 5, 4, 2}, 0)}, {2, 3, 4, 2}, pool));
  check(make(Op::avg_pool, {f64({2, 5, 4, 2}, 0)}, {2, 3, 4, 2}, pool));
}

}  // namespace mxcheck::exec
