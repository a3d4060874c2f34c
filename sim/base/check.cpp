// The one place where a violated internal check becomes an exception.
#include "sim/base/check.h"

#include <fmt/format.h>

#include <string_view>

namespace mxcheck::base {

void check_failed(const char* file, int line, const char* condition, const std::string& message) {
  const std::string_view path(file);
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  throw InternalError(fmt::format("{}:{}: check '{}' failed: {}", name, line, condition, message));
}

}  // namespace mxcheck::base
