// Codes for the tests of products and of packing.
#pragma once

#include <array>
#include <cstdint>

#include "sim/base/threefry.h"
#include "sim/kernels/fenced_memory.h"

namespace mxcheck::kernels::testing {

inline constexpr std::array<std::uint8_t, 8> kSpecial = {0x80, 0x81, 0xff, 0, 1, 0x7f, 0xfe, 0x40};
inline constexpr std::int32_t kCanary = 0x5a5aa5a5;

// Codes: special values and random ones, mixed; the last lies before a fence.
inline Fenced random_codes(std::size_t count, std::uint32_t seed) {
  Fenced out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto words = base::threefry2x32({seed, 7}, {static_cast<std::uint32_t>(i), 0});
    out[i] = words[0] % 3 == 0 ? kSpecial[words[1] % kSpecial.size()]
                               : static_cast<std::uint8_t>(words[1]);
  }
  return out;
}

}  // namespace mxcheck::kernels::testing
