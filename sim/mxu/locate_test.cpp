// Planted errors are found where they were planted, by each kind of evidence.
#include "sim/mxu/locate.h"

#include <catch2/catch.hpp>

#include "sim/mxu/random_product.h"

namespace mxcheck::mxu {
namespace {

// A device whose PE (row, col) of a weight-stationary array reads a weight of -128 as -127.
std::vector<std::int64_t> faulty(const Profile& profile, const Product& product, std::int64_t row,
                                 std::int64_t col) {
  std::vector<std::int32_t> rhs(product.rhs.begin(), product.rhs.end());
  for (std::int64_t k = row; k < product.k; k += profile.rows) {
    for (std::int64_t n = col; n < product.n; n += profile.cols) {
      std::int32_t& code = rhs[static_cast<std::size_t>(k * product.n + n)];
      if (code == -128) code = -127;
    }
  }
  Product wrong = product;
  wrong.rhs = rhs;
  return functional(profile, wrong).acc;
}

Profile small_array() {
  Profile profile = *preset("ideal_int32");
  profile.rows = 4;
  profile.cols = 5;
  return profile;
}

TEST_CASE("asking a device for prefixes of K finds the faulty PE", "[locate]") {
  const Profile profile = small_array();
  Dice dice(41);
  OwnedProduct x;
  fill_random(dice, profile, 3, 12, 11, x);
  for (auto& code : x.rhs) code = code == -128 ? -127 : code;
  for (auto& code : x.lhs) code = 3;
  x.product.lhs_type = DType::kS8;
  x.rhs[6 * 12 + 8] = -128;  // k 6 is row 2 of the second pass, n 8 column 3 of the second tile
  const auto device = [&](const Product& p) { return faulty(profile, p, 2, 3); };
  const Localisation where = locate_by_prefixes(profile, x.product, device);
  REQUIRE(where.wrong.size() == 3);
  const WrongOutput& first = *where.first();
  CHECK(first.m == 0);
  CHECK(first.n == 8);
  CHECK(first.k == 6);
  CHECK(first.chunk == 1);
  CHECK(first.tile_k == 1);
  CHECK(first.tile_n == 1);
  CHECK(first.row == 2);
  CHECK(first.col == 3);
  CHECK(pe_map(profile, where) ==
        "array 4x5: # wrong, ? some PE of this column\n    0 .....\n    1 .....\n    2 ...#.\n"
        "    3 .....\n");
}

TEST_CASE("results alone name the tile and the column", "[locate]") {
  const Profile profile = small_array();
  const std::vector<std::int32_t> lhs(8, 1), rhs(4 * 7, 1);
  const Product product{2, 7, 4, lhs, rhs};
  std::vector<std::int64_t> observed = functional(profile, product).acc;
  CHECK(localisation_text(profile, locate(profile, product, observed)) == "all 14 outputs agree\n");
  observed[7 + 6] = 9;
  const Localisation where = locate(profile, product, observed);
  REQUIRE(where.wrong.size() == 1);
  CHECK(where.wrong[0].col == 1);
  CHECK(where.wrong[0].tile_n == 1);
  CHECK(where.wrong[0].row == -1);
  CHECK(localisation_text(profile, where).find("chunk unknown, k unknown") != std::string::npos);
  CHECK(pe_map(profile, where).find(".?...") != std::string::npos);
}

TEST_CASE("an output-stationary array's wrong PE is known from the result", "[locate]") {
  Profile profile = small_array();
  profile.dataflow = Dataflow::kOutputStationary;
  const std::vector<std::int32_t> lhs(6 * 4, 1), rhs(4 * 7, 1);
  const Product product{6, 7, 4, lhs, rhs};
  std::vector<std::int64_t> observed = functional(profile, product).acc;
  observed[5 * 7 + 6] += 1;
  const Localisation where = locate(profile, product, observed);
  CHECK(where.first()->row == 1);
  CHECK(where.first()->col == 1);
  CHECK(where.first()->tile_m == 1);
}

TEST_CASE("running sums name the step even when the chunks go downwards", "[locate]") {
  Profile profile = small_array();
  profile.chunk_order = ChunkOrder::kDescending;
  Dice dice(42);
  OwnedProduct x;
  fill_random(dice, profile, 2, 3, 10, x);
  std::vector<std::int64_t> sums(2 * 3 * 10), observed = functional(profile, x.product).acc;
  for (std::int64_t i = 0; i < 6; ++i) {
    for (const ChainStep& step : output_chain(profile, x.product, i / 3, i % 3)) {
      if (step.stage == Stage::kPartial)
        sums[static_cast<std::size_t>(i * 10 + step.k)] = step.kept;
    }
  }
  observed[4] += 1;
  sums[4 * 10 + 5] += 1;  // k 5 is row 1 of the second pass: passes begin at k 8, 4, 0
  const Localisation where = locate_by_sums(profile, x.product, observed, sums);
  REQUIRE(where.wrong.size() == 1);
  CHECK(where.wrong[0].k == 5);
  CHECK(where.wrong[0].chunk == 1);
  CHECK(where.wrong[0].row == 1);
}

TEST_CASE("random data on a 2x2 array cannot tell a 16-bit column sum, and the report says so",
          "[locate]") {
  Profile wide = *preset("ideal_int32");
  wide.rows = wide.cols = 2;
  Profile narrow = wide;
  narrow.partial_bits = 16;
  Dice dice(43);
  std::vector<std::int32_t> lhs, rhs;
  for (int i = 0; i < 64 * 64; ++i) {
    lhs.push_back(static_cast<std::int32_t>(dice.roll(-100, 100)));
    rhs.push_back(static_cast<std::int32_t>(dice.roll(-100, 100)));
  }
  const Discrimination random = discriminate(wide, narrow, {64, 64, 64, lhs, rhs});
  CHECK_FALSE(random.told_apart);
  CHECK(random.widths.partial <= 16);
  CHECK(random.text.find("could not have told") != std::string::npos);
  CHECK(random.text.find("partial_bits 32 against 16") != std::string::npos);
  const std::vector<std::int32_t> extreme(4, -128);
  const Discrimination told = discriminate(wide, narrow, {2, 2, 2, extreme, extreme});
  CHECK(told.told_apart);
  CHECK(told.differing == 4);
  CHECK(told.widths.partial == 17);
}

}  // namespace
}  // namespace mxcheck::mxu
