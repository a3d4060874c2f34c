// A fault must be the same fault in the functional arithmetic and in the stepped array, and must
// change something.
#include "sim/mxu/defects.h"

#include <catch2/catch.hpp>

#include "sim/mxu/cycle.h"
#include "sim/mxu/random_product.h"

namespace mxcheck::mxu {
namespace {

using fault::Fault;
using fault::Kind;
using fault::Level;

Profile small_array(Dataflow dataflow) {
  Profile profile;
  profile.rows = 4;
  profile.cols = 3;
  profile.dataflow = dataflow;
  return profile;
}

constexpr Dataflow kDataflows[] = {Dataflow::kWeightStationary, Dataflow::kOutputStationary,
                                   Dataflow::kInputStationary};

std::vector<std::int64_t> functional_with(const Profile& profile, const Product& x, Fault fault) {
  fault.at.level = Level::kFunctional;
  const Defects defects(fault::Faults({fault}), Level::kFunctional, profile, x.lhs_type,
                        x.rhs_type);
  return functional(profile, x, &defects).acc;
}

std::vector<std::int64_t> stepped_with(const Profile& profile, const Product& x, Fault fault) {
  fault.at.level = Level::kCycle;
  const Defects defects(fault::Faults({fault}), Level::kCycle, profile, x.lhs_type, x.rhs_type);
  CycleOptions options;
  options.defects = &defects;
  return run_cycle(profile, x, options).product.acc;
}

bool is_how(Kind kind, std::string_view how) { return fault::info(kind).how == how; }

}  // namespace

TEST_CASE("a register fault has the same bits in the arithmetic and in the array [DOT-4]",
          "[mxu]") {
  Dice dice(71);
  for (const Dataflow dataflow : kDataflows) {
    const Profile profile = small_array(dataflow);
    for (const fault::Info& line : fault::table()) {
      if (!is_how(line.kind, "register")) continue;
      bool changed = false;
      for (int i = 0; i < 20; ++i) {
        OwnedProduct owned;
        fill_random(dice, profile, dice.roll(3, 9), dice.roll(3, 8), dice.roll(4, 11), owned);
        const Fault fault = fault::default_fault(line.kind);
        const auto arithmetic = functional_with(profile, owned.product, fault);
        INFO(line.name << " dataflow " << static_cast<int>(dataflow));
        CHECK(arithmetic == stepped_with(profile, owned.product, fault));
        changed = changed || arithmetic != functional(profile, owned.product).acc;
      }
      INFO(line.name);
      CHECK(changed);
    }
  }
}

TEST_CASE("faults of the stepped array change its results and nothing else [DOT-4]", "[mxu]") {
  Dice dice(72);
  for (const fault::Info& line : fault::table()) {
    if (!is_how(line.kind, "array")) continue;
    const Profile profile = small_array(Dataflow::kWeightStationary);
    bool changed = false;
    for (int i = 0; i < 10; ++i) {
      OwnedProduct owned;
      fill_random(dice, profile, 5, 7, 9, owned);
      const Fault fault = fault::default_fault(line.kind);
      const auto healthy = functional(profile, owned.product).acc;
      changed = changed || healthy != stepped_with(profile, owned.product, fault);
      CHECK_FALSE(Defects::any(fault::Faults({fault}), Level::kFunctional));
    }
    INFO(line.name);
    CHECK(changed);
  }
}

TEST_CASE("-128 read as sign and magnitude is -127 or 0 [DOT-4]", "[mxu]") {
  const Profile profile = small_array(Dataflow::kWeightStationary);
  const std::int32_t lhs[] = {-128}, rhs[] = {3};
  Product x;
  x.m = x.n = x.k = 1;
  x.lhs = lhs;
  x.rhs = rhs;
  const auto acc = [&](Kind kind) {
    return functional_with(profile, x, fault::default_fault(kind)).front();
  };
  CHECK(acc(Kind::activation_minus_128_as_minus_127) == -127 * 3);
  CHECK(acc(Kind::activation_minus_128_as_0) == 0);
  CHECK(acc(Kind::activation_as_unsigned) == 128 * 3);
  CHECK(acc(Kind::weight_as_unsigned) == -128 * 3);
}

}  // namespace mxcheck::mxu
