// Sums of an einsum's own letters, where their order is defined.
#include "golden/reference/operand_sum.h"

#include <catch2/catch.hpp>

#include "golden/reference/testing.h"

namespace mxcheck::reference {

TEST_CASE("a letter of one operand is summed ascending in the common dtype [EIN-1] [POL-3]",
          "[reference]") {
  const Tensor x = testing::random_floats(DType::kF32, {3, 5, 2}, 1);
  const std::optional<Tensor> sum = operand_sum(x, {1}, DType::kF32);
  REQUIRE(sum.has_value());
  CHECK(sum->shape() == Shape{3, 2});
  for (std::int64_t i = 0; i < 6; ++i) {
    float expected = 0;
    for (std::int64_t k = 0; k < 5; ++k) {
      expected += static_cast<float>(x.load(i / 2 * 10 + k * 2 + i % 2));
    }
    CHECK(sum->load(i) == static_cast<double>(expected));
  }
}

TEST_CASE("open orders are left open: two letters, long ones, narrow types [EIN-1]",
          "[reference]") {
  const Tensor x = testing::random_floats(DType::kF32, {3, 4, 40}, 1);
  CHECK_FALSE(operand_sum(x, {0, 1}, DType::kF32).has_value());
  CHECK_FALSE(operand_sum(x, {2}, DType::kF32).has_value());
  CHECK_FALSE(operand_sum(x, {1}, DType::kBF16).has_value());
}

}  // namespace mxcheck::reference
