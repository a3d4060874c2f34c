// The stepped array against the definition (bits) and against the closed forms (cycles), over
// random profiles and shapes, presets and ragged edges.
#include "sim/mxu/cycle.h"

#include <catch2/catch.hpp>

#include "sim/mxu/random_product.h"
#include "sim/mxu/schedule.h"

namespace mxcheck::mxu {
namespace {

void check_run(const Profile& profile, const Product& product, const CycleOptions& options) {
  INFO(describe(profile) << "  M=" << product.m << " N=" << product.n << " K=" << product.k
                         << " init " << !product.init.empty() << " overlap "
                         << static_cast<int>(options.overlap));
  const ProductResult expected = functional(profile, product);
  const CycleResult run = run_cycle(profile, product, options);
  CHECK(run.product.acc == expected.acc);
  CHECK(run.product.status == expected.status);
  CHECK(run.product.overflow == expected.overflow);
  const ProductShape shape{product.m, product.n, product.k};
  const Schedule closed = schedule(profile, shape, options.overlap);
  CHECK(run.cycles.load == closed.cycles.load);
  CHECK(run.cycles.fill == closed.cycles.fill);
  CHECK(run.cycles.stream == closed.cycles.stream);
  CHECK(run.cycles.drain == closed.cycles.drain);
  CHECK(run.cycles.fifo_stall == closed.cycles.fifo_stall);
  CHECK(run.cycles.acc_stall == closed.cycles.acc_stall);
  CHECK(run.folds == closed.folds);
}

TEST_CASE("the stepped array equals the definition for random profiles and shapes", "[cycle]") {
  Dice dice(11);
  for (int round = 0; round < 3000; ++round) {
    const Profile profile = random_profile(dice);
    OwnedProduct x;
    fill_random(dice, profile, dice.roll(0, 20), dice.roll(0, 20), dice.roll(0, 40), x);
    CycleOptions options;
    options.overlap = dice.one_in(2) ? Overlap::kNone : Overlap::kFull;
    options.engine = dice.one_in(2) ? Engine::kPlain : Engine::kAuto;
    check_run(profile, x.product, options);
  }
}

TEST_CASE("every preset's stepped cycles are the closed form's, ragged edges included", "[cycle]") {
  Dice dice(12);
  for (const std::string& name : preset_names()) {
    const Profile profile = *preset(name);
    const std::int64_t r = profile.rows, c = profile.cols;
    for (const auto& [m, n, k] : std::vector<std::array<std::int64_t, 3>>{
             {3, c, r}, {1, c + 1, r + 1}, {r + 3, c - 1, 2 * r - 1}, {5, 1, 1}}) {
      for (const Overlap overlap : {Overlap::kNone, Overlap::kFull}) {
        OwnedProduct x;
        fill_random(dice, profile, m, n, k, x);
        if (r * c > 20000 && overlap == Overlap::kNone) continue;  // the time, not the rule
        check_run(profile, x.product, {overlap, Engine::kAuto, nullptr});
      }
    }
  }
}

TEST_CASE("every dataflow of a small array steps its closed form", "[cycle]") {
  Dice dice(13);
  for (const Dataflow dataflow :
       {Dataflow::kWeightStationary, Dataflow::kOutputStationary, Dataflow::kInputStationary}) {
    for (int round = 0; round < 200; ++round) {
      Profile profile = *preset("ideal_int32");
      profile.dataflow = dataflow;
      profile.rows = dice.roll(1, 12);
      profile.cols = dice.roll(1, 12);
      OwnedProduct x;
      fill_random(dice, profile, dice.roll(1, 40), dice.roll(1, 40), dice.roll(1, 40), x);
      check_run(profile, x.product,
                {dice.one_in(2) ? Overlap::kNone : Overlap::kFull, Engine::kAuto, nullptr});
    }
  }
}

TEST_CASE("the accumulator memory's capacity cuts M into blocks and reloads weights", "[cycle]") {
  Profile profile = *preset("gemmini_16");
  profile.acc_rows = 32;
  Dice dice(14);
  OwnedProduct x;
  fill_random(dice, profile, 100, 40, 50, x);
  check_run(profile, x.product, {});
  const ProductShape shape{100, 40, 50};
  CHECK(schedule(profile, shape).folds == 3 * 4 * 4);
  CHECK(schedule(profile, shape).cycles.acc_stall > 0);
  CHECK(schedule(*preset("gemmini_16"), shape).folds == 3 * 4);
}

TEST_CASE("packed PEs halve the folds along K", "[cycle]") {
  Profile profile = *preset("tpu_v5e");
  const ProductShape shape{1024, 128, 1024, DType::kS4, DType::kS4};
  profile.chunk = kChunkRows;
  const std::int64_t single = schedule(profile, shape).total();
  profile.macs_per_pe = 2;
  const std::int64_t packed = schedule(profile, shape).total();
  CHECK(single == 127 + 8 * 1024 + 254);
  CHECK(packed == 127 + 4 * 1024 + 254);
}

TEST_CASE("a refused product runs on no array [HW-TYPE]", "[cycle]") {
  const std::vector<std::int32_t> codes(4, 1);
  Product product{2, 2, 2, codes, codes};
  product.lhs_type = DType::kU8;
  const CycleResult run = run_cycle(*preset("gemmini_16"), product);
  CHECK(run.product.status == Status::kRefused);
  CHECK(cycle_text(*preset("gemmini_16"), product, run, Overlap::kFull).find("HW-TYPE") !=
        std::string::npos);
}

}  // namespace
}  // namespace mxcheck::mxu
