// A case that ran out of time still occupies a thread: its process is not asked again.
#include "sim/cluster/case_compute.h"

#include <atomic>
#include <map>

#include "sim/base/check.h"
#include "sim/cluster/case_wire.h"

namespace mxcheck::cluster {

CaseServer::Compute computing(const suite::Collection& collection,
                              const suite::SuiteOptions& options) {
  std::map<std::string, const casefile::Case*> by_id;
  for (const casefile::Case& c : collection.cases) by_id.emplace(c.id, &c);
  return [by_id = std::move(by_id), &options](const std::string& id) -> Reply {
    const auto found = by_id.find(id);
    MXCHECK_CHECK(found != by_id.end(), "asked for a case that the suite does not have");
    // Not owned: it outlives every thread of this process.
    const std::shared_ptr<const casefile::Case> c(std::shared_ptr<void>(), found->second);
    std::atomic<bool> abandoned = false;
    suite::CaseRun run = suite::run_in_time(c, options, abandoned);
    return {to_bytes(std::move(run)), abandoned ? Then::kLast : Then::kNext};
  };
}

}  // namespace mxcheck::cluster
