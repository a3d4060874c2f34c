// End to end: the cases of a folder on one thread, at level functional and at level auto. First the
// executor alone, every value of every case, in turn and held against each other bit for bit; then
// whole runs as `mxcheck run` does them, all checks included.
#include <fmt/format.h>

#include "sim/base/check.h"
#include "sim/bench/groups.h"
#include "sim/bench/measure.h"
#include "sim/exec/executor.h"
#include "sim/suite/collect.h"
#include "sim/suite/run_suite.h"

namespace mxcheck::bench {
namespace {

struct Runnable {
  const casefile::Case* c = nullptr;
  graph::RunData data;
  mxu::Profile profile;
};

// Cases that are to be run, not refused.
std::vector<Runnable> runnable(const std::vector<casefile::Case>& cases) {
  std::vector<Runnable> out;
  for (const casefile::Case& c : cases) {
    if (!c.expect.error.empty()) continue;
    base::Diagnostics problems;
    std::optional<graph::RunData> data = casefile::load_data(c, problems);
    std::optional<mxu::Profile> profile = suite::profile_of(c, problems);
    if (data && profile) out.push_back({&c, std::move(*data), std::move(*profile)});
  }
  return out;
}

graph::Values values_of(const Runnable& r, exec::Level level, kernels::Isa isa) {
  exec::Request request{r.c->graph, r.c->rules,  r.c->plan, r.c->run,
                        r.data,     r.c->policy, r.profile, level};
  request.isa = isa;
  base::Result<exec::Outcome> outcome = exec::run(request);
  return outcome ? std::move(outcome).value().values : graph::Values{};
}

std::string difference(const std::vector<Runnable>& cases, kernels::Isa isa) {
  for (const Runnable& r : cases) {
    const graph::Values plain = values_of(r, exec::Level::kFunctional, isa);
    const graph::Values fast = values_of(r, exec::Level::kAuto, isa);
    if (plain.size() != fast.size()) return r.c->id;
    for (const auto& [name, value] : plain) {
      const auto other = fast.find(name);
      if (other == fast.end() || !tensor::identical(value, other->second)) {
        return r.c->id + ":" + name;
      }
    }
  }
  return "";
}

Row row_of(const std::string& name, std::size_t cases, double seconds) {
  Row row;
  row.group = "suite";
  row.name = name;
  row.milliseconds = seconds * 1e3;
  row.figures = {{"cases", static_cast<double>(cases)},
                 {"cases_per_s", static_cast<double>(cases) / seconds}};
  return row;
}

// A whole run, once, as far as `mxcheck run -j 1` goes; the run's own clock.
Row whole_run(const suite::Collection& collection, exec::Level level, kernels::Isa isa) {
  suite::SuiteOptions options;
  options.cases.level = level;
  options.cases.isa = isa;
  const suite::SuiteRun run = suite::run_suite(collection, options);
  Row row = row_of(fmt::format("run, {}", exec::name(level)), run.result.cases.size(),
                   run.result.milliseconds * 1e-3);
  const reports::Totals sum = reports::totals(run.result);
  row.note = fmt::format("all checks: {} passed, {} failed, {} skipped", sum.passed, sum.failed,
                         sum.skipped);
  return row;
}

}  // namespace

std::vector<Row> bench_suite(const Options& options) {
  const base::Result<suite::Collection> collected = suite::collect({options.cases}, {});
  MXCHECK_CHECK(collected.ok(), "the caller has looked at the folder");
  const suite::Collection& collection = collected.value();
  const std::vector<Runnable> cases = runnable(collection.cases);
  const auto execute = [&](exec::Level level) {
    for (const Runnable& r : cases) static_cast<void>(values_of(r, level, options.isa));
  };
  const std::vector<double> best = interleaved(
      {[&] { execute(exec::Level::kFunctional); }, [&] { execute(exec::Level::kAuto); }},
      options.seconds);
  std::vector<Row> rows = {row_of("execute, functional", cases.size(), best[0]),
                           row_of("execute, auto", cases.size(), best[1])};
  rows[1].figures.emplace_back("ratio_to_functional", best[0] / best[1]);
  const std::string differs = difference(cases, options.isa);
  rows[1].note = differs.empty() ? "bits as the functional level's"
                                 : "DIFFERS from the functional level: " + differs;
  for (const exec::Level level : {exec::Level::kFunctional, exec::Level::kAuto}) {
    rows.push_back(whole_run(collection, level, options.isa));
  }
  return rows;
}

}  // namespace mxcheck::bench
