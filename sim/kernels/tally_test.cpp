// What a choice of instruction set may use is seen from the uses themselves.
#include "sim/kernels/tally.h"

#include <catch2/catch.hpp>

#include "sim/kernels/float_chain.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/kernel_list.h"
#include "sim/kernels/vector_kernels.h"

namespace mxcheck::kernels {

using namespace testing;

TEST_CASE("uses are counted on the thread that asked, in the innermost tally", "[kernels]") {
  const char* const kernel = "some_kernel";
  note_use(kernel);  // nobody counts
  const Tally outer;
  note_use(kernel);
  {
    const Tally inner;
    note_use(kernel);
    note_use("other_kernel");
    CHECK(inner.uses("some_kernel") == 1);
    CHECK(inner.uses("other_kernel") == 1);
  }
  note_use(kernel);
  CHECK(outer.uses("some_kernel") == 2);
  CHECK(outer.uses("other_kernel") == 0);
}

TEST_CASE("a chosen instruction set runs its own kernels and none beyond it", "[kernels]") {
  constexpr std::int64_t kM = 5, kK = 19, kN = 37;
  const std::vector<std::uint8_t> lhs(kM * kK, 3), rhs(kK * kN, 0x85);
  const std::vector<float> x(kM * kK, 1.5f), y(kK * kN, 0.5f);
  for (const Isa isa : isas_under_test()) {
    const Tally tally;
    std::vector<std::int32_t> acc(kM * kN);
    std::vector<float> out(kM * kN);
    PackedRhs packed;
    packed.pack(*gemm_kernels_for(isa).front(), isa, {rhs.data(), kK, kN, kN, 1, true});
    multiply(CodeMatrix{lhs.data(), kM, kK, kK, 1, true}, packed,
             {acc.data(), kN, nullptr, nullptr});
    CHECK(acc.front() == kK * 3 * -123);
    ChainProduct chain;
    chain.m = kM, chain.k = chain.lhs_row = kK, chain.n = chain.rhs_k = chain.stride = kN;
    chain.lhs = x.data(), chain.rhs = y.data(), chain.out = out.data();
    chain_product(chain, isa);
    ReduceBlock reduce;
    std::vector<float> top(kM);
    reduce.x = x.data(), reduce.rows = kM, reduce.columns = reduce.stride = kK;
    reduce.absmax = top.data();
    vector_kernels(isa).reduce_rows(reduce);
    std::int64_t products = 0;
    for (const KernelInfo& kernel : all_kernels()) {
      const std::int64_t uses = tally.uses(kernel.name);
      INFO(name(isa) << " " << kernel.name);
      if (uses > 0) CHECK(covers(isa, kernel.isa));
      if (std::string(kernel.family) == "gemm" && kernel.isa == isa) products += uses;
    }
    CHECK(products == 1);
    CHECK(tally.uses(vector_kernels(isa).chain().name) == 1);
  }
}

}  // namespace mxcheck::kernels
