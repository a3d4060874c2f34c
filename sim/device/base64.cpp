// Three bytes are four digits.
#include "sim/device/base64.h"

#include <array>
#include <cstdint>

namespace mxcheck::device {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr int kNoDigit = -1;

constexpr std::array<std::int8_t, 256> value_table() {
  std::array<std::int8_t, 256> table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    table[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr std::array<std::int8_t, 256> kValues = value_table();

}  // namespace

std::string to_base64(std::span<const std::byte> data) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < data.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      word = word << 8 | (i + j < data.size() ? std::to_integer<std::uint32_t>(data[i + j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > data.size();
      out.push_back(padding ? '=' : kDigits[word >> (18 - 6 * j) & 63]);
    }
  }
  return out;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::vector<std::byte> out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const std::size_t missing = last ? padding : 0;
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int digit = j + missing >= 4 ? 0 : kValues[static_cast<unsigned char>(text[i + j])];
      if (digit == kNoDigit) return std::nullopt;
      word = word << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t j = 0; j < 3; ++j) {
      const auto byte = static_cast<std::byte>(word >> (16 - 8 * j) & 255);
      if (j + missing < 3) {
        out.push_back(byte);
      } else if (byte != std::byte{0}) {
        return std::nullopt;
      }
    }
  }
  return out;
}

}  // namespace mxcheck::device
