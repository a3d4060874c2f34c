// Cases that failed, by name, for run --rerun-failed: those of a report, or those that a small file
// remembers from run to run.
//
// A case is remembered from the run in which it fails to the run in which it does not, whatever
// else these runs select. A run of everything below a folder forgets what is no longer there.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/base/diagnostic.h"
#include "sim/base/result.h"
#include "sim/suite/collect.h"

namespace mxcheck::suite {

class FailedCases {
 public:
  // A file that is not there remembers nothing; nullopt after a report of what is wrong with one.
  [[nodiscard]] static std::optional<FailedCases> read(const std::filesystem::path& file,
                                                       base::Diagnostics& diagnostics);
  // Of a report, from whatever machine: by id alone.
  [[nodiscard]] static FailedCases of(const reports::RunResult& run);

  [[nodiscard]] std::size_t size() const;
  // Is it one of them? An id may have been given below another folder: qt/a and a are one case if
  // their file is the same.
  [[nodiscard]] bool has(const std::string& file, const std::string& id) const;
  // Leaves only what is among them; not for one of several shards.
  void select(Collection& collection) const;

  // Takes in what a run found. `folders`: the run was of everything below them.
  void update(const reports::RunResult& run, const std::vector<std::filesystem::path>& folders);
  // Writes the file, or takes it away if nothing is remembered.
  [[nodiscard]] base::Status write(const std::filesystem::path& file) const;

 private:
  using Ids = std::vector<std::string>;

  std::map<std::string, Ids> by_file_;  // canonical; "": any
};

}  // namespace mxcheck::suite
