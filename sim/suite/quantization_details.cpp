// Histograms of codes with their ties, how well codes stand for their array, and the statistics of
// static ranges over the steps.
#include <algorithm>
#include <cmath>
#include <map>

#include "golden/reference/srq_reference.h"
#include "golden/reference/ste.h"
#include "sim/numerics/qtype.h"
#include "sim/suite/details.h"

namespace mxcheck::suite {
namespace {

using reports::CodeHistogram;
using reports::QuantizationCounts;
using tensor::Tensor;

constexpr std::int64_t kMostBins = 32;
constexpr const char* kCodes = ".qvalue";

// The range of the codes' type; nullopt for types whose codes are no integers.
std::optional<std::pair<std::int64_t, std::int64_t>> range_of(numerics::QType qtype) {
  const numerics::QTypeInfo& info = numerics::info(qtype);
  if (info.low == info.high) return std::nullopt;
  return std::pair{static_cast<std::int64_t>(info.low), static_cast<std::int64_t>(info.high)};
}

enum class Division { kByScale, kByReciprocal };

// Which quotients lie exactly between two codes.
std::vector<bool> quotient_ties(const Tensor& x, const Tensor& scale, Division division) {
  const std::vector<std::int64_t> at = reference::broadcast_positions(x.shape(), scale.shape());
  Tensor cell(x.dtype(), {1});  // a double result rounded again is right for these types
  const auto rounded = [&](double value) {
    cell.store(0, value);
    return cell.load(0);
  };
  std::vector<bool> out;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double s = scale.load(at[static_cast<std::size_t>(i)]);
    const double q = division == Division::kByScale ? rounded(x.load(i) / s)
                                                    : rounded(x.load(i) * rounded(1 / s));
    out.push_back(std::abs(q - std::trunc(q)) == 0.5);
  }
  return out;
}

// The ties of a quantization by element: by whichever division gives as many as were counted. Empty
// where neither does, or where zero points or noise move the quotient.
std::vector<bool> ties_of(const QuantizationView& view, std::optional<std::int64_t> counted) {
  const std::optional<Tensor>& scale = view.recorded.scale;
  if (view.quantization.noise || view.recorded.zero_point || !scale || !counted) return {};
  for (const Division division : {Division::kByScale, Division::kByReciprocal}) {
    std::vector<bool> ties = quotient_ties(view.quantization.x, *scale, division);
    if (std::count(ties.begin(), ties.end(), true) == *counted) return ties;
  }
  return {};
}

CodeHistogram histogram_of(const Tensor& codes, std::pair<std::int64_t, std::int64_t> range,
                           const std::vector<bool>& ties) {
  CodeHistogram out;
  out.low = range.first, out.high = range.second;
  const std::int64_t span = out.high - out.low + 1;
  out.width = (span + kMostBins - 1) / kMostBins;
  const auto bins = static_cast<std::size_t>((span + out.width - 1) / out.width);
  out.counts.assign(bins, 0);
  if (!ties.empty()) out.ties.assign(bins, 0);
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    const std::int64_t code = std::clamp(codes.load_int(i), out.low, out.high);
    const auto bin = static_cast<std::size_t>((code - out.low) / out.width);
    ++out.counts[bin];
    out.at_low += code == out.low ? 1 : 0;
    out.at_high += code == out.high ? 1 : 0;
    if (!ties.empty() && ties[static_cast<std::size_t>(i)]) ++out.ties[bin];
  }
  return out;
}

// The element that is largest after the last step, or the first.
std::int64_t largest(const Tensor& sum) {
  std::int64_t best = 0;
  for (std::int64_t i = 1; i < sum.size(); ++i) {
    if (std::abs(sum.load(i)) > std::abs(sum.load(best))) best = i;
  }
  return best;
}

// One operand with statistics while its traces are put together.
class Tracer {
 public:
  Tracer(const DetailInput& input, const graph::NodePlan& plan, bool lhs)
      : input_(input), plan_(plan), lhs_(lhs), operand_(lhs ? plan.lhs : plan.rhs) {
    asymmetric_ = numerics::is_asymmetric(operand_.quantize->method);
  }

