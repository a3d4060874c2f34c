// Threefry-2x32, 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
#include "sim/base/threefry.h"

#include <bit>

namespace mxcheck::base {

ThreefryWords threefry2x32(ThreefryWords key, ThreefryWords counter) {
  constexpr std::uint32_t kParity = 0x1BD11BDAu;
  constexpr std::array<std::array<int, 4>, 2> kRotations{{{13, 15, 26, 6}, {17, 29, 16, 24}}};
  const std::array<std::uint32_t, 3> schedule{key[0], key[1], key[0] ^ key[1] ^ kParity};
  std::uint32_t x0 = counter[0] + schedule[0];
  std::uint32_t x1 = counter[1] + schedule[1];
  for (std::uint32_t group = 0; group < 5; ++group) {
    for (const int rotation : kRotations[group % 2]) {
      x0 += x1;
      x1 = std::rotl(x1, rotation) ^ x0;
    }
    x0 += schedule[(group + 1) % 3];
    x1 += schedule[(group + 2) % 3] + group + 1;
  }
  return {x0, x1};
}

std::uint32_t random_word(std::uint64_t seed, std::uint64_t index) {
  const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const ThreefryWords words = threefry2x32({high(seed), low(seed)}, {high(index), low(index)});
  return words[0] ^ words[1];
}

}  // namespace mxcheck::base
