// The trace of the recorded steps; relations between runs are in srq_relations.cpp.
#include "sim/suite/srq_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "golden/reference/srq_reference.h"
#include "sim/suite/operands.h"
#include "sim/suite/quantize_findings.h"
#include "sim/suite/srq_relations.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Finding;
using reports::Status;
using tensor::Tensor;

class Checker {
 public:
  Checker(const exec::Request& request, const exec::Outcome& outcome,
          const numerics::Policy& policy)
      : request_(request), outcome_(outcome), run_{{}, request.plan, policy} {
    run_.sources.graph = &request.graph;
    run_.sources.data = &request.data;
    run_.sources.values = &outcome.values;
    result_.check = "srq";
  }

  CheckResult run() {
    for (std::size_t node = 0; node < request_.plan.nodes.size(); ++node) {
      for (const bool lhs : {true, false}) {
        const auto& plan = request_.plan.nodes[node];
        if (!plan || !(lhs ? plan->lhs : plan->rhs).collect_stats) continue;
        follow(*plan, lhs);
        for (int step = 0; step < request_.run.steps; ++step) {
          const auto view = quantization_view(run_, {step, node, "fwd", lhs});
          if (view) check_quantization(*view, result_);
        }
        check_statistics_relations({request_, outcome_, run_.policy, node, lhs}, result_);
      }
    }
    result_.status = result_.findings.empty() ? Status::kPass : Status::kFail;
    return std::move(result_);
  }

 private:
  [[nodiscard]] const Tensor* given(const std::string& name) const {
    const auto found = request_.data.quant_stats.find(name);
    return found == request_.data.quant_stats.end() ? nullptr : &found->second;
  }

  // SRQ-1..SRQ-4, one trace per recorded sum.
  void follow(const graph::NodePlan& plan, bool lhs) {
    const graph::OperandPlan& operand = lhs ? plan.lhs : plan.rhs;
    const bool asymmetric = numerics::is_asymmetric(operand.quantize->method);
    const std::vector<std::string> parts =
        asymmetric ? std::vector<std::string>{"min", "max"} : std::vector<std::string>{"absmax"};
    for (std::size_t part = 0; part < parts.size(); ++part) {
      reference::StatisticsTrace trace;
      trace.batch_axes = plan.act_batch_axes;
      trace.policy = run_.policy;
      trace.update = request_.run.update_quant_stats;
      if (const Tensor* count = given(operand.stats_name + "/count")) {
        trace.first_count = count->load_int(0);
      }
      if (const Tensor* sum = given(operand.stats_name + "/sum_of_" + parts[part])) {
        trace.first_sum = *sum;
      }
      for (int step = 0; step < request_.run.steps; ++step) {
        const auto x = lowered_operand(run_.sources, plan, step, lhs);
        const auto after = statistics_after(run_.sources, step, operand.stats_name, asymmetric);
        if (!x) return;
        if (!after) return missing(step, operand.stats_name);
        trace.steps.push_back(recorded_step(*x, *operand.quantize, *after, part, asymmetric));
      }
      judge(trace, operand.stats_name + "/sum_of_" + parts[part]);
    }
  }

  static reference::StatisticsStep recorded_step(const Tensor& x, const graph::QuantizePlan& how,
                                                 const RecordedStatistics& after, std::size_t part,
                                                 bool asymmetric) {
    const reference::Calibration own = reference::calibrate(x, how.method, how.scale_shape);
    reference::StatisticsStep step;
    step.calibration = asymmetric && part == 0 ? reference::low_of(own, x.dtype())
                                               : reference::high_of(own, x.dtype());
    for (const double u : own.uncertainty) step.uncertainty = std::max(step.uncertainty, u);
    step.count = after.count;
    step.sum = after.sums[part];
    return step;
  }

  void judge(const reference::StatisticsTrace& trace, const std::string& name) {
    const reference::StatisticsVerdict verdict = reference::check_statistics(trace);
    const auto steps = static_cast<std::int64_t>(trace.steps.size());
    result_.tensors += 2 * steps;
    result_.exact += 2 * steps;
    result_.elements += verdict.compared;
    if (verdict.passed()) {
      result_.equal += 2 * steps;
      return;
    }
    Finding finding;
    finding.name = "stats/" + name;
    finding.rule = trace.update ? "SRQ-4" : "SRQ-5";
    finding.differ = verdict.wrong;
    finding.total = verdict.compared;
    finding.problem = verdict.first_wrong;
    result_.findings.push_back(std::move(finding));
  }

  void missing(int step, const std::string& name) {
    ++result_.tensors;
    ++result_.exact;
    Finding finding;
    finding.name = fmt::format("step{}/stats/{}", step, name);
    finding.rule = "SRQ-3";
    finding.problem = "the run does not produce it";
    result_.findings.push_back(std::move(finding));
  }

  const exec::Request& request_;
  const exec::Outcome& outcome_;
  Recorded run_;
  CheckResult result_;
};

}  // namespace

CheckResult check_srq(const exec::Request& request, const exec::Outcome& outcome,
                      const numerics::Policy* policy) {
  return Checker(request, outcome, policy != nullptr ? *policy : request.policy).run();
}

}  // namespace mxcheck::suite
