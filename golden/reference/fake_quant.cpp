// The float reference and the judge: every element against its exact value, then in bits.
#include "golden/reference/fake_quant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "golden/reference/product_analysis.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

std::int64_t result_size(const QuantizedProduct& product) {
  return tensor::element_count(product.contraction.result).value();
}

}  // namespace

Tensor float_reference(const QuantizedProduct& product) {
  const Tensor lhs = dequantize(product.lhs), rhs = dequantize(product.rhs);
  std::vector<double> a, b;
  for (std::int64_t i = 0; i < lhs.size(); ++i) a.push_back(lhs.load(i));
  for (std::int64_t i = 0; i < rhs.size(); ++i) b.push_back(rhs.load(i));
  const bool wide = product.result == DType::kF64;
  Tensor out(product.result, product.contraction.result);
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    product.contraction.pairs_of(i, pairs);
    double sum64 = 0;
    float sum32 = 0;
    for (const Pair& pair : pairs) {
      const double x = a[static_cast<std::size_t>(pair.lhs)],
                   y = b[static_cast<std::size_t>(pair.rhs)];
      sum64 = sum64 + x * y;
      sum32 = sum32 + static_cast<float>(x) * static_cast<float>(y);
    }
    out.store(i, wide ? sum64 : static_cast<double>(sum32));
  }
  return out;
}

std::vector<double> exact_values(const QuantizedProduct& product) {
  Analysis analysis(product);
  std::vector<double> out;
  for (std::int64_t i = 0; i < result_size(product); ++i) {
    const Element& e = analysis.element(i);
    out.push_back(std::isfinite(e.value) ? analysis.exact(e).value() : e.value);
  }
  return out;
}

namespace {

const char* formula_of(graph::Path path) {
  return path == graph::Path::kFast
             ? "BND-3: one conversion and two scale products per tile, + BND-2"
             : "BND-4: (gamma_K + 2u) * sum |a_k b_k|";
}

}  // namespace

ProductBounds product_bounds(const QuantizedProduct& product) {
  Analysis analysis(product);
  ProductBounds out;
  out.computed.formula = formula_of(product.path);
  out.reference.formula = formula_of(graph::Path::kSlow);
  for (std::int64_t i = 0; i < result_size(product); ++i) {
    const Element& e = analysis.element(i);
    const bool finite = std::isfinite(e.value_abs);
    out.computed.per_element.push_back(finite ? analysis.computed_bound(e) : kUndefined);
    out.reference.per_element.push_back(finite ? analysis.dequantized_bound(e, Side::kReference)
                                               : kUndefined);
    out.equal_bits.push_back(finite && analysis.equal_bits(e));
  }
  return out;
}

namespace {

// One side of one element against the exact value.
void judge_side(Judgement& side, std::int64_t i, double value, double bound, const ExactSum& exact,
                DType dtype) {
  if (std::isfinite(value)) {
    side.by_bound(i, exact.error_of(value), bound);
    return;
  }
  // An overflow to infinity is right where the exact value is that close to the largest number.
  const double size = std::fabs(exact.value()), largest = float_model(dtype).largest;
  const bool overflow = !std::isnan(value) && (value > 0) == (exact.sign() > 0);
  if (std::isinf(bound) || (overflow && size + bound >= largest)) return side.skip();
  side.compare_classes(i, classify(value), Class::kFinite);
}

void judge_classes(FakeQuantVerdict& v, std::int64_t i, double computed, double reference,
                   const std::vector<Class>& expected, bool zero_filled) {
  const auto one = [&](Judgement& side, double value) {
    const Class c = classify(value);
    // Zeros of padding or of other groups times infinity: NaN is as right as leaving them out.
    if (zero_filled && c == Class::kNan) return side.skip();
    const bool fits = std::find(expected.begin(), expected.end(), c) != expected.end();
    side.compare_classes(i, c, fits ? c : expected.front());
  };
  one(v.computed, computed);
  one(v.reference, reference);
}

bool finite_scales(const QuantizedView& x) {
  if (!x.scale) return true;
  for (std::int64_t i = 0; i < x.scale->size(); ++i) {
    if (!std::isfinite(x.scale->load(i))) return false;
  }
  return true;
}

}  // namespace

FakeQuantVerdict check_fake_quant(const QuantizedProduct& product, const Tensor& computed) {
  MXCHECK_CHECK(computed.shape() == product.contraction.result, "fake_quant: shapes differ");
  MXCHECK_CHECK(computed.dtype() == product.result, "fake_quant: dtypes differ");
  Analysis analysis(product);
  FakeQuantVerdict v;
  v.computed.formula = formula_of(product.path);
  v.reference.formula = formula_of(graph::Path::kSlow);
  v.float_result = float_reference(product);
  const bool has_wild_scale = !finite_scales(product.lhs) || !finite_scales(product.rhs);
  for (std::int64_t i = 0; i < computed.size(); ++i) {
    const Element& e = analysis.element(i);
    const double x = computed.load(i), y = v.float_result.load(i);
    if (!std::isfinite(e.value)) {
      judge_classes(v, i, x, y, analysis.classes(e), product.contraction.zero_filled);
      continue;
    }
    const ExactSum exact = analysis.exact(e);
    if (e.tiles.empty() && product.contraction.zero_filled && std::isnan(x) && has_wild_scale) {
      // Nothing but zeros that were filled in: times infinity or NaN they are NaN.
      v.computed.skip();
      continue;
    }
    judge_side(v.computed, i, x, analysis.computed_bound(e), exact, product.result);
    judge_side(v.reference, i, y, analysis.dequantized_bound(e, Side::kReference), exact,
               product.result);
    v.largest_difference = std::max(v.largest_difference, std::fabs(x - y));
    if (!analysis.equal_bits(e)) continue;
    ++v.equality_required;
    if (computed.bits(i) == v.float_result.bits(i)) continue;
    ++v.equality_failed;
    if (v.first_unequal < 0) v.first_unequal = i;
  }
  return v;
}

}  // namespace mxcheck::reference
