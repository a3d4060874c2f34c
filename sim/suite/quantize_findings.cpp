// One finding per recorded tensor: scale, zero_point, qvalue.
#include "sim/suite/quantize_findings.h"

#include <fmt/format.h>

#include "sim/suite/compare.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Finding;
using tensor::Tensor;

void judge(const std::string& name, const char* rule, const Tensor& value,
           const reference::Counted& counted, const std::string& expected, CheckResult& result) {
  ++result.tensors;
  ++result.exact;
  result.elements += counted.checked;
  if (counted.wrong == 0) {
    ++result.equal;
    return;
  }
  Finding finding;
  finding.name = name;
  finding.rule = rule;
  finding.differ = counted.wrong;
  finding.total = counted.checked;
  finding.explanation = "golden: recomputed on integers from the recorded array";
  reports::Mismatch m;
  m.index = tensor::unravel(counted.first_wrong, value.shape());
  m.ours = value_text(value, counted.first_wrong);
  m.ours_bits = bits_text(value, counted.first_wrong);
  m.theirs = expected;
  finding.mismatches.push_back(std::move(m));
  result.findings.push_back(std::move(finding));
}

}  // namespace

reference::QuantizeVerdict check_quantization(const QuantizationView& view, CheckResult& result) {
  const reference::QuantizeVerdict verdict =
      reference::check_quantize(view.quantization, view.recorded);
  const bool statistics = view.statistics;
  judge(view.name + ".scale", statistics ? "SRQ-5" : "SCL-1", *view.recorded.scale, verdict.scales,
        fmt::format("{}", verdict.expected_first_scale), result);
  if (view.recorded.zero_point) {
    judge(view.name + ".zero_point", statistics ? "SRQ-5" : "SCL-4", *view.recorded.zero_point,
          verdict.zero_points, "another", result);
  }
  const std::string code =
      verdict.codes.wrong == 0 ? "" : value_text(verdict.expected_codes, verdict.codes.first_wrong);
  judge(view.name + ".qvalue", "QNT-1", view.recorded.qvalue, verdict.codes, code, result);
  return verdict;
}

}  // namespace mxcheck::suite
