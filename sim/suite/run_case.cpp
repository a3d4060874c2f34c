// The order of things for one case; each step ends it early by setting a status and a reason.
#include "sim/suite/run_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "sim/suite/case_place.h"
#include "sim/suite/case_result.h"
#include "sim/suite/cycle_check.h"
#include "sim/suite/details.h"
#include "sim/suite/fake_quant_check.h"
#include "sim/suite/fast_check.h"
#include "sim/suite/golden_check.h"
#include "sim/suite/metamorphic_check.h"
#include "sim/suite/planted.h"
#include "sim/suite/product_notes.h"
#include "sim/suite/quantization_counts.h"
#include "sim/suite/root_cause.h"
#include "sim/suite/srq_check.h"
#include "sim/suite/ste_check.h"
#include "sim/suite/vacuous.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using reports::CaseResult;
using reports::CheckResult;
using reports::Status;

class CaseRunner {
 public:
  CaseRunner(const Case& c, const CaseOptions& options) : case_(c), options_(options) {
    run_.result = blank_result(c, options);
  }

  CaseRun run() {
    execute();
    for (base::Diagnostic& d : diagnostics_) {
      if (d.file.empty()) d.file = case_.file.string();
    }
    if (!case_.expect.error.empty()) {
      judge_refusal(case_.expect.error, diagnostics_, run_.result);
    } else if (refused_by_other_hardware()) {
      skip("not on this hardware: " + summary_of(diagnostics_));
    } else if (base::has_errors(diagnostics_)) {
      run_.result.status = Status::kSuiteError;
      run_.result.reason = "refused: " + summary_of(diagnostics_);
      run_.result.line = refusal_line(diagnostics_);
      run_.refusal = std::move(diagnostics_);
    }
    for (CheckResult& check : run_.result.checks) shorten_findings(check);
    if (options_.explain && run_.result.line == 0 &&
        reports::verdict(run_.result.status) == reports::Verdict::kFailed) {
      run_.result.line = failure_line(case_, run_.result);
    }
    return std::move(run_);
  }

 private:
  // A device that stands for another unit than the case's cannot be asked what that unit refuses.
  [[nodiscard]] bool refused_by_other_hardware() const {
    return options_.checks == Checks::kDevice && options_.profile &&
           base::has_errors(diagnostics_) &&
           std::all_of(diagnostics_.begin(), diagnostics_.end(), [](const base::Diagnostic& d) {
             return d.severity != base::Severity::kError || d.label == "HW-TYPE" ||
                    d.label == "HW-TAIL";
           });
  }

  [[nodiscard]] bool wants(const char* check) const {
    return case_.checks.empty() ||
           std::find(case_.checks.begin(), case_.checks.end(), check) != case_.checks.end();
  }

  // A device is held against the sim alone, whatever else is known of the case.
  [[nodiscard]] bool with_golden() const {
    return options_.checks == Checks::kAll &&
           (!case_.expect.golden.empty() || !case_.expect.values.empty());
  }

  void execute() {
    profile_ = options_.profile ? options_.profile : profile_of(case_, diagnostics_);
    data_ = casefile::load_data(case_, diagnostics_);
    if (with_golden()) {
      take_expected(casefile::load_expected(case_, diagnostics_));
    }
    if (!profile_ || !data_ || (has_expected_ && !expected_)) return;
    run_.result.hardware = mxu::describe(*profile_);
    plant_faults();
    WidthCollector widths(*profile_);
    const std::optional<exec::Outcome> whole =
        execute_one(nullptr, options_.explain ? widths.observer() : nullptr);
    if (!whole) return;
    run_.result.products = widths.take();
    run_.product_shapes = whole->products;
    take_paths(*whole);
    width_note_ = width_note(*profile_, run_.result.products);
    std::optional<exec::Outcome> isolated;
    if (has_expected_) {
      isolated = execute_one(&*expected_);
      if (!isolated) return;
    }
    if (run_.result.status == Status::kPass) check(*whole, isolated ? &*isolated : nullptr);
    if (options_.dump == DumpMode::kEndToEnd) run_.dump = whole->values;
    if (options_.dump == DumpMode::kIsolated)
      run_.dump = isolated ? isolated->values : whole->values;
  }

  // POL-5: a golden may state the block length of its long contractions; a case's own wins.
  void take_expected(std::optional<casefile::Expected> expected) {
    has_expected_ = true;
    if (!expected) return;
    expected_ = std::move(expected->values);
    const auto stated = expected->metadata.find("dot_block");
    if (stated == expected->metadata.end() || policy_.dot_block != 0) return;
    if (!numerics::set_knob(policy_, "dot_block", stated->second)) {
      base::Diagnostic d;
      d.label = "GOLD-FORMAT";
      d.fact = fmt::format("the golden's metadata states dot_block '{}'", stated->second);
      d.expectation = "a number of products";
      diagnostics_.push_back(d);
    }
  }

