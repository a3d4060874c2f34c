// What the relations of the check `srq` share: the node alone at one of its steps, the names of its
// statistics, and how values of its runs are compared and reported.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "sim/suite/one_node.h"
#include "sim/suite/srq_relations.h"

namespace mxcheck::suite {

using tensor::Tensor;

class StatisticsRuns {
 public:
  StatisticsRuns(const StatisticsOperand& operand, reports::CheckResult& result);

 protected:
  // The node alone on the arrays of a step, forward only.
  [[nodiscard]] std::optional<OneNode> alone(int step) const;
  // "m/dot_general0_lhs/count", and "step1/stats/..." of it.
  [[nodiscard]] std::string stat(const std::string& leaf) const { return name_ + "/" + leaf; }
  [[nodiscard]] static std::string after(int step, const std::string& name);
  [[nodiscard]] static const Tensor* find(const graph::Values& values, const std::string& name);
  // The means of one step: the sums after it from nothing.
  [[nodiscard]] std::optional<std::vector<Tensor>> means(int step) const;

  void fail(const std::string& relation, const std::string& name, const std::string& problem,
            const char* rule);
  void must_equal(const std::string& relation, const std::string& name, const Tensor* value,
                  const Tensor& expected, const char* rule);
  // Two computations of one value, `bound` apart at most.
  void must_be_near(const std::string& relation, const std::string& name, double a, double b,
                    double bound);
  // The largest share of a bound since the last figure.
  void add_figure(const std::string& relation, std::int64_t elements, const std::string& formula);
  // Scale, zero point and codes of the operand in a run of the node alone.
  void judge_codes(const OneNode& node, const exec::Outcome& outcome);

  const exec::Request& request_;
  const graph::Values& values_;
  const numerics::Policy& policy_;
  std::size_t node_;
  bool lhs_;
  const graph::NodePlan& plan_;
  std::string name_;
  std::vector<std::string> parts_;  // "absmax", or "min" and "max"
  reports::CheckResult& result_;
  double worst_ = 0;
};

}  // namespace mxcheck::suite
