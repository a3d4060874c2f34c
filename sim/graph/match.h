// Matching of module paths against the regular expressions of rules, with bounded work.
//
// Patterns are matched in full against the path, as Python's re.fullmatch does it in the norm. The
// matcher gives up on searches that explode (where Python would search for ages), and pattern and
// path lengths are capped, so that a hostile pattern costs little time and no deep recursion.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mxcheck::graph {

inline constexpr std::size_t kMaxPattern = 512;
inline constexpr std::size_t kMaxModulePath = 512;
// Characters one search may look at, again and again; and all the searches of one case.
inline constexpr std::int64_t kMaxReads = 1'000'000;
inline constexpr std::int64_t kMaxReadsOfCase = 100'000'000;

struct MatchBudget {
  std::int64_t reads = kMaxReadsOfCase;  // left
};
enum class Match : std::uint8_t { kNo, kYes, kGaveUp };

class ModulePattern {
 public:
  explicit ModulePattern(const std::string& pattern);
  ~ModulePattern();
  ModulePattern(ModulePattern&&) noexcept;
  ModulePattern& operator=(ModulePattern&&) noexcept;

  // What is wrong with the pattern; nullopt if it can be used.
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }
  // kGaveUp: the search looked at more than kMaxReads characters, or at more than the budget has
  // left. The same for every run on every machine.
  [[nodiscard]] Match match(const std::string& path, MatchBudget& budget) const;
  [[nodiscard]] bool matches(const std::string& path) const;  // kYes, with a budget of its own

 private:
  struct Compiled;
  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;  // null for the pattern ".*" and for plain names
  std::optional<std::string> error_;
};

}  // namespace mxcheck::graph
