// Results that need no run, because the same case ran before: those of an earlier report
// (report_results.h), those of a cache (result_cache.h).
//
// What is found must be what run_case() would give, durations aside; whoever cannot be sure finds
// nothing. Expectations are applied afterwards, as to any result. Called from every thread that
// runs cases.
#pragma once

#include <optional>
#include <string>

#include "reports/model.h"
#include "sim/casefile/case.h"

namespace mxcheck::suite {

// Of the files a case refers to, as they are now; "" where it refers to none.
struct FileDigests {
  std::string golden, data;
  friend bool operator==(const FileDigests&, const FileDigests&) = default;
};

// nullopt if one of the files cannot be read; then there is nothing to find.
[[nodiscard]] std::optional<FileDigests> file_digests(const casefile::Case& c);

class EarlierResults {
 public:
  EarlierResults() = default;
  EarlierResults(const EarlierResults&) = delete;
  EarlierResults& operator=(const EarlierResults&) = delete;
  virtual ~EarlierResults() = default;

  [[nodiscard]] virtual std::optional<reports::CaseResult> find(const casefile::Case& c,
                                                                const FileDigests& files) = 0;
  // The result of a case that ran, before expectations.
  virtual void keep(const casefile::Case& c, const FileDigests& files,
                    const reports::CaseResult& result) = 0;
};

}  // namespace mxcheck::suite
