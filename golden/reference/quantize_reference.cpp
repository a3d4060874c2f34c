// Scales, zero points and codes from their definitions; see quantize_reference.h.
#include "golden/reference/quantize_reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "golden/reference/exact_rounding.h"
#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

using numerics::Policy;
using numerics::QRounding;
using numerics::QTypeInfo;
using Division = Policy::Division;

// A division by a constant or a scale, or a product with its rounded reciprocal.
enum class Quotient : std::uint8_t { kDivided, kByReciprocal };

Quotient other(Quotient q) {
  return q == Quotient::kDivided ? Quotient::kByReciprocal : Quotient::kDivided;
}

Quotient quotient_by(Division division, DType dtype, std::int64_t elements) {
  if (division == Division::kReciprocalAlways) return Quotient::kByReciprocal;
  const bool multiplies =
      division == Division::kReciprocal && dtype != DType::kBF16 && elements != 1;
  return multiplies ? Quotient::kByReciprocal : Quotient::kDivided;
}

double divide(DType dtype, double a, double b, Quotient how) {
  return how == Quotient::kByReciprocal ? exact_multiply(dtype, a, exact_divide(dtype, 1, b))
                                        : exact_divide(dtype, a, b);
}

// SCL-3: the root of the smallest normal number, a power of two in every dtype.
double smallest_scale(DType dtype) {
  return std::ldexp(1.0, std::ilogb(float_model(dtype).smallest_normal) / 2);
}

double guarded(DType dtype, double scale) { return scale < smallest_scale(dtype) ? 1 : scale; }

double round_code(Policy::Tie tie, double q) {
  if (tie == Policy::Tie::kEven) {
    const double down = std::floor(q), rest = q - down;
    const bool up = rest > 0.5 || (rest == 0.5 && std::fmod(down, 2) != 0);
    return up ? down + 1 : down;
  }
  if (tie == Policy::Tie::kUp) {
    const double down = std::floor(q);
    return q - down >= 0.5 ? down + 1 : down;
  }
  return std::round(q);
}

// SCL-6: 2^ceil(log2 s), where log2 is a computed function: near a power of two it may say either.
ScaleRange power_of_two_above(DType dtype, ScaleRange s) {
  const auto with_slack = [&](double scale, double direction) {
    if (!std::isfinite(scale)) return scale;
    const double logarithm = std::log2(scale);
    const double slack = 6 * float_model(dtype).unit * std::fabs(logarithm);
    return std::exp2(std::ceil(logarithm + direction * slack));
  };
  return {with_slack(s.low, -1), with_slack(s.high, +1)};
}

ScaleRange emulated(DType dtype, QRounding rounding, ScaleRange s) {
  if (rounding == QRounding::kMx) return power_of_two_above(dtype, s);
  if (rounding != QRounding::kNv) return s;
  const auto cast = [](double scale) {
    return round_to(DType::kF8E4M3FN, std::isnan(scale) ? scale : std::min(scale, 448.0));
  };
  return {cast(s.low), cast(s.high)};
}

}  // namespace

bool models(const Policy& policy) {
  return policy.excess_precision == Policy::ExcessPrecision::kNone;
}

std::vector<ScaleRange> reference_scales(const Quantization& q, const Calibration& c) {
  const QTypeInfo& type = numerics::info(q.plan.qtype);
  const DType dtype = q.x.dtype();
  const auto groups = static_cast<std::int64_t>(c.high.size());
  const Quotient how = quotient_by(q.policy.scale_constant, dtype, groups);
  std::vector<ScaleRange> out;
  for (std::size_t j = 0; j < c.high.size(); ++j) {
    const double range = c.asymmetric ? exact_add(dtype, c.high[j], -c.low[j]) : c.high[j];
    const double steps = round_to(dtype, c.asymmetric ? type.high - type.low : type.bound);
    const double scale = divide(dtype, range, steps, how);
    const double slack =
        c.uncertainty[j] + (c.uncertainty[j] > 0 ? 4 * float_model(dtype).unit : 0);
    ScaleRange s{guarded(dtype, scale * (1 - slack)), guarded(dtype, scale * (1 + slack))};
    if (s.low > s.high) std::swap(s.low, s.high);  // the guard took only one of them
    out.push_back(emulated(dtype, type.rounding, s));
  }
  return out;
}

