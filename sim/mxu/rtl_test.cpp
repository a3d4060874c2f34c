// Packs replayed on the Verilator builds of the SystemVerilog array (rtl/), judged by verify_pack.
// Hidden: scripts/rtl_test.sh builds the simulators and names their folder in MXCHECK_RTL_DIR.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "sim/mxu/pack.h"
#include "sim/mxu/random_product.h"

namespace mxcheck::mxu {
namespace {

namespace fs = std::filesystem;

// An array as the simulators are built: rows x 16, a column sum of `sum_bits`.
Profile array_of(std::int64_t rows, std::int64_t sum_bits) {
  Profile profile = *preset("gemmini_16");
  profile.rows = rows;
  profile.partial_bits = sum_bits;
  return profile;
}

std::string simulator(std::int64_t rows, std::int64_t sum_bits) {
  const char* dir = std::getenv("MXCHECK_RTL_DIR");
  REQUIRE(dir != nullptr);
  return std::string(dir) + "/array_" + std::to_string(rows) + "x16_" + std::to_string(sum_bits) +
         "/Vpack_tb";
}

struct Packed {
  fs::path path = fs::temp_directory_path() / ("mxcheck_rtl_" + std::to_string(::getpid()));
  ~Packed() { fs::remove_all(path); }
};

// Replays every product of the pack; false if the testbench says FAIL.
bool replay(const fs::path& pack, std::size_t products, const std::string& program) {
  bool passed = true;
  for (std::size_t i = 0; i < products; ++i) {
    const std::string product = (pack / ("product_00" + std::to_string(i))).string();
    const std::string log = (pack / "log").string();
    const std::string command = "'" + program + "' '+product=" + product + "' > '" + log + "'";
    REQUIRE(std::system(command.c_str()) == 0);
    REQUIRE(fs::exists(product + "/observed.hex"));
    passed = passed && std::system(("grep -q 'PACK PASS' '" + log + "'").c_str()) == 0;
  }
  return passed;
}

struct Products {
  std::vector<std::unique_ptr<OwnedProduct>> owned;
  std::vector<PackProduct> packed;
  OwnedProduct& add(const std::string& name) {
    owned.push_back(std::make_unique<OwnedProduct>());
    packed.push_back({name, {}});
    return *owned.back();
  }
  void close() {
    for (std::size_t i = 0; i < owned.size(); ++i) packed[i].product = owned[i]->product;
  }
};

// Random and extreme codes, ragged edges, and initial values that overflow the accumulator.
Products products_for(const Profile& profile) {
  Products all;
  Dice dice(61);
  fill_random(dice, profile, 40, 16, static_cast<std::int64_t>(profile.rows), all.add("one tile"));
  fill_random(dice, profile, 23, 37, 70, all.add("ragged"));
  fill_random(dice, profile, 1, 1, 1, all.add("one MAC"));
  OwnedProduct& extreme = all.add("all -128, accumulator overflow");
  extreme.lhs.assign(17 * 100, -128);
  extreme.rhs.assign(100 * 20, -128);
  extreme.init.assign(17 * 20, INT32_MAX - 5);
  extreme.product = {17, 20, 100, extreme.lhs, extreme.rhs, extreme.init};
  all.close();
  return all;
}

TEST_CASE("the SystemVerilog array gives the profile's bits, overflow included", "[.rtl]") {
  for (const auto& [rows, bits] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{16, 32}, {16, 20}, {32, 20}}) {
    const Packed packed;
    const Profile profile = array_of(rows, bits);
    const Products products = products_for(profile);
    REQUIRE(write_pack(packed.path, profile, products.packed, "rtl_test").ok());
    CHECK(replay(packed.path, products.packed.size(), simulator(rows, bits)));
    const PackReport report = verify_pack(packed.path).value();
    INFO(pack_report_text(report));
    CHECK(report.passed());
  }
}

TEST_CASE("a 20-bit column of 32 rows is told from a 32-bit one by its overflow", "[.rtl]") {
  const Packed packed;
  const Profile profile = array_of(32, 32);
  const Products products = products_for(profile);
  REQUIRE(write_pack(packed.path, profile, products.packed, "rtl_test").ok());
  CHECK_FALSE(replay(packed.path, products.packed.size(), simulator(32, 20)));
  const PackReport report = verify_pack(packed.path).value();
  CHECK_FALSE(report.passed());
  CHECK(report.verdicts[3].kind == PackVerdict::Kind::kFail);
}

}  // namespace
}  // namespace mxcheck::mxu
