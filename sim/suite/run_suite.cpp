// A pool of threads takes cases by number; the caller's thread hands results on in order. A case
// that exceeds its time is abandoned, not killed: its thread keeps its own copy of everything.
#include "sim/suite/run_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "reports/console.h"
#include "reports/shard.h"
#include "sim/base/labels.h"
#include "sim/casefile/data_digest.h"
#include "sim/casefile/size.h"
#include "sim/suite/case_place.h"
#include "sim/suite/case_result.h"
#include "sim/suite/checksums.h"
#include "sim/suite/compare.h"
#include "sim/suite/memory.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using reports::CaseResult;
using reports::Status;

constexpr auto kPollInterval = std::chrono::milliseconds(50);

CaseRun skipped_for_memory(const Case& c, const SuiteOptions& options) {
  constexpr double kMiB = 1 << 20;
  CaseRun run;
  run.too_large = true;
  run.result = blank_result(c, options.cases);
  run.result.status = Status::kSkip;
  run.result.reason =
      fmt::format("its shapes need up to {:.1f} MiB, more than --max-memory, {:.1f}",
                  static_cast<double>(casefile::planned_bytes(c)) / kMiB,
                  static_cast<double>(options.max_memory) / kMiB);
  return run;
}

// One slot per case; workers fill them, the caller empties them in order.
class Pool {
 public:
  Pool(std::vector<std::shared_ptr<const Case>> cases,
       const std::map<std::string, std::string>& goldens, const SuiteOptions& options)
      : cases_(std::move(cases)),
        goldens_(goldens),
        options_(options),
        memory_(options.max_memory),
        slots_(cases_.size()) {
    const std::size_t count =
        std::min<std::size_t>(std::max(1u, options.jobs), std::max<std::size_t>(1, cases_.size()));
    for (std::size_t i = 0; i < count; ++i) workers_.emplace_back([this] { work(); });
  }
  ~Pool() {
    halt_ = true;
    for (std::thread& worker : workers_) worker.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Waits for case i; nullopt if the run was interrupted before it finished.
  std::optional<CaseRun> take(std::size_t i) {
    std::unique_lock lock(mutex_);
    while (!slots_[i]) {
      if (interrupted()) return std::nullopt;
      ready_.wait_for(lock, kPollInterval);
    }
    const std::unique_ptr<CaseRun> out = std::move(slots_[i]);
    return std::move(*out);
  }

  [[nodiscard]] bool interrupted() const {
    return options_.stop != nullptr && options_.stop->load();
  }
  [[nodiscard]] bool abandoned() const { return abandoned_; }

 private:
  // What an earlier run has of the case, or else what it gives now; nullopt: interrupted.
  std::optional<CaseRun> obtain(const std::shared_ptr<const Case>& c) {
    const auto golden = goldens_.find(c->id);
    const std::optional<std::string> data = casefile::data_digest(*c);
    const FileDigests files{golden == goldens_.end() ? "" : golden->second, data.value_or("")};
    const std::uint64_t need = casefile::planned_bytes(*c);
    CaseRun run;
    if (!memory_.can_ever_hold(need)) {
      run = skipped_for_memory(*c, options_);
    } else {
      for (EarlierResults* earlier : options_.earlier) {
        std::optional<CaseResult> found = data ? earlier->find(*c, files) : std::nullopt;
        if (!found) continue;
        run.result = std::move(*found);
        return run;
      }
      std::optional<CaseRun> now = compute(c, need);
      if (!now) return std::nullopt;
      run = std::move(*now);
    }
    run.result.golden_digest = files.golden;
    for (EarlierResults* earlier : options_.earlier) {
      if (data) earlier->keep(*c, files, run.result);
    }
    return run;
  }

  std::optional<CaseRun> compute(const std::shared_ptr<const Case>& c, std::uint64_t need) {
    // Whoever computes elsewhere has memory of its own.
    if (options_.runner != nullptr) return options_.runner->run(c);
    const MemoryGate::Place place(memory_, need);
    return run_in_time(c, options_, abandoned_);
  }

  void work() {
    while (!halt_ && !interrupted()) {
      const std::size_t i = next_.fetch_add(1);
      if (i >= cases_.size()) return;
      // Nobody needs the case when it has run.
      std::optional<CaseRun> run = obtain(std::exchange(cases_[i], nullptr));
      if (!run) return;
      const std::lock_guard lock(mutex_);
      slots_[i] = std::make_unique<CaseRun>(std::move(*run));
      ready_.notify_all();
    }
  }

  std::vector<std::shared_ptr<const Case>> cases_;
  const std::map<std::string, std::string>& goldens_;  // digest by case id
  const SuiteOptions& options_;
  MemoryGate memory_;
  std::vector<std::unique_ptr<CaseRun>> slots_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> halt_ = false;
  std::atomic<bool> abandoned_ = false;
};

// The result of a case that was refused when it was read.
CaseResult refused_result(const RefusedCase& refused) {
  CaseResult result;
  result.id = refused.id;
  result.file = refused.file.file.string();
  result.line = refusal_line(refused.diagnostics);
  if (!refused.expected.empty()) {
    if (base::find_label(refused.expected) != nullptr) result.labels = {refused.expected};
    judge_refusal(refused.expected, refused.diagnostics, result);
    return result;
  }
  result.status = Status::kSuiteError;
  for (const base::Diagnostic& d : refused.diagnostics) {
    if (d.severity != base::Severity::kError) continue;
    result.reason = fmt::format("refused: [{}] {}", d.label, d.fact);
    break;
  }
  return result;
}

// Merges cases to run and cases refused on reading into one order of ids.
class Runner {
 public:
  Runner(Collection collection, const SuiteOptions& options)
      : options_(options), refused_(std::move(collection.refused)) {
    run_.diagnostics = std::move(collection.warnings);
    if (options.expectations != nullptr) {
      run_.result.expectations = options.expectations->no_uses();
    }
    for (Case& c : collection.cases) {
      cases_.push_back(std::make_shared<const Case>(std::move(c)));
    }
    collection.cases = {};  // what is left of them is as large as a case without its parts
    run_.result.cases.reserve(cases_.size() + refused_.size());
    std::stable_sort(refused_.begin(), refused_.end(),
                     [](const RefusedCase& a, const RefusedCase& b) { return a.id < b.id; });
  }

