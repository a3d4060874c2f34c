// UTF-8 validation and the escapes of the report formats.
#include "sim/base/text.h"

#include <fmt/format.h>

#include <cstdint>

namespace mxcheck::base {
namespace {

// Length of the well-formed UTF-8 sequence at `i`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint32_t value = 0;
  std::uint32_t smallest = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, value = first & 0x1Fu, smallest = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, value = first & 0x0Fu, smallest = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, value = first & 0x07u, smallest = 0x10000;
  } else {
    return 0;
  }
  if (i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return 0;
    value = (value << 6) | (byte(k) & 0x3Fu);
  }
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value < smallest || surrogate || value > 0x10FFFF ? 0 : length;
}

// Walks the text; `visit` gets each well-formed sequence or, with length 0, one bad byte.
template <typename Visit>
void walk(std::string_view text, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    visit(text.substr(i, length == 0 ? 1 : length), length != 0);
    i += length == 0 ? 1 : length;
  }
}

std::string escape_markup(std::string_view text, bool xml) {
  std::string out;
  out.reserve(text.size());
  walk(text, [&](std::string_view piece, bool valid) {
    const unsigned char c = static_cast<unsigned char>(piece[0]);
    const bool space = piece == "\n" || piece == "\t" || piece == "\r";
    if (!valid || (c < 0x20 && !space) || c == 0x7F || piece == "\xEF\xBF\xBE" ||
        piece == "\xEF\xBF\xBF") {
      out += "\xEF\xBF\xBD";
    } else if (piece == "&") {
      out += "&amp;";
    } else if (piece == "<") {
      out += "&lt;";
    } else if (piece == ">") {
      out += "&gt;";
    } else if (piece == "\"") {
      out += "&quot;";
    } else if (piece == "'") {
      out += "&#39;";
    } else if (space) {
      out += xml ? fmt::format("&#{};", c) : std::string(piece);
    } else {
      out += piece;
    }
  });
  return out;
}

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

bool is_valid_utf8(std::string_view text) {
  return first_invalid_utf8(text) == std::string_view::npos;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  walk(text, [&](std::string_view piece, bool valid) {
    const unsigned char c = static_cast<unsigned char>(piece[0]);
    if (valid && piece == "\n") {
      out += "\\n";
    } else if (valid && piece == "\t") {
      out += "\\t";
    } else if (!valid || c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += piece;
    }
  });
  return out;
}

std::string escape_xml(std::string_view text) { return escape_markup(text, true); }
std::string escape_html(std::string_view text) { return escape_markup(text, false); }

std::string escape_pointer(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = text.find(separator, begin);
    out.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return out;
    begin = end + 1;
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string to_hex(const unsigned char* data, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[data[i] >> 4];
    out += kDigits[data[i] & 15];
  }
  return out;
}

}  // namespace mxcheck::base
