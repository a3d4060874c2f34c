// The environment says which rank this is before MPI is started: OpenMPI sets OMPI_COMM_WORLD_*,
// launchers of other MPIs PMI_*.
#include "sim/cli/cluster_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "reports/json.h"
#include "sim/base/text.h"
#include "sim/cli/options.h"
#include "sim/cluster/case_compute.h"
#include "sim/cluster/courier.h"
#include "sim/cluster/worker.h"

namespace mxcheck::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOpenMpiSize = "OMPI_COMM_WORLD_SIZE";

std::optional<int> number(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  int out = 0;
  const auto [end, error] = std::from_chars(value, value + std::strlen(value), out);
  return error == std::errc{} && *end == '\0' && out >= 0 ? std::optional(out) : std::nullopt;
}

// Beside this program, or where it is installed; "" if it is nowhere.
fs::path courier_program() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& place :
       {folder / "mxcheck-mpi", folder / "../libexec/mxcheck/mxcheck-mpi"}) {
    if (::access(place.c_str(), X_OK) == 0) return place;
  }
  return {};
}

std::unique_ptr<cluster::Courier> courier() {
  base::Result<std::unique_ptr<cluster::Courier>> out = cluster::Courier::start(courier_program());
  if (!out) throw UsageError(base::printable(out.error()));
  return std::move(out).value();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

}  // namespace

std::optional<Ranks> ranks_started() {
  for (const auto& [size, rank] :
       {std::pair(kOpenMpiSize, "OMPI_COMM_WORLD_RANK"), std::pair("PMI_SIZE", "PMI_RANK")}) {
    const int count = number(size).value_or(1);
    if (count > 1) return Ranks{number(rank).value_or(0), count};
  }
  return std::nullopt;
}

std::optional<Ranks> ranks_here() {
  const std::optional<Ranks> ranks = ranks_started();
  if (!ranks) return std::nullopt;
  const bool open_mpi = number(kOpenMpiSize).value_or(1) > 1;
  if (open_mpi && !courier_program().empty()) return ranks;
  throw UsageError(
      open_mpi
          ? fmt::format(
                "{} processes were started by mpirun, and this build has no mxcheck-mpi (it "
                "needs Boost.MPI); run shards instead, see mxcheck merge --help",
                ranks->size)
          : fmt::format("{} processes were started by an MPI that is not OpenMPI; use OpenMPI's "
                        "mpirun, or run shards, see mxcheck merge --help",
                        ranks->size));
}

ClusterRun::ClusterRun() : courier_(courier()) {}

ClusterRun::~ClusterRun() { finish(); }

void ClusterRun::begin(std::unique_ptr<cluster::CaseServer> own, const reports::RunContext& context,
                       const suite::SuiteOptions& options) {
  if (!courier_->meet()) fmt::print(stderr, "mxcheck: warning: MPI could not be started\n");
  cluster::Leader::Setup setup;
  setup.post = std::move(courier_);
  setup.own = std::move(own);
  setup.introduction = {host_name(), "", reports::context_facts(context)};
  setup.options = options;
  // Without anything to compute nobody is missed.
  const bool quiet = setup.own == nullptr;
  setup.notice = [quiet](const std::string& text) {
    if (!quiet) fmt::print(stderr, "mxcheck: warning: {}\n", text);
  };
  leader_ = std::make_unique<cluster::Leader>(std::move(setup));
}

void ClusterRun::join(const suite::Collection& collection, const reports::RunContext& context,
                      suite::SuiteOptions& options) {
  base::Result<std::unique_ptr<cluster::CaseServer>> own =
      cluster::CaseServer::start(cluster::computing(collection, options));
  if (!own) throw UsageError(base::printable(own.error()));
  begin(std::move(own).value(), context, options);
  options.runner = leader_.get();
  // Two a rank: one that computes, one that is ready to.
  options.jobs = 2 * static_cast<unsigned>(leader_->size());
}

void ClusterRun::finish() {
  // The others wait for a first word, also if there is nothing to do.
  if (leader_ == nullptr) begin(nullptr, {}, {});
  leader_->finish();
}

int work_for_cluster(const std::function<WorkerPlan()>& plan) {
  // Before MPI is started, which waits for every rank: also those that have nothing to offer.
  std::unique_ptr<cluster::Courier> post = courier();
  cluster::Introduction introduction{host_name(), "", {}};
  std::unique_ptr<cluster::CaseServer> server;
  WorkerPlan planned;
  try {
    planned = plan();
    introduction.facts = reports::context_facts(planned.context);
    base::Result<std::unique_ptr<cluster::CaseServer>> started =
        cluster::CaseServer::start(cluster::computing(planned.collection, planned.options));
    if (started) {
      server = std::move(started).value();
    } else {
      introduction.trouble = started.error();
    }
  } catch (const std::exception& error) {
    introduction.trouble = error.what();
  }
  if (!post->meet()) return kExitInternal;
  return cluster::work(std::move(post), std::move(server), introduction) ? kExitOk : kExitInternal;
}

}  // namespace mxcheck::cli
