// The definition of a product, written to be read beside it: for each chunk in order, s := 0 (or
// the initial value); for each group of products in ascending k, p := their exact sum brought to
// group_bits and s := s + p brought to partial_bits; then acc := acc + s brought to acc_bits. At
// the end delivery. Nothing here is shared with the stepped array that is checked against it.
#include <algorithm>
#include <bit>
#include <utility>

#include "sim/base/check.h"
#include "sim/mxu/product.h"

namespace mxcheck::mxu {
namespace {

using Wide = __int128;

struct Chunk {
  std::int64_t begin = 0, end = 0;
};

// Tail::kDrop: what does not fill the side of the array it lies on is never computed.
struct Extents {
  std::int64_t m, n, k;
};
Extents computed_extents(const Profile& profile, const Product& product) {
  Extents e{product.m, product.n, product.k};
  if (profile.tail != Tail::kDrop) return e;
  if (profile.dataflow == Dataflow::kOutputStationary) {
    e.m -= e.m % profile.rows;
  } else {
    e.k -= e.k % (profile.rows * profile.macs_per_pe);
  }
  std::int64_t& along_cols = profile.dataflow == Dataflow::kInputStationary ? e.m : e.n;
  along_cols -= along_cols % profile.cols;
  return e;
}

std::vector<Chunk> chunks(const Profile& profile, std::int64_t k) {
  const std::int64_t length = chunk_length(profile, k);
  std::vector<Chunk> result;
  for (std::int64_t begin = 0; begin < k; begin += length) {
    result.push_back({begin, std::min(begin + length, k)});
  }
  if (result.empty()) result.push_back({0, 0});
  if (profile.chunk_order == ChunkOrder::kDescending) std::reverse(result.begin(), result.end());
  return result;
}

std::int64_t bring(Wide value, std::int64_t bits, Overflow overflow) {
  const int width = static_cast<int>(bits);
  return overflow == Overflow::kSaturate ? numerics::saturate_to(value, width)
                                         : numerics::wrap_to(value, width);
}

int bit_width(DType type) { return type == DType::kS4 || type == DType::kU4 ? 4 : 8; }

// How a group's sum enters the running sum: sign-extended, or as the unsigned number of its bits.
Wide extend(const Profile& profile, const Product& product, std::int64_t p) {
  if (profile.partial_extension == Extension::kSign) return p;
  const int natural = bit_width(product.lhs_type) + bit_width(product.rhs_type) +
                      std::countr_zero(static_cast<std::uint64_t>(profile.product_group));
  const std::int64_t bits = profile.group_bits == kExactGroup ? natural : profile.group_bits;
  return Wide{p} & ((Wide{1} << bits) - 1);
}

// Integral floats of moderate size convert to int64 and back exactly.
std::int64_t float_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<float>(a) + static_cast<float>(b));
}

Wide shift_and_round(const Profile& profile, Wide value) {
  const std::int64_t shift = profile.delivery_shift;
  if (shift == 0) return value;
  const std::int64_t seen = profile.delivery_sticky_bits;
  const std::int64_t unseen = seen == kAllSticky ? 0 : std::max<std::int64_t>(shift - 1 - seen, 0);
  value = (value >> unseen) << unseen;
  const Wide floor = value >> shift;
  const Wide rest = value - (floor << shift);
  const Wide half = Wide{1} << (shift - 1);
  switch (profile.delivery_round) {
    case numerics::Rounding::kEven:
      return floor + (rest > half || (rest == half && (floor & 1) != 0) ? 1 : 0);
    case numerics::Rounding::kAway:
      return floor + (rest > half || (rest == half && value >= 0) ? 1 : 0);
    case numerics::Rounding::kUp:
      return floor + (rest >= half ? 1 : 0);
    case numerics::Rounding::kFloor:
      return floor;
    case numerics::Rounding::kZero:
      return floor + (rest != 0 && value < 0 ? 1 : 0);
  }
  return floor;
}

// The product of one (m, n, k), and the running sum after an add, of a unit with defects.
struct Faulty {
  const Profile& profile;
  const Product& product;
  const Defects* defects;  // null: a healthy one
  std::int64_t m, n;

