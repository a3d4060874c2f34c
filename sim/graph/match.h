// Matching of module paths against the regular expressions of rules, with bounded work.
//
// Patterns are matched in full against the path, as Python's re.fullmatch does it in the norm. The
// matcher gives up on searches that explode, and pattern and path lengths are capped, so that a
// hostile pattern costs little time and no deep recursion.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace mxcheck::graph {

inline constexpr std::size_t kMaxPattern = 512;
inline constexpr std::size_t kMaxModulePath = 512;

class ModulePattern {
 public:
  explicit ModulePattern(const std::string& pattern);
  ~ModulePattern();
  ModulePattern(ModulePattern&&) noexcept;
  ModulePattern& operator=(ModulePattern&&) noexcept;

  // What is wrong with the pattern; nullopt if it can be used.
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }
  [[nodiscard]] bool matches(const std::string& path) const;

 private:
  struct Compiled;
  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;  // null for the pattern ".*" and for plain names
  std::optional<std::string> error_;
};

}  // namespace mxcheck::graph
