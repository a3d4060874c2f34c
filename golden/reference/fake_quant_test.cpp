// The judge accepts honest roundings on both sides, in every dtype and code type, and rejects every
// kind of wrong result planted here.
#include "golden/reference/fake_quant.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

using graph::Path;

struct Setup {
  DType dtype = DType::kF32;
  DType codes = DType::kS8;
  std::int64_t k = 24;
  bool powers_of_two = false;
  bool zero_point = false;
};

QuantizedProduct dense(const Setup& s) {
  const Shape lhs{5, s.k}, rhs{s.k, 7};
  QuantizedProduct p;
  p.contraction = dot_contraction({{1}, {0}, {}, {}}, lhs, rhs);
  p.lhs = {testing::random_codes(s.codes, lhs, 1),
           testing::random_scales(s.dtype, {5, 1}, 2, s.powers_of_two), std::nullopt, false};
  p.rhs = {testing::random_codes(s.codes, rhs, 3),
           testing::random_scales(s.dtype, {1, 7}, 4, s.powers_of_two), std::nullopt, false};
  if (s.zero_point) p.lhs.zero_point = testing::random_codes(DType::kS8, {5, 1}, 5);
  p.result = s.dtype;
  return p;
}

TEST_CASE("codes first and dequantize first are both within their bounds [BND-3] [BND-4]",
          "[reference][fake_quant]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16, DType::kF64}) {
    for (const DType codes : {DType::kS8, DType::kS4, DType::kU8, DType::kU4}) {
      for (const bool zero_point : {false, true}) {
        Setup s{dtype, codes, 24, false, zero_point && codes == DType::kS8};
        const QuantizedProduct p = dense(s);
        const Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
        const FakeQuantVerdict v = check_fake_quant(p, out);
        INFO(numerics::name(dtype) << " " << numerics::name(codes));
        CHECK(v.passed());
        CHECK(v.computed.judged + v.computed.unbounded == 35);
        if (dtype != DType::kF16) CHECK(v.computed.unbounded == 0);
        if (v.computed.judged > 10) CHECK(v.computed.max_fraction > 0.05);  // not idle
        CHECK(v.equality_required == 0);
      }
    }
  }
}

TEST_CASE("three units in the last place is the limit of the codes path in f32 [BND-3]",
          "[reference][fake_quant]") {
  const QuantizedProduct p = dense({});
  const ProductBounds bounds = product_bounds(p);
  const std::vector<double> exact = exact_values(p);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    CHECK(bounds.computed.per_element[i] == Approx(2 * 0x1p-24 * std::fabs(exact[i])).epsilon(0.6));
    CHECK(bounds.computed.per_element[i] <= 3.001 * 0x1p-24 * std::fabs(exact[i]) + 0x1p-120);
  }
  Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
  out.store(9, out.load(9) * (1 + 5 * 0x1p-23));
  const FakeQuantVerdict v = check_fake_quant(p, out);
  CHECK_FALSE(v.passed());
  CHECK(v.computed.failed == 1);
  CHECK(v.computed.first_failure == 9);
  CHECK(v.computed.worst == 9);
  CHECK(v.computed.max_fraction > 1);
  CHECK(v.reference.passed());
}

TEST_CASE("power-of-two scales demand equal bits [BND-4]", "[reference][fake_quant]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16, DType::kF64}) {
    const QuantizedProduct p = dense({dtype, DType::kS4, 24, true, false});
    Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
    const FakeQuantVerdict good = check_fake_quant(p, out);
    INFO(numerics::name(dtype));
    CHECK(good.passed());
    CHECK(good.equality_required >= 30);
    // The smallest possible change, below the bound of rounding in f32.
    out.set_bits(11, out.bits(11) ^ 1u);
    const FakeQuantVerdict bad = check_fake_quant(p, out);
    CHECK_FALSE(bad.passed());
    CHECK(bad.equality_failed == 1);
    CHECK(bad.first_unequal == 11);
  }
}

