// Boost.Regex in its Perl syntax, which reads what Python's re reads in module paths (look-around,
// inline flags); plain names need no regex at all. Its own bound on a search grows with the square
// of the pattern's length: seconds for one hostile search, and a case asks for thousands. Here the
// iterator counts what is read and ends the search, and the library's count of states is capped for
// the work that reads nothing.
#include "sim/graph/match.h"

#define BOOST_REGEX_MAX_STATE_COUNT 1000000
#include <algorithm>
#include <boost/regex.hpp>
#include <cctype>
#include <iterator>

namespace mxcheck::graph {

struct ModulePattern::Compiled {
  boost::regex regex;
};

namespace {

constexpr long kMostCounted = 1000000;  // counts and their product stop there

// The product of the counts in the braces that open at `open`.
long counts_in_braces(const std::string& pattern, std::size_t open) {
  long product = 1, count = 0;
  for (std::size_t i = open + 1;; ++i) {
    const bool last = i >= pattern.size() || pattern[i] == '}';
    if (last || pattern[i] == ',') {
      product = std::min(kMostCounted, product * std::max(1L, count));
      count = 0;
    } else if (pattern[i] >= '0' && pattern[i] <= '9') {
      count = std::min(kMostCounted, count * 10 + (pattern[i] - '0'));
    }
    if (last) return product;
  }
}

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
      repeats *= counts_in_braces(pattern, i);  // both small: what is too much was returned
      if (repeats > kMostRepeats) {
        return "repeat counts multiply to more than " + std::to_string(kMostRepeats);
      }
    }
  }
  return std::nullopt;
}

// Python's syntax to Perl's. What both spell alike but mean differently is respelled (POSIX classes
// are none in Python, {,n} is a repeat); what only Perl knows is refused, as Python refuses it.
class Translator {
 public:
  explicit Translator(const std::string& python) : in_(python) {}

  std::string run() {
    while (at_ < in_.size() && error_.empty()) {
      if (in_[at_] == '\\') {
        escape();
      } else if (in_[at_] == '[') {
        char_class();
      } else if (starts("(?")) {
        group();
      } else if (starts("{,")) {
        emit("{0,", 2);
      } else {
        emit(in_.substr(at_, 1), 1);
      }
    }
    return out_;
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  [[nodiscard]] bool starts(const char* text) const {
    return in_.compare(at_, std::char_traits<char>::length(text), text) == 0;
  }
  void emit(const std::string& text, std::size_t consumed) {
    out_ += text;
    at_ += consumed;
  }

  void escape() {
    if (at_ + 1 == in_.size()) {
      error_ = "a backslash at the end";
      return;
    }
    const char c = in_[at_ + 1];
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0;
    if (c == 'Z') {
      emit("\\z", 2);
    } else if (letter && std::string("dDwWsSbBAafnrtvx").find(c) == std::string::npos) {
      error_ = std::string("bad escape \\") + c;
    } else if (std::string("<>`'").find(c) != std::string::npos) {
      emit(std::string(1, c), 2);  // word and buffer bounds in Perl, plain characters in Python
    } else {
      emit(in_.substr(at_, 2), 2);
    }
  }

  // The first ']' of a class is a character of it, and so is every '['.
  void char_class() {
    emit("[", 1);
    if (at_ < in_.size() && in_[at_] == '^') emit("^", 1);
    bool first = true;
    while (at_ < in_.size() && error_.empty() && (first || in_[at_] != ']')) {
      if (in_[at_] == '\\') {
        escape();
      } else if (in_[at_] == '[' || in_[at_] == ']') {
        emit(std::string("\\") + in_[at_], 1);
      } else {
        emit(in_.substr(at_, 1), 1);
      }
      first = false;
    }
    if (at_ < in_.size() && error_.empty()) emit("]", 1);
  }

  void group() {
    if (starts("(?P<")) return emit("(?<", 4);
    if (starts("(?#")) return comment();
    for (const char* known : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (starts(known)) return emit(known, std::char_traits<char>::length(known));
    }
    const std::size_t end = in_.find_first_not_of("ims-", at_ + 2);
    if (end != std::string::npos && end > at_ + 2 && (in_[end] == ')' || in_[end] == ':')) {
      return emit(in_.substr(at_, end + 1 - at_), end + 1 - at_);
    }
    error_ = "unknown extension " + in_.substr(at_, 4);
  }

  // Left out: the library reads a comment behind a repeat for ever.
  void comment() {
    const std::size_t end = in_.find(')', at_);
    if (end == std::string::npos) {
      error_ = "a comment without its end";
    } else {
      at_ = end + 1;
    }
  }

  const std::string& in_;
  std::size_t at_ = 0;
  std::string out_;
  std::string error_;
};

// Thrown through the library, which cleans up after any exception.
struct TooManyReads {};

// A character of the path that counts how often it is looked at. Not a random-access iterator: for
// those the library works out a bound of its own.
class CountedIterator {
 public:
  using iterator_category = std::bidirectional_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountedIterator() = default;
  CountedIterator(const char* at, std::int64_t* left) : at_(at), left_(left) {}
  reference operator*() const {
    if (--*left_ < 0) throw TooManyReads{};
    return *at_;
  }
  CountedIterator& operator++() {
    ++at_;
    return *this;
  }
  CountedIterator operator++(int) { return {at_++, left_}; }
  CountedIterator& operator--() {
    --at_;
    return *this;
  }
  CountedIterator operator--(int) { return {at_--, left_}; }
  friend bool operator==(const CountedIterator& a, const CountedIterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const CountedIterator& a, const CountedIterator& b) {
    return a.at_ != b.at_;
  }

 private:
  const char* at_ = nullptr;
  std::int64_t* left_ = nullptr;
};

bool is_plain(const std::string& pattern) {
  return pattern.find_first_of("\\^$.|?*+()[]{}") == std::string::npos;
}

}  // namespace

ModulePattern::ModulePattern(const std::string& pattern) : pattern_(pattern) {
  error_ = too_costly(pattern);
  if (error_ || pattern == ".*" || is_plain(pattern)) return;
  Translator translator(pattern);
  const std::string perl = translator.run();
  if (!translator.error().empty()) {
    error_ = "not a regular expression: " + translator.error();
    return;
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

Match ModulePattern::match(const std::string& path, MatchBudget& budget) const {
  if (error_ || path.size() > kMaxModulePath) return Match::kNo;
  if (!compiled_) return pattern_ == ".*" || pattern_ == path ? Match::kYes : Match::kNo;
  const std::int64_t allowed = std::min(budget.reads, kMaxReads);
  std::int64_t left = allowed;
  Match out = Match::kGaveUp;
  try {
    const CountedIterator begin(path.data(), &left), end(path.data() + path.size(), &left);
    out = boost::regex_match(begin, end, compiled_->regex) ? Match::kYes : Match::kNo;
  } catch (const TooManyReads&) {
    left = 0;
  } catch (const std::runtime_error&) {
    left = 0;  // too many states
  }
  budget.reads -= allowed - left;
  return out;
}

bool ModulePattern::matches(const std::string& path) const {
  MatchBudget budget;
  return match(path, budget) == Match::kYes;
}

}  // namespace mxcheck::graph
