// Sizes of sums from the codes themselves; no order of adding exceeds the sum of sizes.
#include "sim/suite/unit_sums.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mxcheck::suite {
namespace {

using mxu::Overflow;
using tensor::Tensor;

bool is_codes(const Tensor& x) {
  return numerics::is_integer(x.dtype()) && numerics::byte_width(x.dtype()) == 1;
}

// The largest sum of |code| * |code| over the elements of the result.
double largest_sum(const reference::QuantizedProduct& product) {
  std::vector<reference::Pair> pairs;
  const std::int64_t outputs = tensor::element_count(product.contraction.result).value_or(0);
  double largest = 0;
  for (std::int64_t i = 0; i < outputs; ++i) {
    product.contraction.pairs_of(i, pairs);
    double sum = 0;
    for (const reference::Pair& p : pairs) {
      sum += std::fabs(static_cast<double>(product.lhs.qvalue.load_int(p.lhs)) *
                       static_cast<double>(product.rhs.qvalue.load_int(p.rhs)));
    }
    largest = std::max(largest, sum);
  }
  return largest;
}

}  // namespace

bool adds_plainly(const mxu::Profile& p) {
  const bool exact_group = p.group_bits == mxu::kExactGroup;
  return p.tail == mxu::Tail::kPad && p.delivery_shift == 0 && p.partial_bits == 32 &&
         p.acc_bits == 32 && p.delivery_bits == 32 && (exact_group || p.group_bits == 32) &&
         p.partial_overflow == Overflow::kWrap && p.acc_overflow == Overflow::kWrap &&
         p.delivery_overflow == Overflow::kWrap &&
         (exact_group || p.group_overflow == Overflow::kWrap) &&
         p.partial_extension == mxu::Extension::kSign && p.emulation == mxu::Emulation::kNone;
}

std::string unit_obstacle(const mxu::Profile& p, const reference::QuantizedProduct& product) {
  if (!is_codes(product.lhs.qvalue) || !is_codes(product.rhs.qvalue) || adds_plainly(p)) return "";
  if (p.tail != mxu::Tail::kPad) return "the unit drops or refuses a tail";
  if (p.delivery_shift != 0) return "the unit shifts results";
  if (p.partial_extension != mxu::Extension::kSign) return "sums lose their sign in the unit";
  std::int64_t bits = std::min({p.partial_bits, p.acc_bits, p.delivery_bits});
  if (p.group_bits != mxu::kExactGroup) bits = std::min(bits, p.group_bits);
  // Emulation in bf16 and f32: integers up to 2^24 are exact.
  if (p.emulation != mxu::Emulation::kNone) bits = std::min<std::int64_t>(bits, 25);
  return largest_sum(product) < std::ldexp(1.0, static_cast<int>(bits) - 1)
             ? ""
             : "sums may reach the ends of the unit's registers";
}

}  // namespace mxcheck::suite
