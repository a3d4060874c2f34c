// Whole pieces of bytes through descriptors: eight bytes of length, little-endian, then the bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mxcheck::cluster {

// More than any case's result; a longer length is nonsense.
inline constexpr std::uint64_t kMostFrame = std::uint64_t{1} << 33;

// Appends a piece to others.
void add_frame(std::string& to, std::string_view bytes);
// Takes the piece that starts at `offset` and moves `offset` behind it; nullopt if it is not whole.
[[nodiscard]] std::optional<std::string> take_frame(std::string_view from, std::size_t& offset);

// False if the other side is gone.
[[nodiscard]] bool write_frame(int descriptor, std::string_view bytes);
[[nodiscard]] std::optional<std::string> read_frame(int descriptor);

}  // namespace mxcheck::cluster
