// The plain way: int32 multiply-add in any order, modulo 2^32, and the licence that lets it stand
// for a profile. Whole suites run through here, so the loops are blocked for the compiler's
// vectoriser; 16-bit codes keep a block's sum exact in 32 bits.
#include <algorithm>
#include <array>
#include <string>

#include "sim/base/check.h"
#include "sim/mxu/product.h"

namespace mxcheck::mxu {
namespace {

using numerics::wrap_add;

// At most 2^8 * 2^8 * 32767 < 2^31: a block of this many products of codes in [-256, 256] is exact.
constexpr std::int64_t kBlockK = 32767;
constexpr std::int32_t kSmallCode = 256;

std::int32_t dot_block(const std::int16_t* a, const std::int16_t* b, std::int64_t count) {
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    sum += std::int32_t{a[i]} * std::int32_t{b[i]};
  }
  return sum;
}

bool small(std::span<const std::int32_t> codes) {
  return std::all_of(codes.begin(), codes.end(),
                     [](std::int32_t c) { return c >= -kSmallCode && c <= kSmallCode; });
}

void small_product(const Product& x, std::vector<std::int32_t>& acc) {
  const std::vector<std::int16_t> lhs(x.lhs.begin(), x.lhs.end());
  std::vector<std::int16_t> rhs(x.rhs.size());  // [n, k]
  for (std::int64_t k = 0; k < x.k; ++k) {
    for (std::int64_t n = 0; n < x.n; ++n) {
      rhs[static_cast<std::size_t>(n * x.k + k)] =
          static_cast<std::int16_t>(x.rhs[static_cast<std::size_t>(k * x.n + n)]);
    }
  }
  for (std::int64_t m = 0; m < x.m; ++m) {
    for (std::int64_t n = 0; n < x.n; ++n) {
      std::int32_t sum = 0;
      for (std::int64_t k = 0; k < x.k; k += kBlockK) {
        sum = wrap_add(sum, dot_block(lhs.data() + m * x.k + k, rhs.data() + n * x.k + k,
                                      std::min(kBlockK, x.k - k)));
      }
      acc[static_cast<std::size_t>(m * x.n + n)] = sum;
    }
  }
}

void any_product(const Product& x, std::vector<std::int32_t>& acc) {
  for (std::int64_t m = 0; m < x.m; ++m) {
    std::int32_t* out = acc.data() + m * x.n;
    for (std::int64_t k = 0; k < x.k; ++k) {
      const std::int32_t a = x.lhs[static_cast<std::size_t>(m * x.k + k)];
      const std::int32_t* b = x.rhs.data() + k * x.n;
      for (std::int64_t n = 0; n < x.n; ++n) {
        out[n] = wrap_add(out[n], numerics::wrap_mul(a, b[n]));
      }
    }
  }
}

struct Range {
  __int128 low = 0, high = 0;
};
Range wide(const CodeRange& range) { return {range.low, range.high}; }
template <typename T>
CodeRange range_of(std::span<const T> codes) {
  if (codes.empty()) return {};
  const auto [low, high] = std::minmax_element(codes.begin(), codes.end());
  return {*low, *high};
}
bool fits(const Range& range, std::int64_t bits) {
  const int width = static_cast<int>(bits);
  return range.low >= numerics::signed_min(width) && range.high <= numerics::signed_max(width);
}

// Sums of up to `count` products, empty sum included: every partial sum in any order lies in it.
Range sums(const Range& a, const Range& b, std::int64_t count) {
  const std::array<__int128, 4> corners = {a.low * b.low, a.low * b.high, a.high * b.low,
                                           a.high * b.high};
  const auto [low, high] = std::minmax_element(corners.begin(), corners.end());
  return {std::min<__int128>(*low, 0) * count, std::max<__int128>(*high, 0) * count};
}

Licence range_proof(const Profile& profile, const ProductRange& product) {
  const Range lhs = wide(product.lhs), rhs = wide(product.rhs);
  const Range group = sums(lhs, rhs, std::min(profile.product_group, product.k));
  Range total = sums(lhs, rhs, product.k);
  total.low += std::min<std::int64_t>(product.init.low, 0);
  total.high += std::max<std::int64_t>(product.init.high, 0);
  if (profile.partial_extension == Extension::kZero && group.low < 0) {
    return {false, "zero extension of negative sums"};
  }
  if (profile.group_bits != kExactGroup && !fits(group, profile.group_bits)) {
    return {false, "a group's sum can leave its register"};
  }
  constexpr std::int64_t kExactInFloat = 24 + 1;  // signed
  const std::int64_t narrowest =
      profile.emulation == Emulation::kBf16F32
          ? std::min(kExactInFloat, profile.delivery_bits)
          : std::min({profile.partial_bits, profile.acc_bits, profile.delivery_bits});
  if (!fits(total, std::min<std::int64_t>(narrowest, 32))) {
    return {false,
            "sums can leave " + std::to_string(std::min<std::int64_t>(narrowest, 32)) + " bits"};
  }
  return {true, "range proof: no sum leaves " +
                    std::to_string(std::min<std::int64_t>(narrowest, 32)) + " bits"};
}

}  // namespace

