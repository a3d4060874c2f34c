// Base64 (RFC 4648, section 4): the alphabet with + and /, padded, nothing else accepted. Arrays
// travel in it as their little-endian bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mxcheck::device {

[[nodiscard]] std::string to_base64(std::span<const std::byte> data);
// nullopt: a character outside the alphabet, a wrong length, misplaced padding, or bits set that
// the padding says are not there.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace mxcheck::device
