// Dyadic numbers and the wide register: integer operations only, each exact by construction.
#include "golden/reference/exact.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/base/check.h"

namespace mxcheck::reference {
namespace {

using Unsigned = unsigned __int128;

Unsigned magnitude(__int128 value) {
  return value < 0 ? -static_cast<Unsigned>(value) : static_cast<Unsigned>(value);
}

int bit_width(__int128 value) {
  const Unsigned m = magnitude(value);
  const auto high = static_cast<std::uint64_t>(m >> 64);
  return high != 0 ? 64 + static_cast<int>(std::bit_width(high))
                   : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(m)));
}

Dyadic with_odd_mantissa(__int128 mantissa, int exponent) {
  if (mantissa == 0) return {};
  auto low = static_cast<std::uint64_t>(magnitude(mantissa));
  int zeros = low != 0 ? std::countr_zero(low) : 64;
  if (zeros == 64) {
    low = static_cast<std::uint64_t>(magnitude(mantissa) >> 64);
    zeros += std::countr_zero(low);
  }
  return {mantissa >> zeros, exponent + zeros};  // only zeros are shifted out
}

}  // namespace

Dyadic dyadic(double value) {
  MXCHECK_CHECK(std::isfinite(value), "an infinity or NaN is no dyadic number");
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto fraction = static_cast<std::int64_t>(bits & ((std::uint64_t{1} << 52) - 1));
  const int biased = static_cast<int>((bits >> 52) & 0x7FF);
  const std::int64_t mantissa = biased == 0 ? fraction : fraction | std::int64_t{1} << 52;
  return with_odd_mantissa(std::signbit(value) ? -mantissa : mantissa, std::max(biased, 1) - 1075);
}

Dyadic dyadic(std::int64_t value) { return with_odd_mantissa(value, 0); }

Dyadic operator*(const Dyadic& a, const Dyadic& b) {
  MXCHECK_CHECK(bit_width(a.mantissa) + bit_width(b.mantissa) <= 126, "product too wide");
  if (a.mantissa == 0 || b.mantissa == 0) return {};
  return {a.mantissa * b.mantissa, a.exponent + b.exponent};
}

bool is_power_of_two(double value) {
  int exponent = 0;
  return std::isfinite(value) && std::fabs(std::frexp(value, &exponent)) == 0.5;
}

void ExactSum::add(const Dyadic& term) {
  if (term.mantissa == 0) return;
  const int position = term.exponent - kLowest;
  MXCHECK_CHECK(position >= 0 && position / 32 + 6 < kLimbs, "term outside the register");
  const int shift = position % 32;
  int limb = position / 32;
  low_ = std::min(low_, limb);
  const std::int64_t sign = term.mantissa < 0 ? -1 : 1;
  for (Unsigned rest = magnitude(term.mantissa); rest != 0; rest >>= 32, ++limb) {
    const std::uint64_t piece = (static_cast<std::uint64_t>(rest) & 0xFFFFFFFFu) << shift;
    limbs_[static_cast<std::size_t>(limb)] += sign * static_cast<std::int64_t>(piece & 0xFFFFFFFFu);
    limbs_[static_cast<std::size_t>(limb) + 1] += sign * static_cast<std::int64_t>(piece >> 32);
  }
  high_ = std::max(high_, limb + 1);
  if (++pending_ == kAddsBetweenCarries) {
    high_ = carry(limbs_, low_, high_);
    pending_ = 0;
  }
}

void ExactSum::add_product(const Dyadic& a, const Dyadic& b) {
  if (a.mantissa == 0 || b.mantissa == 0) return;
  if (bit_width(a.mantissa) + bit_width(b.mantissa) <= 126) {
    add({a.mantissa * b.mantissa, a.exponent + b.exponent});
    return;
  }
  const __int128 sign = b.mantissa < 0 ? -1 : 1;
  int exponent = a.exponent + b.exponent;
  for (Unsigned rest = magnitude(b.mantissa); rest != 0; rest >>= 32, exponent += 32) {
    const auto piece = static_cast<std::int64_t>(static_cast<std::uint64_t>(rest) & 0xFFFFFFFFu);
    MXCHECK_CHECK(bit_width(a.mantissa) <= 94, "factor too wide");
    add({sign * a.mantissa * piece, exponent});
  }
}

void ExactSum::subtract(double value) {
  const Dyadic term = dyadic(value);
  add({-term.mantissa, term.exponent});
}

// Brings limbs [low, high) into [0, 2^32) each; limb `high` takes the signed rest. Returns the new
// end of the touched limbs.
int ExactSum::carry(Limbs& limbs, int low, int high) {
  for (int i = low; i < high; ++i) {
    const std::int64_t up = limbs[static_cast<std::size_t>(i)] >> 32;
    limbs[static_cast<std::size_t>(i)] -= up * (std::int64_t{1} << 32);
    limbs[static_cast<std::size_t>(i) + 1] += up;
  }
  MXCHECK_CHECK(high + 1 < kLimbs, "sum outside the register");
  return high + 1;
}

int ExactSum::sign() const {
  const double v = value();
  return v > 0 ? 1 : v < 0 ? -1 : 0;
}

double ExactSum::value() const {
  Limbs limbs = limbs_;
  int high = carry(limbs, low_, high_);
  const bool negative = high > 0 && limbs[static_cast<std::size_t>(high - 1)] < 0;
  if (negative) {
    for (int i = low_; i < high; ++i) limbs[static_cast<std::size_t>(i)] *= -1;
    high = carry(limbs, low_, high);
  }
  int top = high - 1;
  while (top >= low_ && limbs[static_cast<std::size_t>(top)] == 0) --top;
  if (top < low_) return 0;
  Unsigned leading = 0;  // the top three limbs, and a sticky bit for all below
  for (int i = top; i > top - 3; --i) {
    leading =
        (leading << 32) | static_cast<Unsigned>(i >= low_ ? limbs[static_cast<std::size_t>(i)] : 0);
  }
  for (int i = low_; i <= top - 3; ++i) {
    if (limbs[static_cast<std::size_t>(i)] != 0) leading |= 1u;
  }
  const double rounded = std::ldexp(static_cast<double>(leading), kLowest + 32 * (top - 2));
  return negative ? -rounded : rounded;
}

double ExactSum::error_of(double computed) const {
  ExactSum difference = *this;
  difference.subtract(computed);
  return std::fabs(difference.value());
}

}  // namespace mxcheck::reference
