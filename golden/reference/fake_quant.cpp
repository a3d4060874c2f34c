// One pass over the pairs of each result element gathers what every part needs: the products summed
// per pair of scales (a tile), and the sizes the bounds are made of.
#include "golden/reference/fake_quant.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "golden/reference/exact.h"
#include "golden/reference/float_model.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// The products of one result element that share both scales.
struct Tile {
  double lhs_scale = 1, rhs_scale = 1;
  std::int64_t lhs_position = 0, rhs_position = 0;
  std::int64_t integer_sum = 0;  // of integer codes: exact
  double code_sum = 0;           // of any codes, in double
  double code_abs = 0;           // sum |code * code|
  double code_size = 0;          // sum (|code| + |zero point|) * (...)
  double count = 0;

  [[nodiscard]] double scales() const { return std::fabs(lhs_scale * rhs_scale); }
};

struct Element {
  std::vector<Tile> tiles;
  double value = 0;      // the real value in double, by IEEE rules for infinities and NaN
  double value_abs = 0;  // sum |a_k b_k|
  double operands = 0;   // sum (|a_k| + |b_k|) over products that are not zero
  double largest_operand = 0;
  double terms = 0;
};

// Elements that are infinite or NaN stay zero here: no exact sum is asked of them.
std::vector<Dyadic> exact_elements(const Decoded& operand) {
  std::vector<Dyadic> out(operand.code.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double code = operand.code[i], scale = operand.scale_of(static_cast<std::int64_t>(i));
    if (std::isfinite(code) && std::isfinite(scale)) out[i] = dyadic(code) * dyadic(scale);
  }
  return out;
}

class Analysis {
 public:
  explicit Analysis(const QuantizedProduct& product)
      : product_(product), lhs_(decode(product.lhs)), rhs_(decode(product.rhs)) {
    integer_ = lhs_.integer && rhs_.integer;
    power_of_two_scales_ = std::all_of(lhs_.scale.begin(), lhs_.scale.end(), is_power_of_two) &&
                           std::all_of(rhs_.scale.begin(), rhs_.scale.end(), is_power_of_two);
    if (!integer_) {
      lhs_values_ = exact_elements(lhs_);
      rhs_values_ = exact_elements(rhs_);
    }
  }

  [[nodiscard]] const Element& element(std::int64_t out);
  [[nodiscard]] ExactSum exact(const Element& element) const;  // of the last element()
  [[nodiscard]] double computed_bound(const Element& element) const;
  [[nodiscard]] double dequantized_bound(const Element& element, bool own_reference) const;
  [[nodiscard]] bool equal_bits(const Element& element) const;
  // Classes an element may have that is made of infinities or NaNs: dequantized first, or codes
  // first (0 * inf differs from a sum of codes times inf).
  [[nodiscard]] std::vector<Class> classes(const Element& element) const;

 private:
  [[nodiscard]] Tile& tile_of(std::int64_t lhs_position, std::int64_t rhs_position);
  [[nodiscard]] Running codes_first(const Tile& tile) const;
  [[nodiscard]] DType scaled_dtype() const;

  const QuantizedProduct& product_;
  Decoded lhs_, rhs_;
  std::vector<Dyadic> lhs_values_, rhs_values_;  // where the codes are not integers
  bool integer_ = false, power_of_two_scales_ = false;
  std::vector<Pair> pairs_;
  Element element_;
  std::size_t last_tile_ = 0;
};

Tile& Analysis::tile_of(std::int64_t lhs_position, std::int64_t rhs_position) {
  std::vector<Tile>& tiles = element_.tiles;
  const auto is_it = [&](const Tile& t) {
    return t.lhs_position == lhs_position && t.rhs_position == rhs_position;
  };
  if (last_tile_ < tiles.size() && is_it(tiles[last_tile_])) return tiles[last_tile_];
  last_tile_ =
      static_cast<std::size_t>(std::find_if(tiles.begin(), tiles.end(), is_it) - tiles.begin());
  if (last_tile_ == tiles.size()) {
    Tile tile;
    tile.lhs_position = lhs_position;
    tile.rhs_position = rhs_position;
    tile.lhs_scale = lhs_.scale[static_cast<std::size_t>(lhs_position)];
    tile.rhs_scale = rhs_.scale[static_cast<std::size_t>(rhs_position)];
    tiles.push_back(tile);
  }
  return tiles[last_tile_];
}

