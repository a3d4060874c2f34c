// What counts as proving nothing.
#include "sim/suite/vacuous.h"

#include <catch2/catch.hpp>

namespace mxcheck::suite {
namespace {

using numerics::DType;
using tensor::Tensor;

Tensor integers(DType dtype, const std::vector<std::int64_t>& values) {
  Tensor out(dtype, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.store_int(static_cast<std::int64_t>(i), values[i]);
  }
  return out;
}

}  // namespace

TEST_CASE("all zero, one value, all saturated and nothing compared prove nothing", "[suite]") {
  CHECK(vacuous_reason({}) == "nothing was compared");
  CHECK(vacuous_reason({{"y", Tensor(DType::kF32, {4})}}) == "every compared tensor is all zero");
  CHECK(vacuous_reason({{"y", integers(DType::kS32, {7, 7, 7})}}) ==
        "every compared tensor holds a single value");
  CHECK(
      vacuous_reason({{"step0/quant/y/fwd/lhs.qvalue", integers(DType::kS8, {-128, 127, -127})}}) ==
      "every compared tensor is saturated or constant");
}

TEST_CASE("one tensor with two values is enough", "[suite]") {
  CHECK(vacuous_reason({{"a", Tensor(DType::kF32, {4})}, {"b", integers(DType::kS32, {7, 8})}})
            .empty());
  CHECK(vacuous_reason({{"x.qvalue", integers(DType::kU8, {0, 255, 0})}}).empty());
}

TEST_CASE("a constant sum beyond 16 bits tells accumulator widths apart", "[suite]") {
  CHECK(vacuous_reason({{"y", integers(DType::kS32, {-32769, -32769})}}).empty());
  CHECK_FALSE(vacuous_reason({{"y", integers(DType::kS32, {32768, 32768})}}).empty());
}

}  // namespace mxcheck::suite
