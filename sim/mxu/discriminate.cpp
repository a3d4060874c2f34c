// Whether a product's vectors reach what two profiles differ in. Small products of random codes
// stay far inside most registers: agreement on them says nothing about the registers' ends.
#include <fmt/format.h>

#include "sim/base/text.h"
#include "sim/mxu/locate.h"

namespace mxcheck::mxu {
namespace {

// Registers of the two profiles that differ in width or overflow, with the width that was needed.
std::vector<std::string> untested_registers(const Profile& a, const Profile& b,
                                            const WidthsNeeded& needed) {
  struct Row {
    const char* bits;
    const char* overflow;
    int width;
  };
  const Row rows[] = {{"group_bits", "group_overflow", needed.group},
                      {"partial_bits", "partial_overflow", needed.partial},
                      {"acc_bits", "acc_overflow", needed.acc},
                      {"delivery_bits", "delivery_overflow", needed.delivery}};
  std::vector<std::string> result;
  for (const Row& row : rows) {
    const std::string a_bits = key_value(a, row.bits), b_bits = key_value(b, row.bits);
    const bool differs =
        a_bits != b_bits || key_value(a, row.overflow) != key_value(b, row.overflow);
    if (!differs) continue;
    result.push_back(
        fmt::format("{} {} against {}: sums needed {} bits", row.bits, a_bits, b_bits, row.width));
  }
  return result;
}

}  // namespace

Discrimination discriminate(const Profile& a, const Profile& b, const Product& product) {
  Discrimination d;
  d.widths = widths_needed(a, product);
  const ProductResult of_a = functional(a, product), of_b = functional(b, product);
  if (of_a.status != of_b.status) d.told_apart = true;
  for (std::size_t i = 0; i < of_a.acc.size() && i < of_b.acc.size(); ++i) {
    if (of_a.acc[i] == of_b.acc[i]) continue;
    if (d.differing++ > 0) continue;
    d.first_m = static_cast<std::int64_t>(i) / product.n;
    d.first_n = static_cast<std::int64_t>(i) % product.n;
    d.told_apart = true;
  }
  const std::string pair = fmt::format("\"{}\" from \"{}\"", describe(a), describe(b));
  if (d.told_apart) {
    d.text = fmt::format("the vectors tell {}: {} of {} outputs differ", pair, d.differing,
                         of_a.acc.size());
    return d;
  }
  d.text = fmt::format(
      "the vectors could not have told {}: all {} outputs are equal; sums needed {} bits in a "
      "group, {} in the running sum, {} in the accumulator, {} delivered",
      pair, of_a.acc.size(), d.widths.group, d.widths.partial, d.widths.acc, d.widths.delivery);
  for (const std::string& row : untested_registers(a, b, d.widths)) d.text += "; " + row;
  return d;
}

}  // namespace mxcheck::mxu
