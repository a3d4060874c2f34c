// Each order of a float contraction on values where the order shows.
#include "sim/exec/float_dot.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/kernels/isas_under_test.h"
#include "sim/numerics/flush.h"

namespace mxcheck::exec {
namespace {

using graph::DotDimensionNumbers;
using numerics::DType;
using numerics::Policy;
using tensor::Shape;

Tensor filled(Shape shape, float seed, DType dtype = DType::kF32) {
  Tensor out(dtype, std::move(shape));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    out.store(i, std::sin(seed * static_cast<float>(i + 1)) * (i % 5 == 0 ? 100.0f : 1.0f));
  }
  return out;
}

const DotDimensionNumbers kMatmul{{1}, {0}, {}, {}};

float chain(const Tensor& a, const Tensor& b, std::int64_t i, std::int64_t j, std::int64_t begin,
            std::int64_t end) {
  float acc = 0;
  for (std::int64_t k = begin; k < end; ++k) {
    acc = std::fma(static_cast<float>(a.load(i * a.dim(1) + k)),
                   static_cast<float>(b.load(k * b.dim(1) + j)), acc);
  }
  return acc;
}

TEST_CASE("a matrix product is one ascending chain per output [POL-4]", "[dot]") {
  const numerics::FlushSubnormals flush;
  const Tensor a = filled({3, 50}, 0.7f);
  const Tensor b = filled({50, 11}, 1.3f);
  const Tensor y = float_dot(a, b, kMatmul, DType::kF32, {});
  for (std::int64_t i = 0; i < 3; ++i) {
    for (std::int64_t j = 0; j < 11; ++j) {
      CHECK(static_cast<float>(y.load(i * 11 + j)) == chain(a, b, i, j, 0, 50));
    }
  }
}

TEST_CASE("kernels give a float product the bits of the plain one [POL-4] [POL-5] [POL-6]",
          "[dot]") {
  const numerics::FlushSubnormals flush;
  Policy blocks;
  blocks.dot_block = 168;
  Policy unfused;
  unfused.dot_order = Policy::DotOrder::kAscendingUnfused;
  for (const Shape& sizes : {Shape{5, 50, 33}, {13, 400, 35}, {1, 20, 40}, {9, 30, 1}, {2, 1, 3}}) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      const Tensor a = filled({sizes[0], sizes[1]}, 0.7f, dtype);
      const Tensor b = filled({sizes[1], sizes[2]}, 1.3f, dtype);
      for (const Policy& policy :
           {Policy{}, blocks, unfused, *numerics::policy_from_name("xla_cpu")}) {
        const Tensor want = float_dot(a, b, kMatmul, dtype, policy);
        for (const kernels::Isa isa : kernels::testing::isas_under_test()) {
          INFO(tensor::to_string(sizes) << " " << numerics::describe(policy) << " " << name(isa));
          CHECK(tensor::identical(float_dot(a, b, kMatmul, dtype, policy, isa), want));
        }
      }
    }
  }
}

TEST_CASE("a stated block cuts long chains only [POL-5]", "[dot]") {
  const numerics::FlushSubnormals flush;
  Policy policy;
  policy.dot_block = 256;
  const Tensor a = filled({4, 512}, 0.7f);
  const Tensor b = filled({512, 5}, 1.3f);
  const Tensor y = float_dot(a, b, kMatmul, DType::kF32, policy);
  const float expected = chain(a, b, 2, 3, 0, 256) + chain(a, b, 2, 3, 256, 512);
  CHECK(static_cast<float>(y.load(2 * 5 + 3)) == expected);
  const Tensor c = filled({4, 300}, 0.7f);
  const Tensor d = filled({300, 5}, 1.3f);
  CHECK(identical(float_dot(c, d, kMatmul, DType::kF32, policy),
                  float_dot(c, d, kMatmul, DType::kF32, {})));
}

TEST_CASE("a row times a stored-transposed matrix runs in eight lanes [POL-6]", "[dot]") {
  const numerics::FlushSubnormals flush;
  const Tensor a = filled({1, 19}, 0.7f);
  const Tensor b = filled({9, 19}, 1.3f);  // [n, k]
  const Tensor y = float_dot(a, b, {{1}, {1}, {}, {}}, DType::kF32, {});
  float v[8] = {};
  const auto at = [&](std::int64_t k) {
    return std::pair{static_cast<float>(a.load(k)), static_cast<float>(b.load(19 * 2 + k))};
  };
  for (std::int64_t k = 0; k < 16; ++k) v[k % 8] = std::fma(at(k).first, at(k).second, v[k % 8]);
  float rest = 0;
  for (std::int64_t k = 16; k < 19; ++k) rest = std::fma(at(k).first, at(k).second, rest);
  const float lanes = ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
  CHECK(static_cast<float>(y.load(2)) == lanes + rest);
}

TEST_CASE("bf16 operands are multiplied in f32 and rounded once [POL-4]", "[dot]") {
  const numerics::FlushSubnormals flush;
  const Tensor a = filled({2, 20}, 0.7f, DType::kBF16);
  const Tensor b = filled({20, 3}, 1.3f, DType::kBF16);
  const Tensor y = float_dot(a, b, kMatmul, DType::kBF16, {});
  Tensor expected(DType::kBF16, {1});
  expected.store(0, chain(a, b, 1, 2, 0, 20));
  CHECK(y.bits(5) == expected.bits(0));
}

TEST_CASE("what is defined in bits and what is not is decided from shapes [POL-5]", "[dot]") {
  const auto reason = [](std::int64_t m, std::int64_t k, std::int64_t n, std::int64_t block = 0) {
    Policy policy;
    policy.dot_block = block;
    return undefined_order(matrix_view(kMatmul, {m, k}, {k, n}), DType::kF32, policy);
  };
  CHECK(reason(4, 320, 4).empty());
  CHECK_FALSE(reason(4, 321, 4).empty());
  CHECK(reason(4, 321, 4, 168).empty());
  CHECK(reason(3, 2000, 3).empty());   // too small to be cut
  CHECK(reason(1, 2000, 50).empty());  // a vector product is never cut
}

}  // namespace
}  // namespace mxcheck::exec
