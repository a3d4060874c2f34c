// Results kept in a folder from run to run (run --cache): an unchanged case is not run again.
//
// The key is everything a result depends on (result_key); what has the same key gives the same
// result. Only a PASS is kept: a failure is always of this run. An entry carries its own digest; a
// damaged one is told, ignored and written anew. Many runs may share a folder: entries are written
// to a temporary name and renamed, and one that another run removes is only missing.
//
//   DIR/CACHEDIR.TAG           so that backups leave it out
//   DIR/3f/9c...e1.json        "mxcheck-cache 1 SHA256\n" and a report of the one case
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/suite/earlier_results.h"
#include "sim/suite/run_case.h"

namespace mxcheck::suite {

// Everything a result depends on, as text, a line each; `tool` names the build of the program. The
// options' device and dump are not in it: with these nothing may be taken from a cache.
[[nodiscard]] std::string result_key(const std::string& tool, const casefile::Case& c,
                                     const FileDigests& files, const CaseOptions& options);

class ResultCache : public EarlierResults {
 public:
  // Makes the folder if there is none; refuses one that holds anything else. `options` must outlive
  // this.
  [[nodiscard]] static base::Result<std::unique_ptr<ResultCache>> open(
      const std::filesystem::path& folder, const std::string& tool, const CaseOptions& options);

  [[nodiscard]] std::optional<reports::CaseResult> find(const casefile::Case& c,
                                                        const FileDigests& files) override;
  // Reads the files once more: a result is kept only if they are still what they were.
  void keep(const casefile::Case& c, const FileDigests& files,
            const reports::CaseResult& result) override;

  // Removes what was not used for longest until the rest has at most `bytes`, if this run added
  // anything.
  void shrink(std::uint64_t bytes);

  [[nodiscard]] std::size_t found() const { return found_; }
  // Damaged entries, and why nothing could be written; the first few.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  ResultCache(std::filesystem::path folder, std::string tool, const CaseOptions& options)
      : folder_(std::move(folder)), tool_(std::move(tool)), options_(options) {}

  [[nodiscard]] std::filesystem::path entry(const casefile::Case& c,
                                            const FileDigests& files) const;
  void warn(const std::string& text);

  std::filesystem::path folder_;
  std::string tool_;
  const CaseOptions& options_;
  std::atomic<std::size_t> found_ = 0, kept_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> warnings_;
};

}  // namespace mxcheck::suite