  void add_to(std::vector<reports::SrqTrace>& out) const {
    const int steps = input_.c.run.steps;
    const auto last =
        statistics_after(input_.run.sources, steps - 1, operand_.stats_name, asymmetric_);
    if (!last) return;
    for (std::size_t part = 0; part < last->sums.size(); ++part) {
      reports::SrqTrace trace;
      trace.name = operand_.stats_name;
      trace.part = !asymmetric_ ? "absmax" : part == 0 ? "min" : "max";
      trace.elements = last->sums[part].size();
      if (trace.elements == 0) continue;
      trace.element = largest(last->sums[part]);
      for (int step = 0; step < steps; ++step) {
        if (!add_step(step, part, trace)) return;
      }
      out.push_back(std::move(trace));
    }
  }

 private:
  bool add_step(int step, std::size_t part, reports::SrqTrace& trace) const {
    const Sources& sources = input_.run.sources;
    const auto after = statistics_after(sources, step, operand_.stats_name, asymmetric_);
    const auto x = lowered_operand(sources, plan_, step, lhs_);
    const auto used = operand_calibration(input_.run, plan_, step, lhs_);
    if (!after || !x || !used || after->sums[part].size() != trace.elements) return false;
    const bool low = asymmetric_ && part == 0;
    const reference::Calibration own =
        reference::calibrate(*x, operand_.quantize->method, operand_.quantize->scale_shape);
    const Tensor mean = reference::batch_mean(low ? reference::low_of(own, x->dtype())
                                                  : reference::high_of(own, x->dtype()),
                                              plan_.act_batch_axes, input_.run.policy)
                            .low;
    const Tensor in_use =
        low ? reference::low_of(*used, x->dtype()) : reference::high_of(*used, x->dtype());
    if (mean.size() != trace.elements || in_use.size() != trace.elements) return false;
    reports::SrqStep out;
    out.count = after->count.load_int(0);
    out.sum = after->sums[part].load(trace.element);
    out.own = mean.load(trace.element);
    out.in_use = in_use.load(trace.element);
    const std::int64_t before = trace.steps.empty() ? given_count() : trace.steps.back().count;
    out.updated = out.count != before;
    trace.steps.push_back(out);
    return true;
  }

  [[nodiscard]] std::int64_t given_count() const {
    const auto& given = input_.run.sources.data->quant_stats;
    const auto found = given.find(operand_.stats_name + "/count");
    return found == given.end() ? 0 : found->second.load_int(0);
  }

  const DetailInput& input_;
  const graph::NodePlan& plan_;
  bool lhs_;
  const graph::OperandPlan& operand_;
  bool asymmetric_ = false;
};

}  // namespace

void add_quantization_details(const DetailInput& input,
                              std::vector<QuantizationCounts>& quantizations) {
  std::map<std::string, QuantizationCounts*> by_name;
  for (QuantizationCounts& q : quantizations) by_name[q.name] = &q;
  for (const QuantizationView& view : suite::quantizations(input.run, input.c.run.steps)) {
    const auto found = by_name.find(view.name);
    if (found == by_name.end()) continue;
    QuantizationCounts& q = *found->second;
    const Tensor values = reference::dequantize(view.recorded);
    if (values.shape() == view.quantization.x.shape()) {
      q.sqnr_db = reference::similarity(view.quantization.x, values).sqnr_db;
    }
    const auto range = range_of(view.quantization.plan.qtype);
    const Tensor* codes = input.run.sources.find(view.name + kCodes);
    if (!range || codes == nullptr || !numerics::is_integer(codes->dtype())) continue;
    q.histogram = histogram_of(*codes, *range, ties_of(view, q.ties));
  }
}

std::vector<reports::SrqTrace> srq_traces(const DetailInput& input) {
  std::vector<reports::SrqTrace> out;
  for (const auto& plan : input.run.plan.nodes) {
    for (const bool lhs : {true, false}) {
      if (plan && (lhs ? plan->lhs : plan->rhs).collect_stats) {
        Tracer(input, *plan, lhs).add_to(out);
      }
    }
  }
  return out;
}

}  // namespace mxcheck::suite