std::vector<std::vector<std::int64_t>> reference_zero_points(const Quantization& q,
                                                             const Calibration& c,
                                                             const Tensor& scale) {
  const QTypeInfo& type = numerics::info(q.plan.qtype);
  const DType dtype = q.x.dtype();
  const std::vector<std::int64_t> position = broadcast_positions(scale.shape(), c.shape);
  std::vector<std::vector<std::int64_t>> out;
  for (std::int64_t j = 0; j < scale.size(); ++j) {
    const double low = c.low[static_cast<std::size_t>(position[static_cast<std::size_t>(j)])];
    std::vector<std::int64_t> allowed;
    for (const Quotient how : {Quotient::kDivided, Quotient::kByReciprocal}) {
      if (how == Quotient::kByReciprocal && q.policy.quotient == Division::kDivide) continue;
      const double z = exact_add(dtype, type.low, -divide(dtype, low, scale.load(j), how));
      const double rounded = round_code(Policy::Tie::kEven, z);
      const double clipped = std::clamp<double>(rounded, type.low, type.high);
      allowed.push_back(std::isnan(z) ? 0 : static_cast<std::int64_t>(clipped));
    }
    out.push_back(allowed);
  }
  return out;
}

namespace {

// The sixteen distances in f32, each correctly rounded; the lowest index among equals (TYP-3).
std::int64_t nearest_nf4(double q) {
  if (std::isnan(q)) return 0;
  std::int64_t best = 0;
  double distance = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < 16; ++i) {
    const double d = std::fabs(exact_add(DType::kF32, q, -nf4_value(i)));
    if (d < distance) {
      distance = d;
      best = i;
    }
  }
  return best;
}

class Quantizer {
 public:
  Quantizer(const Quantization& q, const Tensor& scale, const std::optional<Tensor>& zero_point)
      : q_(q), type_(numerics::info(q.plan.qtype)), scale_(scale), zero_point_(zero_point) {
    position_ = broadcast_positions(q.x.shape(), scale.shape());
    if (q.noise) noise_position_ = broadcast_positions(q.x.shape(), q.noise->shape());
    // POL-7: only a scale that is broadcast is turned into a reciprocal.
    const bool broadcast = scale.size() != q.x.size();
    how_ = quotient_by(q.policy.quotient, q.x.dtype(), broadcast ? 0 : 1);
  }

  // x / scale (+ zero point), and noise: the number that is rounded to a code.
  [[nodiscard]] double quotient(std::int64_t i, Quotient how) const {
    const DType dtype = q_.x.dtype();
    const std::int64_t j = position_[static_cast<std::size_t>(i)];
    double q = divide(dtype, q_.x.load(i), round_to(dtype, scale_.load(j)), how);
    if (zero_point_) {
      q = exact_add(dtype, q, round_to(dtype, static_cast<double>(zero_point_->load_int(j))));
    }
    if (q_.noise && type_.rounding == QRounding::kInteger) {
      q = exact_add(DType::kF32, round_to(DType::kF32, q),
                    q_.noise->load(noise_position_[static_cast<std::size_t>(i)]));
    }
    return q;
  }
  [[nodiscard]] bool integer() const {
    return type_.rounding == QRounding::kInteger || type_.rounding == QRounding::kEmulated;
  }
  [[nodiscard]] Quotient how() const { return how_; }

  // Would a quotient one number up or down in its dtype get another code? With noise the sum is
  // f32.
  [[nodiscard]] bool decided_by_one_ulp(double quotient) const {
    const bool noisy = q_.noise && type_.rounding == QRounding::kInteger;
    const FloatModel f = float_model(noisy ? DType::kF32 : q_.x.dtype());
    if (!std::isfinite(quotient) || std::fabs(quotient) < f.smallest_normal) return false;
    // Spacing of the numbers around it; below a power of two it is half as wide.
    const int exponent = std::ilogb(quotient);
    const double step = std::ldexp(1.0, exponent - f.precision + 1);
    const bool power = std::fabs(quotient) == std::ldexp(1.0, exponent);
    const double inner = power ? step / 2 : step;
    const double up = quotient + (quotient > 0 ? step : inner);
    const double down = quotient - (quotient > 0 ? inner : step);
    return integer_code(up) != integer_code(down);
  }

