// Tensor storage: exact access per dtype, value semantics, layout changes.
#include "sim/tensor/tensor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace mxcheck::tensor {
namespace {

TEST_CASE("element counts are checked for overflow", "[tensor]") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({3, 0, 5}) == 0);
  CHECK(element_count({1 << 20, 1 << 20}) == std::int64_t{1} << 40);
  CHECK_FALSE(element_count({1 << 20, 1 << 20, 2}));
  CHECK_FALSE(element_count({-1}));
  CHECK_FALSE(element_count({INT64_MAX, INT64_MAX}));
  CHECK_FALSE(element_count({0, INT64_MAX}));
  CHECK(to_string({4, 16}) == "[4, 16]");
}

TEST_CASE("strides and indices are row-major", "[tensor]") {
  CHECK(row_major_strides({2, 3, 4}) == std::vector<std::int64_t>{12, 4, 1});
  CHECK(unravel(23, {2, 3, 4}) == std::vector<std::int64_t>{1, 2, 3});
  CHECK(unravel(0, {}).empty());
}

TEST_CASE("elements begin at a cache line, those of a copy too", "[tensor]") {
  for (const std::int64_t n : {1, 3, 100, 100000}) {
    const Tensor x(DType::kU8, {n});
    Tensor y = x;
    y.set_bits(0, 1);
    CHECK(reinterpret_cast<std::uintptr_t>(x.bytes().data()) % 64 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(y.bytes().data()) % 64 == 0);
  }
}

TEST_CASE("copies share their bytes until one is written", "[tensor]") {
  Tensor a(DType::kF32, {2});
  const Tensor b = a;
  a.store(0, 1.5);
  CHECK(a.load(0) == 1.5);
  CHECK(b.load(0) == 0);
}

TEST_CASE("stores round to the dtype", "[tensor]") {
  Tensor bf16(DType::kBF16, {2});
  bf16.store(0, 1.00390625);  // a tie
  bf16.store(1, std::numeric_limits<double>::quiet_NaN());
  CHECK(bf16.bits(0) == 0x3F80);
  CHECK(std::isnan(bf16.load(1)));
  Tensor f8(DType::kF8E5M2, {1});
  f8.store(0, -57344);
  CHECK(f8.bits(0) == 0xFB);
  CHECK(f8.load(0) == -57344);
}

TEST_CASE("integers keep their sign and range", "[tensor]") {
  for (const DType dtype : {DType::kS64, DType::kS32, DType::kS16, DType::kS8, DType::kS4,
                            DType::kU32, DType::kU8, DType::kU4, DType::kPred}) {
    INFO(numerics::name(dtype));
    Tensor x(dtype, {2});
    x.store_int(0, numerics::integer_min(dtype));
    x.store_int(1, numerics::integer_max(dtype));
    CHECK(x.load_int(0) == numerics::integer_min(dtype));
    CHECK(x.load_int(1) == numerics::integer_max(dtype));
    if (dtype != DType::kS64) {
      CHECK_THROWS_AS(x.store_int(0, numerics::integer_max(dtype) + 1), base::InternalError);
    }
  }
}

TEST_CASE("any NaN equals any NaN, but no zero the other", "[tensor]") {
  Tensor a(DType::kF32, {3});
  Tensor b(DType::kF32, {3});
  a.set_bits(0, 0x7FC00000);
  b.set_bits(0, 0xFF800001);
  CHECK(identical(a, b));
  b.set_bits(1, 0x80000000);
  CHECK_FALSE(identical(a, b));
  CHECK(same_element(a, b, 0));
  CHECK_FALSE(same_element(a, b, 1));
  CHECK_FALSE(identical(a, a.reshaped({3, 1})));
  CHECK_FALSE(identical(a, Tensor(DType::kS32, {3})));
  // Nothing to compare, and no address to compare it at.
  CHECK(identical(Tensor(DType::kF32, {0, 4}), Tensor(DType::kF32, {0, 4})));
  CHECK_FALSE(identical(Tensor(DType::kF32, {0, 4}), Tensor(DType::kF32, {4, 0})));
}

TEST_CASE("a transpose moves every element", "[tensor]") {
  for (const DType dtype : {DType::kS8, DType::kS16, DType::kS32, DType::kS64}) {
    Tensor x(dtype, {2, 3, 4});
    for (std::int64_t i = 0; i < x.size(); ++i) x.store_int(i, i);
    const Tensor y = transpose(x, {2, 0, 1});
    CHECK(y.shape() == Shape{4, 2, 3});
    for (std::int64_t i = 0; i < y.size(); ++i) {
      const auto at = unravel(i, y.shape());
      CHECK(y.load_int(i) == at[1] * 12 + at[2] * 4 + at[0]);
    }
  }
  CHECK(transpose(Tensor(DType::kF32, {}), {}).shape().empty());
}

TEST_CASE("every order of the axes, above and below the rows moved at once", "[tensor]") {
  for (const Shape& shape : {Shape{33, 20}, Shape{1, 16}, Shape{5, 17, 19}, Shape{2, 3, 18, 7},
                             Shape{0, 4}, Shape{3, 0, 2}}) {
    Tensor x(DType::kS32, shape);
    for (std::int64_t i = 0; i < x.size(); ++i) x.store_int(i, i);
    std::vector<std::int64_t> order(shape.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      const Tensor y = transpose(x, order);
      REQUIRE(y.size() == x.size());
      const std::vector<std::int64_t> strides = row_major_strides(shape);
      std::int64_t wrong = 0;
      for (std::int64_t i = 0; i < y.size(); ++i) {
        const auto at = unravel(i, y.shape());
        std::int64_t from = 0;
        for (std::size_t axis = 0; axis < order.size(); ++axis) {
          from += at[axis] * strides[static_cast<std::size_t>(order[axis])];
        }
        wrong += y.load_int(i) != from ? 1 : 0;
      }
      CHECK(wrong == 0);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

}  // namespace
}  // namespace mxcheck::tensor
