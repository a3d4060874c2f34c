// The result model as one HTML file that needs nothing else: no network, no fonts, no other file.
// Everything is in the document and readable without JavaScript, which only adds search and
// filters. It follows the reader's light or dark setting, and prints.
#pragma once

#include <cstddef>
#include <string>

#include "reports/model.h"

namespace mxcheck::reports {

// Pages grow to about this size, those of long runs to the smaller one, so that they open at once;
// what would make them larger is left out, passing cases first, and the page says so.
inline constexpr std::size_t kHtmlBytes = 6'000'000;
inline constexpr std::size_t kLongHtmlBytes = 3'200'000;
inline constexpr std::size_t kLongRun = 1000;  // cases

[[nodiscard]] std::string to_html(const RunResult& run);
[[nodiscard]] std::string to_html(const RunResult& run, std::size_t most);

}  // namespace mxcheck::reports
