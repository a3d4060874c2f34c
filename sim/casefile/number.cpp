// Exact and correctly rounded conversions of number texts, on std::from_chars.
#include "sim/casefile/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

namespace mxcheck::casefile {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }

// A decimal number as digits without point and leading zeros, and a power of ten.
struct Decimal {
  bool negative = false;
  std::string digits;  // "" is zero
  std::int64_t exponent = 0;
};

Decimal take_apart(std::string_view text) {
  constexpr std::int64_t kLargestExponent = 1'000'000'000;
  Decimal out;
  std::size_t i = 0;
  if (i < text.size() && text[i] == '-') out.negative = true, ++i;
  bool point = false;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.'); ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    if (!out.digits.empty() || text[i] != '0') out.digits += text[i];
    if (point) --out.exponent;
  }
  if (i < text.size()) {  // 'e'
    const bool negative = text[++i] == '-';
    if (text[i] == '-' || text[i] == '+') ++i;
    std::int64_t written = 0;
    for (; i < text.size(); ++i) {
      written = std::min(kLargestExponent, written * 10 + (text[i] - '0'));
    }
    out.exponent += negative ? -written : written;
  }
  while (!out.digits.empty() && out.digits.back() == '0') {
    out.digits.pop_back();
    ++out.exponent;
  }
  return out;
}

template <typename Integer>
std::optional<Integer> exact(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  Decimal decimal = take_apart(text);
  if (decimal.digits.empty()) return Integer{0};
  constexpr std::int64_t kMostDigits = 20;
  const auto size = static_cast<std::int64_t>(decimal.digits.size());
  if (decimal.exponent < 0 || size + decimal.exponent > kMostDigits) return std::nullopt;
  decimal.digits.append(static_cast<std::size_t>(decimal.exponent), '0');
  if (decimal.negative) decimal.digits.insert(0, 1, '-');
  const char* last = decimal.digits.data() + decimal.digits.size();
  const auto [stop, problem] = std::from_chars(decimal.digits.data(), last, value);
  if (problem != std::errc{} || stop != last) return std::nullopt;
  return value;
}

// Out of the float's range: is the number huge or tiny?
bool is_huge(std::string_view text, bool hex) {
  if (!hex) {
    const Decimal decimal = take_apart(text);
    return decimal.exponent + static_cast<std::int64_t>(decimal.digits.size()) > 0;
  }
  const std::size_t p = std::min(text.find_first_of("pP"), text.size());
  const std::size_t point = std::min(text.find('.'), p);
  const std::size_t first = text.find_first_not_of("0.");
  std::int64_t exponent = 0;
  const std::size_t digits = p + (p + 1 < text.size() && text[p + 1] == '+' ? 2 : 1);
  if (p < text.size()) std::from_chars(text.data() + digits, text.data() + text.size(), exponent);
  return exponent + 4 * (static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first)) > 0;
}

template <typename Float>
Float to_float(std::string_view text) {
  if (text == "nan") return std::numeric_limits<Float>::quiet_NaN();
  const bool negative = !text.empty() && text[0] == '-';
  std::string_view magnitude = text.substr(negative ? 1 : 0);
  const Float sign = negative ? Float(-1) : Float(1);
  if (magnitude == "inf") return sign * std::numeric_limits<Float>::infinity();
  const bool hex = magnitude.substr(0, 2) == "0x" || magnitude.substr(0, 2) == "0X";
  if (hex) magnitude.remove_prefix(2);
  Float value = 0;
  const auto [end, error] =
      std::from_chars(magnitude.data(), magnitude.data() + magnitude.size(), value,
                      hex ? std::chars_format::hex : std::chars_format::general);
  if (error == std::errc::result_out_of_range) {
    value = is_huge(magnitude, hex) ? std::numeric_limits<Float>::infinity() : Float(0);
  }
  return std::copysign(value, sign);
}

}  // namespace

std::optional<std::int64_t> exact_int64(std::string_view text) { return exact<std::int64_t>(text); }

std::optional<std::uint64_t> exact_uint64(std::string_view text) {
  return exact<std::uint64_t>(text);
}

bool is_integer_literal(std::string_view text) {
  return text.find_first_of(".eE") == std::string_view::npos;
}

bool is_number_string(std::string_view text) {
  if (text == "nan" || text == "inf" || text == "-inf" || text == "-0") return true;
  std::size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() < i + 3 || text[i] != '0' || (text[i + 1] | 32) != 'x') return false;
  i += 2;
  std::size_t digits = 0;
  for (; i < text.size() && is_hex(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && is_hex(text[i]); ++i) ++digits;
  }
  if (digits == 0) return false;
  if (i == text.size()) return true;
  if ((text[i++] | 32) != 'p') return false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  constexpr std::size_t kMostExponentDigits = 6;
  if (i == text.size() || text.size() - i > kMostExponentDigits) return false;
  for (; i < text.size(); ++i) {
    if (!is_digit(text[i])) return false;
  }
  return true;
}

float to_f32(std::string_view text) { return to_float<float>(text); }
double to_f64(std::string_view text) { return to_float<double>(text); }

std::optional<std::int64_t> to_int64(std::string_view text) {
  if (text == "-0") return 0;
  if (text.find_first_of("xXni") == std::string_view::npos) return exact_int64(text);
  const double value = to_f64(text);
  constexpr double kLimit = 9223372036854775808.0;
  if (!(value >= -kLimit && value < kLimit) || value != std::trunc(value)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace mxcheck::casefile
