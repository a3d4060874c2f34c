// Addition number 10^5 of a sum: the node starts from the statistics that many steps leave behind.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "golden/reference/calibration.h"
#include "golden/reference/exact_rounding.h"
#include "golden/reference/srq_reference.h"
#include "sim/suite/relation_counts.h"
#include "sim/suite/srq_check.h"
#include "sim/suite/srq_runs.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;
using reports::CheckResult;

class LongRun : private StatisticsRuns {
 public:
  using StatisticsRuns::StatisticsRuns;

  // Sums before addition number kLongRun: the first element's by kLongRun - 1 additions of the
  // recorded means in turn, the others by one product.
  void check() {
    std::vector<std::vector<Tensor>> steps;
    for (int step = 0; step < request_.run.steps; ++step) {
      const auto mean = means(step);
      if (!mean) return;
      for (const Tensor& part : *mean) {
        for (std::int64_t i = 0; i < part.size(); ++i) {
          if (std::fabs(part.load(i)) <= std::numeric_limits<float>::max() / kLongRun) continue;
          return relation_not_applicable(result_, "long_run", "a mean too large to be summed");
        }
      }
      steps.push_back(*mean);
    }
    const auto last = static_cast<std::size_t>((kLongRun - 1) % request_.run.steps);
    std::optional<OneNode> node = alone(static_cast<int>(last));
    if (!node) return;
    std::vector<reference::Drift> drifts;
    graph::Values& statistics = node->statistics();
    graph::Values expected;
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      if (steps[0][part].size() == 0) return;
      std::vector<float> terms;
      float before = 0;
      for (std::int64_t k = 0; k < kLongRun; ++k) {
        const auto& mean = steps[static_cast<std::size_t>(k) % steps.size()][part];
        terms.push_back(static_cast<float>(mean.load(0)));
        if (k + 1 < kLongRun) before += terms.back();
      }
      drifts.push_back(reference::f32_sum_drift(terms));
      Tensor sum = steps[last][part], next = sum;
      for (std::int64_t i = 0; i < sum.size(); ++i) {
        const double mean = steps[last][part].load(i);
        const double start = i == 0 ? static_cast<double>(before)
                                    : reference::arithmetic_result(
                                          DType::kF32, mean * static_cast<double>(kLongRun - 1));
        sum.store(i, start);
        next.store(i, reference::exact_add(DType::kF32, start, mean));
      }
      statistics.insert_or_assign(stat("sum_of_" + parts_[part]), sum);
      expected.emplace(stat("sum_of_" + parts_[part]), next);
    }
    Tensor count(DType::kS32, {});
    count.store_int(0, kLongRun - 1);
    statistics.insert_or_assign(stat("count"), count);
    count.store_int(0, kLongRun);
    expected.emplace(stat("count"), count);
    judge_long_run(*node, expected, drifts);
  }

 private:
  void judge_long_run(OneNode& node, const graph::Values& expected,
                      const std::vector<reference::Drift>& drifts) {
    node.run_spec().update_quant_stats = true;
    const std::optional<exec::Outcome> outcome = node.execute();
    if (!outcome) return;
    std::int64_t elements = 0;
    for (const auto& [leaf, value] : expected) {
      must_equal("long_run", leaf, find(outcome->values, after(0, leaf)), value, "SRQ-4");
      elements += value.size();
    }
    judge_codes(node, *outcome);
    for (const reference::Drift& drift : drifts) {
      must_be_near("long_run", name_, drift.sum, drift.exact, drift.bound);
    }
    add_figure("long_run", static_cast<std::int64_t>(drifts.size()),
               fmt::format("BND-2: gamma_(n-1) * sum |mean|, n = {}", kLongRun));
    relation_applied(result_, "long_run", elements);
  }
};

}  // namespace

void check_long_run(const StatisticsOperand& operand, CheckResult& result) {
  LongRun(operand, result).check();
}

}  // namespace mxcheck::suite
