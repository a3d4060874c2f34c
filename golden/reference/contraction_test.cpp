// Pairs against written-out loops, and each gradient against the forward turned round.
#include "golden/reference/contraction.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <tuple>

namespace mxcheck::reference {
namespace {

using Triple = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  // out (or g), lhs, rhs

std::set<Triple> triples(const Contraction& c) {
  std::set<Triple> all;
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < tensor::element_count(c.result).value(); ++i) {
    c.pairs_of(i, pairs);
    for (const Pair& p : pairs) REQUIRE(all.insert({i, p.lhs, p.rhs}).second);
  }
  return all;
}

// dlhs lists (lhs; g, rhs), drhs (g, lhs) or (lhs, g) by `g_first`.
void check_gradients(const Contraction& forward, const Contraction& dlhs, const Contraction& drhs,
                     bool drhs_g_first) {
  std::set<Triple> from_dlhs, from_drhs;
  for (const auto& [lhs, g, rhs] : triples(dlhs)) from_dlhs.insert({g, lhs, rhs});
  for (const auto& [rhs, a, b] : triples(drhs)) {
    from_drhs.insert(drhs_g_first ? Triple{a, b, rhs} : Triple{b, a, rhs});
  }
  const std::set<Triple> expected = triples(forward);
  CHECK(!expected.empty());
  CHECK(from_dlhs == expected);
  CHECK(from_drhs == expected);
}

TEST_CASE("a matrix product pairs row and column in ascending k [DOT-7]",
          "[reference][contraction]") {
  const Contraction c = dot_contraction({{1}, {0}, {}, {}}, {2, 3}, {3, 4});
  CHECK(c.result == Shape{2, 4});
  std::vector<Pair> pairs;
  c.pairs_of(1 * 4 + 2, pairs);
  REQUIRE(pairs.size() == 3);
  for (std::int64_t k = 0; k < 3; ++k) {
    CHECK(pairs[static_cast<std::size_t>(k)].lhs == 3 + k);
    CHECK(pairs[static_cast<std::size_t>(k)].rhs == 4 * k + 2);
  }
}

TEST_CASE("batch axes come first, contracting axes keep the listed order [DOT-4]",
          "[reference][contraction]") {
  // lhs [k2, b, m, k1], rhs [k1, n, b, k2]; contracting (k1, k2).
  const Shape lhs{2, 5, 3, 4}, rhs{4, 6, 5, 2};
  const Contraction c = dot_contraction({{3, 0}, {0, 3}, {1}, {2}}, lhs, rhs);
  CHECK(c.result == Shape{5, 3, 6});
  std::vector<Pair> pairs;
  c.pairs_of((4 * 3 + 2) * 6 + 1, pairs);
  std::size_t at = 0;
  for (std::int64_t k1 = 0; k1 < 4; ++k1) {
    for (std::int64_t k2 = 0; k2 < 2; ++k2, ++at) {
      CHECK(pairs[at].lhs == ((k2 * 5 + 4) * 3 + 2) * 4 + k1);
      CHECK(pairs[at].rhs == ((k1 * 6 + 1) * 5 + 4) * 2 + k2);
    }
  }
  CHECK(at == pairs.size());
}

TEST_CASE("gradients of dot_general are the forward's products turned round [BWD-1]",
          "[reference][contraction]") {
  const graph::DotDimensionNumbers plain{{1}, {0}, {}, {}}, many{{3, 0}, {0, 3}, {1}, {2}};
  check_gradients(dot_contraction(plain, {2, 3}, {3, 4}), dot_dlhs(plain, {2, 3}, {3, 4}),
                  dot_drhs(plain, {2, 3}, {3, 4}), true);
  const Shape lhs{2, 5, 3, 4}, rhs{4, 6, 5, 2};
  check_gradients(dot_contraction(many, lhs, rhs), dot_dlhs(many, lhs, rhs),
                  dot_drhs(many, lhs, rhs), true);
}

graph::Attributes conv_attributes() {
  graph::Attributes a;
  a.window_strides = {2, 1};
  a.padding = {{1, 2}, {0, 1}};
  a.lhs_dilation = {1, 2};
  a.rhs_dilation = {2, 1};
  return a;
}

TEST_CASE("a convolution's products follow the padded, dilated picture [CNV-1]",
          "[reference][contraction]") {
  const graph::Attributes a = conv_attributes();
  const Shape lhs{2, 5, 4, 3}, rhs{2, 3, 3, 6};  // NHWC, HWIO
  const Contraction c = conv_contraction(a, lhs, rhs);
  // Height: (5 + 1 + 2 - 3) / 2 + 1 = 3; width: (7 + 1 - 3) / 1 + 1 = 6.
  REQUIRE(c.result == Shape{2, 3, 6, 6});
  std::set<Triple> expected;  // by writing the dilated, padded input out
  for (std::int64_t n = 0; n < 2; ++n) {
    std::map<std::pair<std::int64_t, std::int64_t>, std::pair<std::int64_t, std::int64_t>> at;
    for (std::int64_t y = 0; y < 5; ++y) {
      for (std::int64_t x = 0; x < 4; ++x) at[{y + 1, 2 * x}] = {y, x};
    }
    for (std::int64_t p = 0; p < 3; ++p)
      for (std::int64_t q = 0; q < 6; ++q)
        for (std::int64_t o = 0; o < 6; ++o)
          for (std::int64_t r = 0; r < 2; ++r)
            for (std::int64_t s = 0; s < 3; ++s) {
              const auto found = at.find({2 * p + 2 * r, q + s});
              if (found == at.end()) continue;
              for (std::int64_t i = 0; i < 3; ++i) {
                const auto [y, x] = found->second;
                expected.insert({((n * 3 + p) * 6 + q) * 6 + o, ((n * 5 + y) * 4 + x) * 3 + i,
                                 ((r * 3 + s) * 3 + i) * 6 + o});
              }
            }
  }
  CHECK(triples(c) == expected);
  check_gradients(c, conv_dlhs(a, lhs, rhs), conv_drhs(a, lhs, rhs), false);
}

TEST_CASE("other layouts and feature groups move axes, not products [CNV-1] [CNV-5]",
          "[reference][contraction]") {
  graph::Attributes a = conv_attributes();
  a.conv_layout = {"CNWH", "OWHI", "NCHW"};  // spatial order is that of the kernel: W, H
  a.window_strides = {1, 2};
  a.padding = {{0, 1}, {1, 2}};
  a.lhs_dilation = {2, 1};
  a.rhs_dilation = {1, 2};
  a.feature_group_count = 2;
  const Shape lhs{4, 2, 4, 5}, rhs{6, 3, 2, 2};
  const Contraction c = conv_contraction(a, lhs, rhs);
  CHECK(c.result == Shape{2, 6, 3, 6});
  check_gradients(c, conv_dlhs(a, lhs, rhs), conv_drhs(a, lhs, rhs), false);
  for (const auto& [out, l, r] : triples(c)) {
    const std::int64_t channel = l / (2 * 4 * 5), input = r % 2, output = r / (3 * 2 * 2);
    REQUIRE(channel == output / 3 * 2 + input);
    REQUIRE(output == out / 18 % 6);
  }
}

TEST_CASE("ragged rows meet the matrix of their group, rows past the last none [RAG-1] [RAG-2]",
          "[reference][contraction]") {
  const std::vector<std::int64_t> sizes{2, 0, 3};
  const Contraction c = ragged_contraction({7, 4}, {3, 4, 5}, sizes);
  CHECK(c.result == Shape{7, 5});
  std::vector<Pair> pairs;
  c.pairs_of(2 * 5 + 3, pairs);  // row 2 belongs to group 2
  REQUIRE(pairs.size() == 4);
  CHECK(pairs[1].lhs == 2 * 4 + 1);
  CHECK(pairs[1].rhs == (2 * 4 + 1) * 5 + 3);
  c.pairs_of(6 * 5, pairs);
  CHECK(pairs.empty());
  check_gradients(c, ragged_dlhs({7, 4}, {3, 4, 5}, sizes), ragged_drhs({7, 4}, {3, 4, 5}, sizes),
                  false);
}

}  // namespace
}  // namespace mxcheck::reference
