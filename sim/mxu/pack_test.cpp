// Packs written, filled in by a stand-in device, judged; and damaged in every way.
#include "sim/mxu/pack.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/base/file.h"
#include "sim/mxu/random_product.h"
#include "sim/tensor/npy.h"

namespace mxcheck::mxu {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("mxcheck_pack_" + std::to_string(::getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

std::string text_of(const fs::path& path) { return base::read_file(path, 1 << 24).value(); }

void put(const fs::path& path, const std::string& text) {
  REQUIRE(base::write_file_atomically(path, text).ok());
}

TEST_CASE("a pack filled in by a right device passes, for every dataflow", "[pack]") {
  Dice dice(51);
  for (int round = 0; round < 40; ++round) {
    const Folder folder;
    Profile profile = random_profile(dice);
    if (profile.partial_overflow == Overflow::kTrap) profile.partial_overflow = Overflow::kWrap;
    if (profile.acc_overflow == Overflow::kTrap) profile.acc_overflow = Overflow::kWrap;
    if (profile.delivery_overflow == Overflow::kTrap) profile.delivery_overflow = Overflow::kWrap;
    OwnedProduct x;
    fill_random(dice, profile, dice.roll(1, 12), dice.roll(1, 12), dice.roll(1, 20), x);
    REQUIRE(write_pack(folder.path, profile, {{"dense", x.product}}, "test").ok());
    CHECK(verify_pack(folder.path).value().verdicts[0].kind == PackVerdict::Kind::kMissing);
    const fs::path product = folder.path / "product_000";
    fs::copy_file(product / "expected.hex", product / "observed.hex");
    PackReport report = verify_pack(folder.path).value();
    INFO(pack_report_text(report));
    CHECK(report.passed());
    CHECK(report.profile == profile);
    fs::copy_file(product / "expected.npy", product / "observed.npy");
    CHECK(verify_pack(folder.path).value().passed());
  }
}

// A profile that drops tails and a depth below its rows: no product is computed, observed.hex has
// no row, and the initial values were taken for wrong results (they were expected, zeros were
// read).
TEST_CASE("results of a product that is dropped as a whole are not missed", "[pack]") {
  const Folder folder;
  Profile profile = *preset("ideal_int32");
  profile.rows = 7, profile.cols = 7, profile.product_group = 4, profile.chunk = 16;
  profile.tail = Tail::kDrop;
  const std::vector<std::int32_t> lhs(8 * 5, 1), rhs(5 * 9, 1);
  const std::vector<std::int64_t> init(8 * 9, 3);
  REQUIRE(write_pack(folder.path, profile, {{"dropped", {8, 9, 5, lhs, rhs, init}}}, "").ok());
  const fs::path product = folder.path / "product_000";
  CHECK(functional(profile, {8, 9, 5, lhs, rhs, init}).acc[0] == 3);
  put(product / "observed.hex", "");
  CHECK(verify_pack(folder.path).value().passed());
  put(product / "observed.hex", "00\n");
  CHECK(verify_pack(folder.path).value().verdicts[0].kind == PackVerdict::Kind::kUnusable);
}

TEST_CASE("a wrong result is located and an unusable one is said to be so", "[pack]") {
  const Folder folder;
  const Profile profile = *preset("gemmini_16");
  const std::vector<std::int32_t> codes(20 * 20, -128);
  REQUIRE(write_pack(folder.path, profile, {{"a", {20, 20, 20, codes, codes}}}, "").ok());
  const fs::path product = folder.path / "product_000";
  tensor::Tensor results = tensor::parse_npy(text_of(product / "expected.npy")).value();
  results.store_int(3 * 20 + 17, 7);
  REQUIRE(tensor::write_npy(product / "observed.npy", results).ok());
  const PackReport report = verify_pack(folder.path).value();
  CHECK(report.verdicts[0].kind == PackVerdict::Kind::kFail);
  CHECK(report.verdicts[0].text.find("output [3,17]") != std::string::npos);
  CHECK(report.verdicts[0].where.wrong[0].col == 1);
  for (const std::string& garbage :
       {std::string(""), std::string("nonsense"), text_of(product / "lhs.npy").substr(0, 40)}) {
    put(product / "observed.npy", garbage);
    CHECK(verify_pack(folder.path).value().verdicts[0].kind == PackVerdict::Kind::kUnusable);
  }
  fs::remove(product / "observed.npy");
  const std::string hex = text_of(product / "expected.hex");
  for (const std::string& garbage : {hex + "00\n", hex.substr(4), std::string("x").append(hex, 1),
                                     hex.substr(0, hex.size() / 2)}) {
    put(product / "observed.hex", garbage);
    CHECK(verify_pack(folder.path).value().verdicts[0].kind == PackVerdict::Kind::kUnusable);
  }
}

TEST_CASE("a damaged pack is an error, not a verdict", "[pack]") {
  const Folder folder;
  const std::vector<std::int32_t> codes(16, 3);
  REQUIRE(
      write_pack(folder.path, *preset("ideal_int32"), {{"a", {4, 4, 4, codes, codes}}}, "").ok());
  const std::string manifest = text_of(folder.path / "manifest.json");
  for (const char* name : {"lhs.npy", "expected.npy", "control.hex", "streamed.hex"}) {
    const fs::path path = folder.path / "product_000" / name;
    const std::string text = text_of(path);
    std::string changed = text;
    changed.back() = changed.back() == '1' ? '2' : '1';
    put(path, changed);
    CHECK_FALSE(verify_pack(folder.path).ok());
    fs::remove(path);
    CHECK_FALSE(verify_pack(folder.path).ok());
    put(path, text);
  }
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    auto document = nlohmann::json::parse(manifest);
    document[nlohmann::json::json_pointer(pointer)] = value;
    put(folder.path / "manifest.json", document.dump());
    return verify_pack(folder.path);
  };
  CHECK_FALSE(with("/version", 2).ok());
  CHECK_FALSE(with("/products/0/m", -1).ok());
  CHECK_FALSE(with("/products/0/m", 5).ok());
  CHECK_FALSE(with("/products/0/lhs_type", "f32").ok());
  CHECK_FALSE(with("/products/0/name", 3).ok());
  CHECK_FALSE(with("/profile/rows", 0).ok());
  CHECK_FALSE(with("/files", 1).ok());
  CHECK_FALSE(with("/products", "x").ok());
  put(folder.path / "manifest.json", "{");
  CHECK_FALSE(verify_pack(folder.path).ok());
  put(folder.path / "manifest.json", manifest);
  CHECK(verify_pack(folder.path).ok());
}

TEST_CASE("hex images hold tiles in the order the array takes them", "[pack]") {
  Profile profile = *preset("ideal_int32");
  profile.rows = profile.cols = 2;
  const std::vector<std::int32_t> lhs = {1, 2, 3, -1, -2, -3}, rhs = {16, 17, 18};
  const Product x{2, 1, 3, lhs, rhs};
  const auto images = internal::hex_images(profile, x, functional(profile, x).acc);
  CHECK(images.stationary == "0011\n0010\n0000\n0012\n");
  CHECK(images.streamed == "0201\nfeff\n0003\n00fd\n");
  CHECK(images.expected == "0000000000000068\n00000000ffffff98\n");
  CHECK(images.control.substr(0, 27) == "4d585031\n00000002\n00000002\n");
}

}  // namespace
}  // namespace mxcheck::mxu
