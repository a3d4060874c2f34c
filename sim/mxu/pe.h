// The arithmetic of one PE, its accumulator and the delivery, for the stepped models. Written apart
// from functional.cpp on purpose: the two are checked against each other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "sim/mxu/product.h"

namespace mxcheck::mxu {

// What travels along a column: the running sum and the group not yet joined to it.
struct MovingSum {
  std::int64_t partial = 0;
  std::int64_t group = 0;
};

class PeArithmetic {
 public:
  PeArithmetic(const Profile& profile, DType lhs, DType rhs);

  // The traps seen so far, first in (m, n) order and then in time.
  [[nodiscard]] const std::optional<OverflowAt>& first_trap() const { return first_trap_; }

  static void multiply_add(MovingSum& sum, std::int32_t a, std::int32_t b) {
    sum.group += std::int64_t{a} * b;
  }
  // The open group joins the running sum; `at` is the output and the group's last k.
  void close_group(MovingSum& sum, const OverflowAt& at);
  // The running sum an initial value starts.
  [[nodiscard]] std::int64_t start(std::int64_t init, const OverflowAt& at);
  [[nodiscard]] std::int64_t accumulate(std::int64_t acc, std::int64_t value, const OverflowAt& at);
  [[nodiscard]] std::int64_t deliver(std::int64_t acc, const OverflowAt& at);

 private:
  struct Register {
    int bits = 64;
    Overflow overflow = Overflow::kWrap;
  };
  [[nodiscard]] std::int64_t keep(__int128 exact, const Register& reg, Stage stage,
                                  const OverflowAt& at);
  [[nodiscard]] std::int64_t add(std::int64_t a, __int128 b, const Register& reg, Stage stage,
                                 const OverflowAt& at);
  void trap(Stage stage, const OverflowAt& at);

  Register group_, partial_, acc_, delivery_;
  bool float_sums_ = false;
  std::uint64_t zero_extension_mask_ = 0;  // 0: sign extension
  int shift_ = 0, unseen_ = 0;
  numerics::Rounding round_ = numerics::Rounding::kFloor;
  std::optional<OverflowAt> first_trap_;
};

}  // namespace mxcheck::mxu
