// `--resume` and `--cache`: results that this run need not make itself, and what became of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/cli/options.h"
#include "sim/suite/report_results.h"
#include "sim/suite/result_cache.h"

namespace mxcheck::cli {

void add_earlier_options(po::options_description& options);

class Earlier {
 public:
  // Throws UsageError if what is asked for cannot be used, with every reason. `options` and
  // `expectations` (which may be null) must outlive this.
  Earlier(const po::variables_map& map, const reports::RunContext& context,
          const suite::CaseOptions& options, const suite::Expectations* expectations);

  [[nodiscard]] std::vector<suite::EarlierResults*> results() const;
  // After the run: keeps the cache to its size.
  void finish();
  // What came from where, as lines for a person.
  [[nodiscard]] std::string text(const reports::RunResult& run) const;
  // Of damaged entries and the like.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  std::string resumed_, folder_;
  std::string unused_;  // why there is no cache although one is asked for
  std::uint64_t cache_bytes_ = 0;
  std::unique_ptr<suite::ReportResults> report_;
  std::unique_ptr<suite::ResultCache> cache_;
};

}  // namespace mxcheck::cli
