// run(): options checked all at once, cases collected as the command line does, the suite's results
// handed over. The one seam to sim/suite.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <set>
#include <thread>

#include "mxcheck/mxcheck.h"
#include "reports/json.h"
#include "sim/api/convert.h"
#include "sim/base/text.h"
#include "sim/build/build_info.h"
#include "sim/graph/graph.h"
#include "sim/suite/option_text.h"
#include "sim/suite/run_suite.h"

namespace mxcheck {
namespace {

using api::refuse_option;

class Call {
 public:
  Call(const Options& options, Results& out) : options_(options), out_(out) {}

  void run() {
    read_selection();
    read_model();
    read_jobs();
    suite::Collection collection = collect();
    if (has_errors(out_.diagnostics)) {
      out_.incomplete = true;
      return;
    }
    keep_checks(collection);
    selected_ = collection.selected;
    if (options_.finished) {
      suite_.finished = [this](const reports::CaseResult& c) { options_.finished(to_public(c)); };
    }
    hand_over(suite::run_suite(std::move(collection), suite_));
  }

 private:
  static CaseResult to_public(const reports::CaseResult& c) { return api::to_public(c); }

  // The value, or a report that the option cannot be meant.
  template <typename T>
  std::optional<T> take(const char* option, base::Result<T> result) {
    if (result) return std::move(result).value();
    refuse_option(option, result.error(), out_.diagnostics);
    return std::nullopt;
  }

