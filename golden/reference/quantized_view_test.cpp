// Recorded operands read back: which scale belongs to an element, what a code's bytes mean, what
// dequantizing rounds.
#include "golden/reference/quantized_view.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

using testing::floats;
using testing::integers;

TEST_CASE("an element's scale is the one of its tile along every axis [TIL-1]",
          "[reference][quantized_view]") {
  const Shape shape{4, 3, 6}, scales{2, 1, 3};
  const std::vector<std::int64_t> positions = broadcast_positions(shape, scales);
  REQUIRE(positions.size() == 72);
  for (std::int64_t a = 0; a < 4; ++a)
    for (std::int64_t b = 0; b < 3; ++b)
      for (std::int64_t c = 0; c < 6; ++c)
        CHECK(positions[static_cast<std::size_t>((a * 3 + b) * 6 + c)] == a / 2 * 3 + c / 2);
  CHECK(broadcast_positions({}, {}) == std::vector<std::int64_t>{0});
  CHECK(broadcast_positions({0, 2}, {1, 2}).empty());
}

TEST_CASE("nf4 codes stand for sixteen rising values, ends and zero exact [TYP-3]",
          "[reference][quantized_view]") {
  CHECK(nf4_value(0) == -1);
  CHECK(nf4_value(7) == 0);
  CHECK(nf4_value(15) == 1);
  for (std::int64_t i = 1; i < 16; ++i) {
    CHECK(nf4_value(i) > nf4_value(i - 1));
    CHECK(nf4_value(i) == static_cast<float>(nf4_value(i)));  // f32 constants
  }
}

TEST_CASE("the type of quantization says what stored bytes mean [TYP-3] [TYP-4]",
          "[reference][quantized_view]") {
  const Tensor bytes = integers(DType::kU8, {3}, {0, 7, 15});
  const QuantizedView fp4 = quantized_view(bytes, std::nullopt, std::nullopt, QType::kMxfp4);
  CHECK(fp4.qvalue.dtype() == DType::kF4E2M1FN);
  CHECK(fp4.qvalue.load(1) == 6);   // 0111
  CHECK(fp4.qvalue.load(2) == -6);  // 1111
  const QuantizedView nf4 = quantized_view(bytes, std::nullopt, std::nullopt, QType::kNf4);
  CHECK(nf4.nf4);
  CHECK(decode(nf4).code == std::vector<double>{-1, 0, 1});
  CHECK_FALSE(decode(nf4).integer);
  const QuantizedView plain = quantized_view(bytes, std::nullopt, std::nullopt, std::nullopt);
  CHECK(decode(plain).code == std::vector<double>{0, 7, 15});
  CHECK(decode(plain).integer);
}

TEST_CASE("a code loses its zero point, its size keeps both [DEQ-1]",
          "[reference][quantized_view]") {
  const QuantizedView view{integers(DType::kS8, {2, 2}, {-128, 127, 0, 5}),
                           floats(DType::kF32, {2, 1}, {0.5, 3}),
                           integers(DType::kS8, {2, 1}, {-3, 4}), false};
  const Decoded d = decode(view);
  CHECK(d.code == std::vector<double>{-125, 130, -4, 1});
  CHECK(d.code_size == std::vector<double>{131, 130, 4, 9});
  CHECK(d.scale_of(1) == 0.5);
  CHECK(d.scale_of(2) == 3);
  CHECK(d.scaled);
  CHECK(d.integer);
  CHECK(d.dequantize_roundings == 1);
  const Tensor x = dequantize(view);
  CHECK(x.load(0) == -62.5);
  CHECK(x.load(3) == 3);
}

TEST_CASE("each step of dequantizing rounds to the scale's dtype [DEQ-1]",
          "[reference][quantized_view]") {
  // bf16 holds eight bits: 257 is a tie and becomes 256, before the scale is applied.
  const QuantizedView wide{integers(DType::kS32, {1}, {257}), floats(DType::kBF16, {1}, {1.5}),
                           std::nullopt, false};
  CHECK(dequantize(wide).load(0) == 384);  // 257 * 1.5 = 385.5 would round to 386
  // An nf4 value has 24 bits: to a narrow dtype it rounds once more, in f32 not.
  QuantizedView nf4{integers(DType::kU8, {1}, {1}), floats(DType::kBF16, {1}, {1}), std::nullopt,
                    true};
  CHECK(decode(nf4).dequantize_roundings == 2);
  CHECK(dequantize(nf4).load(0) == -0.6953125);
  nf4.scale = floats(DType::kF32, {1}, {1});
  CHECK(decode(nf4).dequantize_roundings == 1);
  CHECK(dequantize(nf4).load(0) == nf4_value(1));
}

TEST_CASE("a raw operand is what it is; integers become f32 [DEQ-1]",
          "[reference][quantized_view]") {
  const Tensor half = floats(DType::kF16, {2}, {0x1p-24, -3});
  CHECK(dequantize(raw_view(half)).bits(0) == half.bits(0));
  CHECK(dequantize(raw_view(half)).dtype() == DType::kF16);
  const Decoded d = decode(raw_view(half));
  CHECK_FALSE(d.scaled);
  CHECK(d.scale_of(1) == 1);
  CHECK(d.dequantize_roundings == 0);
  const Tensor codes = dequantize(raw_view(integers(DType::kS8, {2}, {-128, 3})));
  CHECK(codes.dtype() == DType::kF32);
  CHECK(codes.load(0) == -128);
}

TEST_CASE("an infinite scale or code is noticed [DEQ-1]", "[reference][quantized_view]") {
  const Tensor codes = integers(DType::kS8, {2}, {1, 2});
  CHECK(decode({codes, floats(DType::kF32, {1}, {2}), std::nullopt, false}).finite);
  CHECK_FALSE(decode({codes, floats(DType::kF32, {1}, {INFINITY}), std::nullopt, false}).finite);
  CHECK_FALSE(decode(raw_view(floats(DType::kF32, {2}, {1, NAN}))).finite);
}

}  // namespace
}  // namespace mxcheck::reference