  SuiteRun run(const std::map<std::string, std::string>& digests) {
    {
      Pool pool(cases_, digests, options_);
      std::size_t next_refused = 0;
      for (std::size_t i = 0; i < cases_.size() && !done_; ++i) {
        while (next_refused < refused_.size() && refused_[next_refused].id < cases_[i]->id) {
          add_refused(refused_[next_refused++]);
        }
        std::optional<CaseRun> run = done_ ? std::nullopt : pool.take(i);
        if (!run) break;
        add(std::move(*run));
        cases_[i].reset();
      }
      run_.interrupted = pool.interrupted();
      run_.abandoned = pool.abandoned();
      while (!run_.interrupted && !done_ && next_refused < refused_.size()) {
        add_refused(refused_[next_refused++]);
      }
    }
    run_.result.incomplete = run_.result.cases.size() < cases_.size() + refused_.size();
    run_.result.suite_digest = reports::suite_digest(run_.result.cases);
    return std::move(run_);
  }

 private:
  void add(CaseRun run) {
    for (auto& [name, value] : run.dump) {
      run_.dump.emplace(run.result.id + ":" + name, as_stored(value));
    }
    if (run.device) run_.device.emplace(run.result.id, *run.device);
    if (run.too_large) ++run_.too_large;
    expect(run.result);
    if (!run.refusal.empty() && run.result.status != Status::kXfail) {
      run_.refused = true;
      run_.diagnostics.insert(run_.diagnostics.end(), run.refusal.begin(), run.refusal.end());
    }
    add_result(std::move(run.result));
  }

  void add_refused(const RefusedCase& refused) {
    CaseResult result = refused_result(refused);
    const bool good = result.status == Status::kPass;
    expect(result);
    if (!good && result.status != Status::kXfail) {
      run_.diagnostics.insert(run_.diagnostics.end(), refused.diagnostics.begin(),
                              refused.diagnostics.end());
    }
    if (refused.expected.empty() && result.status != Status::kXfail) run_.refused = true;
    add_result(std::move(result));
  }

