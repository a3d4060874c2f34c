// `mpirun -n N mxcheck run ...`: the processes that mpirun starts find each other and compute one
// run together. Rank 0 reads, prints and writes as a single process does; the others compute.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "sim/cli/command.h"
#include "sim/cluster/courier.h"
#include "sim/cluster/leader.h"

namespace mxcheck::cli {

// More than one process runs the same command line, as far as the environment tells.
struct Ranks {
  int rank = 0, size = 1;
};
// nullopt: this process is alone.
[[nodiscard]] std::optional<Ranks> ranks_started();
// The same for processes that compute together. UsageError where several were started that cannot
// find each other: without support for MPI every one of them would run the whole suite.
[[nodiscard]] std::optional<Ranks> ranks_here();

// The first rank's side of a run.
class ClusterRun {
 public:
  // Starts the courier. UsageError if there is none.
  ClusterRun();
  // Dismisses the others, also those of a run that never began.
  ~ClusterRun();
  ClusterRun(const ClusterRun&) = delete;
  ClusterRun& operator=(const ClusterRun&) = delete;

  // Sets up `options` so that the cases of `collection` are computed by all ranks. Before any
  // thread.
  void join(const suite::Collection& collection, const reports::RunContext& context,
            suite::SuiteOptions& options);
  void finish();

 private:
  void begin(std::unique_ptr<cluster::CaseServer> own, const reports::RunContext& context,
             const suite::SuiteOptions& options);

  std::unique_ptr<cluster::Courier> courier_;
  std::unique_ptr<cluster::Leader> leader_;
};

// What a rank but the first has read: enough to compute any case of the run.
struct WorkerPlan {
  suite::Collection collection;
  suite::SuiteOptions options;
  reports::RunContext context;
};
// Every rank but the first: `plan` reads the command line. Prints nothing; exit code 0.
int work_for_cluster(const std::function<WorkerPlan()>& plan);

}  // namespace mxcheck::cli
