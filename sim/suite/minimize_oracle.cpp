// A candidate is written and read as any case is: what it claims to be is what it will be.
#include "sim/suite/minimize_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/suite/compare.h"
#include "sim/suite/minimize_edit.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using casefile::Draft;
using casefile::TensorSource;
using reports::CaseResult;
using reports::CheckResult;
using reports::Finding;
using reports::Status;

constexpr std::int64_t kPastNodes = std::int64_t{1} << 40;
// A root cause must not depend on how fast the host is.
constexpr double kNoHurry = 20'000;

std::string kind_of(const Case& c, const std::string& name) {
  constexpr const char* kKinds[] = {"node",       "ct",    "quant", "grad/param",
                                    "grad/input", "stats", "param", ""};
  const ValueName parsed = parse_value_name(c.graph, name);
  return fmt::format("{} {} {}", kKinds[static_cast<std::size_t>(parsed.kind)], parsed.product,
                     parsed.leaf);
}

// The judged findings of one check, its isolated mode first.
std::vector<const Finding*> findings_of(const CheckResult& check) {
  std::vector<const Finding*> out;
  for (const Finding& f : check.findings) {
    if (f.judged) out.push_back(&f);
  }
  return out;
}

const CheckResult* failing_check(const CaseResult& result, const std::string& check,
                                 const std::string* mode) {
  for (const CheckResult& one : result.checks) {
    if (one.status != Status::kFail || (!check.empty() && one.check != check)) continue;
    if (mode == nullptr || one.mode == *mode) return &one;
  }
  return nullptr;
}

void make_inline(TensorSource& source, const std::function<tensor::Tensor(std::size_t)>& at) {
  if (source.kind == TensorSource::Kind::kFile) source = casefile::source_of(at(0));
  for (std::size_t i = 0; i < source.steps.size(); ++i) {
    if (source.steps[i].kind == TensorSource::Kind::kFile) {
      source.steps[i] = casefile::source_of(at(i));
    }
  }
}

}  // namespace

std::optional<FailureReason> reason_of(const Case& c, const CaseResult& result,
                                       const std::string& check) {
  const CheckResult* failing = failing_check(result, check, nullptr);
  if (failing == nullptr) return std::nullopt;
  const std::vector<const Finding*> findings = findings_of(*failing);
  FailureReason out{failing->check, failing->mode, {}, "", "", ""};
  if (failing->root_cause) out.causes = failing->root_cause->causes;
  if (!findings.empty()) {
    out.rule = findings.front()->rule;
    out.value = kind_of(c, findings.front()->name);
    out.finding = findings.front()->name;
  }
  return out;
}

bool same_reason(const Case& c, const CaseResult& result, const FailureReason& reason) {
  const CheckResult* failing = failing_check(result, reason.check, &reason.mode);
  if (failing == nullptr) return false;
  if (!reason.causes.empty()) {
    if (!failing->root_cause || failing->root_cause->causes.empty()) return false;
    const std::vector<std::string>& now = failing->root_cause->causes;
    return std::all_of(now.begin(), now.end(), [&](const std::string& cause) {
      return std::find(reason.causes.begin(), reason.causes.end(), cause) != reason.causes.end();
    });
  }
  const std::vector<const Finding*> findings = findings_of(*failing);
  return std::any_of(findings.begin(), findings.end(), [&](const Finding* f) {
    return f->rule == reason.rule && kind_of(c, f->name) == reason.value;
  });
}

Oracle::Oracle(const Case& original, const MinimizeOptions& options)
    : original_(original), options_(options), start_(casefile::draft_of(original)) {
  options_.cases.explain_milliseconds = kNoHurry;
  options_.cases.dump = DumpMode::kNone;
  if (options_.cases.policy) start_.policy = *options_.cases.policy;
  options_.cases.policy.reset();
}

CaseRun Oracle::run(const Case& c, bool explain) const {
  CaseOptions how = options_.cases;
  how.explain = explain;
  return run_case(c, how);
}

graph::Values Oracle::healthy(Case c) const {
  c.checks = {"device"};  // none that would run here
  c.expect = {};
  CaseOptions how = options_.cases;
  how.explain = false;
  how.faults.clear();
  how.dump = DumpMode::kEndToEnd;
  return run_case(c, how).dump;
}

void Oracle::inline_stored_tensors() {
  base::Diagnostics problems;
  const auto data = casefile::load_data(original_, problems);
  if (!data) return;
  for (std::size_t i = 0; i < start_.inputs.size(); ++i) {
    make_inline(start_.inputs[i].second, [&](std::size_t step) {
      return data->steps[std::min(step, data->steps.size() - 1)].inputs[i];
    });
  }
  for (std::size_t i = 0; i < start_.params.size(); ++i) {
    make_inline(start_.params[i].second, [&](std::size_t) { return data->params[i]; });
  }
  for (auto& [name, source] : start_.quant_stats) {
    make_inline(source, [&, key = name](std::size_t) { return data->quant_stats.at(key); });
  }
  for (auto& [name, source] : start_.run.cotangents) {
    const int value = original_.graph.find(name).value_or(0);
    make_inline(source, [&](std::size_t step) {
      return data->steps[std::min(step, data->steps.size() - 1)].cotangents.at(value);
    });
  }
}