  // How the products were computed; a fall to the functional model is said aloud.
  void take_paths(const exec::Outcome& outcome) {
    for (const exec::PathUse& use : outcome.paths) {
      run_.result.paths.push_back({use.level, use.kernel, use.reason, use.products});
      if (options_.level == exec::Level::kAuto && use.level == "functional") {
        path_notes_.push_back(
            fmt::format("{} products on the functional model: {}", use.products, use.reason));
      }
    }
  }

  void plant_faults() {
    healthy_ = {policy_, *profile_};
    if (options_.faults.empty()) return;
    const Planted planted = plant(options_.faults, policy_, *profile_);
    policy_ = planted.policy;
    profile_ = planted.profile;
  }

  [[nodiscard]] exec::Request request(const graph::Values* golden) const {
    return request_of(golden, policy_, *profile_);
  }
  // Of the model without its planted faults.
  [[nodiscard]] exec::Request healthy_request(const graph::Values* golden) const {
    return request_of(golden, healthy_.policy, healthy_.profile);
  }
  [[nodiscard]] exec::Request request_of(const graph::Values* golden,
                                         const numerics::Policy& policy,
                                         const mxu::Profile& profile) const {
    exec::Request out{case_.graph, case_.rules, case_.plan,     case_.run, *data_,
                      policy,      profile,     options_.level, golden};
    out.isa = options_.isa;
    out.pool = options_.pool;
    return out;
  }

  // Why the golden check failed: what the healthy model would have to change to give the values of
  // the other side, which are the golden's, or those of the model with planted faults.
  void explain(const exec::Outcome& isolated, CheckResult& golden) const {
    const exec::Request model = healthy_request(&*expected_);
    const graph::Values& other = options_.faults.empty() ? *expected_ : isolated.values;
    localise_findings(model, other, golden);
    explain_findings(model, other, {options_.explain_milliseconds}, golden);
  }

  std::optional<exec::Outcome> execute_one(const graph::Values* golden,
                                           const exec::ProductObserver* observer = nullptr) {
    exec::Request asked = request(golden);
    asked.observer = observer;
    base::Result<exec::Outcome> outcome = exec::run(asked);
    if (!outcome) {
      run_.result.status = Status::kSkip;
      run_.result.reason = outcome.error();
      return std::nullopt;
    }
    exec::Outcome value = std::move(outcome).value();
    if (base::has_errors(value.diagnostics)) {
      diagnostics_.insert(diagnostics_.end(), value.diagnostics.begin(), value.diagnostics.end());
      return std::nullopt;
    }
    if (value.undefined) {
      run_.result.status = Status::kUndefined;
      run_.result.reason = value.undefined_reason;
    }
    return value;
  }

  // The values of a run stand for the golden's: every request is one of this run.
  void check_the_device(const exec::Outcome& whole) {
    CaseResult& result = run_.result;
    if (!wants("device")) {
      if (options_.checks == Checks::kDevice) skip("the case lists its checks, device is not one");
      return;
    }
    const bool healthy = options_.faults.empty();
    if (!healthy) return;
    const std::lock_guard turn(*options_.device->turn);
    if (options_.device->device != nullptr) options_.device->device->begin(case_.id);
    DeviceCheck device = suite::check_device(healthy_request(&whole.values), whole,
                                             *options_.device, options_.explain_milliseconds);
    for (CheckResult& one : device.results) result.checks.push_back(std::move(one));
    run_.device = std::move(device.digests);
    if (!device.failure.empty()) {
      result.status = Status::kDutError;
      result.reason = "the device " + device.failure;
      if (!device.log.empty()) result.notes.push_back("the device's log: " + device.log);
    } else if (!device.skip.empty()) {
      run_.device.reset();
      if (options_.checks == Checks::kDevice) return skip(device.skip);
      result.notes.push_back("check 'device' skipped: " + device.skip);
    }
  }

  void skip(const std::string& reason) {
    run_.result.status = Status::kSkip;
    run_.result.reason = reason;
  }

