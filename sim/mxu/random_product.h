// Random products and profiles for the property tests and the fuzzer of this folder: deterministic,
// extreme codes frequent, small arrays so that every edge and overflow is met often. Tests only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/threefry.h"
#include "sim/mxu/product.h"

namespace mxcheck::mxu {

// Rolls of a seed; or first those the given bytes say, then those of seed 0.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  explicit Dice(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  // Uniform in [low, high].
  std::int64_t roll(std::int64_t low, std::int64_t high) {
    const auto span = static_cast<std::uint64_t>(high - low + 1);
    return low + static_cast<std::int64_t>(word(span) % span);
  }
  bool one_in(std::int64_t n) { return roll(1, n) == 1; }
  template <typename T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(roll(0, static_cast<std::int64_t>(from.size()) - 1))];
  }

 private:
  std::uint64_t word(std::uint64_t span) {
    if (bytes_.empty()) return base::random_word(seed_, count_++);
    std::uint64_t out = 0;
    for (std::size_t i = span <= 256 ? 3 : 0; i < 4 && !bytes_.empty(); ++i) {
      out = out << 8 | bytes_.front();
      bytes_ = bytes_.subspan(1);
    }
    return out;
  }
  std::uint64_t seed_ = 0, count_ = 0;
  std::span<const std::uint8_t> bytes_;
};

// A product that owns its codes.
struct OwnedProduct {
  std::vector<std::int32_t> lhs, rhs;
  std::vector<std::int64_t> init;
  Product product;

  OwnedProduct() = default;
  OwnedProduct(const OwnedProduct&) = delete;
  OwnedProduct& operator=(const OwnedProduct&) = delete;
};

inline std::int32_t random_code(Dice& dice, DType type, bool extreme) {
  const auto low = static_cast<std::int32_t>(numerics::integer_min(type));
  const auto high = static_cast<std::int32_t>(numerics::integer_max(type));
  if (extreme) return dice.one_in(3) ? high : low;
  return static_cast<std::int32_t>(dice.roll(low, high));
}

inline void fill_random(Dice& dice, const Profile& profile, std::int64_t m, std::int64_t n,
                        std::int64_t k, OwnedProduct& owned) {
  Product& x = owned.product;
  x.m = m, x.n = n, x.k = k;
  x.lhs_type = dice.pick(profile.lhs_types);
  x.rhs_type = dice.pick(profile.rhs_types);
  const bool extreme = dice.one_in(2);
  for (std::int64_t i = 0; i < m * k; ++i) {
    owned.lhs.push_back(random_code(dice, x.lhs_type, extreme));
  }
  for (std::int64_t i = 0; i < k * n; ++i) {
    owned.rhs.push_back(random_code(dice, x.rhs_type, extreme));
  }
  if (dice.one_in(2)) {
    const std::int64_t limit = dice.pick<std::int64_t>({100, 1 << 20, INT32_MAX});
    for (std::int64_t i = 0; i < m * n; ++i) owned.init.push_back(dice.roll(-limit, limit));
  }
  x.lhs = owned.lhs, x.rhs = owned.rhs, x.init = owned.init;
}

// Any profile a user could write, on an array of at most 9 x 9.
inline Profile random_profile(Dice& dice) {
  Profile p;
  p.rows = dice.roll(1, 9);
  p.cols = dice.roll(1, 9);
  p.dataflow = static_cast<Dataflow>(dice.roll(0, 2));
  p.macs_per_pe = dice.pick<std::int64_t>({1, 1, 2, 4});
  p.product_group = dice.pick<std::int64_t>({1, 1, 2, 4, 8, 16, 64});
  p.chunk = dice.one_in(3) ? kChunkAll : p.product_group * dice.roll(1, 6);
  if (dice.one_in(2) && p.rows * p.macs_per_pe % p.product_group == 0) p.chunk = kChunkRows;
  p.group_bits = dice.one_in(2) ? kExactGroup : dice.roll(6, 20);
  p.group_overflow = static_cast<Overflow>(dice.roll(0, 1));
  p.partial_bits = dice.pick<std::int64_t>({8, 15, 16, 18, 20, 32, 34, 64});
  p.partial_overflow = static_cast<Overflow>(dice.roll(0, 2));
  p.partial_extension = dice.one_in(4) ? Extension::kZero : Extension::kSign;
  p.chunk_order = static_cast<ChunkOrder>(dice.roll(0, 1));
  p.acc_bits = dice.pick<std::int64_t>({16, 18, 20, 24, 32, 64});
  p.acc_overflow = static_cast<Overflow>(dice.roll(0, 2));
  p.acc_init = static_cast<AccInit>(dice.roll(0, 1));
  p.delivery_shift = dice.one_in(2) ? 0 : dice.roll(1, 20);
  p.delivery_round = static_cast<numerics::Rounding>(dice.roll(0, 4));
  p.delivery_sticky_bits = dice.one_in(2) ? kAllSticky : dice.roll(0, 15);
  p.delivery_bits = dice.pick<std::int64_t>({8, 16, 32, 64});
  p.delivery_overflow = static_cast<Overflow>(dice.roll(0, 2));
  p.tail = dice.one_in(5) ? Tail::kDrop : Tail::kPad;
  p.emulation = dice.one_in(6) ? Emulation::kBf16F32 : Emulation::kNone;
  p.weight_load_cycles = dice.one_in(2) ? 0 : dice.roll(1, 15);
  p.weight_buffers = dice.roll(1, 2);
  p.acc_rows = dice.one_in(2) ? 0 : dice.roll(1, 30);
  p.lhs_fifo = dice.one_in(2) ? 0 : dice.roll(1, 9);
  return p;
}

}  // namespace mxcheck::mxu
