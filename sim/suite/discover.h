// Case files below the paths of a command line, with their ids and roots (REF: what a case may
// reference).
//
// A folder stands for every .json file below it except those under its own `schema`, `expectations`
// and `devices` folders, under hidden ones, and the PROVENANCE.json beside goldens; the id is the
// path below that folder without .json. A file stands for itself; its id is its name. Ids are
// unique or the command line is refused.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/result.h"

namespace mxcheck::suite {

struct CaseFile {
  std::filesystem::path file;  // as it is shown: the path given plus what is below it
  std::filesystem::path root;  // files a case refers to must lie below it
  std::string id;
};

// Name of the file that marks the root of a suite larger than the folder given.
inline constexpr const char* kRootMarker = ".mxcheck-root";

// What lies beside SHA256SUMS where goldens are: no case.
inline constexpr const char* kProvenanceFile = "PROVENANCE.json";

// The nearest folder, from `folder` upwards, that holds the marker; else `folder` itself.
[[nodiscard]] std::filesystem::path suite_root(const std::filesystem::path& folder);

// Sorted by id.
[[nodiscard]] base::Result<std::vector<CaseFile>> discover(
    const std::vector<std::filesystem::path>& paths);

}  // namespace mxcheck::suite
