// What a verdict counts, and that nothing passes unseen: errors beyond a bound, a bound of zero,
// classes that differ, elements nothing can be said about.
#include "golden/reference/judge.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace mxcheck::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor row(const std::vector<double>& values) {
  Tensor out(tensor::DType::kF64, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i)
    out.store(static_cast<std::int64_t>(i), values[i]);
  return out;
}

TEST_CASE("a value is finite, one of two infinities or no number [BND-1]", "[reference][judge]") {
  CHECK(classify(-0.0) == Class::kFinite);
  CHECK(classify(std::numeric_limits<double>::denorm_min()) == Class::kFinite);
  CHECK(classify(kInf) == Class::kPositiveInfinity);
  CHECK(classify(-kInf) == Class::kNegativeInfinity);
  CHECK(classify(std::nan("")) == Class::kNan);
}

TEST_CASE("an error equal to its bound passes, the next larger one fails [BND-1]",
          "[reference][judge]") {
  const double above = std::nextafter(0.25, 1.0);
  const Judgement j =
      judge(row({1, 1, 1}), row({1.25, 1 + above, 1}), {"quarter", {0.25, 0.25, 0.25}});
  // 1 + above rounds to 1.25 in double, so the second error is the bound as well.
  CHECK(j.passed());
  CHECK(j.formula == "quarter");
  const Judgement k = judge(row({0, 0, 0}), row({0.25, above, 0}), {"", {0.25, 0.25, 0.25}});
  CHECK_FALSE(k.passed());
  CHECK(k.failed == 1);
  CHECK(k.first_failure == 1);
  CHECK(k.worst == 1);
  CHECK(k.judged == 3);
  CHECK(k.max_error == above);
  CHECK(k.max_fraction == above / 0.25);
}

TEST_CASE("the difference of two elements is known exactly, not as doubles subtract [BND-1]",
          "[reference][judge]") {
  // 2^60 - 2^-60 is no double; the bound is below the difference as well as below its rounding.
  const Judgement j = judge(row({0x1p60}), row({-0x1p-60}), {"", {std::nextafter(0x1p60, 0.0)}});
  CHECK(j.failed == 1);
  CHECK(judge(row({0x1p60}), row({-0x1p-60}), {"", {0x1p61}}).passed());
}

TEST_CASE("a bound of zero makes any error infinite [BND-1]", "[reference][judge]") {
  Judgement j;
  j.by_bound(4, 0, 0);
  CHECK(j.passed());
  CHECK(j.max_fraction == 0);
  CHECK(j.worst == 4);
  j.by_bound(7, 0x1p-1074, 0);
  CHECK(j.failed == 1);
  CHECK(j.max_fraction == kInf);
  CHECK(j.worst == 7);
}

TEST_CASE("the first failure and the worst element are two things [BND-1]", "[reference][judge]") {
  const Judgement j = judge(row({0, 0, 0, 0}), row({0, 2, 8, 4}), {"", {1, 1, 1, 1}});
  CHECK(j.failed == 3);
  CHECK(j.first_failure == 1);
  CHECK(j.worst == 2);
  CHECK(j.max_fraction == 8);
}

TEST_CASE("infinities and NaNs must agree as such, whatever the bound [BND-1]",
          "[reference][judge]") {
  const double nan = std::nan("");
  const std::vector<double> values{kInf, -kInf, nan};
  const Bound bound{"", {1, 1, 1}};
  const Judgement same = judge(row(values), row(values), bound);
  CHECK(same.passed());
  CHECK(same.by_class == 3);
  for (const double other : {0.0, kInf, -kInf, nan}) {
    const Judgement j = judge(row(values), row({other, other, other}), bound);
    CHECK(j.failed == (other == 0 ? 3 : 2));
    CHECK(j.max_fraction == kInf);
  }
}

TEST_CASE("an infinite bound states nothing, of finite elements and of others [BND-1]",
          "[reference][judge]") {
  const Judgement j = judge(row({1, kInf, 3}), row({9, 9, 9}), {"", {kInf, kInf, std::nan("")}});
  CHECK(j.passed());
  CHECK(j.unbounded == 3);
  CHECK(j.judged == 0);
}

TEST_CASE("two computations differ by no more than both bounds [BND-1]", "[reference][judge]") {
  const Bound a{"a", {1, 2}}, b{"b", {4, 0}};
  const Bound both = two_sided(a, b), twice = two_sided(a);
  CHECK(both.formula == "a + b");
  CHECK(twice.formula == "2 * (a)");
  CHECK(both.per_element[0] >= 5);
  CHECK(both.per_element[0] <= 5 * (1 + 0x1p-39));
  CHECK(twice.per_element[1] >= 4);
  CHECK(twice.per_element[1] <= 4 * (1 + 0x1p-39));
}

}  // namespace
}  // namespace mxcheck::reference
