// Sums, exact values and bounds of one element at a time; README.md derives the bounds.
#include "golden/reference/product_analysis.h"

#include <algorithm>
#include <limits>

namespace mxcheck::reference {
namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// Elements that are infinite or NaN stay zero here: no exact sum is asked of them.
std::vector<Dyadic> exact_elements(const Decoded& operand) {
  std::vector<Dyadic> out(operand.code.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double code = operand.code[i], scale = operand.scale_of(static_cast<std::int64_t>(i));
    if (std::isfinite(code) && std::isfinite(scale)) out[i] = dyadic(code) * dyadic(scale);
  }
  return out;
}

}  // namespace

Analysis::Analysis(const QuantizedProduct& product)
    : product_(product), lhs_(decode(product.lhs)), rhs_(decode(product.rhs)) {
  integer_ = lhs_.integer && rhs_.integer;
  power_of_two_scales_ = std::all_of(lhs_.scale.begin(), lhs_.scale.end(), is_power_of_two) &&
                         std::all_of(rhs_.scale.begin(), rhs_.scale.end(), is_power_of_two);
  lhs_seen_.assign(lhs_.scale.size(), 0);
  rhs_seen_.assign(rhs_.scale.size(), 0);
  if (!integer_) {
    lhs_values_ = exact_elements(lhs_);
    rhs_values_ = exact_elements(rhs_);
  }
}

Tile& Analysis::tile_of(std::int64_t lhs_position, std::int64_t rhs_position) {
  std::vector<Tile>& tiles = element_.tiles;
  const auto is_it = [&](const Tile& t) {
    return t.lhs_position == lhs_position && t.rhs_position == rhs_position;
  };
  if (last_tile_ < tiles.size() && is_it(tiles[last_tile_])) return tiles[last_tile_];
  std::uint64_t& lhs_seen = lhs_seen_[static_cast<std::size_t>(lhs_position)];
  std::uint64_t& rhs_seen = rhs_seen_[static_cast<std::size_t>(rhs_position)];
  const bool is_new = lhs_seen != element_number_ || rhs_seen != element_number_;
  const auto found = is_new ? tiles.end() : std::find_if(tiles.begin(), tiles.end(), is_it);
  last_tile_ = static_cast<std::size_t>(found - tiles.begin());
  lhs_seen = rhs_seen = element_number_;
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
  ++element_number_;
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
  if (product_.path != graph::Path::kFast) return dequantized_bound(e, Side::kComputed);
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
double Analysis::dequantized_bound(const Element& e, Side whose) const {
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
  } else if (whose == Side::kComputed && mixed_narrow()) {
    r.round(float_model(DType::kBF16));  // bf16 x f16 is delivered in bf16, then converted
  }
  return r.error * kSlack;
}

// All products are multiples of one power of two and their sizes add up to less than 2^precision
// multiples: then every partial sum, in any order, is exact, and only the result rounds.
bool Analysis::equal_bits(const Element& e) const {
  if (!integer_ || !power_of_two_scales_ || e.tiles.empty() || mixed_narrow()) return false;
  const FloatModel result = float_model(product_.result);
  const FloatModel carrier = float_model(accumulator_of(product_.result));
  double grain = e.tiles.front().scales();
  for (const Tile& t : e.tiles) grain = std::min(grain, t.scales());
  if (grain < carrier.smallest_normal) return false;
  if (!(e.value_abs / grain < std::ldexp(1.0, carrier.precision))) return false;
  for (const Tile& t : e.tiles) {
    if (product_.path == graph::Path::kFast && !codes_first_rounds_once(e, t)) return false;
    const double smallest_scale = std::min(std::fabs(t.lhs_scale), std::fabs(t.rhs_scale));
    if (smallest_scale < result.smallest_normal) return false;
  }
  const double size = std::fabs(e.value), largest = result.largest / 2;
  if (e.largest_operand > largest) return false;
  return size == 0 || (size >= result.smallest_normal && size <= largest);
}

// The codes' sum is converted to the first scale's dtype: exactly, or just as the result is rounded
// if nothing is added afterwards; no step leaves the normal range.
bool Analysis::codes_first_rounds_once(const Element& e, const Tile& t) const {
  const FloatModel first = float_model(lhs_.scaled ? lhs_.dtype : scaled_dtype());
  const bool exact = t.code_abs <= std::ldexp(1.0, first.precision);
  const bool as_result =
      e.tiles.size() == 1 && first.precision == float_model(product_.result).precision;
  const double scaled =
      std::fabs(static_cast<double>(t.integer_sum) * (lhs_.scaled ? t.lhs_scale : t.rhs_scale));
  const bool in_range = t.code_abs <= first.largest / 2 && scaled <= first.largest / 2;
  return (exact || as_result) && in_range && (scaled == 0 || scaled >= first.smallest_normal);
}

std::vector<Class> Analysis::classes(const Element& e) const {
  double codes_first = 0;
  for (const Tile& t : e.tiles) codes_first += t.code_sum * t.lhs_scale * t.rhs_scale;
  std::vector<Class> out{classify(e.value)};
  if (product_.path == graph::Path::kFast) out.push_back(classify(codes_first));
  return out;
}

}  // namespace mxcheck::reference