TEST_CASE("dequantizing first demands equal bits too, in any order of the sum [BND-4] [DOT-7]",
          "[reference][fake_quant]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    QuantizedProduct p = dense({dtype, DType::kS8, 24, true, false});
    p.path = Path::kSlow;
    p.lhs.scale = testing::random_scales(dtype, {5, 1}, 6, true);
    QuantizedProduct backwards = p;
    backwards.contraction.pairs_of = [&](std::int64_t i, std::vector<Pair>& pairs) {
      p.contraction.pairs_of(i, pairs);
      std::reverse(pairs.begin(), pairs.end());
    };
    Tensor out = float_reference(backwards);
    const FakeQuantVerdict v = check_fake_quant(p, out);
    CHECK(v.passed());
    CHECK(v.equality_required > 20);
    std::int64_t at = 0;
    while (out.load(at) == 0 || !std::isfinite(out.load(at))) ++at;
    out.set_bits(at, out.bits(at) ^ 1u);
    CHECK_FALSE(check_fake_quant(p, out).passed());
  }
}

TEST_CASE("nothing is demanded in bits once sums exceed 2^24 [BND-4]", "[reference][fake_quant]") {
  const QuantizedProduct p = dense({DType::kF32, DType::kS8, 8000, true, false});
  const FakeQuantVerdict v =
      check_fake_quant(p, testing::codes_first(p.contraction, p.lhs, p.rhs, p.result));
  CHECK(v.passed());
  CHECK(v.equality_required == 0);
}

TEST_CASE("every wrong product is caught: lost scale, zero point, code, tile [BND-3]",
          "[reference][fake_quant]") {
  const QuantizedProduct p = dense({DType::kF32, DType::kS8, 24, false, true});
  QuantizedView no_scale = p.lhs, no_zero = p.lhs, code = p.lhs;
  for (std::int64_t i = 0; i < 5; ++i) no_scale.scale->store(i, 1);
  no_zero.zero_point.reset();
  code.qvalue.store_int(3, code.qvalue.load_int(3) == 5 ? 6 : 5);
  for (const QuantizedView& wrong : {no_scale, no_zero, code}) {
    const Tensor out = testing::codes_first(p.contraction, wrong, p.rhs, p.result);
    const FakeQuantVerdict v = check_fake_quant(p, out);
    CHECK(v.computed.failed >= 5);
    CHECK(v.reference.passed());
  }
}

// Sums of tiles in f32, each tile scaled for itself (DOT-6).
Tensor tiled_sum(const QuantizedProduct& p, std::int64_t tile) {
  const Decoded a = decode(p.lhs), b = decode(p.rhs);
  Tensor out(p.result, p.contraction.result);
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    p.contraction.pairs_of(i, pairs);
    float total = 0;
    for (std::size_t t = 0; t < pairs.size(); t += static_cast<std::size_t>(tile)) {
      double sum = 0;
      for (std::size_t k = t; k < t + static_cast<std::size_t>(tile); ++k) {
        sum += a.code[static_cast<std::size_t>(pairs[k].lhs)] *
               b.code[static_cast<std::size_t>(pairs[k].rhs)];
      }
      const double once = round_to(p.result, round_to(p.result, sum) * a.scale_of(pairs[t].lhs));
      total += static_cast<float>(round_to(p.result, once * b.scale_of(pairs[t].rhs)));
    }
    out.store(i, static_cast<double>(total));
  }
  return out;
}

TEST_CASE("tiles are judged one by one and summed [BND-2] [BND-3] [DOT-6]",
          "[reference][fake_quant]") {
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    QuantizedProduct p = dense({dtype, DType::kS8, 512, false, false});
    p.lhs.scale = testing::random_scales(dtype, {5, 4}, 6, false);
    p.rhs.scale = testing::random_scales(dtype, {4, 7}, 7, false);
    const FakeQuantVerdict v = check_fake_quant(p, tiled_sum(p, 128));
    CHECK(v.passed());
    CHECK(v.computed.judged == 35);
    CHECK(v.computed.max_fraction > 0.02);
    QuantizedProduct wrong = p;  // the scale of the first tile for all
    for (std::int64_t i = 0; i < 20; ++i) wrong.lhs.scale->store(i, p.lhs.scale->load(i / 4 * 4));
    CHECK_FALSE(check_fake_quant(p, tiled_sum(wrong, 128)).passed());
  }
}

