// Which faults a case can reach: what its plan, its policy and the products it ran have of the
// things that faults need (fault::Need). Kinds that need kChange can only be told by running them.
#pragma once

#include <bitset>

#include "reports/model.h"
#include "sim/casefile/case.h"
#include "sim/fault/fault.h"
#include "sim/mxu/profile.h"

namespace mxcheck::suite {

class Needs {
 public:
  void set(fault::Need need) { bits_.set(static_cast<std::size_t>(need)); }
  void set_if(bool condition, fault::Need need) {
    if (condition) set(need);
  }
  [[nodiscard]] bool has(fault::Need need) const {
    return bits_.test(static_cast<std::size_t>(need));
  }

 private:
  std::bitset<64> bits_;
};

// Of the plan alone: everything but the needs of the matrix unit.
[[nodiscard]] Needs needs_of(const graph::Graph& graph, const graph::Plan& plan,
                             const graph::RunSpec& run, const numerics::Policy& policy);
// Of one product the matrix unit ran.
void add_product_needs(std::int64_t m, std::int64_t k, std::int64_t n, const mxu::Profile& profile,
                       Needs& needs);

}  // namespace mxcheck::suite