  void expect(CaseResult& result) {
    if (options_.expectations == nullptr || done_) return;
    options_.expectations->apply(kernels::name(options_.cases.isa), result,
                                 run_.result.expectations);
  }

  void add_result(CaseResult result) {
    if (done_) return;
    if (options_.finished) options_.finished(result);
    if (reports::verdict(result.status) == reports::Verdict::kFailed) ++failures_;
    run_.result.cases.push_back(std::move(result));
    done_ = options_.max_failures > 0 && failures_ >= options_.max_failures;
  }

  const SuiteOptions& options_;
  std::vector<std::shared_ptr<const Case>> cases_;
  std::vector<RefusedCase> refused_;
  SuiteRun run_;
  std::int64_t failures_ = 0;
  bool done_ = false;
};

bool is_below(const std::filesystem::path& path, const std::filesystem::path& root) {
  std::error_code error;
  const std::filesystem::path relative =
      std::filesystem::weakly_canonical(path, error)
          .lexically_relative(std::filesystem::weakly_canonical(root, error));
  return !error && !relative.empty() && *relative.begin() != "..";
}

}  // namespace

CaseRun run_in_time(const std::shared_ptr<const Case>& c, const SuiteOptions& options,
                    std::atomic<bool>& abandoned) {
  if (options.timeout_seconds <= 0) return run_case(*c, options.cases);
  auto task = std::make_shared<std::packaged_task<CaseRun()>>(
      [c, copy = options.cases] { return run_case(*c, copy); });
  std::future<CaseRun> future = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  if (future.wait_for(std::chrono::duration<double>(options.timeout_seconds)) ==
      std::future_status::ready) {
    return future.get();
  }
  abandoned = true;
  CaseRun run;
  run.result = blank_result(*c, options.cases);
  run.result.status = Status::kSuiteError;
  run.result.reason = fmt::format("did not finish within {} s", options.timeout_seconds);
  run.result.milliseconds = options.timeout_seconds * 1000;
  return run;
}

bool check_goldens(const std::vector<Case>& cases, std::map<std::string, std::string>& digests,
                   base::Diagnostics& diagnostics) {
  Checksums checksums;
  for (const Case& c : cases) {
    const std::filesystem::path golden = c.file.parent_path() / c.expect.golden;
    // Outside the root: refused when the case is loaded, not read here.
    if (c.expect.golden.empty() || !is_below(golden, c.root)) continue;
    const std::size_t before = diagnostics.size();
    digests[c.id] = checksums.check(golden, c.root, diagnostics);
    for (std::size_t i = before; i < diagnostics.size(); ++i) {
      const bool of_golden = diagnostics[i].file == golden.string();
      if (!of_golden || diagnostics[i].severity != base::Severity::kError) continue;
      diagnostics[i].hint = fmt::format(
          "expected values change only by recording them again: `mxcheck bless {}` shows what "
          "changed and records golden and checksum together, also after a bless that was cut "
          "short; or restore the file",
          reports::shell_quote(c.file.string()));
    }
  }
  return !base::has_errors(diagnostics);
}

SuiteRun run_suite(Collection collection, const SuiteOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  std::map<std::string, std::string> digests;
  base::Diagnostics checksum_problems;
  SuiteRun run;
  if (check_goldens(collection.cases, digests, checksum_problems)) {
    collection.warnings.insert(collection.warnings.end(), checksum_problems.begin(),
                               checksum_problems.end());
    // A single case has nothing to share out but its products. A case that may be left behind when
    // its time is over keeps to its own thread.
    SuiteOptions chosen = options;
    std::unique_ptr<base::Pool> pool;
    if (collection.cases.size() == 1 && options.jobs > 1 && options.timeout_seconds == 0 &&
        options.runner == nullptr) {
      pool = std::make_unique<base::Pool>(options.jobs);
      chosen.cases.pool = pool.get();
    }
    run = Runner(std::move(collection), chosen).run(digests);
  } else {
    run.diagnostics = std::move(checksum_problems);
    run.refused = true;
    run.result.incomplete = true;
  }
  run.result.milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return run;
}

}  // namespace mxcheck::suite
