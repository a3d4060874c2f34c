// Registers of given widths: wrap by sign-extending the low bits, saturate by comparing with the
// ends of the range, trap by wrapping and reporting.
#include "sim/mxu/pe.h"

#include <bit>

namespace mxcheck::mxu {
namespace {

int code_bits(DType type) { return type == DType::kS8 || type == DType::kU8 ? 8 : 4; }

}  // namespace

PeArithmetic::PeArithmetic(const Profile& profile, DType lhs, DType rhs)
    : partial_{static_cast<int>(profile.partial_bits), profile.partial_overflow},
      acc_{static_cast<int>(profile.acc_bits), profile.acc_overflow},
      delivery_{static_cast<int>(profile.delivery_bits), profile.delivery_overflow},
      float_sums_(profile.emulation == Emulation::kBf16F32),
      shift_(static_cast<int>(profile.delivery_shift)),
      round_(profile.delivery_round) {
  if (profile.group_bits != kExactGroup) {
    group_ = {static_cast<int>(profile.group_bits), profile.group_overflow};
  }
  if (profile.partial_extension == Extension::kZero) {
    const int exact_bits =
        code_bits(lhs) + code_bits(rhs) +
        static_cast<int>(std::bit_width(static_cast<std::uint64_t>(profile.product_group))) - 1;
    const int bits = profile.group_bits != kExactGroup ? group_.bits : exact_bits;
    zero_extension_mask_ = ~std::uint64_t{0} >> (64 - bits);
  }
  if (profile.delivery_sticky_bits != kAllSticky) {
    unseen_ = std::max(0, shift_ - 1 - static_cast<int>(profile.delivery_sticky_bits));
  }
}

void PeArithmetic::trap(Stage stage, const OverflowAt& at) {
  const bool earlier =
      !first_trap_ || at.m < first_trap_->m || (at.m == first_trap_->m && at.n < first_trap_->n);
  if (earlier) first_trap_ = OverflowAt{at.m, at.n, at.k, stage};
}

std::int64_t PeArithmetic::keep(__int128 exact, const Register& reg, Stage stage,
                                const OverflowAt& at) {
  const int unused = 64 - reg.bits;
  const auto wrapped =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(exact) << unused) >> unused;
  if (wrapped == exact) return wrapped;
  if (reg.overflow == Overflow::kSaturate) {
    const std::int64_t largest = INT64_MAX >> unused;
    return exact < 0 ? -largest - 1 : largest;
  }
  if (reg.overflow == Overflow::kTrap) trap(stage, at);
  return wrapped;
}

std::int64_t PeArithmetic::add(std::int64_t a, __int128 b, const Register& reg, Stage stage,
                               const OverflowAt& at) {
  if (!float_sums_) return keep(a + b, reg, stage, at);
  const float sum = static_cast<float>(a) + static_cast<float>(static_cast<std::int64_t>(b));
  return static_cast<std::int64_t>(sum);
}

void PeArithmetic::close_group(MovingSum& sum, const OverflowAt& at) {
  const std::int64_t group = keep(sum.group, group_, Stage::kGroup, at);
  sum.group = 0;
  const __int128 entering =
      zero_extension_mask_ == 0
          ? __int128{group}
          : static_cast<__int128>(static_cast<std::uint64_t>(group) & zero_extension_mask_);
  sum.partial = add(sum.partial, entering, partial_, Stage::kPartial, at);
}

std::int64_t PeArithmetic::start(std::int64_t init, const OverflowAt& at) {
  return add(0, init, partial_, Stage::kPartial, at);
}

std::int64_t PeArithmetic::accumulate(std::int64_t acc, std::int64_t value, const OverflowAt& at) {
  return add(acc, value, acc_, Stage::kAcc, at);
}

std::int64_t PeArithmetic::deliver(std::int64_t acc, const OverflowAt& at) {
  if (shift_ == 0) return keep(acc, delivery_, Stage::kDelivery, at);
  const std::int64_t seen = acc >> unseen_ << unseen_;
  const std::int64_t kept = seen >> shift_;
  const bool first_out = ((seen >> (shift_ - 1)) & 1) != 0;
  const bool more_out = (static_cast<std::uint64_t>(seen) << (64 - shift_) << 1) != 0;
  bool up = false;
  switch (round_) {
    case numerics::Rounding::kEven:
      up = first_out && (more_out || (kept & 1) != 0);
      break;
    case numerics::Rounding::kAway:
      up = first_out && (more_out || seen >= 0);
      break;
    case numerics::Rounding::kUp:
      up = first_out;
      break;
    case numerics::Rounding::kFloor:
      break;
    case numerics::Rounding::kZero:
      up = seen < 0 && (first_out || more_out);
      break;
  }
  return keep(__int128{kept} + (up ? 1 : 0), delivery_, Stage::kDelivery, at);
}

}  // namespace mxcheck::mxu