  [[nodiscard]] std::int64_t multiply(std::int32_t lhs, std::int32_t rhs, std::int64_t k,
                                      const Chunk& chunk) const {
    const Pe pe = pe_of(profile, m, n, k, chunk.begin);
    if (profile.dataflow == Dataflow::kInputStationary) std::swap(lhs, rhs);
    return defects->product(defects->activation_at(lhs, pe), defects->weight_at(rhs, pe), pe,
                            k + 1 == chunk.end);
  }
  [[nodiscard]] std::int64_t add(std::int64_t before, std::int64_t sum, std::int64_t k,
                                 const Chunk& chunk) const {
    return defects->partial(before, sum, pe_of(profile, m, n, k, chunk.begin));
  }
};

// One output. `see(stage, chunk, k, exact, kept)` is told every register write.
template <typename See>
std::int64_t output(const Profile& profile, const Product& product, std::int64_t m, std::int64_t n,
                    std::int64_t k_end, See&& see, const Defects* defects = nullptr) {
  const Faulty unit{profile, product, defects, m, n};
  const bool emulated = profile.emulation == Emulation::kBf16F32;
  const std::int64_t init =
      product.init.empty() ? 0 : product.init[static_cast<std::size_t>(m * product.n + n)];
  std::int64_t acc = 0, chunk_number = 0, last_k = 0;
  const auto write = [&](Stage stage, std::int64_t a, Wide b, std::int64_t bits,
                         Overflow overflow) {
    const Wide exact = emulated ? Wide{float_add(a, static_cast<std::int64_t>(b))} : a + b;
    const std::int64_t kept =
        emulated ? static_cast<std::int64_t>(exact) : bring(exact, bits, overflow);
    see(stage, chunk_number, last_k, exact, kept);
    return kept;
  };
  for (const Chunk& chunk : chunks(profile, k_end)) {
    std::int64_t s = 0;
    last_k = chunk.begin;
    if (chunk_number == 0 && profile.acc_init == AccInit::kFirst && !product.init.empty()) {
      s = write(Stage::kPartial, 0, init, profile.partial_bits, profile.partial_overflow);
    }
    for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += profile.product_group) {
      const std::int64_t end = std::min(begin + profile.product_group, chunk.end);
      std::int64_t p = 0;
      for (std::int64_t k = begin; k < end; ++k) {
        const std::int32_t a = product.lhs[static_cast<std::size_t>(m * product.k + k)];
        const std::int32_t b = product.rhs[static_cast<std::size_t>(k * product.n + n)];
        p += defects == nullptr ? std::int64_t{a} * b : unit.multiply(a, b, k, chunk);
      }
      last_k = end - 1;
      const std::int64_t exact = p;
      if (profile.group_bits != kExactGroup)
        p = bring(p, profile.group_bits, profile.group_overflow);
      see(Stage::kGroup, chunk_number, last_k, Wide{exact}, p);
      const std::int64_t before = s;
      s = write(Stage::kPartial, s, extend(profile, product, p), profile.partial_bits,
                profile.partial_overflow);
      if (defects != nullptr) s = unit.add(before, s, last_k, chunk);
    }
    acc = write(Stage::kAcc, acc, s, profile.acc_bits, profile.acc_overflow);
    if (defects != nullptr && chunk_number == 0 && defects->adds_twice()) {
      acc = write(Stage::kAcc, acc, s, profile.acc_bits, profile.acc_overflow);
    }
    ++chunk_number;
  }
  if (profile.acc_init == AccInit::kLast && !product.init.empty()) {
    acc = write(Stage::kAcc, acc, init, profile.acc_bits, profile.acc_overflow);
  }
  const Wide rounded = shift_and_round(profile, acc);
  const std::int64_t delivered = bring(rounded, profile.delivery_bits, profile.delivery_overflow);
  see(Stage::kDelivery, chunk_number, last_k, rounded, delivered);
  return delivered;
}

bool traps(const Profile& profile, Stage stage) {
  switch (stage) {
    case Stage::kGroup:
      return false;
    case Stage::kPartial:
      return profile.partial_overflow == Overflow::kTrap;
    case Stage::kAcc:
      return profile.acc_overflow == Overflow::kTrap;
    case Stage::kDelivery:
      return profile.delivery_overflow == Overflow::kTrap;
  }
  return false;
}

