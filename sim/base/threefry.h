// Threefry-2x32 with 20 rounds: the counter-based generator behind every random word of a case and
// behind JAX's keys (RND). A pure function of key and counter.
#pragma once

#include <array>
#include <cstdint>

namespace mxcheck::base {

using ThreefryWords = std::array<std::uint32_t, 2>;

[[nodiscard]] ThreefryWords threefry2x32(ThreefryWords key, ThreefryWords counter);

// Word i of the stream `seed`: the xor of the two words at key (hi, lo of seed), counter (hi, lo of
// i).
[[nodiscard]] std::uint32_t random_word(std::uint64_t seed, std::uint64_t index);

}  // namespace mxcheck::base
