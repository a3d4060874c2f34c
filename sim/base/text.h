// Text that came from outside is made safe before it is shown: control characters and invalid
// UTF-8 become visible escapes, and each report format has its own escaping.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mxcheck::base {

// True iff `text` is well-formed UTF-8 (no overlong forms, no surrogates).
[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Byte offset of the first byte that is not well-formed UTF-8, or npos.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view text);

// For terminals: control characters, DEL and invalid bytes as \xNN; '\n' and '\t' as \n and \t.
[[nodiscard]] std::string printable(std::string_view text);
// For XML 1.0 text and attribute values; characters XML cannot carry become U+FFFD.
[[nodiscard]] std::string escape_xml(std::string_view text);
// For HTML text and double-quoted attribute values.
[[nodiscard]] std::string escape_html(std::string_view text);
// One JSON pointer token (RFC 6901): ~ and / escaped.
[[nodiscard]] std::string escape_pointer(std::string_view token);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string to_hex(const unsigned char* data, std::size_t size);

}  // namespace mxcheck::base
