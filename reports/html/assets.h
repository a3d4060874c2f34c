// The page's style and script, embedded from reports/assets when the program is built.
#pragma once

namespace mxcheck::reports::html {

[[nodiscard]] const char* style();
[[nodiscard]] const char* script();

}  // namespace mxcheck::reports::html
