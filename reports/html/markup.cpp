// Escaping in two steps: make visible what a reader could not see, then replace what HTML reads.
#include "reports/html/markup.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"

namespace mxcheck::reports::html {
namespace {

// Marks that turn the direction of writing, or hide in it: U+061C, U+200B..U+200F, U+2028..U+202E,
// U+2060..U+2069, U+FEFF. Returns the code point of the one at `at`, or 0.
unsigned hidden_mark(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t k) {
    return at + k < text.size() ? static_cast<unsigned char>(text[at + k]) : 0u;
  };
  if (byte(0) == 0xD8 && byte(1) == 0x9C) return 0x61C;
  if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return 0xFEFF;
  if (byte(0) != 0xE2 || (byte(1) != 0x80 && byte(1) != 0x81)) return 0;
  const unsigned point = 0x2000u + ((byte(1) & 0x3Fu) << 6) + (byte(2) & 0x3Fu);
  const bool hidden = (point >= 0x200B && point <= 0x200F) ||
                      (point >= 0x2028 && point <= 0x202E) || (point >= 0x2060 && point <= 0x2069);
  return hidden ? point : 0;
}

std::string_view cut(std::string_view text) {
  std::size_t end = std::min(text.size(), kLongestText);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace

std::string visible(std::string_view text) {
  const std::string_view shown = cut(text);
  const std::string printable = base::printable(shown);
  std::string out;
  out.reserve(printable.size());
  for (std::size_t i = 0; i < printable.size();) {
    const unsigned mark = hidden_mark(printable, i);
    if (mark == 0) {
      out += printable[i++];
    } else {
      out += fmt::format("[U+{:04X}]", mark);
      i += mark == 0x61C ? 2 : 3;
    }
  }
  if (shown.size() < text.size()) out += fmt::format("... ({} bytes)", text.size());
  return out;
}

std::string escape(std::string_view text) { return base::escape_html(visible(text)); }

Markup text(std::string_view text) { return Markup(escape(text)); }
Markup trusted(std::string markup) { return Markup(std::move(markup)); }

namespace {

std::string opening(const char* name, Attributes attributes) {
  std::string out = std::string("<") + name;
  for (const auto& [key, value] : attributes) {
    out.append(" ").append(key).append("=\"").append(escape(value)).append("\"");
  }
  return out;
}

}  // namespace

Markup element(const char* name, Attributes attributes, const Markup& content) {
  return trusted(opening(name, attributes) + ">" + content.string() + "</" + name + ">");
}

Markup single(const char* name, Attributes attributes) {
  return trusted(opening(name, attributes) + "/>");
}

Markup table(const char* cls, const char* caption, std::initializer_list<const char*> heads,
             const Markup& rows) {
  Markup row;
  for (const char* head : heads) {
    const bool number = *head == '#';
    row += element("th", {{"scope", "col"}, {"class", number ? "num" : "txt"}},
                   text(number ? head + 1 : head));
  }
  Markup inside;
  if (*caption != '\0') inside += element("caption", text(caption));
  inside += element("thead", element("tr", row)) + element("tbody", rows);
  return element("div", "scroll", element("table", cls, inside));
}

std::string grouped(std::int64_t value) {
  const std::string digits = fmt::format("{}", value);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') out += "\xE2\x80\xAF";  // U+202F
    out += digits[i];
  }
  return out;
}

}  // namespace mxcheck::reports::html
