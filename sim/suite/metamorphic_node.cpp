// Bookkeeping of the relations.
#include "sim/suite/metamorphic_node.h"

#include "sim/suite/compare.h"
#include "sim/suite/relation_counts.h"

namespace mxcheck::suite {

void NodeRun::expect(const std::string& relation, const std::string& name,
                     const tensor::Tensor* value, const tensor::Tensor& expected,
                     const char* rule) {
  ++result_.tensors;
  ++result_.exact;
  result_.elements += expected.size();
  compared_ += expected.size();
  const std::string full = prefix_ + relation + " " + name;
  reports::Finding finding;
  if (value != nullptr) {
    Comparison comparison = compare(full, *value, expected, {});
    result_.equal += comparison.equal ? 1 : 0;
    if (comparison.equal) return;
    finding = std::move(comparison.finding);
  } else {
    finding.name = full;
    finding.problem = "the run does not produce it";
  }
  finding.rule = rule;
  finding.explanation = "golden: what follows from the unchanged run";
  result_.findings.push_back(std::move(finding));
}

void NodeRun::applied(const std::string& relation) {
  if (compared_ == 0) return;
  relation_applied(result_, prefix_ + relation, compared_);
  compared_ = 0;
}

void NodeRun::not_applicable(const std::string& relation, const std::string& reason) {
  relation_not_applicable(result_, prefix_ + relation, reason);
}

}  // namespace mxcheck::suite