void check_operands(const Product& product) {
  MXCHECK_CHECK(product.m >= 0 && product.n >= 0 && product.k >= 0, "extents");
  MXCHECK_CHECK(product.lhs.size() == static_cast<std::size_t>(product.m * product.k), "lhs");
  MXCHECK_CHECK(product.rhs.size() == static_cast<std::size_t>(product.k * product.n), "rhs");
  MXCHECK_CHECK(product.init.empty() ||
                    product.init.size() == static_cast<std::size_t>(product.m * product.n),
                "init");
}

int width_of(Wide value) {
  int bits = 1;
  while (bits < 64 && (value < numerics::signed_min(bits) || value > numerics::signed_max(bits))) {
    ++bits;
  }
  return bits;
}

}  // namespace

const char* name(Stage stage) {
  constexpr const char* kNames[] = {"group", "partial", "acc", "delivery"};
  return kNames[static_cast<std::size_t>(stage)];
}

// The output whose result a unit with swapped columns delivers as output (m, n).
void swap_columns(const Profile& profile, const Extents& computed, const Defects& defects,
                  std::int64_t& m, std::int64_t& n) {
  const bool by_m = profile.dataflow == Dataflow::kInputStationary;
  std::int64_t& column = by_m ? m : n;
  const std::int64_t begin = column - column % profile.cols;
  const std::int64_t all = by_m ? computed.m : computed.n;
  column = defects.column(column, begin, std::min(begin + profile.cols, all));
}

ProductResult functional(const Profile& profile, const Product& product, const Defects* defects) {
  check_operands(product);
  ProductResult result;
  result.path = "functional";
  result.refusal = refuse_types(profile, product.lhs_type, product.rhs_type);
  if (!result.refusal.refused()) {
    result.refusal = refuse_shape(profile, product.m, product.n, product.k);
  }
  if (result.refusal.refused()) {
    result.status = Status::kRefused;
    return result;
  }
  const Extents computed = computed_extents(profile, product);
  result.acc.assign(static_cast<std::size_t>(product.m * product.n), 0);
  for (std::int64_t m = 0; m < computed.m; ++m) {
    for (std::int64_t n = 0; n < computed.n; ++n) {
      const auto see = [&](Stage stage, std::int64_t, std::int64_t k, Wide exact,
                           std::int64_t kept) {
        if (exact == kept || result.overflow || !traps(profile, stage)) return;
        result.overflow = OverflowAt{m, n, k, stage};
        result.status = Status::kUndefined;
      };
      std::int64_t from_m = m, from_n = n;
      if (defects != nullptr) swap_columns(profile, computed, *defects, from_m, from_n);
      result.acc[static_cast<std::size_t>(m * product.n + n)] =
          output(profile, product, from_m, from_n, computed.k, see, defects);
    }
  }
  return result;
}

WidthsNeeded widths_needed(const Profile& profile, const Product& product) {
  check_operands(product);
  Profile wide = profile;
  wide.group_bits = kExactGroup;
  wide.partial_bits = wide.acc_bits = wide.delivery_bits = 64;
  WidthsNeeded result;
  int* const widths[] = {&result.group, &result.partial, &result.acc, &result.delivery};
  const Extents computed = computed_extents(profile, product);
  for (std::int64_t m = 0; m < computed.m; ++m) {
    for (std::int64_t n = 0; n < computed.n; ++n) {
      (void)output(wide, product, m, n, computed.k,
                   [&](Stage stage, std::int64_t, std::int64_t, Wide exact, std::int64_t) {
                     int& width = *widths[static_cast<std::size_t>(stage)];
                     width = std::max(width, width_of(exact));
                   });
    }
  }
  return result;
}

std::vector<ChainStep> output_chain(const Profile& profile, const Product& product, std::int64_t m,
                                    std::int64_t n) {
  check_operands(product);
  std::vector<ChainStep> steps;
  const Extents computed = computed_extents(profile, product);
  if (m >= computed.m || n >= computed.n) return steps;
  (void)output(profile, product, m, n, computed.k,
               [&](Stage stage, std::int64_t chunk, std::int64_t k, Wide exact, std::int64_t kept) {
                 steps.push_back({stage, chunk, k, kept, exact != kept});
               });
  return steps;
}

}  // namespace mxcheck::mxu
