// A case recorded elsewhere (a model of somebody's, by the golden generator) brought into a suite:
// its text in the canonical layout, its golden and its data under the suite's own names, checksum
// and provenance beside them. What it states is not changed; the digest its provenance names is.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "sim/author/golden_store.h"
#include "sim/base/result.h"
#include "sim/casefile/case.h"

namespace mxcheck::author {

struct ImportPlan {
  std::string id;  // in the suite: the path below `folder` without .json
  std::filesystem::path folder, case_file, golden, root;
  std::string case_text, golden_bytes;
  ProvenanceEntry provenance;
  std::vector<std::pair<std::filesystem::path, std::string>> data;  // files of tensors: bytes

  // Files of the plan that are there already.
  [[nodiscard]] std::vector<std::filesystem::path> occupied() const;
};

// What importing `c` as `id` below `folder` writes. An error in one sentence: the case has no
// golden, the id is no path, a file cannot be read, or the text does not give the case again.
[[nodiscard]] base::Result<ImportPlan> plan_import(const casefile::Case& c,
                                                   const std::filesystem::path& folder,
                                                   const std::string& id);

// Data and golden first, the case that names them last; each whole.
[[nodiscard]] base::Status write_import(const ImportPlan& plan);

}  // namespace mxcheck::author