  void one_of(const char* option, const std::string& word, const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), word) != known.end()) return;
    refuse_option(option,
                  fmt::format("there is no '{}'{}; there are: {}", base::printable(word),
                              suite::did_you_mean(word, known), base::join(known, ", ")),
                  out_.diagnostics);
  }

  void read_selection() {
    if (!options_.keyword.empty()) {
      selection_.expression = take("keyword", suite::Expression::parse(options_.keyword));
    }
    for (const std::string& op : options_.ops) one_of("ops", op, graph::op_names());
    for (const std::string& check : options_.checks) {
      one_of("checks", check, casefile::check_names());
    }
    selection_.tags = options_.tags;
    selection_.ops = options_.ops;
    selection_.ids = options_.ids;
    selection_.shard = {options_.shard_index, options_.shard_count};
    if (options_.shard_count == 0 || options_.shard_count > reports::kMostShards ||
        options_.shard_index >= options_.shard_count) {
      refuse_option(
          "shard_index",
          fmt::format("there is no shard {} of {}", options_.shard_index, options_.shard_count),
          out_.diagnostics);
    }
  }

  void read_model() {
    if (!options_.policy.empty()) {
      suite_.cases.policy = take("policy", suite::policy_from_text(options_.policy));
    }
    if (!options_.hardware.empty()) {
      suite_.cases.profile = api::read_hardware(options_.hardware, out_.diagnostics);
    }
    suite_.cases.level = api::to_internal(options_.level);
    if (const auto isa = take("isa", kernels::choose_isa(options_.isa))) {
      suite_.cases.isa = *isa;
      if (!options_.isa.empty()) suite_.cases.fast_isas = {*isa};
    }
    suite_.cases.seed = options_.seed;
    suite_.cases.details = options_.report != Report::kNone;
    suite_.cases.dump = options_.values == Wanted::kNothing    ? suite::DumpMode::kNone
                        : options_.values == Wanted::kIsolated ? suite::DumpMode::kIsolated
                                                               : suite::DumpMode::kEndToEnd;
  }

  void read_jobs() {
    constexpr unsigned kMostJobs = 1024;
    suite_.jobs =
        options_.jobs != 0 ? options_.jobs : std::max(1u, std::thread::hardware_concurrency());
    if (options_.jobs > kMostJobs) {
      refuse_option("jobs", fmt::format("{} are more than {}", options_.jobs, kMostJobs),
                    out_.diagnostics);
    }
    if (options_.max_failures < 0) {
      refuse_option("max_failures", "it must not be negative", out_.diagnostics);
    }
    suite_.max_failures = options_.max_failures;
    suite_.stop = options_.stop;
  }

  suite::Collection collect() {
    suite::Collection out;
    if (!options_.paths.empty()) {
      const std::vector<std::filesystem::path> paths(options_.paths.begin(), options_.paths.end());
      if (auto collected = take("paths", suite::collect(paths, selection_))) {
        out = std::move(*collected);
      }
    }
    for (const CaseText& text : options_.texts) add_text(text, out);
    std::set<std::string> ids;
    const auto add_id = [&](const std::string& id) {
      if (ids.insert(id).second) return;
      refuse_option("texts", fmt::format("two cases have the id '{}'", base::printable(id)),
                    out_.diagnostics);
    };
    for (const casefile::Case& c : out.cases) add_id(c.id);
    for (const suite::RefusedCase& refused : out.refused) add_id(refused.id);
    return out;
  }

  void add_text(const CaseText& text, suite::Collection& collection) {
    if (text.id.empty()) {
      refuse_option("texts", "a case has no id", out_.diagnostics);
      return;
    }
    const std::filesystem::path folder = text.folder.empty() ? "." : text.folder;
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
      refuse_option("texts",
                    fmt::format("case '{}': there is no folder {}", base::printable(text.id),
                                base::printable(text.folder)),
                    out_.diagnostics);
      return;
    }
    std::string shown = "<" + text.id + ">";
    std::replace(shown.begin(), shown.end(), '/', '_');
    suite::add_text({{folder / shown, suite::suite_root(folder), text.id}, text.json}, selection_,
                    collection);
  }

  // Of each case the checks that are asked for, and the cases that have one.
  void keep_checks(suite::Collection& collection) const {
    const std::vector<std::string>& wanted = options_.checks;
    if (wanted.empty()) return;
    std::erase_if(collection.cases, [&](casefile::Case& c) {
      if (c.checks.empty()) {
        c.checks = wanted;
        return false;
      }
      std::erase_if(c.checks, [&](const std::string& check) {
        return std::find(wanted.begin(), wanted.end(), check) == wanted.end();
      });
      return c.checks.empty();
    });
  }

  void hand_over(suite::SuiteRun run) {
    for (const reports::CaseResult& c : run.result.cases) out_.cases.push_back(to_public(c));
    hand_over_values(std::move(run.dump));
    const Diagnostics found = api::to_public(run.diagnostics);
    out_.diagnostics.insert(out_.diagnostics.end(), found.begin(), found.end());
    const reports::Totals totals = reports::totals(run.result);
    out_.passed = totals.passed, out_.failed = totals.failed, out_.skipped = totals.skipped;
    out_.incomplete = run.result.incomplete;
    if (options_.report == Report::kJson) {
      run.result.context = context();
      out_.report = reports::to_json(run.result);
    }
  }

  // A dumped value is called "<id>:<name>", and an id may have a colon too: the longest id counts.
  void hand_over_values(graph::Values dump) {
    std::map<std::string, CaseResult*> by_id;
    for (CaseResult& c : out_.cases) by_id.emplace(c.id, &c);
    while (!dump.empty()) {
      const auto node = dump.extract(dump.begin());  // freed as it is copied
      const std::string& key = node.key();
      for (std::size_t colon = key.rfind(':'); colon != std::string::npos && colon != 0;
           colon = key.rfind(':', colon - 1)) {
        const auto found = by_id.find(key.substr(0, colon));
        if (found == by_id.end()) continue;
        found->second->values.emplace(key.substr(colon + 1), api::to_public(node.mapped()));
        break;
      }
    }
  }

  [[nodiscard]] reports::RunContext context() const {
    reports::RunContext out;
    out.version = build::version();
    out.commit = build::commit();
    out.paths = options_.paths;
    if (suite_.cases.policy) out.policy = numerics::describe(*suite_.cases.policy);
    if (suite_.cases.profile) out.hardware = mxu::describe(*suite_.cases.profile);
    out.level = exec::name(suite_.cases.level);
    out.isa = kernels::name(suite_.cases.isa);
    for (const kernels::Isa one : kernels::isas_here()) out.isas_here.push_back(kernels::name(one));
    if (options_.seed != 0) out.seed = options_.seed;
    out.shard = reports::shard_name(selection_.shard);
    out.selected_cases = static_cast<std::int64_t>(selected_.size());
    out.selected_digest = reports::selection_digest(selected_);
    return out;
  }

  const Options& options_;
  Results& out_;
  suite::Selection selection_;
  std::vector<suite::CaseIdentity> selected_;  // by all shards together
  suite::SuiteOptions suite_;
};

}  // namespace

Results run(const Options& options) {
  Results out;
  std::string failed;
  try {
    Call(options, out).run();
    return out;
  } catch (const std::exception& error) {
    failed = error.what();
  } catch (...) {
    failed = "an exception of a type that is not known here";
  }
  out = {};
  out.incomplete = true;
  out.diagnostics.push_back(api::failure(failed));
  return out;
}

std::string version() { return build::version(); }
std::string commit() { return build::commit(); }

}  // namespace mxcheck
