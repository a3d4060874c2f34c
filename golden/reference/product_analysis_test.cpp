// One element of a product taken apart by hand: tiles, exact value, where bits must agree, where
// nothing can be stated.
#include "golden/reference/product_analysis.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

using testing::floats;

Tensor codes(const Shape& shape, const std::vector<std::int64_t>& values) {
  return testing::integers(DType::kS8, shape, values);
}

// A row times a column of four, in two tiles of the row; `scales` of the tiles, 2 for the column.
QuantizedProduct row_by_column(const std::vector<double>& scales, DType dtype = DType::kF32) {
  QuantizedProduct p;
  p.contraction = dot_contraction({{1}, {0}, {}, {}}, {1, 4}, {4, 1});
  p.lhs = {codes({1, 4}, {1, -2, 3, 4}), floats(dtype, {1, 2}, scales), std::nullopt, false};
  p.rhs = {codes({4, 1}, {5, 6, 7, -8}), floats(dtype, {1, 1}, {2}), std::nullopt, false};
  p.result = dtype;
  return p;
}

TEST_CASE("products are summed per pair of scales [DOT-4] [DOT-5]", "[reference][analysis]") {
  const QuantizedProduct p = row_by_column({0.5, 0.25});
  Analysis analysis(p);
  const Element& e = analysis.element(0);
  REQUIRE(e.tiles.size() == 2);
  CHECK(e.tiles[0].integer_sum == 5 - 12);
  CHECK(e.tiles[0].code_abs == 17);
  CHECK(e.tiles[0].count == 2);
  CHECK(e.tiles[0].scales() == 1);
  CHECK(e.tiles[1].integer_sum == 21 - 32);
  CHECK(e.tiles[1].scales() == 0.5);
  CHECK(e.value == -7 - 5.5);
  CHECK(e.value_abs == 17 + 26.5);
  CHECK(e.terms == 4);
  CHECK(e.largest_operand == 16);
  CHECK(analysis.exact(e).value() == -12.5);
}

TEST_CASE("the exact value keeps what doubles lose [BND-3]", "[reference][analysis]") {
  // In double 21 * 2^60 - 32 * 2^60 swallows the first tile's -7 * 2.
  const QuantizedProduct p = row_by_column({1, 0x1p60});
  Analysis analysis(p);
  ExactSum exact = analysis.exact(analysis.element(0));
  exact.subtract(-22 * 0x1p60);
  CHECK(exact.value() == -14);
}

TEST_CASE("an element is taken apart anew each time [DOT-4]", "[reference][analysis]") {
  QuantizedProduct p = row_by_column({0.5, 0.25});
  p.contraction = dot_contraction({{1}, {0}, {}, {}}, {1, 4}, {4, 2});
  p.rhs.qvalue = codes({4, 2}, {5, 1, 6, 1, 7, 1, -8, 1});
  p.rhs.scale = floats(DType::kF32, {1, 2}, {2, 4});
  Analysis analysis(p);
  CHECK(analysis.element(0).value == -12.5);
  const Element& second = analysis.element(1);
  CHECK(second.tiles.size() == 2);
  CHECK(second.value == -1 * 0.5 * 4 + 7 * 0.25 * 4);
  CHECK(analysis.exact(second).value() == 5);
  CHECK(analysis.element(0).value == -12.5);
}

TEST_CASE("bits must agree where only the result may round [BND-4]", "[reference][analysis]") {
  const auto equal_bits = [](const QuantizedProduct& p) {
    Analysis analysis(p);
    return analysis.equal_bits(analysis.element(0));
  };
  CHECK(equal_bits(row_by_column({0.5, 0.25})));
  CHECK_FALSE(equal_bits(row_by_column({0.5, 0.3})));            // a product rounds
  CHECK_FALSE(equal_bits(row_by_column({1, 0x1p30})));           // the sum has more than 24 bits
  CHECK_FALSE(equal_bits(row_by_column({0x1p-120, 0x1p-130})));  // a scale is read as zero
  CHECK_FALSE(equal_bits(row_by_column({0x1p126, 0x1p126})));    // half the largest is the limit
  CHECK(equal_bits(row_by_column({0x1p-6, 0x1p-6}, DType::kF16)));
}

TEST_CASE("a bound is infinite where an intermediate may overflow [BND-3] [BND-4]",
          "[reference][analysis]") {
  QuantizedProduct p = row_by_column({500, 500}, DType::kF16);
  Analysis fits(p);
  CHECK(std::isfinite(fits.computed_bound(fits.element(0))));
  p.lhs.scale = floats(DType::kF16, {1, 2}, {20000, 20000});  // -7 * 20000 is no f16
  Analysis beyond(p);
  CHECK(std::isinf(beyond.computed_bound(beyond.element(0))));
  CHECK(std::isinf(beyond.dequantized_bound(beyond.element(0), Side::kReference)));
}

TEST_CASE("dequantizing first is bound by its own formula [BND-4]", "[reference][analysis]") {
  QuantizedProduct p = row_by_column({0.3, 0.7});
  Analysis fast(p);
  const double codes_first = fast.computed_bound(fast.element(0));
  const double reference = fast.dequantized_bound(fast.element(0), Side::kReference);
  CHECK(codes_first > 0);
  CHECK(codes_first < reference);  // integer sums do not round
  p.path = graph::Path::kSlow;
  Analysis slow(p);
  CHECK(slow.computed_bound(slow.element(0)) == reference);
}

TEST_CASE("floats have no integer sum; their exact value has no rounding [DOT-7]",
          "[reference][analysis]") {
  QuantizedProduct p;
  p.contraction = dot_contraction({{1}, {0}, {}, {}}, {1, 3}, {3, 1});
  p.lhs = raw_view(floats(DType::kF32, {1, 3}, {0x1p60, 1, -0x1p60}));
  p.rhs = raw_view(floats(DType::kF32, {3, 1}, {1, 3, 1}));
  p.path = graph::Path::kFloat;
  Analysis analysis(p);
  const Element& e = analysis.element(0);
  CHECK(e.tiles.size() == 1);
  CHECK(e.tiles[0].integer_sum == 0);
  CHECK(analysis.exact(e).value() == 3);
  CHECK_FALSE(analysis.equal_bits(e));
}

TEST_CASE("codes first and dequantized first may end in different classes [BND-3]",
          "[reference][analysis]") {
  // (1 - 1) * inf by codes is NaN, and so is inf - inf; 0 and a sum of two of a sign are not alike.
  QuantizedProduct p = row_by_column({INFINITY, 1});
  p.lhs.qvalue = codes({1, 4}, {0, 1, 0, 0});
  Analysis analysis(p);
  const std::vector<Class> fast = analysis.classes(analysis.element(0));
  REQUIRE(fast.size() == 2);
  CHECK(fast[0] == Class::kNan);               // 0 * inf among the terms
  CHECK(fast[1] == Class::kPositiveInfinity);  // the codes' sum is 6
  p.path = graph::Path::kSlow;
  Analysis slow(p);
  CHECK(slow.classes(slow.element(0)) == std::vector<Class>{Class::kNan});
}

}  // namespace
}  // namespace mxcheck::reference
