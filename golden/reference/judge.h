// A verdict over the elements of one tensor: how far each is from what it should be, as a fraction
// of its own bound (BND). No tolerance lives here; bounds come from bounds.h and its callers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/tensor/tensor.h"

namespace mxcheck::reference {

using tensor::Tensor;

// Bounds of the error of every element, and the formula they come from. An infinite bound says
// that nothing can be stated (an intermediate may overflow).
struct Bound {
  std::string formula;
  std::vector<double> per_element;
};

enum class Class { kFinite, kPositiveInfinity, kNegativeInfinity, kNan };
[[nodiscard]] Class classify(double value);

struct Judgement {
  std::string formula;
  std::int64_t judged = 0;     // elements compared, by bound or by class
  std::int64_t by_class = 0;   // of those, infinities and NaNs compared as such
  std::int64_t unbounded = 0;  // elements nothing can be stated about
  std::int64_t failed = 0;
  std::int64_t first_failure = -1;
  double max_error = 0;
  double max_fraction = 0;  // error / bound; a bound of 0 makes any error infinite
  std::int64_t worst = -1;  // the element with max_fraction

  [[nodiscard]] bool passed() const { return failed == 0; }
  void by_bound(std::int64_t element, double error, double bound);
  void compare_classes(std::int64_t element, Class computed, Class expected);
  void skip() { ++unbounded; }
  void fail(std::int64_t element);
};

// |a - b| <= bound element by element; infinities and NaNs must agree as such. Same shapes.
[[nodiscard]] Judgement judge(const Tensor& a, const Tensor& b, const Bound& bound);

// Two computations of one exact value: |a - b| <= bound_a + bound_b.
[[nodiscard]] Bound two_sided(const Bound& a, const Bound& b);
[[nodiscard]] inline Bound two_sided(const Bound& both) { return two_sided(both, both); }

}  // namespace mxcheck::reference
