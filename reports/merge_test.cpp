// Merging is the inverse of sharding, in any order; everything that is not the shards of one run is
// refused under its label.
#include "reports/merge.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "reports/json.h"
#include "reports/shard.h"
#include "reports/testing.h"

namespace mxcheck::reports {
namespace {

void seal(RunResult& run) { run.suite_digest = suite_digest(run.cases); }

// One run with every kind of case, ids unique and in order, and `more` plain ones.
RunResult whole_run(int more) {
  RunResult run = invented_run();
  run.cases.erase(run.cases.begin() + 1);  // the second with the same id
  for (int i = 0; i < more; ++i) {
    run.cases.push_back(case_of("more/" + std::to_string(i), Status::kPass, ""));
    run.cases.back().digest = "d" + std::to_string(i);
  }
  std::sort(run.cases.begin(), run.cases.end(),
            [](const CaseResult& a, const CaseResult& b) { return a.id < b.id; });
  std::vector<std::pair<std::string, std::string>> list;
  for (const CaseResult& c : run.cases) list.emplace_back(c.id, c.digest);
  run.context.selected_cases = static_cast<std::int64_t>(list.size());
  run.context.selected_digest = selection_digest(list);
  run.milliseconds = 0;
  seal(run);
  return run;
}

std::vector<ShardReport> shards_of(const RunResult& whole, std::uint64_t count) {
  std::vector<ShardReport> out;
  for (std::uint64_t index = 0; index < count; ++index) {
    RunResult part = whole;
    const Shard shard{index, count};
    part.context.shard = shard_name(shard);
    std::erase_if(part.cases, [&](const CaseResult& c) { return !shard.has(c.id); });
    for (ExpectationUse& use : part.expectations) use.matched = use.decided = 0;
    for (const CaseResult& c : part.cases) {
      if (!c.expectation) continue;
      for (ExpectationUse& use : part.expectations) {
        if (use.entry == c.expectation->entry) ++use.matched, ++use.decided;
      }
    }
    seal(part);
    out.push_back({"r" + std::to_string(index) + ".json", std::move(part)});
  }
  return out;
}

std::vector<std::string> labels_of(std::vector<ShardReport> parts, Gaps gaps = Gaps::kRefused) {
  base::Diagnostics problems;
  const bool good = merge(std::move(parts), gaps, problems).has_value();
  std::vector<std::string> out;
  for (const base::Diagnostic& d : problems) {
    CHECK_FALSE(d.file.empty());
    out.push_back(d.label + " " + d.file);
  }
  CHECK(good == out.empty());
  return out;
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("the shards of a run make the run, in any order", "[merge]") {
  const RunResult whole = whole_run(40);
  for (const std::uint64_t count : {1, 2, 4, 100}) {  // some of a hundred are empty
    std::vector<ShardReport> parts = shards_of(whole, count);
    for (int turn = 0; turn < 3; ++turn) {
      base::Diagnostics problems;
      const auto merged = merge(parts, Gaps::kRefused, problems);
      for (const base::Diagnostic& d : problems) UNSCOPED_INFO(base::format(d));
      REQUIRE(merged.has_value());
      CHECK(to_json(*merged) == to_json(whole));
      std::rotate(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(parts.size() / 2),
                  parts.end());
      if (turn == 1) std::reverse(parts.begin(), parts.end());
    }
  }
}

TEST_CASE("missing and doubled shards are refused [MERGE-GAP, MERGE-OVERLAP]", "[merge]") {
  const std::vector<ShardReport> parts = shards_of(whole_run(40), 4);
  CHECK(labels_of({parts[0], parts[1], parts[3]}) == Labels{"MERGE-GAP r0.json"});
  CHECK(labels_of({parts[2]}) == Labels{"MERGE-GAP r2.json"});
  std::vector<ShardReport> twice = parts;
  twice.push_back({"again.json", parts[1].run});
  CHECK(labels_of(twice) == Labels{"MERGE-OVERLAP r1.json"});
  twice.erase(twice.begin());
  CHECK(labels_of(twice) == Labels{"MERGE-OVERLAP r1.json", "MERGE-GAP again.json"});
  const std::vector<ShardReport> others = shards_of(whole_run(40), 3);
  CHECK(labels_of({parts[0], parts[1], parts[2], parts[3], others[0]}).front() ==
        "MERGE-SHARD r0.json");
}

TEST_CASE("each thing that differs between runs is named [MERGE-CONTEXT]", "[merge]") {
  using Edit = std::function<void(RunResult&)>;
  const std::vector<Edit> edits{[](RunResult& r) { r.context.version = "0.2.0"; },
                                [](RunResult& r) { r.context.commit = "1234567"; },
                                [](RunResult& r) { r.context.paths.emplace_back("more"); },
                                [](RunResult& r) { r.context.selection = "-k x"; },
                                [](RunResult& r) { r.context.policy = "xla_cpu"; },
                                [](RunResult& r) { r.context.hardware = "tpu_v5e"; },
                                [](RunResult& r) { r.context.faults = {"{}"}; },
                                [](RunResult& r) { r.context.level = "fast"; },
                                [](RunResult& r) { r.context.isa = "avx2"; },
                                [](RunResult& r) { r.context.isas_here = {"avx2"}; },
                                [](RunResult& r) { r.context.seed = 7; },
                                [](RunResult& r) { r.context.expectations = "other.json"; },
                                [](RunResult& r) { r.context.device = "d.json"; },
                                [](RunResult& r) { r.context.selected_digest = "0"; },
                                [](RunResult& r) { ++r.context.selected_cases; },
                                [](RunResult& r) { r.expectations[1].reason = "another"; },
                                [](RunResult& r) { r.expectations.pop_back(); }};
  const std::vector<ShardReport> parts = shards_of(whole_run(40), 2);
  for (std::size_t i = 0; i < edits.size(); ++i) {
    INFO(i);
    std::vector<ShardReport> changed = parts;
    edits[i](changed[1].run);
    CHECK(labels_of(changed) == Labels{"MERGE-CONTEXT r1.json"});
  }
  // All at once.
  std::vector<ShardReport> changed = parts;
  for (const Edit& edit : edits) edit(changed[1].run);
  changed[0].run.incomplete = true;
  CHECK(labels_of(changed).size() == edits.size());  // the entries of expectations are one of them
}

TEST_CASE("cases are whole, once, in their shard [MERGE-SHARD, MERGE-DIGEST]", "[merge]") {
  const std::vector<ShardReport> parts = shards_of(whole_run(40), 2);
  std::vector<ShardReport> changed = parts;
  changed[0].run.cases.pop_back();
  CHECK(labels_of(changed) == Labels{"MERGE-DIGEST r0.json"});
  seal(changed[0].run);
  CHECK(labels_of(changed) == Labels{"MERGE-GAP r0.json"});
  changed = parts;
  changed[1].run.cases.push_back(parts[0].run.cases[0]);
  seal(changed[1].run);
  CHECK(labels_of(changed) == Labels{"MERGE-SHARD r1.json"});
  changed = parts;
  changed[1].run.cases.push_back(parts[1].run.cases[0]);
  seal(changed[1].run);
  CHECK(labels_of(changed) == Labels{"MERGE-SHARD r1.json"});
  changed = parts;
  changed[1].run.cases[0].digest = "edited";
  seal(changed[1].run);
  CHECK(labels_of(changed) == Labels{"MERGE-GAP r0.json"});
  changed = parts;
  for (const char* wrong : {"1", "2/2", "0/1", "x"}) {
    changed[1].run.context.shard = wrong;
    CHECK(labels_of(changed) == Labels{"MERGE-SHARD r1.json", "MERGE-GAP r0.json"});
  }
}

TEST_CASE("what is incomplete is refused, or joined and marked [MERGE-INCOMPLETE]", "[merge]") {
  const RunResult whole = whole_run(40);
  std::vector<ShardReport> parts = shards_of(whole, 3);
  parts[1].run.incomplete = true;
  parts[1].run.cases.resize(1);
  seal(parts[1].run);
  CHECK(labels_of(parts) == Labels{"MERGE-INCOMPLETE r1.json"});
  parts.pop_back();
  CHECK(labels_of(parts) == Labels{"MERGE-GAP r0.json", "MERGE-INCOMPLETE r1.json"});
  base::Diagnostics problems;
  const auto merged = merge(parts, Gaps::kAllowed, problems);
  REQUIRE(merged.has_value());
  CHECK(merged->incomplete);
  CHECK(merged->cases.size() == parts[0].run.cases.size() + 1);
  // Nothing else is forgiven.
  parts[0].run.context.version = "0.2.0";
  CHECK(labels_of(parts, Gaps::kAllowed) == Labels{"MERGE-CONTEXT r1.json"});
}

TEST_CASE("counts of a hostile report do not overflow", "[merge]") {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::vector<ShardReport> parts = shards_of(whole_run(0), 2);
  for (ShardReport& part : parts) {
    part.run.expectations[0].matched = kMost;
    for (CaseResult& c : part.run.cases) c.kernels = {{"k", "gemm", "scalar", kMost}};
  }
  base::Diagnostics problems;
  const auto merged = merge(parts, Gaps::kRefused, problems);
  REQUIRE(merged.has_value());
  CHECK(merged->expectations[0].matched == kMost);
  CHECK(kernel_totals(*merged).at(0).uses == kMost);
}

}  // namespace mxcheck::reports
