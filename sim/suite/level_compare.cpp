// One loop over names for the checks `cycle` and `fast`.
#include "sim/suite/level_compare.h"

#include "sim/suite/compare.h"

namespace mxcheck::suite {

void compare_levels(const graph::Values& functional, const graph::Values& other,
                    const std::string& who, reports::CheckResult& out) {
  for (const auto& [name, expected] : functional) {
    ++out.tensors;
    ++out.exact;
    out.elements += expected.size();
    const auto found = other.find(name);
    Comparison comparison;
    if (found == other.end()) {
      comparison.equal = false;
      comparison.finding.name = name;
      comparison.finding.problem = "the run does not produce it";
    } else {
      comparison = compare(name, found->second, expected, {});
    }
    out.equal += comparison.equal ? 1 : 0;
    if (comparison.equal) continue;
    comparison.finding.explanation = who;
    out.findings.push_back(std::move(comparison.finding));
  }
}

}  // namespace mxcheck::suite
