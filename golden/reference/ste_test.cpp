// Straight-through gradients against hand-written loops, masks at their bounds, and QT gradients
// quantized here; each rule of the backward pass is broken once and must be noticed.
#include "golden/reference/ste.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden/reference/fake_quant.h"
#include "golden/reference/testing.h"

namespace mxcheck::reference {
namespace {

using Kind = CalibrationMethod::Kind;
const graph::DotDimensionNumbers kDense{{1}, {0}, {}, {}};

// dlhs[m,k] = sum over n of g[m,n] y[k,n], in f32.
Tensor dense_dlhs(const Tensor& g, const Tensor& y) {
  Tensor out(DType::kF32, {g.dim(0), y.dim(0)});
  for (std::int64_t m = 0; m < g.dim(0); ++m) {
    for (std::int64_t k = 0; k < y.dim(0); ++k) {
      float sum = 0;
      for (std::int64_t n = 0; n < g.dim(1); ++n) {
        sum = std::fma(static_cast<float>(g.load(m * g.dim(1) + n)),
                       static_cast<float>(y.load(k * g.dim(1) + n)), sum);
      }
      out.store(m * y.dim(0) + k, static_cast<double>(sum));
    }
  }
  return out;
}

struct Dense {
  Tensor x = testing::random_floats(DType::kF32, {6, 10}, 1);
  Tensor y = testing::random_floats(DType::kF32, {10, 8}, 2);
  Tensor g = testing::random_floats(DType::kF32, {6, 8}, 3, 0.1);
  SteGradient dlhs() const {
    return {dot_dlhs(kDense, x.shape(), y.shape()), g, raw_view(y), {}, DType::kF32};
  }
};

TEST_CASE("a QAT gradient is the float gradient with the original operand [BWD-1] [BWD-6]",
          "[reference][ste]") {
  const Dense d;
  Tensor computed = dense_dlhs(d.g, d.y);
  const Judgement good = check_ste(d.dlhs(), computed);
  CHECK(good.passed());
  CHECK(good.judged == 60);
  CHECK(good.max_fraction > 0.01);
  computed.store(5, computed.load(5) + 3 * ste_expectation(d.dlhs()).bound.per_element[5]);
  CHECK(check_ste(d.dlhs(), computed).first_failure == 5);
  // Dequantized residuals instead of original ones (BWD-2).
  Tensor dequantized = d.y;
  for (std::int64_t i = 0; i < d.y.size(); ++i) {
    dequantized.store(i, std::nearbyint(d.y.load(i) / 0.03) * 0.03);
  }
  CHECK_FALSE(check_ste(d.dlhs(), dense_dlhs(d.g, dequantized)).passed());
}

TEST_CASE("the mask keeps values on its bounds and clips beyond them [BWD-7]", "[reference][ste]") {
  Tensor x(DType::kF32, {1, 6});
  const double values[] = {1, -1, 0.5, 2, -2.5, NAN};
  for (std::int64_t i = 0; i < 6; ++i) x.store(i, values[i]);
  const auto mask = [&](const CalibrationMethod& method) {
    const std::vector<Keep> keep = gradient_mask(x, method, calibrate(x, method, {1, 1}));
    std::string out;
    for (const Keep k : keep) out += k == Keep::kKeep ? '1' : k == Keep::kClip ? '0' : '?';
    return out;
  };
  CHECK(mask({Kind::kFixed, {1}}) == "111000");
  CHECK(mask({Kind::kFixed, {-1, 2}}) == "111100");
  CHECK(mask({Kind::kFixed, {-1, 1}}) == "111000");
  CHECK(mask({Kind::kAbsmax, {}}) == "111111");
  CHECK(mask({Kind::kAbsmax, {1}}) == "111111");
  CHECK(mask({Kind::kAbsmax, {.8}}) == "000000");  // a NaN in the group: nothing is inside
  x.store(5, 0);
  CHECK(mask({Kind::kAbsmax, {.8}}) == "111101");
  CHECK(mask({Kind::kMinmax, {.4}}) == "011001");  // [-1, 0.8]
  CHECK(mask({Kind::kRms, {1}}) == "111001");
}

TEST_CASE("minmax with a factor has its own bound on each side [BWD-7] [CAL]", "[reference][ste]") {
  Tensor x(DType::kF32, {2, 3});
  const double values[] = {-4, 2, 1, 8, -1, 4};
  for (std::int64_t i = 0; i < 6; ++i) x.store(i, values[i]);
  const CalibrationMethod half{Kind::kMinmax, {0.5}};
  const Calibration c = calibrate(x, half, {2, 1});
  CHECK(c.low == std::vector<double>{-2, -0.5});
  CHECK(c.high == std::vector<double>{1, 4});
  const std::vector<Keep> keep = gradient_mask(x, half, c);
  const std::vector<Keep> expected{Keep::kClip, Keep::kClip, Keep::kKeep,
                                   Keep::kClip, Keep::kClip, Keep::kKeep};
  CHECK(keep == expected);
}

TEST_CASE("an rms bound is uncertain in its last bits only [BWD-7]", "[reference][ste]") {
  Tensor x(DType::kF32, {1, 4});
  for (std::int64_t i = 0; i < 4; ++i) x.store(i, i % 2 ? 1 : -1);
  const CalibrationMethod rms{Kind::kRms, {1}};
  CHECK(gradient_mask(x, rms, calibrate(x, rms, {1, 1})) == std::vector<Keep>(4, Keep::kEither));
  const CalibrationMethod wider{Kind::kRms, {1.00001}};
  CHECK(gradient_mask(x, wider, calibrate(x, wider, {1, 1})) == std::vector<Keep>(4, Keep::kKeep));
}

TEST_CASE("clipped gradients are zero, kept ones whole [BWD-7]", "[reference][ste]") {
  const Dense d;
  SteGradient s = d.dlhs();
  const CalibrationMethod method{Kind::kAbsmax, {0.5}};
  s.mask = gradient_mask(d.x, method, calibrate(d.x, method, {6, 1}));
  Tensor computed = dense_dlhs(d.g, d.y);
  std::int64_t clipped = -1;
  for (std::int64_t i = 0; i < 60; ++i) {
    if (s.mask[static_cast<std::size_t>(i)] == Keep::kClip) {
      computed.store(i, 0);
      if (clipped < 0) clipped = i;
    }
  }
  REQUIRE(clipped >= 0);
  CHECK(check_ste(s, computed).passed());
  CHECK_FALSE(check_ste(s, dense_dlhs(d.g, d.y)).passed());  // no mask at all
  Tensor leak = computed;
  leak.store(clipped, 0x1p-100);
  CHECK(check_ste(s, leak).first_failure == clipped);
  s.mask.clear();  // a mask where none belongs
  CHECK_FALSE(check_ste(s, computed).passed());
}

TEST_CASE("convolution gradients use the dequantized operand [CNV-2]", "[reference][ste]") {
  graph::Attributes a;
  a.padding = {{1, 0}, {0, 1}};
  a.window_strides = {2, 1};
  const Shape lhs{2, 6, 5, 3}, rhs{2, 2, 3, 4};
  QuantizedView kernel{testing::random_codes(DType::kS8, rhs, 4),
                       testing::random_scales(DType::kF32, {1, 1, 1, 4}, 5, false), std::nullopt,
                       false};
  const Contraction forward = conv_contraction(a, lhs, rhs);
  SteGradient s{conv_dlhs(a, lhs, rhs),
                testing::random_floats(DType::kF32, forward.result, 6),
                kernel,
                {},
                DType::kF32};
  const Tensor dequantized = dequantize(kernel);
  Tensor computed(DType::kF32, lhs);  // by scattering the forward's products
  std::vector<Pair> pairs;
  for (std::int64_t out = 0; out < s.g.size(); ++out) {
    forward.pairs_of(out, pairs);
    for (const Pair& p : pairs) {
      computed.store(p.lhs, computed.load(p.lhs) + s.g.load(out) * dequantized.load(p.rhs));
    }
  }
  const Judgement j = check_ste(s, computed);
  CHECK(j.passed());
  CHECK(j.judged == 180);
  s.residual = raw_view(testing::random_floats(DType::kF32, rhs, 7));
  CHECK_FALSE(check_ste(s, computed).passed());
}

// q(g * scale of y) per row in s8, times the codes of y (BWD-3), all in f32.
struct Qt {
  QtGradient gradient;
  Tensor computed;
};
Qt qt_dlhs(bool fold) {
  const Dense d;
  QuantizedView y{testing::random_codes(DType::kS8, {10, 8}, 4),
                  testing::random_scales(DType::kF32, {1, 8}, 5, false), std::nullopt, false};
  Tensor folded = d.g, codes(DType::kS8, {6, 8}), scale(DType::kF32, {6, 1});
  for (std::int64_t m = 0; m < 6; ++m) {
    float absmax = 0;
    for (std::int64_t n = 0; n < 8; ++n) {
      const auto f = static_cast<float>(d.g.load(8 * m + n)) * static_cast<float>(y.scale->load(n));
      if (fold) folded.store(8 * m + n, static_cast<double>(f));
      absmax = std::fmax(absmax, std::fabs(static_cast<float>(folded.load(8 * m + n))));
    }
    scale.store(m, static_cast<double>(absmax / 127.5f));
    for (std::int64_t n = 0; n < 8; ++n) {
      const float q =
          static_cast<float>(folded.load(8 * m + n)) / static_cast<float>(scale.load(m));
      codes.store_int(8 * m + n, static_cast<std::int64_t>(std::fmin(127, std::nearbyint(q))));
    }
  }
  Qt out;
  out.gradient.ste = d.dlhs();
  out.gradient.ste.residual = y;
  out.gradient.g_codes = {codes, scale, std::nullopt, false};
  out.gradient.residual = raw_view(y.qvalue);
  out.gradient.folded = true;
  out.gradient.qtype = QType::kS8;
  out.computed = testing::codes_first(out.gradient.ste.contraction, out.gradient.g_codes,
                                      out.gradient.residual, DType::kF32);
  return out;
}

TEST_CASE("a QT gradient stays within the error of its quantized cotangent [BND-5] [BWD-3]",
          "[reference][ste]") {
  Qt qt = qt_dlhs(true);
  const Judgement good = check_qt_gradient(qt.gradient, qt.computed);
  CHECK(good.passed());
  CHECK(good.judged == 60);
  CHECK(good.max_fraction > 0.02);
  CHECK(good.max_fraction < 1);
  const Qt dropped = qt_dlhs(false);  // the residual's scale is not folded in
  CHECK_FALSE(check_qt_gradient(dropped.gradient, dropped.computed).passed());
  qt.computed.store(7, qt.computed.load(7) + 3 * qt_gradient_bound(qt.gradient).per_element[7]);
  CHECK(check_qt_gradient(qt.gradient, qt.computed).first_failure == 7);
}

TEST_CASE("against the original operand the residual's own error is added [BND-5] [BWD-2]",
          "[reference][ste]") {
  Qt qt = qt_dlhs(true);
  const Bound same = qt_gradient_bound(qt.gradient);
  Tensor original = dequantize(qt.gradient.ste.residual);
  for (std::int64_t i = 0; i < original.size(); ++i) original.store(i, original.load(i) + 0.001);
  QtGradient against = qt.gradient;
  against.folded = false;  // a quantized g times a float residual
  against.residual = raw_view(original);
  against.ste.residual = raw_view(original);
  QuantizedView g = qt.gradient.g_codes;
  Tensor scale(DType::kF32, {6, 1});
  for (std::int64_t m = 0; m < 6; ++m) scale.store(m, 0.4 / 127.5);
  Tensor codes(DType::kS8, {6, 8});
  for (std::int64_t i = 0; i < 48; ++i) {
    const double q = std::nearbyint(against.ste.g.load(i) / scale.load(0));
    codes.store_int(i, static_cast<std::int64_t>(std::fmax(-128, std::fmin(127, q))));
  }
  against.g_codes = {codes, scale, std::nullopt, false};
  against.path = graph::Path::kSlow;
  const QuantizedProduct product{against.ste.contraction, against.g_codes, against.residual,
                                 against.path, DType::kF32};
  const Tensor computed = float_reference(product);
  CHECK(check_qt_gradient(against, computed).passed());
  CHECK(same.per_element.size() == 60);
}

TEST_CASE("stochastic rounding doubles the allowance [BND-5] [RND-1]", "[reference][ste]") {
  const Qt qt = qt_dlhs(true);
  QtGradient noisy = qt.gradient;
  noisy.noise = true;
  const Bound plain = qt_gradient_bound(qt.gradient), doubled = qt_gradient_bound(noisy);
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(doubled.per_element[i] == Approx(2 * plain.per_element[i]).epsilon(0.01));
  }
}

TEST_CASE("similarity is one and infinite for equal tensors [BND-5]", "[reference][ste]") {
  const Tensor a = testing::random_floats(DType::kF32, {50}, 1);
  CHECK(similarity(a, a).cosine == Approx(1));
  CHECK(std::isinf(similarity(a, a).sqnr_db));
  Tensor b = a;
  for (std::int64_t i = 0; i < 50; ++i) b.store(i, -1.1 * a.load(i));
  CHECK(similarity(a, b).cosine == Approx(-1));
  CHECK(similarity(a, b).sqnr_db < 0);
}

TEST_CASE("inside the domain of POL-4 a float gradient is known in bits [BWD-6] [POL-4]",
          "[reference][ste]") {
  const Dense d;
  const Tensor chain = dense_dlhs(d.g, d.y);
  const FloatOrder order{6, 8, 10, true};
  CHECK(tensor::identical(*ste_in_order(d.dlhs(), order), chain));
  // Another order, one row, a long sum, mixed narrow types: nothing is stated.
  CHECK_FALSE(ste_in_order(d.dlhs(), {6, 8, 10, false}).has_value());
  CHECK_FALSE(ste_in_order(d.dlhs(), {1, 8, 10, true}).has_value());
  CHECK_FALSE(ste_in_order(d.dlhs(), {6, kOrderedProducts + 1, 10, true}).has_value());
  SteGradient mixed = d.dlhs();
  mixed.g = Tensor(DType::kBF16, d.g.shape());
  mixed.residual = raw_view(Tensor(DType::kF16, d.y.shape()));
  CHECK_FALSE(ste_in_order(mixed, order).has_value());
}

TEST_CASE("a flushed gradient keeps its sign [POL-9]", "[reference][ste]") {
  Dense d;
  for (std::int64_t i = 0; i < d.g.size(); ++i) d.g.store(i, 0);
  for (std::int64_t i = 0; i < d.y.size(); ++i) d.y.store(i, 0);
  d.g.store(7, -0x1p-100);  // the last product of row 0 underflows
  d.y.store(7, 0x1p-100);
  const Tensor out = *ste_in_order(d.dlhs(), {6, 8, 10, true});
  CHECK(out.bits(0) == 0x80000000u);
}

TEST_CASE(
    "a subnormal gradient may be read as zero, one beyond all numbers is not stated [BND-5] "
    "[POL-9]",
    "[reference][ste]") {
  const Qt qt = qt_dlhs(true);
  QtGradient huge = qt.gradient;
  for (std::int64_t i = 0; i < huge.ste.g.size(); ++i) huge.ste.g.store(i, 3e38);
  CHECK(std::isinf(qt_gradient_bound(huge).per_element[0]));
  // Raw factors of 2^100: a g of 2^-127 that is read as zero is missed by at most 2^-26 a product.
  QtGradient raw = qt.gradient;
  raw.folded = false;
  raw.path = graph::Path::kSlow;
  Tensor large(DType::kF32, qt.gradient.residual.qvalue.shape());
  for (std::int64_t i = 0; i < large.size(); ++i) large.store(i, 0x1p100);
  raw.residual = raw.ste.residual = raw_view(large);
  Tensor codes(DType::kS8, raw.g_codes.qvalue.shape());
  Tensor scale(DType::kF32, raw.g_codes.scale->shape());
  for (std::int64_t i = 0; i < scale.size(); ++i) scale.store(i, 0x1p-120);
  raw.g_codes = {codes, scale, std::nullopt, false};
  for (std::int64_t i = 0; i < raw.ste.g.size(); ++i) raw.ste.g.store(i, 0x1p-127);
  const Bound allowed = qt_gradient_bound(raw);
  CHECK(allowed.per_element[0] >= 8 * 0x1p-27);
  CHECK(check_qt_gradient(raw, Tensor(DType::kF32, raw.ste.contraction.result)).passed());
}

}  // namespace
}  // namespace mxcheck::reference