const Element& Analysis::element(std::int64_t out) {
  product_.contraction.pairs_of(out, pairs_);
  element_ = Element{};
  for (const Pair& pair : pairs_) {
    const auto l = static_cast<std::size_t>(pair.lhs), r = static_cast<std::size_t>(pair.rhs);
    Tile& tile = tile_of(lhs_.scale_position[l], rhs_.scale_position[r]);
    const double product = lhs_.code[l] * rhs_.code[r];
    if (integer_) tile.integer_sum += static_cast<std::int64_t>(product);
    tile.code_sum += product;
    tile.code_abs += std::fabs(product);
    tile.code_size += lhs_.code_size[l] * rhs_.code_size[r];
    tile.count += 1;
    const double a = lhs_.code[l] * tile.lhs_scale, b = rhs_.code[r] * tile.rhs_scale;
    element_.value += a * b;
    element_.value_abs += std::fabs(a * b);
    if (a != 0 && b != 0) element_.operands += std::fabs(a) + std::fabs(b);
    element_.largest_operand = std::max({element_.largest_operand, std::fabs(a), std::fabs(b)});
  }
  element_.terms = element_.value_abs == 0 ? 0 : static_cast<double>(pairs_.size());
  return element_;
}

ExactSum Analysis::exact(const Element& element) const {
  ExactSum sum;
  if (integer_) {
    for (const Tile& t : element.tiles) {
      sum.add_product(dyadic(t.integer_sum) * dyadic(t.lhs_scale), dyadic(t.rhs_scale));
    }
    return sum;
  }
  for (const Pair& pair : pairs_) {
    sum.add_product(
        dyadic(lhs_.code[static_cast<std::size_t>(pair.lhs)]) * dyadic(lhs_.scale_of(pair.lhs)),
        dyadic(rhs_.code[static_cast<std::size_t>(pair.rhs)]) * dyadic(rhs_.scale_of(pair.rhs)));
  }
  return sum;
}

// The dtype in which the scaled sums of the tiles are.
DType Analysis::scaled_dtype() const {
  if (!lhs_.scaled && !rhs_.scaled) return product_.result;
  if (!lhs_.scaled) return rhs_.dtype;
  if (!rhs_.scaled) return lhs_.dtype;
  return numerics::promote(lhs_.dtype, rhs_.dtype);
}

// BND-3 for one tile: the sum of codes, exact or in float; its conversion; one or two scales.
Running Analysis::codes_first(const Tile& tile) const {
  Running r;
  if (integer_) {
    r.magnitude = std::fabs(static_cast<double>(tile.integer_sum));
    if (r.magnitude >= 0x1p31) r.error = kUnbounded;  // the s32 accumulator wraps (DOT-8)
    const FloatModel first = float_model(lhs_.scaled ? lhs_.dtype : scaled_dtype());
    if (r.magnitude > std::ldexp(1.0, first.precision)) r.round(first);
    if (r.magnitude > first.largest) r.error = kUnbounded;
  } else {
    const FloatModel carrier = float_model(accumulator_of(product_.result));
    const double kept = tile.code_abs == 0 ? 0 : tile.count;
    r.magnitude = std::fabs(tile.code_sum) + tile.count * 0x1p-52 * tile.code_abs;
    r.error = gamma(tile.count, carrier.unit) * tile.code_size + kept * carrier.tiny;
    r.round(float_model(product_.result));  // as delivered
    if (product_.lhs.zero_point || product_.rhs.zero_point) {
      // Two more products (codes and zero points) and their difference, each rounded as delivered.
      r.error += 2 * float_model(product_.result).unit * tile.code_size;
      r.round(float_model(product_.result));
    }
  }
  if (lhs_.scaled) {
    r.scale(tile.lhs_scale);
    r.round(float_model(lhs_.dtype));
  }
  if (rhs_.scaled) {
    r.scale(tile.rhs_scale);
    r.round(float_model(scaled_dtype()));
  }
  return r;
}

// BND-3 over all tiles, BND-2 for their sum, the rounding of the sum to a narrow result.
double Analysis::computed_bound(const Element& e) const {
  if (product_.path != graph::Path::kFast) return dequantized_bound(e, false);
  Running total;
  double sizes = 0;
  for (const Tile& tile : e.tiles) {
    const Running r = codes_first(tile);
    total.error += r.error;
    sizes += r.magnitude + r.error;
  }
  total.magnitude = std::fabs(e.value) + e.terms * 0x1p-51 * e.value_abs;
  if (e.tiles.size() > 1) {
    const DType carrier = accumulator_of(scaled_dtype());
    total.error +=
        gamma(static_cast<double>(e.tiles.size()) - 1, float_model(carrier).unit) * sizes;
    if (carrier != scaled_dtype()) total.round(float_model(scaled_dtype()));
  }
  if (product_.result != scaled_dtype()) total.round(float_model(product_.result));
  return total.error * kSlack;
}

