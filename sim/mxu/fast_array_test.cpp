// The fast engine against the plain one, kernel by kernel: results, traps and cycles; and each row
// kernel against scalar with canaries around its buffers.
#include "sim/mxu/fast_array.h"

#include <catch2/catch.hpp>

#include "sim/mxu/random_product.h"

namespace mxcheck::mxu {
namespace {

TEST_CASE("every row kernel gives the scalar kernel's bits and touches nothing else", "[cycle]") {
  Dice dice(71);
  constexpr std::int32_t kCanary = 0x5a5a5a5a;
  for (const internal::RowKernel& kernel : internal::row_kernels()) {
    for (const std::int64_t cols : {16, 32, 48, 128}) {
      for (const std::int64_t clocks : {1, 2, 7, 33}) {
        const auto words = [&](std::int64_t count) {
          std::vector<std::int32_t> v(static_cast<std::size_t>(count));
          for (auto& w : v) {
            const auto half = [&] {
              return static_cast<std::uint32_t>(
                  dice.pick<std::int64_t>({-128, -127, -1, 0, 1, 127, 255}) & 0xffff);
            };
            const std::uint32_t high = half();
            w = static_cast<std::int32_t>(high << 16 | half());
          }
          return v;
        };
        const std::int64_t rows = dice.roll(1, 9), stride = cols + clocks + dice.roll(0, 5);
        const auto acts = words(rows * stride + 1), weights = words(rows * cols);
        std::vector<std::int32_t> sums(static_cast<std::size_t>(cols * clocks + 3), kCanary);
        for (std::int64_t i = 0; i < cols * clocks; ++i) {
          sums[static_cast<std::size_t>(i + 1)] =
              static_cast<std::int32_t>(dice.roll(INT32_MIN, INT32_MAX));
        }
        auto expected = sums;
        internal::RowSweep sweep{expected.data() + 1,
                                 acts.data() + clocks - 1,
                                 stride,
                                 weights.data(),
                                 rows,
                                 clocks,
                                 cols};
        internal::row_kernels()[0].step(sweep);
        sweep.sums = sums.data() + 1;
        kernel.step(sweep);
        CHECK(sums == expected);
        CHECK(sums[0] == kCanary);
        CHECK(sums.back() == kCanary);
      }
    }
  }
}

TEST_CASE("the fast engine steps to the plain engine's results and cycles", "[cycle]") {
  Dice dice(72);
  int compared = 0;
  for (int round = 0; round < 1500; ++round) {
    Profile profile = random_profile(dice);
    profile.dataflow = dice.one_in(2) ? Dataflow::kWeightStationary : Dataflow::kInputStationary;
    profile.rows = dice.roll(1, 20);
    profile.cols = dice.roll(1, 20);
    profile.macs_per_pe = 1;
    profile.product_group = 1;
    profile.group_bits = kExactGroup;
    profile.partial_bits = dice.pick<std::int64_t>({8, 15, 16, 20, 32});
    profile.partial_overflow = Overflow::kWrap;
    profile.partial_extension = Extension::kSign;
    profile.emulation = Emulation::kNone;
    profile.chunk = dice.one_in(2) ? kChunkRows : dice.roll(1, profile.rows);
    if (dice.one_in(2)) profile.acc_bits = 32, profile.acc_overflow = Overflow::kWrap;
    OwnedProduct x;
    fill_random(dice, profile, dice.roll(1, 60), dice.roll(1, 60), dice.roll(1, 60), x);
    x.product.init = {};
    if (!internal::fast_array_fits(profile, x.product)) continue;  // everything was dropped
    const Overlap overlap = dice.one_in(3) ? Overlap::kNone : Overlap::kFull;
    const internal::RowKernel& kernel = dice.pick(internal::row_kernels());
    INFO(describe(profile) << " M=" << x.product.m << " N=" << x.product.n << " K=" << x.product.k
                           << ' ' << kernel.name);
    const auto fast = internal::run_fast_stationary(profile, x.product, overlap, kernel);
    if (!fast) continue;
    ++compared;
    const CycleResult plain = run_cycle(profile, x.product, {overlap, Engine::kPlain, nullptr});
    CHECK(fast->product.acc == plain.product.acc);
    CHECK(fast->product.overflow == plain.product.overflow);
    CHECK(fast->cycles == plain.cycles);
    CHECK(fast->pe_updates == plain.pe_updates);
  }
  CHECK(compared > 1000);
}

}  // namespace
}  // namespace mxcheck::mxu
