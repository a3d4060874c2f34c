// The packed float product against the chain as it is defined, for every kernel of the host.
#include "sim/kernels/float_chain.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/vector_test_data.h"
#include "sim/numerics/flush.h"

namespace mxcheck::kernels {
namespace {

using namespace testing;

struct Sizes {
  std::int64_t m, k, n, block;
};
constexpr Sizes kSizes[] = {
    {1, 1, 1, 0},       {1, 5, 7, 0},    {5, 3, 15, 0},    {6, 17, 16, 0},   {7, 9, 17, 4},
    {11, 20, 31, 7},    {12, 33, 32, 0}, {13, 40, 33, 16}, {27, 65, 67, 64}, {3, 400, 8, 200},
    {25, 321, 35, 168}, {2, 2, 131, 1},  {16, 0, 5, 0},    {30, 64, 96, 100}};

// POL-4 and POL-5 as they stand.
float chain(const ChainProduct& p, std::int64_t i, std::int64_t j) {
  const std::int64_t block = p.block > 0 ? p.block : std::max<std::int64_t>(1, p.k);
  float total = 0;
  for (std::int64_t first = 0; first < p.k; first += block) {
    float sum = 0;
    for (std::int64_t k = first; k < std::min(first + block, p.k); ++k) {
      sum =
          std::fma(p.lhs[i * p.lhs_row + k * p.lhs_k], p.rhs[k * p.rhs_k + j * p.rhs_column], sum);
    }
    total = first == 0 ? sum : total + sum;
  }
  return total;
}

void check_product(Isa isa, const Sizes& s, Fill fill, bool transposed) {
  Words words(static_cast<std::uint64_t>(s.m * 1000 + s.n));
  Guarded a = filled(Element::kF32, s.m * s.k, fill, words);
  Guarded b = filled(Element::kF32, s.k * s.n, fill, words);
  ChainProduct p;
  p.m = s.m;
  p.k = s.k;
  p.n = s.n;
  p.block = s.block;
  p.lhs = reinterpret_cast<const float*>(a.data());
  p.rhs = reinterpret_cast<const float*>(b.data());
  p.lhs_row = transposed ? 1 : s.k;
  p.lhs_k = transposed ? s.m : 1;
  p.rhs_k = transposed ? 1 : s.n;
  p.rhs_column = transposed ? s.k : 1;
  p.stride = s.n + 2;
  Guarded got(s.m * p.stride, 4), want(s.m * p.stride, 4);
  p.out = reinterpret_cast<float*>(got.data());
  chain_product(p, isa);
  {
    const numerics::FlushSubnormals flush;
    for (std::int64_t i = 0; i < s.m; ++i) {
      for (std::int64_t j = 0; j < s.n; ++j)
        want.set(Element::kF32, i * p.stride + j, chain(p, i, j));
    }
  }
  const std::string text = difference(Element::kF32, want, got);
  if (!text.empty() || !got.intact()) {
    CHECK(text == "");
    CHECK(got.intact());
  }
}

}  // namespace

TEST_CASE("a packed float product is the chain of its definition [POL-4] [POL-5]", "[kernels]") {
  for (const Isa isa : isas_under_test()) {
    for (const Sizes& s : kSizes) {
      for (const Fill fill : {Fill::kModerate, Fill::kSpecial, Fill::kBits}) {
        for (const bool transposed : {false, true}) {
          INFO(name(isa) << " " << s.m << "x" << s.k << "x" << s.n << " block " << s.block);
          check_product(isa, s, fill, transposed);
        }
      }
    }
  }
}

}  // namespace mxcheck::kernels
