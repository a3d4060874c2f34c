// Patterns of case ids, as in a .gitignore: `*` stands for any characters but '/', `**` for any
// characters, `?` for one character but '/'.
#pragma once

#include <string_view>

namespace mxcheck::suite {

[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace mxcheck::suite