  [[nodiscard]] std::int64_t integer_code(double quotient) const {
    if (type_.rounding == QRounding::kNf4) return nearest_nf4(quotient);
    if (std::isnan(quotient)) {
      return q_.policy.nan_code == Policy::NanCode::kMin ? type_.low : 0;
    }
    double q = quotient;
    if (q_.policy.code_clamp == Policy::CodeClamp::kNarrow && type_.low < 0 &&
        type_.rounding == QRounding::kInteger) {
      q = std::clamp<double>(q, -type_.high, type_.high);
    }
    return static_cast<std::int64_t>(
        std::clamp<double>(round_code(q_.policy.tie, q), type_.low, type_.high));
  }
  [[nodiscard]] double float_code(double quotient) const {
    const double clipped =
        std::isnan(quotient) ? quotient : std::clamp(quotient, -type_.bound, type_.bound);
    return round_to(type_.stored, clipped);
  }
  void store(Tensor& codes, std::int64_t i, double quotient) const {
    if (numerics::is_float(type_.stored)) {
      codes.store(i, float_code(quotient));
    } else {
      codes.store_int(i, integer_code(quotient));
    }
  }
  [[nodiscard]] const QTypeInfo& type() const { return type_; }

 private:
  const Quantization& q_;
  const QTypeInfo& type_;
  const Tensor& scale_;
  const std::optional<Tensor>& zero_point_;
  std::vector<std::int64_t> position_, noise_position_;
  Quotient how_ = Quotient::kDivided;
};

void count(Counted& counted, bool right, std::int64_t i) {
  ++counted.checked;
  if (right) return;
  ++counted.wrong;
  if (counted.first_wrong < 0) counted.first_wrong = i;
}

bool within(double value, const ScaleRange& range) {
  if (std::isnan(range.low)) return std::isnan(value);
  return range.low <= value && value <= range.high;
}

void check_scales(const Quantization& q, const Calibration& c, const Tensor& scale,
                  QuantizeVerdict& v) {
  const std::vector<ScaleRange> expected = reference_scales(q, c);
  const std::vector<std::int64_t> position = broadcast_positions(scale.shape(), c.shape);
  for (std::int64_t j = 0; j < scale.size(); ++j) {
    const ScaleRange& range =
        expected[static_cast<std::size_t>(position[static_cast<std::size_t>(j)])];
    if (!within(scale.load(j), range) && v.scales.wrong == 0) v.expected_first_scale = range.low;
    count(v.scales, within(scale.load(j), range), j);
  }
}

void check_codes(const Quantization& q, const QuantizedView& recorded, QuantizeVerdict& v) {
  const Quantizer quantizer(q, *recorded.scale, recorded.zero_point);
  v.expected_codes = reference_codes(q, *recorded.scale, recorded.zero_point);
  const QTypeInfo& type = quantizer.type();
  for (std::int64_t i = 0; i < q.x.size(); ++i) {
    count(v.codes, tensor::same_element(v.expected_codes, recorded.qvalue, i), i);
    if (!quantizer.integer()) continue;
    const double quotient = quantizer.quotient(i, quantizer.how());
    const double changed = quantizer.quotient(i, other(quantizer.how()));
    if (std::isfinite(quotient) && quotient - std::floor(quotient) == 0.5) ++v.ties;
    const double rounded = round_code(q.policy.tie, quotient);
    if (rounded > type.high || rounded < type.low) ++v.saturated;
    if (quantizer.integer_code(quotient) != quantizer.integer_code(changed)) ++v.sensitive;
    if (quantizer.decided_by_one_ulp(quotient)) ++v.by_one_ulp;
  }
}

}  // namespace

Tensor reference_codes(const Quantization& q, const Tensor& scale,
                       const std::optional<Tensor>& zero_point) {
  const Quantizer quantizer(q, scale, zero_point);
  Tensor codes(quantizer.type().stored, q.x.shape());
  for (std::int64_t i = 0; i < q.x.size(); ++i) {
    quantizer.store(codes, i, quantizer.quotient(i, quantizer.how()));
  }
  return codes;
}

QuantizeVerdict check_quantize(const Quantization& q, const QuantizedView& recorded) {
  MXCHECK_CHECK(recorded.scale.has_value(), "a quantized operand has a scale");
  MXCHECK_CHECK(recorded.qvalue.shape() == q.x.shape(), "quantize: shapes differ");
  MXCHECK_CHECK(models(q.policy), "quantize: policy not modelled");
  const Calibration c =
      q.calibration ? *q.calibration : calibrate(q.x, q.plan.method, q.plan.scale_shape);
  QuantizeVerdict v;
  check_scales(q, c, *recorded.scale, v);
  if (recorded.zero_point) {
    const auto allowed = reference_zero_points(q, c, *recorded.scale);
    for (std::int64_t j = 0; j < recorded.zero_point->size(); ++j) {
      const auto& a = allowed[static_cast<std::size_t>(j)];
      const std::int64_t z = recorded.zero_point->load_int(j);
      count(v.zero_points, std::find(a.begin(), a.end(), z) != a.end(), j);
    }
  }
  check_codes(q, recorded, v);
  return v;
}

}  // namespace mxcheck::reference