TEST_CASE("tiles with power-of-two scales of their own still demand equal bits [BND-4] [DOT-6]",
          "[reference][fake_quant]") {
  QuantizedProduct p = dense({DType::kF32, DType::kS4, 256, true, false});
  p.lhs.scale = testing::random_scales(DType::kF32, {5, 2}, 6, true);
  p.rhs.scale = testing::random_scales(DType::kF32, {2, 7}, 7, true);
  Tensor out = tiled_sum(p, 128);
  CHECK(check_fake_quant(p, out).passed());
  CHECK(check_fake_quant(p, out).equality_required == 35);
  out.set_bits(3, out.bits(3) + 1);
  CHECK(check_fake_quant(p, out).first_unequal == 3);
}

TEST_CASE("fp8, fp4 and nf4 codes stand for their values [BND-4] [TYP-3]",
          "[reference][fake_quant]") {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const DType codes : {DType::kF8E4M3FN, DType::kF8E5M2, DType::kF4E2M1FN, DType::kU4}) {
      QuantizedProduct p = dense({dtype, codes, 64, false, false});
      p.path = Path::kSlow;
      p.lhs.nf4 = p.rhs.nf4 = codes == DType::kU4;
      p.lhs.scale = testing::random_scales(dtype, {5, 4}, 6, false);
      // Descending instead of ascending: another order must be accepted as well.
      QuantizedProduct backwards = p;
      backwards.contraction.pairs_of = [&](std::int64_t i, std::vector<Pair>& pairs) {
        p.contraction.pairs_of(i, pairs);
        std::reverse(pairs.begin(), pairs.end());
      };
      Tensor out = float_reference(backwards);
      const FakeQuantVerdict v = check_fake_quant(p, out);
      INFO(numerics::name(dtype) << " " << numerics::name(codes));
      CHECK(v.passed());
      CHECK(v.computed.judged >= (dtype == DType::kF16 ? 25 : 35));  // f16 may overflow
      if (!std::isfinite(v.computed.max_fraction) || std::isinf(out.load(4))) continue;
      out.store(4, out.load(4) * 1.25);
      CHECK(check_fake_quant(p, out).computed.first_failure == 4);
    }
  }
}

TEST_CASE("fp8 codes multiplied first are within the float bound of their sum [BND-3]",
          "[reference][fake_quant]") {
  QuantizedProduct p = dense({DType::kF32, DType::kF8E4M3FN, 64, false, false});
  const Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
  CHECK(check_fake_quant(p, out).passed());
}

TEST_CASE("a raw float operand has no rounding of its own [DOT-2] [BND-4]",
          "[reference][fake_quant]") {
  QuantizedProduct p = dense({});
  p.path = Path::kSlow;
  p.lhs = raw_view(testing::random_floats(DType::kF32, {5, 24}, 8));
  const Tensor out = float_reference(p);
  CHECK(check_fake_quant(p, out).passed());
  QuantizedProduct integers = dense({});  // gradient codes times raw residual codes (BWD-5)
  integers.rhs.scale.reset();
  const Tensor sum =
      testing::codes_first(integers.contraction, integers.lhs, integers.rhs, DType::kF32);
  CHECK(check_fake_quant(integers, sum).passed());
}

TEST_CASE("infinities and NaNs are compared as such [TYP-4]", "[reference][fake_quant]") {
  QuantizedProduct p = dense({});
  p.lhs.scale->store(1, INFINITY);
  for (std::int64_t k = 0; k < 24; ++k) p.lhs.qvalue.store_int(24 + k, 0);
  Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
  const FakeQuantVerdict v = check_fake_quant(p, out);
  CHECK(v.passed());
  CHECK(v.computed.by_class == 7);
  out.store(7, 0);  // row 1 must be NaN
  CHECK(check_fake_quant(p, out).computed.first_failure == 7);
  Tensor wrong = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
  wrong.store(0, INFINITY);  // row 0 must be finite
  CHECK(check_fake_quant(p, wrong).computed.first_failure == 0);
}

