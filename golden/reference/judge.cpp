// Counting and the comparison of two tensors within a bound.
#include "golden/reference/judge.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "golden/reference/exact.h"
#include "golden/reference/float_model.h"
#include "sim/base/check.h"

namespace mxcheck::reference {

Class classify(double value) {
  if (std::isnan(value)) return Class::kNan;
  if (!std::isinf(value)) return Class::kFinite;
  return value > 0 ? Class::kPositiveInfinity : Class::kNegativeInfinity;
}

void Judgement::fail(std::int64_t element) {
  ++failed;
  if (first_failure < 0) first_failure = element;
}

void Judgement::by_bound(std::int64_t element, double error, double bound) {
  if (std::isinf(bound) || std::isnan(bound)) return skip();
  ++judged;
  const double fraction = error == 0   ? 0
                          : bound == 0 ? std::numeric_limits<double>::infinity()
                                       : error / bound;
  if (error > max_error) max_error = error;
  if (fraction > max_fraction || worst < 0) {
    max_fraction = fraction;
    worst = element;
  }
  if (!(error <= bound)) fail(element);
}

void Judgement::compare_classes(std::int64_t element, Class computed, Class expected) {
  ++judged;
  ++by_class;
  if (computed != expected) {
    max_fraction = std::numeric_limits<double>::infinity();
    fail(element);
  }
}

Judgement judge(const Tensor& a, const Tensor& b, const Bound& bound) {
  MXCHECK_CHECK(a.shape() == b.shape(), "judge: shapes differ");
  MXCHECK_CHECK(bound.per_element.size() == static_cast<std::size_t>(a.size()), "one bound each");
  Judgement result;
  result.formula = bound.formula;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = a.load(i), y = b.load(i);
    const double limit = bound.per_element[static_cast<std::size_t>(i)];
    if (std::isfinite(x) && std::isfinite(y)) {
      ExactSum difference;
      difference.add(dyadic(x));
      result.by_bound(i, difference.error_of(y), limit);
    } else if (std::isinf(limit)) {
      result.skip();
    } else {
      result.compare_classes(i, classify(x), classify(y));
    }
  }
  return result;
}

Bound two_sided(const Bound& a, const Bound& b) {
  MXCHECK_CHECK(a.per_element.size() == b.per_element.size(), "bounds of different tensors");
  Bound out;
  out.formula = a.formula == b.formula ? fmt::format("2 * ({})", a.formula)
                                       : fmt::format("{} + {}", a.formula, b.formula);
  for (std::size_t i = 0; i < a.per_element.size(); ++i) {
    out.per_element.push_back((a.per_element[i] + b.per_element[i]) * kSlack);
  }
  return out;
}

}  // namespace mxcheck::reference
