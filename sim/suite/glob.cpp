// Two marks to come back to instead of recursion: the cost is at most pattern times text.
#include "sim/suite/glob.h"

namespace mxcheck::suite {

bool glob_matches(std::string_view pattern, std::string_view text) {
  // The last star of each kind, to come back to: a single star never reaches over a '/', so a
  // failure behind it is handed to the double star before it.
  struct Mark {
    std::size_t pattern = std::string_view::npos, text = 0;
  } single, twice;
  std::size_t p = 0, t = 0;
  const auto again = [&](Mark& mark) {
    p = mark.pattern;
    t = ++mark.text;
  };
  while (true) {
    if (p < pattern.size() && pattern[p] == '*') {
      const bool two = p + 1 < pattern.size() && pattern[p + 1] == '*';
      p += two ? 2 : 1;
      (two ? twice : single) = {p, t};
      if (two) single = {};
      continue;
    }
    if (t == text.size() && p == pattern.size()) return true;
    if (t < text.size() && p < pattern.size() &&
        (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'))) {
      ++p, ++t;
      continue;
    }
    if (single.pattern != std::string_view::npos && single.text < text.size() &&
        text[single.text] != '/') {
      again(single);
    } else if (twice.pattern != std::string_view::npos && twice.text < text.size()) {
      single = {};
      again(twice);
    } else {
      return false;
    }
  }
}

}  // namespace mxcheck::suite
