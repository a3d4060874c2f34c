// Comparison of two tensors: bits, bounds, storage types, and what a finding says (BND, EXACT).
#include "sim/suite/compare.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace mxcheck::suite {
namespace {

using numerics::DType;

Tensor f32(const std::vector<double>& values) {
  Tensor out(DType::kF32, {static_cast<std::int64_t>(values.size())});
  for (std::size_t i = 0; i < values.size(); ++i)
    out.store(static_cast<std::int64_t>(i), values[i]);
  return out;
}

}  // namespace

TEST_CASE("EXACT is bits: zero signs differ, any NaN equals any NaN", "[suite]") {
  Tensor a = f32({0.0, 1.0});
  Tensor b = f32({-0.0, 1.0});
  CHECK_FALSE(compare("t", a, b, {}).within);
  a.set_bits(0, 0x7FC00001);
  b.set_bits(0, 0xFFC12345);
  CHECK(compare("t", a, b, {}).equal);
}

TEST_CASE("a finding names the first element, both values, bits and ulp", "[suite]") {
  const Comparison c = compare("t", f32({1, 2, 3}), f32({1, 2.0000002384185791, 4}), {});
  CHECK(c.finding.differ == 2);
  CHECK(c.finding.mismatches.at(0).index == std::vector<std::int64_t>{1});
  CHECK(c.finding.mismatches.at(0).ours_bits == "0x40000000");
  CHECK(c.finding.mismatches.at(0).ulp == 1);
  CHECK(c.finding.mismatches.at(0).theirs == "2.0000002");
}

TEST_CASE("ulp distance counts across zero and over the whole f64 range", "[suite]") {
  CHECK(ulp_distance(f32({0.0}), f32({-0.0}), 0) == 0);
  Tensor lo(DType::kF64, {1});
  Tensor hi(DType::kF64, {1});
  lo.store(0, -std::numeric_limits<double>::infinity());
  hi.store(0, std::numeric_limits<double>::infinity());
  CHECK(ulp_distance(lo, hi, 0) == 2 * 0x7FF0000000000000u);
}

TEST_CASE("BOUND judges each element against its own bound [BND-1]", "[suite]") {
  const auto bound = [](std::int64_t i) { return i == 0 ? 0.5 : 0.0; };
  CHECK(compare("t", f32({1, 2}), f32({1.5, 2}), bound).within);
  CHECK(compare("t", f32({1, 2}), f32({1.25, 2}), bound).worst_fraction == 0.5);
  CHECK_FALSE(compare("t", f32({1, 2}), f32({1, 2.5}), bound).within);
  CHECK_FALSE(compare("t", f32({1, 2}), f32({NAN, 2}), bound).within);
}

TEST_CASE("int4 and its storage type compare equal, other types never", "[suite]") {
  Tensor s4(DType::kS4, {2});
  s4.store_int(0, -8);
  Tensor s8(DType::kS8, {2});
  s8.store_int(0, -8);
  CHECK(compare("t", s4, s8, {}).equal);
  CHECK_FALSE(compare("t", s4, Tensor(DType::kU8, {2}), {}).comparable);
  CHECK(compare("t", f32({1}), s8, {}).finding.problem == "sim has f32[1], golden s8[2]");
}

}  // namespace mxcheck::suite