std::string Oracle::prepare() {
  Case c = original_;
  c.policy = start_.policy;
  if (!options_.check.empty()) c.checks = {options_.check};
  const CaseRun first = run(c, true);
  if (!first.refusal.empty()) return "the case is refused: " + first.result.reason;
  const auto reason = reason_of(c, first.result, options_.check);
  if (!reason) {
    return options_.check.empty()
               ? fmt::format("no check of the case fails (it is {})", name(first.result.status))
               : fmt::format("the check {} does not fail (the case is {})", options_.check,
                             name(first.result.status));
  }
  reason_ = *reason;
  start_.checks = {reason_.check};
  inline_stored_tensors();
  if (reason_.check != "golden") {
    start_.expect = {};
    return "";
  }
  MinimizeOptions without = options_;
  without.cases.faults.clear();
  const CaseRun clean = run_case(c, without.cases);
  const bool planted = !options_.cases.faults.empty() && !reason_of(c, clean.result, "golden");
  truth_ = planted ? Truth::kHealthy : Truth::kRecorded;
  start_.expect = {};
  if (planted) return "";
  base::Diagnostics problems;
  const auto expected = casefile::load_expected(c, problems);
  if (!expected) return "the expected values cannot be read";
  for (const auto& [name, value] : expected->values) {
    start_.expect.values.emplace(name, casefile::source_of(as_stored(value)));
  }
  CaseOptions how = options_.cases;
  how.dump = reason_.mode == "isolated" ? DumpMode::kIsolated : DumpMode::kEndToEnd;
  how.explain = false;
  const graph::Values ours = run_case(c, how).dump;
  const auto theirs = expected->values.find(reason_.finding);
  const auto found = ours.find(reason_.finding);
  if (found == ours.end() || theirs == expected->values.end()) return "";
  const tensor::Tensor a = as_stored(found->second), b = as_stored(theirs->second);
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return "";
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (tensor::same_element(a, b, i)) continue;
    known_.emplace(bits_text(a, i), bits_text(b, i));
    ++differ_;
  }
  return "";
}

std::optional<Case> Oracle::read(const Draft& draft) const {
  casefile::LoadedCases loaded = casefile::load_case_text(
      casefile::write_draft(draft), original_.file, original_.root, options_.id);
  if (loaded.cases.size() != 1 || base::has_errors(loaded.diagnostics)) return std::nullopt;
  return std::move(loaded.cases.front());
}

Oracle::Fit Oracle::fit(const Draft& draft) const {
  Draft shapes = draft;
  shapes.expect = {};
  for (TensorSource* source : sources_of(shapes)) {
    source->kind = TensorSource::Kind::kFill;  // quicker to read
    source->numbers = {"1"};
  }
  const casefile::LoadedCases loaded = casefile::load_case_text(
      casefile::write_draft(shapes), original_.file, original_.root, options_.id);
  Fit out{kPastNodes, 0};
  for (const base::Diagnostic& d : loaded.diagnostics) {
    if (d.severity != base::Severity::kError) continue;
    ++out.problems;
    constexpr std::string_view kNodes = "/nodes/";
    std::int64_t node = kPastNodes;
    if (d.pointer.starts_with(kNodes)) {
      std::from_chars(d.pointer.data() + kNodes.size(), d.pointer.data() + d.pointer.size(), node);
    }
    out.node = std::min(out.node, node);
  }
  return out;
}

bool Oracle::has_known_mismatches(const CaseResult& result) const {
  if (known_.empty()) return true;
  for (const CheckResult& check : result.checks) {
    if (check.mode != reason_.mode) continue;
    for (const Finding& f : check.findings) {
      if (!f.judged || f.name.empty()) continue;
      if (f.name != reason_.finding) continue;
      return f.differ <= differ_ &&
             std::all_of(f.mismatches.begin(), f.mismatches.end(), [&](const auto& m) {
               return known_.contains({m.ours_bits, m.theirs_bits});
             });
    }
  }
  return false;
}

std::optional<CaseResult> Oracle::judge(Draft& draft) const {
  Draft bare = draft;
  bare.expect = {};
  std::optional<Case> c = read(bare);
  if (!c) return std::nullopt;
  const auto keep = [&](const std::string& name) { return kept_.empty() || kept_.contains(name); };
  if (truth_ == Truth::kHealthy) {
    draft.expect = {};
    for (const auto& [name, value] : healthy(*c)) {
      if (keep(name)) {
        draft.expect.values.emplace(name, casefile::source_of(as_stored(value)));
      }
    }
  } else if (truth_ == Truth::kRecorded) {
    std::erase_if(draft.expect.values, [&](const auto& entry) { return !keep(entry.first); });
  }
  c->expect = draft.expect;
  CaseResult result = run(*c, false).result;
  if (failing_check(result, reason_.check, &reason_.mode) == nullptr) return std::nullopt;
  if (!reason_.causes.empty()) result = run(*c, true).result;
  if (!same_reason(*c, result, reason_) || !has_known_mismatches(result)) return std::nullopt;
  return result;
}

graph::Values Oracle::values(const Draft& draft) const {
  Draft bare = draft;
  bare.expect = {};
  const std::optional<Case> c = read(bare);
  if (!c) return {};
  graph::Values out = healthy(*c);
  for (const auto& [name, source] : draft.expect.values) {
    const auto found = out.find(name);
    // Codes of four bits are recorded in bytes.
    const tensor::Tensor recorded = casefile::materialize(source);
    if (found != out.end() && found->second.dtype() == recorded.dtype()) found->second = recorded;
  }
  return out;
}

}  // namespace mxcheck::suite
