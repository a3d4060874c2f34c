// Walks folders without following symbolic links to folders; a link to a file outside the suite's
// root is refused when the case is read, like any other reference.
#include "sim/suite/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/base/text.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;

bool is_skipped_folder(const fs::path& relative) {
  const std::string name = relative.filename().string();
  if (name.starts_with(".")) return true;
  const bool top = !relative.has_parent_path();
  return top && (name == "schema" || name == "expectations" || name == "devices");
}

std::string id_of(const fs::path& relative) {
  fs::path without = relative;
  return without.replace_extension().generic_string();
}

base::Status walk(const fs::path& folder, std::vector<CaseFile>& out) {
  const fs::path root = suite_root(folder);
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  const fs::recursive_directory_iterator end;
  for (; !error && it != end; it.increment(error)) {
    const fs::path relative = it->path().lexically_relative(folder);
    if (it->is_directory(error)) {
      if (is_skipped_folder(relative)) it.disable_recursion_pending();
    } else if (it->path().extension() == ".json" && relative.filename() != kProvenanceFile &&
               !relative.filename().string().starts_with(".")) {
      out.push_back({it->path(), root, id_of(relative)});
    }
  }
  if (error) {
    return base::Error{fmt::format("cannot read folder {}: {}", folder.string(), error.message())};
  }
  return base::Unit{};
}

base::Status add_path(const fs::path& path, std::vector<CaseFile>& out) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return base::Error{"no such file or folder: " + path.string()};
  if (fs::is_directory(status)) return walk(path, out);
  if (path.extension() != ".json") {
    return base::Error{path.string() + " is not a .json file"};
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  out.push_back({path, suite_root(folder), id_of(path.filename())});
  return base::Unit{};
}

// One file named twice is one case; two files with one id are an ambiguity.
base::Status make_unique(std::vector<CaseFile>& files) {
  std::sort(files.begin(), files.end(),
            [](const CaseFile& a, const CaseFile& b) { return a.id < b.id; });
  std::map<std::string, fs::path> seen;
  std::vector<CaseFile> unique;
  for (CaseFile& file : files) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(file.file, error);
    const auto [known, fresh] = seen.emplace(file.id, canonical);
    if (fresh) {
      unique.push_back(std::move(file));
    } else if (known->second != canonical) {
      return base::Error{
          fmt::format("two case files have the id '{}': {} and {}; give a folder above both",
                      base::printable(file.id), known->second.string(), canonical.string())};
    }
  }
  files = std::move(unique);
  return base::Unit{};
}

}  // namespace

fs::path suite_root(const fs::path& folder) {
  std::error_code error;
  const fs::path start = fs::weakly_canonical(folder, error);
  for (fs::path at = start; !at.empty(); at = at.parent_path()) {
    if (fs::is_regular_file(at / kRootMarker, error)) return at;
    if (at == at.parent_path()) break;
  }
  return start.empty() ? folder : start;
}

base::Result<std::vector<CaseFile>> discover(const std::vector<fs::path>& paths) {
  std::vector<CaseFile> files;
  for (const fs::path& path : paths) {
    const base::Status status = add_path(path, files);
    if (!status) return base::Error{status.error()};
  }
  const base::Status status = make_unique(files);
  if (!status) return base::Error{status.error()};
  return files;
}

}  // namespace mxcheck::suite
