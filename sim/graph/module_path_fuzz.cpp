// Any bytes as a regular expression and a module path (the first newline parts them): compiling and
// matching ends within the fuzzer's limit of time, whatever the pattern (scripts/fuzz.sh states the
// limit). A pattern that is refused matches nothing, one without special characters its own text
// alone, and so does a path spelled as a pattern, a class or an escape for each character.
#include <algorithm>
#include <cctype>
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

void check_spelled(const std::string& path) {
  constexpr std::size_t kMost = 64;
  const auto printable = [](unsigned char c) { return c >= 0x20 && c < 0x7F; };
  if (path.empty() || path.size() > kMost) return;
  if (!std::all_of(path.begin(), path.end(), printable)) return;
  std::string pattern;
  for (const char c : path) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    pattern += word ? std::string("[") + c + "]" : std::string("\\") + c;
  }
  const ModulePattern spelled(pattern);
  MXCHECK_CHECK(!spelled.error() && spelled.matches(path), "a path spelled does not match itself");
  MXCHECK_CHECK(!spelled.matches(path + "x"), "a path spelled matches a longer one");
  std::string other = path;
  for (char& c : other) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) c = static_cast<char>(c ^ 0x20);
  }
  MXCHECK_CHECK(other == path || !spelled.matches(other), "a path spelled matches another case");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = std::min(text.find('\n'), text.size());
  const std::string path = text.substr(std::min(newline + 1, text.size()));
  check(text.substr(0, newline), path);
  check_spelled(path);
  return 0;
}
