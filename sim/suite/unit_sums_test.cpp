// Which sums a narrow unit may change.
#include "sim/suite/unit_sums.h"

#include <catch2/catch.hpp>

namespace mxcheck::suite {
namespace {

// [1, 4] x [4, 1] of s8 codes, all `code`.
reference::QuantizedProduct product_of(std::int64_t code) {
  tensor::Tensor a(numerics::DType::kS8, {1, 4}), b(numerics::DType::kS8, {4, 1});
  for (std::int64_t i = 0; i < 4; ++i) {
    a.store_int(i, code);
    b.store_int(i, code);
  }
  const graph::DotDimensionNumbers dims{{1}, {0}, {}, {}};
  return {reference::dot_contraction(dims, a.shape(), b.shape()), reference::raw_view(a),
          reference::raw_view(b), graph::Path::kFast, numerics::DType::kS32};
}

}  // namespace

TEST_CASE("32-bit registers that wrap only add [DOT-8]", "[suite]") {
  const mxu::Profile ideal = *mxu::preset("ideal_int32");
  CHECK(adds_plainly(ideal));
  CHECK(unit_obstacle(ideal, product_of(-128)).empty());
}

TEST_CASE("a narrow register is an obstacle from the sum that may reach its end [DOT-8]",
          "[suite]") {
  mxu::Profile narrow = *mxu::preset("ideal_int32");
  narrow.acc_bits = 16;  // up to 32767
  CHECK_FALSE(adds_plainly(narrow));
  CHECK(unit_obstacle(narrow, product_of(90)).empty());        // 4 * 8100
  CHECK_FALSE(unit_obstacle(narrow, product_of(91)).empty());  // 4 * 8281
  narrow.delivery_shift = 2;
  CHECK_FALSE(unit_obstacle(narrow, product_of(1)).empty());
}

}  // namespace mxcheck::suite
