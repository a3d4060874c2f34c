// What float and layout ops do at the edges: ties, NaN, signed zeros and subnormals, broadcasting,
// orders of contributions, any dtype through layout ops, ids out of range.
#include "sim/exec/float_ops.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "sim/numerics/flush.h"

namespace mxcheck::exec {
namespace {

using graph::Op;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kSubnormal = 0x1p-133;  // the smallest bf16, exact in f32

// By bits where the float unit would flush.
Tensor floats(DType dtype, Shape shape, const std::vector<double>& values) {
  Tensor x(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (dtype == DType::kF32 && std::fabs(values[i]) == kSubnormal) {
      x.set_bits(at, values[i] < 0 ? 0x80010000u : 0x00010000u);
    } else {
      x.store(at, values[i]);
    }
  }
  return x;
}
Tensor f32(Shape shape, const std::vector<double>& values) {
  return floats(DType::kF32, std::move(shape), values);
}
Tensor whole(DType dtype, Shape shape, const std::vector<std::int64_t>& values) {
  Tensor x(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) {
    x.store_int(static_cast<std::int64_t>(i), values[i]);
  }
  return x;
}

struct Run {
  graph::Node node;
  std::vector<Tensor> args;
  Policy policy;
  std::vector<const Tensor*> pointers;

