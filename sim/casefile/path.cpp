// Confinement of the files a case names to its suite's root (SRC-PATH, SRC-FILE).
#include <fmt/format.h>

#include <algorithm>

#include "sim/casefile/source.h"

namespace mxcheck::casefile {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& root) {
  return std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first == root.end();
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

}  // namespace

std::optional<PathProblem> check_path(const fs::path& case_file, const fs::path& root,
                                      const std::string& relative) {
  constexpr std::size_t kMostBytes = 512;
  constexpr auto kMostFolders = 32;
  const auto problem = [&](const char* what) {
    return PathProblem{"SRC-PATH", fmt::format("\"{}\" {}", shortened(relative), what)};
  };
  if (relative.empty() || relative.find('\0') != std::string::npos ||
      relative.size() > kMostBytes ||
      std::count(relative.begin(), relative.end(), '/') > kMostFolders) {
    return problem("is no file name");
  }
  if (fs::path(relative).is_absolute()) return problem("is an absolute path");
  std::error_code error;
  const fs::path top = fs::weakly_canonical(root.empty() ? folder_of(case_file) : root, error);
  if (error) return problem("cannot be resolved: the suite's root does not exist");
  const fs::path folder = fs::weakly_canonical(folder_of(case_file), error);
  if (error) return problem("cannot be resolved");
  const fs::path target = fs::weakly_canonical(folder / relative, error);
  // Both ways of reading "..": by names alone, and as the file system follows links.
  const bool inside =
      !error && is_below(target, top) && is_below((folder / relative).lexically_normal(), top);
  if (!inside) return problem("leaves the suite's root");
  return std::nullopt;
}

FoundFile find_file(const fs::path& case_file, const fs::path& root, const std::string& relative) {
  if (const auto problem = check_path(case_file, root, relative)) return *problem;
  const fs::path path = folder_of(case_file) / relative;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return PathProblem{"SRC-FILE", fmt::format("\"{}\" is not a file", shortened(relative))};
  }
  return path;
}

}  // namespace mxcheck::casefile
