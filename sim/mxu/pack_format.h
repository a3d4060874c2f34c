// Constants that the writing and the judging side of a pack share.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace mxcheck::mxu::internal {

inline constexpr const char* kPackFormat = "mxcheck-pack";
inline constexpr int kPackVersion = 1;
inline constexpr std::size_t kMaxPackProducts = 1000;
inline constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{16} << 20;
inline constexpr std::uint64_t kMaxPackFileBytes = std::uint64_t{1} << 31;

[[nodiscard]] inline std::string product_folder(std::size_t i) {
  return fmt::format("product_{:03}", i);
}

}  // namespace mxcheck::mxu::internal
