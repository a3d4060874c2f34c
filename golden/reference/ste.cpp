// Straight-through gradients as exact contractions, and what quantizing g may add.
#include "golden/reference/ste.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "golden/reference/fake_quant.h"
#include "golden/reference/float_model.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

QuantizedProduct float_product(const SteGradient& s) {
  return {s.contraction, raw_view(s.g), s.residual, graph::Path::kSlow, s.result};
}

Keep keep_of(const SteGradient& s, std::int64_t i) {
  return s.mask.empty() ? Keep::kKeep : s.mask[static_cast<std::size_t>(i)];
}

Judgement judge_gradient(const SteGradient& s, const Tensor& exact, const Bound& bound,
                         const Tensor& computed) {
  MXCHECK_CHECK(computed.shape() == s.contraction.result, "ste: shapes differ");
  Judgement j = judge(computed, exact, bound);
  if (s.mask.empty()) return j;
  Judgement masked;
  masked.formula = bound.formula;
  for (std::int64_t i = 0; i < computed.size(); ++i) {
    const double x = computed.load(i), y = exact.load(i);
    const double limit = bound.per_element[static_cast<std::size_t>(i)];
    if (keep_of(s, i) == Keep::kEither && x == 0) {
      masked.by_bound(i, 0, 0);
    } else if (std::isfinite(x) && std::isfinite(y)) {
      masked.by_bound(i, std::fabs(x - y), limit);
    } else if (std::isinf(limit)) {
      masked.skip();
    } else {
      masked.compare_classes(i, classify(x), classify(y));
    }
  }
  return masked;
}

}  // namespace

SteExpectation ste_expectation(const SteGradient& gradient) {
  const QuantizedProduct product = float_product(gradient);
  const std::vector<double> exact = exact_values(product);
  SteExpectation out;
  out.exact = Tensor(DType::kF64, gradient.contraction.result);
  out.bound = product_bounds(product).reference;
  out.bound.formula = gradient.residual.scale ? "BND-4: (gamma_K + u) * sum |g_k y_k|"
                                              : "BND-1: gamma_K * sum |g_k y_k|";
  for (std::int64_t i = 0; i < out.exact.size(); ++i) {
    double& bound = out.bound.per_element[static_cast<std::size_t>(i)];
    if (keep_of(gradient, i) == Keep::kClip) {
      bound = 0;  // and the value stays zero
      continue;
    }
    const double value = exact[static_cast<std::size_t>(i)];
    out.exact.store(i, value);
    if (bound > 0) bound += 0x1p-53 * std::fabs(value);  // `exact` is itself rounded to f64
  }
  return out;
}

Judgement check_ste(const SteGradient& gradient, const Tensor& computed) {
  const SteExpectation expected = ste_expectation(gradient);
  return judge_gradient(gradient, expected.exact, expected.bound, computed);
}

namespace {

// What a multiplication reads: the operand's value, zero for a subnormal (POL-9). f16 keeps its own
// and is normal in f32.
double factor(const Tensor& x, std::int64_t i) {
  const DType dtype = x.dtype();
  return dtype == DType::kF16 ? x.load(i) : arithmetic_result(dtype, x.load(i));
}

}  // namespace

std::optional<Tensor> ste_in_order(const SteGradient& s, const FloatOrder& order) {
  const bool f32 = order.m > 1 && order.n > 1 && order.k <= kOrderedProducts && order.ascending;
  const Tensor residual = dequantize(s.residual);
  const bool mixed = s.g.dtype() != residual.dtype() && s.g.dtype() != DType::kF32 &&
                     residual.dtype() != DType::kF32;
  const bool wide = s.g.dtype() == DType::kF64 || residual.dtype() == DType::kF64;
  if (!f32 || mixed || wide || s.contraction.zero_filled) return std::nullopt;
  Tensor out(s.result, s.contraction.result);
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    s.contraction.pairs_of(i, pairs);
    float sum = 0;
    for (const Pair& p : pairs) {
      const auto g = static_cast<float>(factor(s.g, p.lhs));
      const auto y = static_cast<float>(factor(residual, p.rhs));
      const float next = std::fma(g, y, sum);
      sum = static_cast<float>(std::copysign(
          arithmetic_result(DType::kF32, static_cast<double>(next)), static_cast<double>(next)));
    }
    out.store(i, static_cast<double>(sum));
  }
  return out;
}

