// Bounds hold for honest computations in any order and are not so wide that errors pass.
#include "golden/reference/bounds.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

// Contractions computed in f32 in three orders.
Tensor contract(const Contraction& c, const Tensor& lhs, const Tensor& rhs, DType result,
                int order) {
  Tensor out(result, c.result);
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    c.pairs_of(i, pairs);
    if (order == 1) std::reverse(pairs.begin(), pairs.end());
    float sum = 0, other = 0;
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      const auto a = static_cast<float>(lhs.load(pairs[k].lhs));
      const auto b = static_cast<float>(rhs.load(pairs[k].rhs));
      if (order == 2) {
        (k % 2 ? sum : other) = std::fma(a, b, k % 2 ? sum : other);
      } else {
        sum += a * b;
      }
    }
    out.store(i, static_cast<double>(sum + other));
  }
  return out;
}

TEST_CASE("float contractions in any order, fused or not, are within the bound [BND-1]",
          "[reference][bounds]") {
  const graph::DotDimensionNumbers dims{{1}, {0}, {}, {}};
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    const Tensor lhs = testing::random_floats(dtype, {4, 700}, 1);
    const Tensor rhs = testing::random_floats(dtype, {700, 5}, 2);
    const Contraction c = dot_contraction(dims, lhs.shape(), rhs.shape());
    const Bound bound = dot_bound(dims, lhs, rhs, dtype);
    const Tensor first = contract(c, lhs, rhs, dtype, 0);
    for (const int order : {1, 2}) {
      const Judgement j = judge(contract(c, lhs, rhs, dtype, order), first, two_sided(bound));
      CHECK(j.passed());
      CHECK(j.judged == 20);
    }
    Tensor wrong = first;
    const double sum_error = 3 * bound.per_element[6];
    wrong.store(6, wrong.load(6) + sum_error);
    const Judgement j = judge(wrong, first, two_sided(bound));
    CHECK(j.failed == 1);
    CHECK(j.first_failure == 6);
  }
}

TEST_CASE("a bound of zero demands equality [BND-1]", "[reference][bounds]") {
  const graph::DotDimensionNumbers dims{{1}, {0}, {}, {}};
  const Tensor zeros(DType::kF32, {2, 3}), rhs = testing::random_floats(DType::kF32, {3, 2}, 2);
  const Bound bound = dot_bound(dims, zeros, rhs, DType::kF32);
  CHECK(bound.per_element == std::vector<double>(4, 0.0));
  Tensor a(DType::kF32, {2, 2}), b = a;
  CHECK(judge(a, b, bound).passed());
  b.store(2, 0x1p-140);
  CHECK(judge(a, b, bound).first_failure == 2);
}

TEST_CASE("infinities, NaNs and possible overflow are told apart [BND-1]", "[reference][bounds]") {
  const graph::DotDimensionNumbers dims{{1}, {0}, {}, {}};
  Tensor lhs = testing::random_floats(DType::kF32, {2, 3}, 1);
  Tensor rhs = testing::random_floats(DType::kF32, {3, 2}, 2);
  lhs.store(0, INFINITY);
  Bound bound = dot_bound(dims, lhs, rhs, DType::kF32);
  const Tensor out = contract(dot_contraction(dims, {2, 3}, {3, 2}), lhs, rhs, DType::kF32, 0);
  CHECK(judge(out, out, bound).by_class == 2);
  Tensor other = out;
  other.store(0, NAN);
  CHECK(judge(out, other, bound).first_failure == 0);
  lhs.store(0, 0x1p127);
  rhs.store(0, 0x1p3);
  bound = dot_bound(dims, lhs, rhs, DType::kF32);
  CHECK(std::isinf(bound.per_element[0]));
  CHECK(std::isfinite(bound.per_element[2]));
}

TEST_CASE("sums and means in any order are within the bound [BND-2]", "[reference][bounds]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    const Tensor x = testing::random_floats(dtype, {6, 100, 3}, 4);
    Tensor up(dtype, {3}), down(dtype, {3});
    for (std::int64_t c = 0; c < 3; ++c) {
      float a = 0, b = 0;
      for (std::int64_t i = 0; i < 600; ++i) {
        a += static_cast<float>(x.load(3 * i + c));
        b += static_cast<float>(x.load(3 * (599 - i) + c));
      }
      up.store(c, static_cast<double>(a / 600));
      down.store(c, static_cast<double>(b * (1.0f / 600)));
    }
    const Bound bound = reduce_bound(x, {Reduction::kMean, {0, 1}, false});
    CHECK(judge(up, down, two_sided(bound)).passed());
    up.store(1, up.load(1) + 3 * bound.per_element[1]);
    CHECK(judge(up, down, two_sided(bound)).first_failure == 1);
    CHECK(reduce_bound(x, {Reduction::kMax, {1}, false}).per_element ==
          std::vector<double>(18, 0.0));
    CHECK(reduce_bound(x, {Reduction::kSum, {-1}, true}).per_element[0] >=
          reduce_bound(x, {Reduction::kSum, {2}, false}).per_element[0]);
  }
}

