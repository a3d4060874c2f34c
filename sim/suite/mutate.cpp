// First every case without a fault: what fails then is a false alarm, its size decides who is asked
// first. Then a pool of threads takes faults by number.
#include "sim/suite/mutate.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <numeric>
#include <thread>

#include "sim/base/digest.h"
#include "sim/kernels/gemm.h"
#include "sim/suite/fault_needs.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using fault::Need;
using reports::CheckResult;
using reports::Status;

// What a case is without a fault.
struct Baseline {
  bool usable = false;  // it ran and passed
  Needs needs;
  std::string digest;     // of all values
  std::int64_t cost = 0;  // what a run of it takes, in no unit: sizes, not times, so that the order
                          // of cases is the same on every host
  std::vector<FailedCheck> failed;
};

std::string digest_of(const graph::Values& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    text += name;
    const auto bytes = value.bytes();
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return base::sha256_hex(text);
}

std::vector<FailedCheck> failed_checks(const reports::CaseResult& result) {
  std::vector<FailedCheck> out;
  for (const CheckResult& check : result.checks) {
    if (check.status == Status::kFail) out.push_back({result.id, check.check, check.mode});
  }
  if (result.status == Status::kFail && out.empty()) out.push_back({result.id, "refusal", ""});
  return out;
}

// Does this host have a kernel that stores s8 as u8?
bool has_offset_kernel() {
  const auto kernels = kernels::gemm_kernels_for(kernels::best_isa());
  return std::any_of(kernels.begin(), kernels.end(), [](const kernels::GemmKernel* kernel) {
    return kernel->lhs == kernels::Storage::kU8 || kernel->rhs == kernels::Storage::kU8;
  });
}

// Runs work(0), work(1), ... on `jobs` threads.
void parallel(unsigned jobs, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::min<std::size_t>(jobs, count); ++i) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
}

class Mutation {
 public:
  Mutation(const Collection& collection, const MutateOptions& options)
      : cases_(collection.cases), options_(options), baselines_(cases_.size()) {
    options_.cases.explain = false;
    options_.cases.dump = DumpMode::kEndToEnd;
  }

  MutateResult run() {
    parallel(options_.jobs, cases_.size(), [&](std::size_t i) { baselines_[i] = baseline(i); });
    result_.cases = cases_.size();
    for (const Baseline& b : baselines_) {
      result_.false_alarms.insert(result_.false_alarms.end(), b.failed.begin(), b.failed.end());
    }
    order_.resize(cases_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return baselines_[a].cost < baselines_[b].cost;
    });
    result_.verdicts.resize(options_.faults.size());
    parallel(options_.jobs, options_.faults.size(), [&](std::size_t i) {
      if (!stopped()) result_.verdicts[i] = judge(options_.faults[i]);
    });
    result_.interrupted = stopped();
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

  [[nodiscard]] Baseline baseline(std::size_t i) const {
    if (stopped()) return {};
    const Case& c = cases_[i];
    const CaseRun run = run_case(c, options_.cases);
    Baseline out;
    out.failed = failed_checks(run.result);
    out.usable = run.result.status == Status::kPass || run.result.status == Status::kVacuous ||
                 run.result.status == Status::kFail;
    out.digest = digest_of(run.dump);
    const numerics::Policy& policy = options_.cases.policy ? *options_.cases.policy : c.policy;
    out.needs = needs_of(c.graph, c.plan, c.run, policy);
    base::Diagnostics ignored;
    const auto profile = options_.cases.profile ? options_.cases.profile : profile_of(c, ignored);
    if (!profile) return out;
    for (const auto& [name, value] : run.dump) out.cost += value.size();
    for (const exec::ProductShape& p : run.product_shapes) {
      out.cost += p.batch * profile->rows * profile->cols;
      add_product_needs(p.m, p.k, p.n, *profile, out.needs);
    }
    out.needs.set_if(out.needs.has(Need::kProduct) && !run.result.kernels.empty() && offsets_,
                     Need::kOffsetKernel);
    return out;
  }

  [[nodiscard]] FaultVerdict judge(const fault::Fault& fault) const {
    FaultVerdict verdict;
    verdict.fault = fault;
    const Need need = fault::info(fault.kind).needs;
    CaseOptions planted = options_.cases;
    planted.faults = {fault};
    for (const std::size_t i : candidates(fault)) {
      if (stopped()) break;
      if (need != Need::kChange) ++verdict.cases;
      if (verdict.detected) continue;
      const CaseRun run = run_case(cases_[i], planted);
      ++verdict.runs;
      verdict.detected = new_failure(run.result, baselines_[i]);
      const bool changed = verdict.detected || digest_of(run.dump) != baselines_[i].digest;
      if (need == Need::kChange && changed) ++verdict.cases;
      if (verdict.detected && need == Need::kChange) break;
    }
    verdict.applicable = verdict.cases > 0;
    return verdict;
  }

  [[nodiscard]] std::vector<std::size_t> candidates(const fault::Fault& fault) const {
    std::vector<std::size_t> out;
    for (const std::size_t i : order_) {
      const Baseline& b = baselines_[i];
      if (b.usable && b.needs.has(fault::info(fault.kind).needs)) out.push_back(i);
    }
    return out;
  }

  [[nodiscard]] static std::optional<FailedCheck> new_failure(const reports::CaseResult& result,
                                                              const Baseline& baseline) {
    for (const FailedCheck& failed : failed_checks(result)) {
      const bool before = std::any_of(
          baseline.failed.begin(), baseline.failed.end(), [&](const FailedCheck& known) {
            return known.check == failed.check && known.mode == failed.mode;
          });
      if (!before) return failed;
    }
    return std::nullopt;
  }

  const std::vector<Case>& cases_;
  MutateOptions options_;
  bool offsets_ = has_offset_kernel();
  std::vector<Baseline> baselines_;
  std::vector<std::size_t> order_;  // cheap cases first
  MutateResult result_;
};

}  // namespace

std::int64_t MutateResult::applicable() const {
  return std::count_if(verdicts.begin(), verdicts.end(),
                       [](const FaultVerdict& v) { return v.applicable; });
}

std::int64_t MutateResult::detected() const {
  return std::count_if(verdicts.begin(), verdicts.end(),
                       [](const FaultVerdict& v) { return v.detected.has_value(); });
}

double MutateResult::score() const {
  const std::int64_t all = applicable();
  return all == 0 ? 100.0 : 100.0 * static_cast<double>(detected()) / static_cast<double>(all);
}

MutateResult mutate(const Collection& collection, const MutateOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  MutateResult result = Mutation(collection, options).run();
  result.milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace mxcheck::suite