namespace {

// How far a quantized value may be from the value, in units of the scale, and the codes' range.
struct CodeError {
  double absolute = 0.5;  // half a step
  double relative = 0;    // half an ulp of a float code
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

CodeError code_error(const QtGradient& q) {
  CodeError e;
  if (!q.g_codes.scale) return {0, 0};  // g stays as it is
  if (!q.qtype) return e;
  const numerics::QTypeInfo& info = numerics::info(*q.qtype);
  e.low = info.low;
  e.high = info.high;
  switch (info.stored) {
    case DType::kF8E4M3FN:
      return {0x1p-10, 0x1p-4, -448, 448};
    case DType::kF8E5M2:
      return {0x1p-17, 0x1p-3, -57344, 57344};
    case DType::kF4E2M1FN:
      return {0.25, 0.25, -6, 6};
    default:
      break;
  }
  if (q.g_codes.nf4) return {(nf4_value(1) - nf4_value(0)) / 2, 0, -1, 1};
  // Noise moves a quotient by up to half a step; a rounded zero point moves the range by as much.
  const bool rounds_noise = info.rounding == numerics::QRounding::kInteger && q.noise;
  if (rounds_noise || q.g_codes.zero_point) e.absolute = 1;
  return e;
}

// |quantized(g) - g| for one gradient element; `zero_point` and the codes in units of `step`.
double quantization_error(const CodeError& e, double g, double step, double zero_point,
                          double unit) {
  if (e.absolute == 0) return 0;
  const double quotient = g / step;
  const double code = quotient + zero_point;
  const double beyond = std::max({code - e.high, e.low - code, 0.0});
  // Folding, the quotient (by a rounded reciprocal: twice) and the zero point round.
  const double rounding = unit * (4 * std::fabs(quotient) + 2 * std::fabs(zero_point));
  const double nearest = std::max(e.absolute, e.relative * std::fabs(quotient));
  return step * (std::max(nearest, beyond) + rounding);
}

}  // namespace

Bound qt_gradient_bound(const QtGradient& q) {
  const QuantizedProduct product{q.ste.contraction, q.g_codes, q.residual, q.path, q.ste.result};
  Bound out = product_bounds(product).computed;
  out.formula = "BND-5: sum (step_g / 2) |y_n| + " + out.formula;
  const Decoded codes = decode(q.g_codes), used = decode(q.residual), ste = decode(q.ste.residual);
  const CodeError error = code_error(q);
  const FloatModel format = float_model(codes.dtype);
  const double largest = float_model(q.ste.result).largest;
  // Zeros filled in beside the pairs times a scale that is not finite are NaN: nothing is stated.
  const bool open = q.ste.contraction.zero_filled && !codes.finite;
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < out.per_element.size(); ++i) {
    if (keep_of(q.ste, static_cast<std::int64_t>(i)) == Keep::kClip) {
      out.per_element[i] = 0;
      continue;
    }
    if (open) {
      out.per_element[i] = std::numeric_limits<double>::infinity();
      continue;
    }
    q.ste.contraction.pairs_of(static_cast<std::int64_t>(i), pairs);
    double quantized = 0, changed = 0, size = 0;
    for (const Pair& p : pairs) {
      const auto l = static_cast<std::size_t>(p.lhs), r = static_cast<std::size_t>(p.rhs);
      const double g = q.ste.g.load(p.lhs), fold = q.folded ? ste.scale_of(p.rhs) : 1;
      const double zero_point =
          q.g_codes.zero_point
              ? static_cast<double>(q.g_codes.zero_point->load_int(codes.scale_position[l]))
              : 0;
      const double multiplied = used.code[r] * used.scale_of(p.rhs);
      // A subnormal g, or g times the scale, may be read as or become zero (POL-9).
      const double underflow = q.g_codes.scale ? format.tiny * (1 + std::fabs(fold)) : 0;
      quantized +=
          std::fabs(multiplied) *
          (quantization_error(error, g * fold, codes.scale_of(p.lhs), zero_point, format.unit) +
           underflow);
      size += std::fabs(g * ste.code[r] * ste.scale_of(p.rhs));
      changed += std::fabs(g) * std::fabs(multiplied * fold - ste.code[r] * ste.scale_of(p.rhs));
    }
    const double total = (out.per_element[i] + quantized + changed) * kSlack;
    // An infinite gradient quantizes to NaN codes of zero, and a gradient beyond the largest number
    // may be infinite or not: nothing to compare.
    const bool stated = !std::isnan(total) && size + total <= largest;
    out.per_element[i] = stated ? total : std::numeric_limits<double>::infinity();
  }
  return out;
}

Judgement check_qt_gradient(const QtGradient& gradient, const Tensor& computed) {
  const Bound bound = qt_gradient_bound(gradient);
  return judge_gradient(gradient.ste, ste_expectation(gradient.ste).exact, bound, computed);
}

Similarity similarity(const Tensor& reference, const Tensor& computed) {
  double ab = 0, aa = 0, bb = 0, noise = 0;
  for (std::int64_t i = 0; i < reference.size(); ++i) {
    const double a = reference.load(i), b = computed.load(i);
    ab += a * b;
    aa += a * a;
    bb += b * b;
    noise += (a - b) * (a - b);
  }
  Similarity s;
  s.cosine = aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : (aa == bb ? 1 : 0);
  s.sqnr_db = 10 * std::log10(aa / noise);
  return s;
}

}  // namespace mxcheck::reference
