// Checks one after the other, each over all reports, then joins cases by id and adds up what is
// counted. Reports are put in the order of their shards first, so that neither result nor messages
// depend on the order they were given in.
#include "reports/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "reports/json.h"
#include "reports/shard.h"
#include "sim/base/json_reader.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

struct Part {
  std::string file;
  RunResult run;
  Shard shard;
};

constexpr std::size_t kMostListed = 20;  // of anything, in one message
constexpr std::size_t kMostCases = 20;   // complaints about cases, per report

class Merger {
 public:
  Merger(Gaps gaps, base::Diagnostics& diagnostics) : gaps_(gaps), diagnostics_(diagnostics) {}

  std::optional<RunResult> merge(std::vector<ShardReport> reports) {
    take(std::move(reports));
    if (parts_.empty()) return std::nullopt;
    check_shards();
    for (const Part& part : parts_) {
      check_context(part);
      check_expectations(part);
      check_cases(part);
      if (part.run.incomplete && gaps_ == Gaps::kRefused) {
        error("MERGE-INCOMPLETE", part.file, "the run stopped before all its cases",
              "a complete run", "--allow-incomplete joins what there is");
      }
    }
    if (errors_) return std::nullopt;
    RunResult out = join();
    check_selection(out);
    return errors_ ? std::nullopt : std::optional(std::move(out));
  }

 private:
  void error(const char* label, const std::string& file, std::string fact, std::string expectation,
             std::string hint = "") {
    base::Diagnostic d;
    d.file = file;
    d.label = label;
    d.fact = std::move(fact);
    d.expectation = std::move(expectation);
    d.hint = std::move(hint);
    diagnostics_.push_back(std::move(d));
    errors_ = true;
  }

