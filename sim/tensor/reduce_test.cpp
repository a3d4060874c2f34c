// Sums in the norm's order: windows of 32, padding, and the lanes of the recording host.
#include "sim/tensor/reduce.h"

#include <catch2/catch.hpp>

#include "sim/numerics/arithmetic.h"

namespace mxcheck::tensor {
namespace {

using numerics::Policy;
constexpr auto kAdd = rounded_add<numerics::ArithmeticF32>;

// Values whose sum depends on the order.
std::vector<float> values(std::size_t n) {
  std::vector<float> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = (i % 3 == 0 ? 1e7f : 1.0f) / static_cast<float>(i + 1) * (i % 2 == 0 ? 1.0f : -1.0f);
  }
  return out;
}

float ascending(const std::vector<float>& x, std::size_t begin, std::size_t end) {
  float sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += x[i];
  return sum;
}

TEST_CASE("up to 32 elements are summed ascending [POL-3]", "[reduce]") {
  const std::vector<float> x = values(32);
  CHECK(reduce_sum(x, {32}, {0}, Policy::ReduceOrder::kWindows32, kAdd)[0] == ascending(x, 0, 32));
}

TEST_CASE("33 elements make two windows, half of the padding in front [POL-3]", "[reduce]") {
  const std::vector<float> x = values(33);
  // 31 zeros of padding: 15 in front, so the first window holds 17 elements.
  const float expected = ascending(x, 0, 17) + ascending(x, 17, 33);
  CHECK(reduce_sum(x, {33}, {0}, Policy::ReduceOrder::kWindows32, kAdd)[0] == expected);
  CHECK(reduce_sum(x, {33}, {0}, Policy::ReduceOrder::kAscending, kAdd)[0] == ascending(x, 0, 33));
}

TEST_CASE("window sums are summed by the same rule [POL-3]", "[reduce]") {
  const std::vector<float> x = values(1100);  // 35 windows, then 2 windows of window sums
  std::vector<float> windows;
  const std::size_t front = (35 * 32 - 1100) / 2;
  for (std::size_t w = 0; w < 35; ++w) {
    const std::size_t begin = w * 32 < front ? 0 : w * 32 - front;
    const std::size_t end = std::min<std::size_t>(1100, (w + 1) * 32 - front);
    windows.push_back(ascending(x, begin, end));
  }
  const std::size_t inner_front = (64 - 35) / 2;
  const float expected =
      ascending(windows, 0, 32 - inner_front) + ascending(windows, 32 - inner_front, 35);
  CHECK(reduce_sum(x, {1100}, {0}, Policy::ReduceOrder::kWindows32, kAdd)[0] == expected);
}

TEST_CASE("a nest of two axes is spread over lanes where the host does so [POL-3]", "[reduce]") {
  const std::vector<float> x = values(48);  // [8, 6], all axes: eight lanes, one a row
  float lanes[8];
  for (std::size_t row = 0; row < 8; ++row) lanes[row] = ascending(x, row * 6, row * 6 + 6);
  const float expected = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
                         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  CHECK(reduce_sum(x, {8, 6}, {0, 1}, Policy::ReduceOrder::kWindows32, kAdd)[0] == expected);
  CHECK(host_dependent({8, 6}, {0, 1}));
  CHECK_FALSE(host_dependent({7, 6}, {0, 1}));
  CHECK_FALSE(host_dependent({8, 6}, {1}));
}

TEST_CASE("reduction keeps or drops axes and maps elements to sums", "[reduce]") {
  CHECK(reduced_shape({2, 3, 4}, {1}, true) == Shape{2, 1, 4});
  CHECK(reduced_shape({2, 3, 4}, {0, 2}, false) == Shape{3});
  CHECK(reduction_map({2, 2}, {1}) == std::vector<std::int64_t>{0, 0, 1, 1});
  CHECK(reduction_map({2, 2}, {0}) == std::vector<std::int64_t>{0, 1, 0, 1});
}

}  // namespace
}  // namespace mxcheck::tensor