TEST_CASE("an f16 accumulator beyond 65504 may overflow, and nothing is stated [BND-3]",
          "[reference][fake_quant]") {
  QuantizedProduct p = dense({DType::kF16, DType::kS8, 24, false, false});
  for (std::int64_t k = 0; k < 24; ++k) {
    p.lhs.qvalue.store_int(k, 127);
    p.rhs.qvalue.store_int(7 * k, 127);
  }
  const Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
  CHECK(std::isinf(out.load(0)));
  const FakeQuantVerdict v = check_fake_quant(p, out);
  CHECK(v.passed());
  CHECK(v.computed.unbounded >= 1);
}

TEST_CASE("subnormal results may be flushed, normal ones may not [POL-9] [BND-3]",
          "[reference][fake_quant]") {
  QuantizedProduct p = dense({});
  for (std::int64_t i = 0; i < 5; ++i) p.lhs.scale->store(i, 0x1p-75);
  for (std::int64_t i = 0; i < 7; ++i) p.rhs.scale->store(i, i < 3 ? 0x1p-73 : 0x1p-40);
  Tensor out = testing::codes_first(p.contraction, p.lhs, p.rhs, p.result);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    if (std::fabs(out.load(i)) < 0x1p-126) out.store(i, 0);
  }
  CHECK(out.load(0) == 0);
  CHECK(check_fake_quant(p, out).passed());
  out.store(3, 0);
  CHECK_FALSE(check_fake_quant(p, out).passed());
}

TEST_CASE("convolution and ragged products are judged like dense ones [CNV-1] [RAG-1]",
          "[reference][fake_quant]") {
  graph::Attributes a;
  a.padding = {{1, 1}, {1, 1}};
  QuantizedProduct conv;
  const Shape lhs{2, 5, 5, 3}, rhs{3, 3, 3, 4};
  conv.contraction = conv_contraction(a, lhs, rhs);
  conv.lhs = {testing::random_codes(DType::kS8, lhs, 1),
              testing::random_scales(DType::kF32, {2, 1, 1, 1}, 2, false),
              testing::random_codes(DType::kS8, {2, 1, 1, 1}, 9), false};
  conv.rhs = {testing::random_codes(DType::kS8, rhs, 3),
              testing::random_scales(DType::kF32, {1, 1, 1, 4}, 4, false), std::nullopt, false};
  Tensor out = testing::codes_first(conv.contraction, conv.lhs, conv.rhs, DType::kF32);
  CHECK(check_fake_quant(conv, out).passed());
  QuantizedView dropped = conv.lhs;  // the zero point of a padded convolution
  dropped.zero_point.reset();
  out = testing::codes_first(conv.contraction, dropped, conv.rhs, DType::kF32);
  CHECK_FALSE(check_fake_quant(conv, out).passed());

  QuantizedProduct ragged;
  ragged.contraction = ragged_contraction({6, 8}, {3, 8, 4}, {2, 1, 2});
  ragged.lhs = {testing::random_codes(DType::kS8, {6, 8}, 1),
                testing::random_scales(DType::kF32, {6, 1}, 2, false), std::nullopt, false};
  ragged.rhs = {testing::random_codes(DType::kS8, {3, 8, 4}, 3),
                testing::random_scales(DType::kF32, {1, 1, 4}, 4, false), std::nullopt, false};
  out = testing::codes_first(ragged.contraction, ragged.lhs, ragged.rhs, DType::kF32);
  CHECK(check_fake_quant(ragged, out).passed());
  out.store(20, 0.5);  // a row past the last group is zero, with a bound of zero
  const FakeQuantVerdict v = check_fake_quant(ragged, out);
  CHECK(v.computed.first_failure == 20);
}

}  // namespace
}  // namespace mxcheck::reference