bool plain_wrap(const Profile& profile) {
  const auto wraps = [&](std::int64_t bits, Overflow overflow) {
    return overflow == Overflow::kWrap && bits >= 32;
  };
  return profile.emulation == Emulation::kNone && profile.tail == Tail::kPad &&
         (profile.group_bits == kExactGroup || wraps(profile.group_bits, profile.group_overflow)) &&
         profile.partial_extension == Extension::kSign &&
         wraps(profile.partial_bits, profile.partial_overflow) &&
         wraps(profile.acc_bits, profile.acc_overflow) && profile.delivery_shift == 0 &&
         profile.delivery_bits == 32 && profile.delivery_overflow == Overflow::kWrap;
}

Licence licence(const Profile& profile, const ProductRange& range) {
  if (plain_wrap(profile)) return {true, "wraps modulo 2^32 everywhere"};
  if (profile.delivery_shift != 0) return {false, "delivery shifts"};
  if (profile.tail == Tail::kDrop) return {false, "tails are dropped"};
  return range_proof(profile, range);
}

Licence licence(const Profile& profile, const Product& product) {
  if (plain_wrap(profile)) return licence(profile, ProductRange{});
  return licence(profile, ProductRange{range_of(product.lhs), range_of(product.rhs),
                                       range_of(product.init), product.k});
}

std::vector<std::int32_t> multiply_modulo_2_32(const Product& product) {
  std::vector<std::int32_t> acc(static_cast<std::size_t>(product.m * product.n), 0);
  if (small(product.lhs) && small(product.rhs)) {
    small_product(product, acc);
  } else {
    any_product(product, acc);
  }
  for (std::size_t i = 0; i < product.init.size(); ++i) {
    acc[i] = wrap_add(acc[i], static_cast<std::int32_t>(product.init[i]));
  }
  return acc;
}

ProductResult multiply(const Profile& profile, const Product& product) {
  ProductResult result;
  result.refusal = refuse_types(profile, product.lhs_type, product.rhs_type);
  if (!result.refusal.refused()) {
    result.refusal = refuse_shape(profile, product.m, product.n, product.k);
  }
  if (result.refusal.refused()) {
    result.status = Status::kRefused;
    return result;
  }
  const Licence granted = licence(profile, product);
  if (!granted.granted) {
    result = functional(profile, product);
    result.path = "functional: " + granted.reason;
    return result;
  }
  const std::vector<std::int32_t> plain = multiply_modulo_2_32(product);
  result.acc.assign(plain.begin(), plain.end());
  result.path = "plain: " + granted.reason;
  return result;
}

}  // namespace mxcheck::mxu
