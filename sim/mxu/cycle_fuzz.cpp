// Random profiles and small products, chosen by the bytes: every engine of the cycle model gives
// the bits of the definition, traps and refusals included, and its clocks are those of the closed
// forms; so does multiply(), where a licence lets the plain way stand for the profile.
#include <cstddef>
#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/mxu/cycle.h"
#include "sim/mxu/random_product.h"
#include "sim/mxu/schedule.h"

namespace {

using namespace mxcheck::mxu;

std::string shown(const Profile& profile, const Product& product) {
  std::string out = "M=" + std::to_string(product.m) + " N=" + std::to_string(product.n) +
                    " K=" + std::to_string(product.k);
  for (const std::string& key : profile_keys()) out += " " + key + "=" + key_value(profile, key);
  return out;
}

void check_product(const ProductResult& wanted, const ProductResult& got, const std::string& what) {
  MXCHECK_CHECK(got.status == wanted.status, what);
  MXCHECK_CHECK(got.refusal.label == wanted.refusal.label, what);
  MXCHECK_CHECK(got.acc == wanted.acc, what);
  MXCHECK_CHECK(got.overflow == wanted.overflow, what);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Dice dice(std::span<const std::uint8_t>(data, size));
  Profile profile = random_profile(dice);
  if (dice.one_in(8)) profile.tail = Tail::kRefuse;
  OwnedProduct x;
  const std::int64_t m = dice.roll(0, 20), n = dice.roll(0, 20), k = dice.roll(0, 40);
  fill_random(dice, profile, m, n, k, x);
  const Product& product = x.product;
  const std::string what = shown(profile, product);
  const ProductResult wanted = functional(profile, product);
  check_product(wanted, multiply(profile, product), what);
  for (const Engine engine : {Engine::kPlain, Engine::kAuto}) {
    for (const Overlap overlap : {Overlap::kNone, Overlap::kFull}) {
      CycleOptions options;
      options.engine = engine;
      options.overlap = overlap;
      const CycleResult run = run_cycle(profile, product, options);
      check_product(wanted, run.product, what);
      if (wanted.status == Status::kRefused) continue;
      const Schedule closed = schedule(profile, {m, n, k}, overlap);
      MXCHECK_CHECK(run.cycles == closed.cycles && run.folds == closed.folds, what);
    }
  }
  return 0;
}
