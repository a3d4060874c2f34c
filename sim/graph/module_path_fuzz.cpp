// Any bytes as a regular expression and a module path (the first newline parts them): compiling and
// matching ends within the fuzzer's limit of time, whatever the pattern (scripts/fuzz.sh states the
// limit). A pattern that is refused matches nothing, and one without special characters its own
// text alone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/graph/match.h"

namespace {

using mxcheck::graph::ModulePattern;

bool is_plain(const std::string& text) {
  return text.find_first_of("\\^$.|?*+()[]{}") == std::string::npos;
}

void check(const std::string& pattern, const std::string& path) {
  const ModulePattern compiled(pattern);
  const bool matches = compiled.matches(path);
  MXCHECK_CHECK(!(compiled.error() && matches), "a refused pattern matches");
  if (pattern.size() > mxcheck::graph::kMaxPattern) {
    MXCHECK_CHECK(compiled.error().has_value(), "a pattern beyond the cap is taken");
  }
  if (path.size() > mxcheck::graph::kMaxModulePath) {
    MXCHECK_CHECK(!matches, "a path beyond the cap matches");
  }
  if (is_plain(pattern) && !compiled.error() && path.size() <= mxcheck::graph::kMaxModulePath) {
    MXCHECK_CHECK(matches == (pattern == path), "a plain name is not matched as it stands");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = std::min(text.find('\n'), text.size());
  check(text.substr(0, newline), text.substr(std::min(newline + 1, text.size())));
  return 0;
}
