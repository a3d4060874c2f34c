// Walks steps, nodes and products; the arithmetic is all in golden/reference.
#include "sim/suite/fake_quant_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "golden/reference/fake_quant.h"
#include "sim/suite/compare.h"
#include "sim/suite/operands.h"
#include "sim/suite/product_view.h"
#include "sim/suite/quantize_findings.h"
#include "sim/suite/unit_sums.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Class;
using reports::Finding;
using reports::Status;

Finding finding_of(const std::string& name, const Tensor& computed,
                   const reference::FakeQuantVerdict& verdict) {
  Finding finding;
  finding.name = name;
  finding.cls = Class::kBound;
  finding.formula = verdict.computed.passed() ? "BND-4" : "BND-3";
  finding.rule = "BND-4";
  finding.total = computed.size();
  finding.differ = verdict.computed.failed + verdict.reference.failed + verdict.equality_failed;
  finding.worst_fraction = std::max(verdict.computed.max_fraction, verdict.reference.max_fraction);
  std::int64_t at = verdict.computed.first_failure;
  if (at < 0) at = verdict.reference.first_failure;
  if (at < 0) at = verdict.first_unequal;
  finding.explanation =
      !verdict.computed.passed()    ? "the integer path leaves its bound of the exact value"
      : !verdict.reference.passed() ? "the float reference leaves its bound of the exact value"
                                    : "neither side rounds here, so the bits must be equal";
  if (at < 0) return finding;
  reports::Mismatch m;
  m.index = tensor::unravel(at, computed.shape());
  m.ours = value_text(computed, at);
  m.ours_bits = bits_text(computed, at);
  m.theirs = value_text(verdict.float_result, at);
  m.theirs_bits = bits_text(verdict.float_result, at);
  m.ulp = computed.dtype() == verdict.float_result.dtype()
              ? ulp_distance(computed, verdict.float_result, at)
              : std::nullopt;
  finding.mismatches.push_back(std::move(m));
  return finding;
}

class Checker {
 public:
  Checker(const Sources& sources, const graph::Plan& plan, const FakeQuantOptions& options)
      : sources_(sources), plan_(plan), options_(options) {
    result_.check = "fake_quant";
  }

  void check(const ProductId& id) {
    const std::string name = id.prefix(*sources_.graph) + "out";
    const auto computed = sources_.values->find(name);
    if (computed == sources_.values->end()) return;
    const std::optional<ProductView> view = product_view(sources_, plan_, id);
    if (!view || !view->quantized) return;
    if (multiplications(view->product.contraction) > options_.max_pairs) {
      ++too_large_;
      return;
    }
    if (options_.profile != nullptr &&
        sources_.find(id.prefix(*sources_.graph) + "acc") != nullptr &&
        !unit_obstacle(*options_.profile, view->product).empty()) {
      ++by_unit_;
      return;
    }
    const reference::FakeQuantVerdict verdict =
        reference::check_fake_quant(view->product, computed->second);
    ++result_.tensors;
    ++result_.bound;
    result_.elements += computed->second.size();
    result_.equal += identical(computed->second, verdict.float_result) ? 1 : 0;
    const double fraction = std::max(verdict.computed.max_fraction, verdict.reference.max_fraction);
    if (fraction > result_.worst_fraction) {
      result_.worst_fraction = fraction;
      result_.worst_name = name;
    }
    if (!verdict.passed()) {
      result_.findings.push_back(finding_of(name, computed->second, verdict));
    }
  }

  CheckResult finish() {
    result_.status = result_.findings.empty() ? Status::kPass : Status::kFail;
    if (too_large_ > 0) {
      result_.reason = fmt::format("{} products of more than {} multiplications left out",
                                   too_large_, options_.max_pairs);
    }
    if (by_unit_ > 0) {
      if (!result_.reason.empty()) result_.reason += "; ";
      result_.reason += fmt::format(
          "{} products left out whose sums the unit's registers may have changed", by_unit_);
    }
    return std::move(result_);
  }

 private:
  const Sources& sources_;
  const graph::Plan& plan_;
  const FakeQuantOptions& options_;
  std::int64_t too_large_ = 0, by_unit_ = 0;
  CheckResult result_;
};

}  // namespace

CheckResult check_fake_quant(const Sources& sources, const graph::Plan& plan, int steps,
                             const FakeQuantOptions& options) {
  Checker checker(sources, plan, options);
  for (int step = 0; step < steps; ++step) {
    for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
      if (!plan.nodes[node]) continue;
      for (const char* product : {"fwd", "dlhs", "drhs"}) checker.check({step, node, product});
    }
  }
  CheckResult result = checker.finish();
  if (options.policy == nullptr) return result;
  for (const QuantizationView& view : quantizations({sources, plan, *options.policy}, steps)) {
    (void)check_quantization(view, result);
  }
  if (!result.findings.empty()) result.status = Status::kFail;
  return result;
}

}  // namespace mxcheck::suite
