// HTML that is being put together. Markup is a type of its own: text becomes markup only through
// text() or as the value of an attribute, and both go through escape(), so that nothing a case file
// says can become part of the page's structure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace mxcheck::reports::html {

// For text and for quoted attribute values. Control characters, bytes that are no UTF-8 and marks
// that turn the direction of writing become visible; what is longer than kLongestText is cut.
inline constexpr std::size_t kLongestText = 4000;
[[nodiscard]] std::string escape(std::string_view text);
// The same without the escapes of markup, for writers that escape by themselves.
[[nodiscard]] std::string visible(std::string_view text);

class Markup {
 public:
  Markup() = default;
  Markup& operator+=(const Markup& more) {
    out_ += more.out_;
    return *this;
  }
  [[nodiscard]] friend Markup operator+(Markup a, const Markup& b) { return a += b; }
  [[nodiscard]] const std::string& string() const { return out_; }
  [[nodiscard]] std::size_t size() const { return out_.size(); }
  [[nodiscard]] bool empty() const { return out_.empty(); }

 private:
  friend Markup text(std::string_view);
  friend Markup trusted(std::string markup);
  explicit Markup(std::string out) : out_(std::move(out)) {}
  std::string out_;
};

[[nodiscard]] Markup text(std::string_view text);
// Markup made elsewhere: constants, and writers that escape what they are given.
[[nodiscard]] Markup trusted(std::string markup);

// Values are escaped.
using Attributes = std::initializer_list<std::pair<const char*, std::string>>;
[[nodiscard]] Markup element(const char* name, Attributes attributes, const Markup& content);
// Without content: <br>, and in SVG <rect/>.
[[nodiscard]] Markup single(const char* name, Attributes attributes);

[[nodiscard]] inline Markup element(const char* name, const char* cls, const Markup& content) {
  return element(name, {{"class", cls}}, content);
}
[[nodiscard]] inline Markup element(const char* name, const Markup& content) {
  return element(name, Attributes{}, content);
}
// One cell of a table.
[[nodiscard]] inline Markup cell(std::string_view content) { return element("td", text(content)); }
[[nodiscard]] inline Markup number_cell(std::string_view content) {
  return element("td", "num", text(content));
}
[[nodiscard]] inline Markup code(std::string_view content) {
  return element("code", text(content));
}
// A table with a row of column heads ("#name": numbers, aligned right) and rows already made.
[[nodiscard]] Markup table(const char* cls, const char* caption,
                           std::initializer_list<const char*> heads, const Markup& rows);

// 1234567 as "1 234 567" with narrow spaces.
[[nodiscard]] std::string grouped(std::int64_t value);

}  // namespace mxcheck::reports::html