  // The reports that say which shard they are, in the order of shards.
  void take(std::vector<ShardReport> reports) {
    for (ShardReport& report : reports) {
      const std::optional<Shard> shard = shard_from_name(report.run.context.shard);
      if (shard) {
        parts_.push_back({std::move(report.file), std::move(report.run), *shard});
        continue;
      }
      error("MERGE-SHARD", report.file,
            fmt::format("the shard \"{}\"", base::shortened(report.run.context.shard)),
            "I/N, the shard I of N, from 0");
    }
    std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
      return std::tie(a.shard.count, a.shard.index, a.file) <
             std::tie(b.shard.count, b.shard.index, b.file);
    });
  }

  void check_shards() {
    const std::uint64_t count = parts_.front().shard.count;
    std::map<std::uint64_t, std::string> seen;
    for (const Part& part : parts_) {
      if (part.shard.count != count) {
        error("MERGE-SHARD", part.file,
              fmt::format("a run of {} shards, {} is of one of {}", part.shard.count,
                          base::printable(parts_.front().file), count),
              "the shards of one run");
        continue;
      }
      const auto [known, fresh] = seen.emplace(part.shard.index, part.file);
      if (fresh) continue;
      error("MERGE-OVERLAP", part.file,
            fmt::format("shard {} of {}, as {}", part.shard.index, count,
                        base::printable(known->second)),
            "each shard once");
    }
    whole_ = seen.size() == count;
    if (whole_ || gaps_ == Gaps::kAllowed) return;
    std::vector<std::string> missing;
    for (std::uint64_t i = 0; i < count && missing.size() < kMostListed; ++i) {
      if (seen.find(i) == seen.end()) missing.push_back(std::to_string(i));
    }
    const std::size_t lacking = static_cast<std::size_t>(count) - seen.size();
    error("MERGE-GAP", parts_.front().file,
          fmt::format("{} of {} shards missing: {}{}", lacking, count, base::join(missing, ", "),
                      lacking > missing.size() ? ", ..." : ""),
          "all shards of the run", "--allow-incomplete joins what there is");
  }

  void check_context(const Part& part) {
    RunContext ours = part.run.context, theirs = parts_.front().run.context;
    ours.shard = theirs.shard = "";
    const std::vector<Fact> a = context_facts(ours), b = context_facts(theirs);
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i].second == b[i].second) continue;
      error("MERGE-CONTEXT", part.file,
            fmt::format("{} is {}", a[i].first, base::shortened(a[i].second)),
            fmt::format("{}, as in {}", base::shortened(b[i].second),
                        base::printable(parts_.front().file)));
    }
  }

  void check_expectations(const Part& part) {
    const auto key = [](const ExpectationUse& e) {
      return std::tie(e.entry, e.glob, e.expected, e.check, e.reason);
    };
    const std::vector<ExpectationUse>& first = parts_.front().run.expectations;
    const std::vector<ExpectationUse>& own = part.run.expectations;
    if (std::equal(own.begin(), own.end(), first.begin(), first.end(),
                   [&](const auto& a, const auto& b) { return key(a) == key(b); })) {
      return;
    }
    error("MERGE-CONTEXT", part.file, "the entries of its expectations are others",
          "those of " + base::printable(parts_.front().file));
  }

  void check_cases(const Part& part) {
    std::size_t told = 0;
    const auto tell = [&](const CaseResult& c, const std::string& fact, const char* expectation) {
      if (told++ >= kMostCases) return;
      error("MERGE-SHARD", part.file,
            fmt::format("the case \"{}\" {}", base::shortened(c.id), fact), expectation);
    };
    std::map<std::string, int> seen;
    for (const CaseResult& c : part.run.cases) {
      if (++seen[c.id] == 2) tell(c, "is there twice", "each case once");
      if (!part.shard.has(c.id)) {
        tell(c, fmt::format("belongs to shard {}", shard_of(c.id, part.shard.count)),
             "the cases of its own shard");
      }
    }
    const std::string digest = suite_digest(part.run.cases);
    if (part.run.suite_digest == digest) return;
    // A run that ran nothing, not even to see that it has nothing, states none.
    if (part.run.cases.empty() && part.run.incomplete && part.run.suite_digest.empty()) return;
    error("MERGE-DIGEST", part.file,
          fmt::format("suite_digest is {}", base::shortened(part.run.suite_digest)),
          digest + ", that of its cases");
  }

  static void add(std::int64_t& sum, std::int64_t more) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
    sum = more > kMost - sum ? kMost : sum + more;
  }

  RunResult join() {
    RunResult out;
    out.context = parts_.front().run.context;
    out.context.shard = "";
    out.incomplete = !whole_;
    out.expectations = parts_.front().run.expectations;
    for (ExpectationUse& use : out.expectations) use.matched = use.decided = 0;
    for (Part& part : parts_) {
      for (std::size_t i = 0; i < out.expectations.size(); ++i) {
        add(out.expectations[i].matched, part.run.expectations[i].matched);
        add(out.expectations[i].decided, part.run.expectations[i].decided);
      }
      out.incomplete = out.incomplete || part.run.incomplete;
      out.milliseconds += part.run.milliseconds;
      std::move(part.run.cases.begin(), part.run.cases.end(), std::back_inserter(out.cases));
    }
    std::sort(out.cases.begin(), out.cases.end(),
              [](const CaseResult& a, const CaseResult& b) { return a.id < b.id; });
    out.suite_digest = suite_digest(out.cases);
    return out;
  }

  // Every report says what all shards have together; it must be what they have.
  void check_selection(const RunResult& run) {
    if (run.incomplete) return;
    std::vector<std::pair<std::string, std::string>> have;
    for (const CaseResult& c : run.cases) have.emplace_back(c.id, c.digest);
    const std::string digest = selection_digest(have);
    const RunContext& context = run.context;
    if (digest == context.selected_digest &&
        context.selected_cases == static_cast<std::int64_t>(have.size())) {
      return;
    }
    error("MERGE-GAP", parts_.front().file,
          fmt::format("the shards have {} cases, the digest of their list is {}", have.size(),
                      digest),
          fmt::format("{} cases, the digest {}", context.selected_cases,
                      base::shortened(context.selected_digest)),
          "one of them has lost a case, or has one with other bytes");
  }

  Gaps gaps_;
  base::Diagnostics& diagnostics_;
  std::vector<Part> parts_;
  bool whole_ = false, errors_ = false;
};

}  // namespace

std::optional<RunResult> merge(std::vector<ShardReport> parts, Gaps gaps,
                               base::Diagnostics& diagnostics) {
  return Merger(gaps, diagnostics).merge(std::move(parts));
}

}  // namespace mxcheck::reports