// BND-4: each operand dequantized by its roundings, then BND-1.
double Analysis::dequantized_bound(const Element& e, bool own_reference) const {
  const FloatModel carrier = float_model(accumulator_of(product_.result));
  double growth = 1 + gamma(e.terms, carrier.unit), tiny = carrier.tiny;
  for (const Decoded* side : {&lhs_, &rhs_}) {
    if (!side->scaled) continue;
    const FloatModel f = float_model(side->dtype);
    growth *= std::pow(1 + f.unit, side->dequantize_roundings);
    tiny = std::max(tiny, 2 * f.tiny);
    if (e.largest_operand * growth > f.largest) return kUnbounded;
  }
  Running r;
  r.magnitude = std::fabs(e.value) + e.terms * 0x1p-51 * e.value_abs;
  r.error = (growth - 1) * e.value_abs + tiny * (2 * e.operands + e.terms);
  if (e.value_abs + r.error > carrier.largest) r.error = kUnbounded;
  if (accumulator_of(product_.result) != product_.result) {
    r.round(float_model(product_.result));
  } else if (!own_reference && lhs_.dtype != rhs_.dtype &&
             accumulator_of(lhs_.dtype) != lhs_.dtype && accumulator_of(rhs_.dtype) != rhs_.dtype) {
    r.round(float_model(DType::kBF16));  // bf16 x f16 is delivered in bf16, then converted
  }
  return r.error * kSlack;
}

// All products are multiples of one power of two and their sizes add up to less than 2^precision
// multiples: then every partial sum, in any order, is exact.
bool Analysis::equal_bits(const Element& e) const {
  if (!integer_ || !power_of_two_scales_ || e.tiles.empty()) return false;
  const FloatModel result = float_model(product_.result);
  const FloatModel first = float_model(lhs_.scaled ? lhs_.dtype : scaled_dtype());
  const FloatModel carrier = float_model(accumulator_of(product_.result));
  double grain = e.tiles.front().scales();
  for (const Tile& t : e.tiles) grain = std::min(grain, t.scales());
  if (!(e.value_abs / grain < std::ldexp(1.0, carrier.precision))) return false;
  for (const Tile& t : e.tiles) {
    if (std::fabs(t.lhs_scale) < first.smallest_normal || grain < carrier.smallest_normal ||
        std::fabs(t.rhs_scale) < float_model(scaled_dtype()).smallest_normal) {
      return false;
    }
    // The codes' sum is converted to the first scale's dtype: exactly, or just as the result is
    // rounded if nothing is added afterwards.
    const bool exact = t.code_abs <= std::ldexp(1.0, first.precision);
    const bool same_rounding = e.tiles.size() == 1 && first.precision == result.precision;
    if (!exact && !same_rounding) return false;
    if (!exact && product_.path != graph::Path::kFast) return false;
    const double scaled = std::fabs(static_cast<double>(t.integer_sum) * t.lhs_scale);
    if (t.code_abs > first.largest / 2 || scaled > first.largest / 2) return false;
    if (scaled != 0 && scaled < first.smallest_normal) return false;
  }
  const double size = std::fabs(e.value);
  return size == 0 || (size >= result.smallest_normal && size <= result.largest / 2);
}

std::vector<Class> Analysis::classes(const Element& e) const {
  double codes_first = 0;
  for (const Tile& t : e.tiles) codes_first += t.code_sum * t.lhs_scale * t.rhs_scale;
  std::vector<Class> out{classify(e.value)};
  if (product_.path == graph::Path::kFast) out.push_back(classify(codes_first));
  return out;
}

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
    out.reference.per_element.push_back(finite ? analysis.dequantized_bound(e, true) : kUndefined);
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

}  // namespace

FakeQuantVerdict check_fake_quant(const QuantizedProduct& product, const Tensor& computed) {
  MXCHECK_CHECK(computed.shape() == product.contraction.result, "fake_quant: shapes differ");
  MXCHECK_CHECK(computed.dtype() == product.result, "fake_quant: dtypes differ");
  Analysis analysis(product);
  FakeQuantVerdict v;
  v.computed.formula = formula_of(product.path);
  v.reference.formula = formula_of(graph::Path::kSlow);
  v.float_result = float_reference(product);
  for (std::int64_t i = 0; i < computed.size(); ++i) {
    const Element& e = analysis.element(i);
    const double x = computed.load(i), y = v.float_result.load(i);
    if (!std::isfinite(e.value)) {
      judge_classes(v, i, x, y, analysis.classes(e), product.contraction.zero_filled);
      continue;
    }
    const ExactSum exact = analysis.exact(e);
    judge_side(v.computed, i, x, analysis.computed_bound(e), exact, product.result);
    judge_side(v.reference, i, y, analysis.dequantized_bound(e, true), exact, product.result);
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