TEST_CASE("an ulp is the spacing of the binade [BND-6]", "[reference][bounds]") {
  CHECK(ulp(DType::kF32, 1) == 0x1p-23);
  CHECK(ulp(DType::kF32, 1.99) == 0x1p-23);
  CHECK(ulp(DType::kBF16, -2) == 0x1p-6);
  CHECK(ulp(DType::kF16, 0) == 0x1p-24);
  CHECK(ulp(DType::kF64, 1) == 0x1p-52);
}

struct Function {
  graph::Op op;
  double (*exact)(double);
  double low, high;
  bool approximate = false;
};

double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(0.7978845834732056 * (x + 0.044714998453855515 * x * x * x)));
}
double gelu_erf(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }

TEST_CASE("functions in f32 arithmetic are within k ulp of the exact value [BND-6]",
          "[reference][bounds]") {
  const Function functions[] = {
      {graph::Op::exp, [](double x) { return std::exp(x); }, -80, 80},
      {graph::Op::log, [](double x) { return std::log(x); }, 1e-6, 100},
      {graph::Op::tanh, [](double x) { return std::tanh(x); }, -10, 10},
      {graph::Op::logistic, [](double x) { return 1 / (1 + std::exp(-x)); }, -20, 20},
      {graph::Op::sqrt, [](double x) { return std::sqrt(x); }, 0, 50},
      {graph::Op::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 1e-3, 50},
      {graph::Op::silu, [](double x) { return x / (1 + std::exp(-x)); }, -20, 20},
      {graph::Op::gelu, gelu_tanh, -6, 6, true},
      {graph::Op::gelu, gelu_erf, -6, 6, false},
  };
  for (const Function& f : functions) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      Tensor x(dtype, {2000}), y(dtype, {2000}), exact(DType::kF64, {2000});
      for (std::int64_t i = 0; i < 2000; ++i) {
        x.store(i, f.low + (f.high - f.low) * testing::uniform(5, i));
        const double limit = dtype == DType::kF16 ? 11 : 1e9;  // exp(11) fits
        if (std::fabs(x.load(i)) > limit && f.op == graph::Op::exp) x.store(i, 1);
        exact.store(i, f.exact(x.load(i)));
        y.store(i, exact.load(i));
      }
      graph::Node node;
      node.op = f.op;
      node.attributes.approximate = f.approximate;
      const Bound bound = function_bound(node, x, y);
      const Judgement j = judge(y, exact, bound);
      INFO(graph::name(f.op) << " " << numerics::name(dtype));
      CHECK(j.passed());
      CHECK(j.judged == 2000);
      Tensor wrong = y;
      wrong.store(17, y.load(17) + 2 * bound.per_element[17] + ulp(dtype, y.load(17)));
      CHECK(judge(wrong, exact, bound).first_failure == 17);
      for (std::int64_t i = 0; i < 2000; ++i) {  // a bound is a few ulp of the argument's size
        const double size = std::max({std::fabs(x.load(i)), std::fabs(y.load(i)), 1.0});
        CHECK(bound.per_element[static_cast<std::size_t>(i)] <= 64 * ulp(dtype, size));
      }
    }
  }
}

TEST_CASE("softmax and log_softmax follow from exp, log and the sum [BND-6]",
          "[reference][bounds]") {
  const Tensor x = testing::random_floats(DType::kF32, {4, 50}, 6, 3);
  Tensor soft(DType::kF32, {4, 50}), exact(DType::kF64, {4, 50});
  Tensor log_soft = soft, log_exact = exact;
  for (std::int64_t row = 0; row < 4; ++row) {
    float max = -INFINITY, sum = 0;
    double sum64 = 0;
    for (std::int64_t i = 50 * row; i < 50 * row + 50; ++i)
      max = std::fmax(max, static_cast<float>(x.load(i)));
    for (std::int64_t i = 50 * row; i < 50 * row + 50; ++i) {
      sum += std::exp(static_cast<float>(x.load(i)) - max);
      sum64 += std::exp(x.load(i) - static_cast<double>(max));
    }
    for (std::int64_t i = 50 * row; i < 50 * row + 50; ++i) {
      const float d = static_cast<float>(x.load(i)) - max;
      soft.store(i, static_cast<double>(std::exp(d) / sum));
      exact.store(i, std::exp(x.load(i) - static_cast<double>(max)) / sum64);
      log_soft.store(i, static_cast<double>(d - std::log(sum)));
      log_exact.store(i, x.load(i) - static_cast<double>(max) - std::log(sum64));
    }
  }
  const Bound bound = softmax_bound(graph::Op::softmax, -1, x, soft);
  CHECK(judge(soft, exact, bound).passed());
  CHECK(judge(log_soft, log_exact, softmax_bound(graph::Op::log_softmax, 1, x, log_soft)).passed());
  soft.store(60, soft.load(60) * (1 + 200 * 0x1p-23));
  CHECK(judge(soft, exact, bound).first_failure == 60);
}

}  // namespace
}  // namespace mxcheck::reference