  void check(const exec::Outcome& whole, const exec::Outcome* isolated) {
    CaseResult& result = run_.result;
    if (options_.device != nullptr) check_the_device(whole);
    if (options_.checks == Checks::kDevice) {
      for (const CheckResult& one : result.checks) {
        if (one.status == Status::kFail) result.status = Status::kFail;
      }
      return;
    }
    graph::Values compared;
    if (isolated != nullptr && wants("golden")) {
      const GoldenCheck input{case_.graph, case_.plan, *data_, *expected_};
      CheckResult golden = check_golden(input, *isolated, RunMode::kIsolated);
      if (golden.status == Status::kFail && options_.explain) explain(*isolated, golden);
      result.checks.push_back(std::move(golden));
      result.checks.push_back(check_golden(input, whole, RunMode::kEndToEnd));
      for (const auto& [name, value] : *expected_) {
        const auto found = isolated->values.find(name);
        if (found != isolated->values.end()) compared.insert(*found);
      }
    }
    Sources sources;
    sources.graph = &case_.graph;
    sources.data = &*data_;
    sources.values = &whole.values;
    if (wants("fake_quant")) {
      CheckResult fake_quant =
          check_fake_quant(sources, case_.plan, case_.run.steps,
                           {options_.fake_quant_pairs, &healthy_.policy, &healthy_.profile});
      if (fake_quant.tensors > 0) {
        result.checks.push_back(std::move(fake_quant));
      }
    }
    if (wants("ste")) {
      CheckResult ste = check_ste(request(nullptr), whole,
                                  {options_.fake_quant_pairs, &healthy_.policy, &healthy_.profile});
      if (ste.tensors > 0) result.checks.push_back(std::move(ste));
    }
    if (wants("srq")) {
      CheckResult srq = check_srq(request(nullptr), whole, &healthy_.policy);
      if (srq.tensors > 0) result.checks.push_back(std::move(srq));
    }
    if (wants("metamorphic")) {
      MetamorphicOptions how;
      how.policy = &healthy_.policy;
      how.profile = &healthy_.profile;
      how.case_id = case_.id;
      how.seed = options_.seed;
      CheckResult metamorphic = check_metamorphic(request(nullptr), whole, how);
      if (metamorphic.tensors > 0) result.checks.push_back(std::move(metamorphic));
    }
    if (wants("fast") && options_.level != exec::Level::kCycle) {
      if (std::optional<FastCheck> fast = check_fast(request(nullptr), options_.fast_isas)) {
        result.checks.push_back(std::move(fast->result));
        result.kernels = std::move(fast->kernels);
      }
    }
    if (wants("cycle") && options_.level != exec::Level::kCycle) {
      const bool smoke =
          std::find(case_.tags.begin(), case_.tags.end(), "smoke") != case_.tags.end();
      if (std::optional<CheckResult> cycle = check_cycle(request(nullptr), whole, smoke)) {
        result.checks.push_back(std::move(*cycle));
      }
    }
    if (options_.explain) result.quantizations = count_quantizations(sources, case_.plan, &policy_);
    if (options_.details) {
      add_details({case_,
                   {sources, case_.plan, policy_},
                   isolated != nullptr ? &isolated->values : nullptr,
                   expected_ ? &*expected_ : nullptr},
                  result);
    }
    const bool judged = std::any_of(result.checks.begin(), result.checks.end(),
                                    [](const CheckResult& check) { return check.tensors > 0; });
    if (compared.empty() && judged) compared = whole.values;
    conclude(compared);
  }

  void conclude(const graph::Values& compared) {
    CaseResult& result = run_.result;
    for (const CheckResult& check : result.checks) {
      if (check.status == Status::kFail) result.status = Status::kFail;
    }
    if (result.status != Status::kPass) return;
    for (const std::string& name : case_.checks) {
      if (name == "device" && options_.device == nullptr) {
        result.notes.push_back("check 'device' needs a device: mxcheck conform, or run --device");
      }
    }
    if (result.checks.empty() && !result.notes.empty()) {
      result.status = Status::kSkip;
      result.reason = result.notes.front();
      return;
    }
    if (!has_expected_ && wants("golden")) result.notes.emplace_back(reports::kNoExpectedNote);
    if (!width_note_.empty()) result.notes.push_back(width_note_);
    result.notes.insert(result.notes.end(), path_notes_.begin(), path_notes_.end());
    result.reason = vacuous_reason(compared);
    if (!result.reason.empty()) result.status = Status::kVacuous;
  }

  const Case& case_;
  const CaseOptions& options_;
  CaseRun run_;
  base::Diagnostics diagnostics_;
  std::optional<mxu::Profile> profile_;
  Planted healthy_;  // policy and profile before faults were planted
  std::optional<graph::RunData> data_;
  std::string width_note_;
  std::vector<std::string> path_notes_;
  numerics::Policy policy_ = options_.policy ? *options_.policy : case_.policy;
  std::optional<graph::Values> expected_;
  bool has_expected_ = false;
};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

std::optional<mxu::Profile> profile_of(const Case& c, base::Diagnostics& diagnostics) {
  std::vector<mxu::Setting> settings;
  for (const casefile::HardwareSetting& s : c.hardware.settings) {
    settings.push_back({s.key, s.json, s.pointer, s.position.line, s.position.column});
  }
  const mxu::Source source{c.file.string(), c.hardware.pointer, c.hardware.position.line,
                           c.hardware.position.column};
  mxu::ParsedProfile parsed = mxu::make_profile(c.hardware.base, settings, source);
  diagnostics.insert(diagnostics.end(), parsed.diagnostics.begin(), parsed.diagnostics.end());
  return parsed.profile;
}

CaseRun run_case(const Case& c, const CaseOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  CaseRun run;
  try {
    run = CaseRunner(c, options).run();
  } catch (const std::exception& error) {
    run.result = blank_result(c, options);
    run.result.status = Status::kSuiteError;
    run.result.reason = error.what();
  }
  run.result.milliseconds = milliseconds_since(start);
  return run;
}

}  // namespace mxcheck::suite
