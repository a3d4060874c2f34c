// Numbers of a case, from their text to exact integers and correctly rounded floats: no step
// through another type in between, so that 1.9 never becomes 1 and no value is rounded twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mxcheck::casefile {

// The value of a JSON number if it is integral and fits ("4", "4.0", "4e2"); nullopt otherwise.
[[nodiscard]] std::optional<std::int64_t> exact_int64(std::string_view json_number);
[[nodiscard]] std::optional<std::uint64_t> exact_uint64(std::string_view json_number);
// Is the number written with a fraction or an exponent?  1 and 1.0 mean different tiles (CAL-3).
[[nodiscard]] bool is_integer_literal(std::string_view json_number);

// Is this string one of the numbers a JSON number cannot say: a hex float ("-0x1.8p-3"), "nan",
// "inf", "-inf" or "-0"?
[[nodiscard]] bool is_number_string(std::string_view text);

// A JSON number or a number string, rounded once to nearest even; beyond the range: infinity, 0.
[[nodiscard]] float to_f32(std::string_view text);
[[nodiscard]] double to_f64(std::string_view text);
// The integer a JSON number or number string stands for, if it is one.
[[nodiscard]] std::optional<std::int64_t> to_int64(std::string_view text);

}  // namespace mxcheck::casefile
