// Boost.Regex in its Perl syntax, which reads what Python's re reads in module paths (look-around,
// inline flags) and gives up on patterns that explode; plain names need no regex at all.
#include "sim/graph/match.h"

#include <algorithm>
#include <boost/regex.hpp>

namespace mxcheck::graph {

struct ModulePattern::Compiled {
  boost::regex regex;
};

namespace {

// Bounds what a hostile pattern can cost: nesting (the parser recurses) and repeat counts (each
// repetition is copied into the automaton).
std::optional<std::string> too_costly(const std::string& pattern) {
  constexpr int kDeepest = 16;
  constexpr long kMostRepeats = 64;
  if (pattern.size() > kMaxPattern) {
    return "the pattern has " + std::to_string(pattern.size()) + " characters, more than " +
           std::to_string(kMaxPattern);
  }
  int depth = 0;
  long repeats = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '(') {
      if (++depth > kDeepest) return "groups nested deeper than " + std::to_string(kDeepest);
    } else if (pattern[i] == ')') {
      --depth;
    } else if (pattern[i] == '{') {
      long count = 0;
      for (std::size_t j = i + 1; j < pattern.size() && pattern[j] != '}'; ++j) {
        if (pattern[j] == ',') {
          repeats *= std::max(1L, count);
          count = 0;
        } else if (pattern[j] >= '0' && pattern[j] <= '9') {
          count = std::min(1000000L, count * 10 + (pattern[j] - '0'));
        }
      }
      repeats = std::min(1000000L, repeats * std::max(1L, count));
      if (repeats > kMostRepeats) {
        return "repeat counts multiply to more than " + std::to_string(kMostRepeats);
      }
    }
  }
  return std::nullopt;
}

bool is_plain(const std::string& pattern) {
  return pattern.find_first_of("\\^$.|?*+()[]{}") == std::string::npos;
}

}  // namespace

ModulePattern::ModulePattern(const std::string& pattern) : pattern_(pattern) {
  error_ = too_costly(pattern);
  if (error_ || pattern == ".*" || is_plain(pattern)) return;
  // Python names groups (?P<name>...); everything else is spelled alike.
  std::string perl = pattern;
  for (std::size_t at = perl.find("(?P<"); at != std::string::npos; at = perl.find("(?P<", at)) {
    perl.erase(at + 2, 1);
  }
  try {
    compiled_ = std::make_unique<Compiled>();
    compiled_->regex = boost::regex(perl, boost::regex::perl);
  } catch (const std::runtime_error& e) {
    compiled_.reset();
    error_ = std::string("not a regular expression: ") + e.what();
  }
}

ModulePattern::~ModulePattern() = default;
ModulePattern::ModulePattern(ModulePattern&&) noexcept = default;
ModulePattern& ModulePattern::operator=(ModulePattern&&) noexcept = default;

bool ModulePattern::matches(const std::string& path) const {
  if (error_ || path.size() > kMaxModulePath) return false;
  if (!compiled_) return pattern_ == ".*" || pattern_ == path;
  try {
    return boost::regex_match(path, compiled_->regex);
  } catch (const std::runtime_error&) {
    return false;  // the search exploded: no match within its budget
  }
}

}  // namespace mxcheck::graph
