// One function per register or wire; each planted fault that sits there has its say.
#include "sim/mxu/defects.h"

#include <string_view>

namespace mxcheck::mxu {
namespace {

using fault::Fault;
using fault::Kind;

bool lives_at(const Fault& fault, fault::Level level) {
  const std::string_view how = fault::info(fault.kind).how;
  return (how == "register" || how == "array") && fault.at.level == level;
}

bool is_signed(DType type) { return type == DType::kS8 || type == DType::kS4; }
int width(DType type) { return type == DType::kS4 || type == DType::kU4 ? 4 : 8; }

std::int64_t with_bit(std::int64_t value, std::int64_t bit, bool set) {
  const std::int64_t mask = std::int64_t{1} << bit;
  return set ? value | mask : value & ~mask;
}

// A code register of `type` with one bit stuck.
std::int32_t stuck_code(std::int32_t value, std::int64_t bit, bool set, DType type) {
  const int bits = width(type);
  if (bit >= bits) return value;
  const std::int64_t held = with_bit(value, bit, set);
  return static_cast<std::int32_t>(is_signed(type) ? numerics::wrap_to(held, bits)
                                                   : held & ((1 << bits) - 1));
}

}  // namespace

Pe pe_of(const Profile& profile, std::int64_t m, std::int64_t n, std::int64_t k,
         std::int64_t chunk_begin) {
  if (profile.dataflow == Dataflow::kOutputStationary) {
    return {m % profile.rows, n % profile.cols};
  }
  const std::int64_t depth = profile.rows * profile.macs_per_pe;
  const std::int64_t column = profile.dataflow == Dataflow::kInputStationary ? m : n;
  return {(k - chunk_begin) % depth / profile.macs_per_pe, column % profile.cols};
}

Defects::Defects(const fault::Faults& faults, fault::Level level, const Profile& profile, DType lhs,
                 DType rhs)
    : activation_(profile.dataflow == Dataflow::kInputStationary ? rhs : lhs),
      weight_(profile.dataflow == Dataflow::kInputStationary ? lhs : rhs),
      partial_bits_(static_cast<int>(profile.partial_bits)) {
  for (const Fault& fault : faults.list()) {
    if (lives_at(fault, level)) faults_.add(fault);
  }
}

bool Defects::any(const fault::Faults& faults, fault::Level level) {
  for (const Fault& fault : faults.list()) {
    if (lives_at(fault, level)) return true;
  }
  return false;
}

std::int32_t Defects::activation_register(std::int32_t value, Pe pe) const {
  for (const Fault& f : faults_.list()) {
    if (f.at.row != pe.row || f.at.col != pe.col) continue;
    if (f.kind == Kind::activation_stuck_at_0 || f.kind == Kind::activation_stuck_at_1) {
      value = stuck_code(value, f.at.bit, f.kind == Kind::activation_stuck_at_1, activation_);
    }
  }
  return value;
}

std::int32_t Defects::weight_register(std::int32_t value, Pe pe) const {
  for (const Fault& f : faults_.list()) {
    if (f.at.row != pe.row || f.at.col != pe.col) continue;
    if (f.kind == Kind::weight_stuck_at_0 || f.kind == Kind::weight_stuck_at_1) {
      value = stuck_code(value, f.at.bit, f.kind == Kind::weight_stuck_at_1, weight_);
    }
  }
  return value;
}

std::int32_t Defects::activation_at(std::int32_t value, Pe pe) const {
  for (std::int64_t col = 0; col <= pe.col; ++col) {
    value = activation_register(value, {pe.row, col});
  }
  return value;
}

std::int32_t Defects::weight_at(std::int32_t value, Pe pe) const {
  for (std::int64_t row = 0; row <= pe.row; ++row) {
    value = weight_register(value, {row, pe.col});
  }
  return value;
}

std::int32_t Defects::read(std::int32_t value, DType type, Kind as_unsigned, Kind as_signed,
                           Kind as_one_more, Kind as_zero) const {
  const int bits = width(type);
  const std::int32_t lowest = -(1 << (bits - 1));
  if (!is_signed(type)) {
    return has(as_signed) ? static_cast<std::int32_t>(numerics::wrap_to(value, bits)) : value;
  }
  if (value == lowest && has(as_one_more)) return lowest + 1;
  if (value == lowest && has(as_zero)) return 0;
  return has(as_unsigned) ? value & ((1 << bits) - 1) : value;
}

std::int64_t Defects::product(std::int32_t activation, std::int32_t weight, Pe pe,
                              bool last) const {
  if (last && has(Kind::last_k_dropped)) return 0;
  const std::int32_t a =
      read(activation, activation_, Kind::activation_as_unsigned, Kind::activation_as_signed,
           Kind::activation_minus_128_as_minus_127, Kind::activation_minus_128_as_0);
  const std::int32_t b = read(weight, weight_, Kind::weight_as_unsigned, Kind::weight_as_signed,
                              Kind::weight_minus_128_as_minus_127, Kind::weight_minus_128_as_0);
  constexpr int kNarrowProduct = 15;
  std::int64_t out = std::int64_t{a} * b;
  if (has(Kind::product_of_15_bits)) out = numerics::wrap_to(out, kNarrowProduct);
  for (const Fault& f : faults_.list()) {
    if (f.at.row != pe.row || f.at.col != pe.col) continue;
    if (f.kind == Kind::product_stuck_at_0) out = with_bit(out, f.at.bit, false);
    if (f.kind == Kind::product_stuck_at_1) out = with_bit(out, f.at.bit, true);
  }
  return out;
}

std::int64_t Defects::partial(std::int64_t before, std::int64_t sum, Pe pe) const {
  for (const Fault& f : faults_.list()) {
    if (f.at.row != pe.row || f.at.col != pe.col || f.at.bit >= partial_bits_) continue;
    if (f.kind == Kind::carry_dropped) {
      const std::int64_t carry = std::int64_t{2} << f.at.bit;
      const std::int64_t low = carry - 1;
      const std::int64_t added = sum - before;
      if ((before & low) + (added & low) > low) sum -= carry;
    }
    if (f.kind == Kind::partial_stuck_at_0) sum = with_bit(sum, f.at.bit, false);
    if (f.kind == Kind::partial_stuck_at_1) sum = with_bit(sum, f.at.bit, true);
  }
  return numerics::wrap_to(sum, partial_bits_);
}

std::int64_t Defects::column(std::int64_t column, std::int64_t begin, std::int64_t end) const {
  for (const Fault& f : faults_.list()) {
    if (f.kind != Kind::columns_swapped) continue;
    const std::int64_t left = begin + f.at.col;
    if (left + 1 >= end) continue;
    if (column == left) return left + 1;
    if (column == left + 1) return left;
  }
  return column;
}

int Defects::swap_delay() const {
  if (has(Kind::weights_swapped_late)) return 1;
  return has(Kind::weights_swapped_early) ? -1 : 0;
}

std::int64_t Defects::lag(std::int64_t row) const {
  for (const Fault& f : faults_.list()) {
    if (f.kind == Kind::skew_off_by_one && f.at.row == row) return 1;
  }
  return 0;
}

}  // namespace mxcheck::mxu
