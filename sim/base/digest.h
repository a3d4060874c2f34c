// SHA-256 (FIPS 180-4) for checksums and provenance, SHA-1 (the same standard) because flax derives
// random keys from it (numerics.md RND-3). Neither is used for secrecy.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace mxcheck::base {

[[nodiscard]] std::array<unsigned char, 32> sha256(std::string_view data);
[[nodiscard]] std::string sha256_hex(std::string_view data);
[[nodiscard]] std::array<unsigned char, 20> sha1(std::string_view data);

}  // namespace mxcheck::base