  Run(Op op, std::vector<Tensor> arguments, graph::ValueType type,
      graph::Attributes attributes = {}, const char* policy_name = "ieee")
      : args(std::move(arguments)), policy(*numerics::policy_from_name(policy_name)) {
    node.op = op;
    node.type = std::move(type);
    node.attributes = std::move(attributes);
    for (const Tensor& x : args) pointers.push_back(&x);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Tensor forward() const { return float_op(node.op).forward({node, pointers, policy}); }
  std::vector<Contribution> vjp(const Tensor& g) const {
    return float_op(node.op).vjp({node, pointers, policy}, forward(), g);
  }
};

}  // namespace

TEST_CASE("max takes NaN, +0 over -0, and subnormals as zero [POL-9]", "[exec]") {
  const numerics::FlushSubnormals flush;
  const Run run(Op::max,
                {f32({4}, {kNaN, -0.0, kSubnormal, -1}), f32({4}, {1, 0.0, -1, -kSubnormal})},
                {DType::kF32, {4}});
  CHECK(identical(run.forward(), f32({4}, {kNaN, 0.0, 0.0, -0.0})));
}

TEST_CASE("neg, abs, select and reshape keep subnormals, add flushes them [POL-9]", "[exec]") {
  const numerics::FlushSubnormals flush;
  const Tensor x = f32({2}, {kSubnormal, -kSubnormal});
  const graph::ValueType type{DType::kF32, {2}};
  CHECK(identical(Run(Op::neg, {x}, type).forward(), f32({2}, {-kSubnormal, kSubnormal})));
  CHECK(identical(Run(Op::abs, {x}, type).forward(), f32({2}, {kSubnormal, kSubnormal})));
  CHECK(identical(Run(Op::add, {x, f32({}, {0})}, type).forward(), f32({2}, {0, 0})));
  const Tensor pred = whole(DType::kPred, {2}, {1, 0});
  CHECK(identical(Run(Op::select, {pred, x, x}, type).forward(), x));
}

TEST_CASE("f16 keeps its subnormals in arithmetic [POL-9]", "[exec]") {
  const numerics::FlushSubnormals flush;
  const Tensor x = floats(DType::kF16, {1}, {3e-7});
  CHECK(Run(Op::mul, {x, floats(DType::kF16, {1}, {2})}, {DType::kF16, {1}}).forward().bits(0) ==
        2 * x.bits(0));
}

TEST_CASE("tied maxima share the gradient: two operands in halves, a reduction evenly [FLT-7]",
          "[exec]") {
  const Run run(Op::max, {f32({3}, {1, 2, 3}), f32({3}, {1, 3, 2})}, {DType::kF32, {3}});
  const auto parts = run.vjp(f32({3}, {4, 4, 4}));
  CHECK(identical(parts[0].value, f32({3}, {2, 0, 4})));
  CHECK(identical(parts[1].value, f32({3}, {2, 4, 0})));
  graph::Attributes axes;
  axes.axes = {0};
  const Run row(Op::reduce_max, {f32({4}, {7, 1, 7, 7})}, {DType::kF32, {}}, axes);
  CHECK(identical(row.vjp(f32({}, {6}))[0].value, f32({4}, {2, 0, 2, 2})));
}

TEST_CASE("a value used twice gets its contributions one by one, in the norm's order [BWD-10]",
          "[exec]") {
  const graph::ValueType type{DType::kF32, {1}};
  const Tensor g = f32({1}, {1});
  CHECK(Run(Op::square, {f32({1}, {3})}, type).vjp(g).size() == 2);
  CHECK(Run(Op::tanh, {f32({1}, {3})}, type).vjp(g).size() == 2);
  CHECK(Run(Op::gelu, {f32({1}, {3})}, type).vjp(g).size() == 3);
  CHECK(Run(Op::div, {f32({1}, {3}), f32({1}, {2})}, type).vjp(g)[0].arg == 1);
  const Tensor pred = whole(DType::kPred, {1}, {1});
  CHECK(Run(Op::select, {pred, f32({1}, {3}), f32({1}, {2})}, type).vjp(g)[0].arg == 2);
  const Tensor row = f32({1, 2}, {1, 2});
  const Tensor scale = f32({2}, {1, 1});
  const Run norm(Op::layer_norm, {row, scale, scale}, {DType::kF32, {1, 2}});
  std::vector<std::size_t> order;
  for (const Contribution& part : norm.vjp(row)) order.push_back(part.arg);
  CHECK(order == std::vector<std::size_t>{2, 1, 0, 0});
}

TEST_CASE("stop_gradient passes the value and no gradient [BWD-8]", "[exec]") {
  const Run run(Op::stop_gradient, {f32({1}, {3})}, {DType::kF32, {1}});
  CHECK(identical(run.forward(), f32({1}, {3})));
  CHECK(run.vjp(f32({1}, {1})).empty());
}

TEST_CASE("a divisor repeated inside the op is inverted first under xla_cpu only [POL-7]",
          "[exec]") {
  const Tensor ten = f32({1, 2}, {10, 10});
  const graph::ValueType type{DType::kF32, {1, 2}};
  const auto quotient = [&](const Tensor& divisor, const char* policy) {
    return static_cast<float>(Run(Op::div, {ten, divisor}, type, {}, policy).forward().load(0));
  };
  CHECK(quotient(f32({}, {3}), "ieee") == 10.0f / 3.0f);
  CHECK(quotient(f32({}, {3}), "xla_cpu") == 10.0f * (1.0f / 3.0f));
  CHECK(quotient(f32({2}, {3, 3}), "xla_cpu") == 10.0f / 3.0f);
}

TEST_CASE("sums of bf16 are taken in f32 by the op and in bf16 by a gradient [POL-3]", "[exec]") {
  const Tensor x = floats(DType::kBF16, {3}, {256, 1, 1});
  graph::Attributes a;
  a.axes = {0};
  a.shape = {3};
  CHECK(Run(Op::reduce_sum, {x}, {DType::kBF16, {}}, a).forward().load(0) == 258);
  const Run spread(Op::broadcast_to, {floats(DType::kBF16, {}, {1})}, {DType::kBF16, {3}}, a);
  CHECK(spread.vjp(x)[0].value.load(0) == 256);
}

TEST_CASE("excess precision keeps bf16 intermediates in f32 [POL-1]", "[exec]") {
  const Tensor x = floats(DType::kBF16, {1}, {1.0078125});
  Run run(Op::silu, {x}, {DType::kBF16, {1}});
  const Tensor narrow = run.forward();
  run.policy.excess_precision = Policy::ExcessPrecision::kF32;
  const Tensor wide = run.forward();
  const double exact = 1.0078125 / (1 + std::exp(-1.0078125));
  CHECK(std::fabs(wide.load(0) - exact) <= std::fabs(narrow.load(0) - exact));
}

TEST_CASE("integers wrap in arithmetic and get no gradient [FLT-6]", "[exec]") {
  const Tensor x = whole(DType::kS32, {2}, {2147483647, -2147483648});
  const graph::ValueType type{DType::kS32, {2}};
  const Tensor one = whole(DType::kS32, {}, {1});
  CHECK(identical(Run(Op::add, {x, one}, type).forward(),
                  whole(DType::kS32, {2}, {-2147483648, -2147483647})));
  CHECK(identical(Run(Op::abs, {x}, type).forward(), x));
  CHECK(
      identical(Run(Op::min, {x, one}, type).forward(), whole(DType::kS32, {2}, {1, -2147483648})));
  CHECK(Run(Op::add, {x, one}, type).vjp(x).empty());
}

TEST_CASE("layout ops move elements of any dtype [FLT-8]", "[exec]") {
  const Tensor x = whole(DType::kS4, {2, 3}, {1, 2, 3, -4, -5, -6});
  graph::Attributes a;
  a.axis = 0;
  a.shape = {2, 2, 3};
  a.start = {0, 1};
  a.limit = {2, 3};
  a.strides = {1, 1};
  a.permutation = {1, 0};
  CHECK(identical(Run(Op::transpose, {x}, {DType::kS4, {3, 2}}, a).forward(),
                  whole(DType::kS4, {3, 2}, {1, -4, 2, -5, 3, -6})));
  CHECK(identical(Run(Op::slice, {x}, {DType::kS4, {2, 2}}, a).forward(),
                  whole(DType::kS4, {2, 2}, {2, 3, -5, -6})));
  CHECK(identical(Run(Op::concatenate, {x, x}, {DType::kS4, {4, 3}}, a).forward(),
                  whole(DType::kS4, {4, 3}, {1, 2, 3, -4, -5, -6, 1, 2, 3, -4, -5, -6})));
  CHECK(identical(Run(Op::broadcast_to, {x}, {DType::kS4, {2, 2, 3}}, a).forward(),
                  whole(DType::kS4, {2, 2, 3}, {1, 2, 3, -4, -5, -6, 1, 2, 3, -4, -5, -6})));
  CHECK(Run(Op::transpose, {x}, {DType::kS4, {3, 2}}, a).vjp(x).empty());
}

TEST_CASE("take counts from the end, gives NaN outside, and adds in id order [FLT-8]", "[exec]") {
  const Tensor table = f32({3, 1}, {1, 2, 3});
  graph::Attributes a;
  a.axis = 0;
  const Run run(Op::take, {table, whole(DType::kS32, {5}, {0, -1, 3, -4, 0})},
                {DType::kF32, {5, 1}}, a);
  CHECK(identical(run.forward(), f32({5, 1}, {1, 3, kNaN, kNaN, 1})));
  const auto parts = run.vjp(f32({5, 1}, {1e8, 2, 4, 8, -1e8}));
  CHECK(identical(parts[0].value, f32({3, 1}, {0, 0, 2})));
  const Run codes(Op::take, {whole(DType::kS8, {2}, {5, 6}), whole(DType::kS32, {2}, {1, 9})},
                  {DType::kS8, {2}}, a);
  CHECK(identical(codes.forward(), whole(DType::kS8, {2}, {6, -128})));
}

TEST_CASE("convert rounds once, saturates integers, and wraps between them [FLT-6]", "[exec]") {
  const numerics::FlushSubnormals flush;
  const Tensor x = f32({5}, {1.00390625, 300.7, -300.7, kNaN, kSubnormal});
  CHECK(converted(x, DType::kBF16).bits(0) == 0x3F80);
  CHECK(converted(x, DType::kBF16).bits(4) == 0x0001);
  CHECK(identical(converted(x, DType::kS8), whole(DType::kS8, {5}, {1, 127, -128, 0, 0})));
  CHECK(identical(converted(x, DType::kU8), whole(DType::kU8, {5}, {1, 255, 0, 0, 0})));
  const Tensor n = whole(DType::kS32, {3}, {300, -1, 16777217});
  CHECK(identical(converted(n, DType::kU8), whole(DType::kU8, {3}, {44, 255, 1})));
  CHECK(converted(n, DType::kF32).load(2) == 16777216);
  CHECK(identical(converted(n, DType::kPred), whole(DType::kPred, {3}, {1, 1, 1})));
}

TEST_CASE("max_pool's gradient goes to the first maximum, padding never wins [FLT-8]", "[exec]") {
  graph::Attributes a;
  a.window = {2, 2};
  a.strides = {2, 2};
  a.padding = {{1, 1}, {0, 0}};
  const Run run(Op::max_pool, {f32({1, 2, 2, 1}, {5, 5, -7, -7})}, {DType::kF32, {1, 2, 1, 1}}, a);
  CHECK(identical(run.forward(), f32({1, 2, 1, 1}, {5, -7})));
  CHECK(identical(run.vjp(f32({1, 2, 1, 1}, {2, 3}))[0].value, f32({1, 2, 2, 1}, {2, 0, 3, 0})));
}

TEST_CASE("avg_pool counts padding [FLT-8]", "[exec]") {
  graph::Attributes a;
  a.window = {1, 2};
  a.strides = {1, 2};
  a.padding = {{0, 0}, {0, 1}};
  const Run run(Op::avg_pool, {f32({1, 1, 3, 1}, {1, 2, 4})}, {DType::kF32, {1, 1, 2, 1}}, a);
  CHECK(identical(run.forward(), f32({1, 1, 2, 1}, {1.5, 2})));
  CHECK(identical(run.vjp(f32({1, 1, 2, 1}, {2, 6}))[0].value, f32({1, 1, 3, 1}, {1, 1, 3})));
}

TEST_CASE("a label outside the classes gives NaN and no gradient of its own [FLT-7]", "[exec]") {
  const Run run(Op::softmax_cross_entropy, {f32({1, 2}, {0, 0}), whole(DType::kS32, {1}, {2})},
                {DType::kF32, {}});
  CHECK(std::isnan(run.forward().load(0)));
  CHECK(identical(run.vjp(f32({}, {1}))[0].value, f32({1, 2}, {0, 0})));
}

}  // namespace mxcheck::exec
