// The closed forms against a published model's counts, and what overlap must and must not do.
#include "sim/mxu/schedule.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/mxu/random_product.h"

namespace mxcheck::mxu {
namespace {

struct Row {
  Dataflow dataflow;
  std::int64_t rows, cols, m, n, k, cycles;
  double utilisation;
};

using enum Dataflow;
// SCALE-Sim 3.0.0, GEMM mode, compute cycles only (folds do not overlap, no memory stalls).
const std::vector<Row> kScaleSim = {
    {kWeightStationary, 128, 128, 128, 128, 128, 509, 0.251473},
    {kWeightStationary, 128, 128, 256, 256, 256, 2551, 0.401411},
    {kWeightStationary, 128, 128, 100, 60, 300, 1445, 0.076030},
    {kWeightStationary, 128, 128, 1000, 1000, 1000, 88447, 0.690076},
    {kWeightStationary, 128, 128, 64, 512, 2048, 28543, 0.143503},
    {kWeightStationary, 128, 128, 1, 1024, 1024, 24511, 0.002611},
    {kOutputStationary, 128, 128, 128, 128, 128, 381, 0.335958},
    {kOutputStationary, 128, 128, 256, 256, 256, 2039, 0.502207},
    {kOutputStationary, 128, 128, 100, 60, 300, 553, 0.198668},
    {kOutputStationary, 128, 128, 1000, 1000, 1000, 80255, 0.760515},
    {kOutputStationary, 128, 128, 64, 512, 2048, 9207, 0.444879},
    {kOutputStationary, 128, 128, 1, 1024, 1024, 10223, 0.006260},
    {kInputStationary, 128, 128, 128, 128, 128, 509, 0.251473},
    {kInputStationary, 128, 128, 256, 256, 256, 2551, 0.401411},
    {kInputStationary, 128, 128, 100, 60, 300, 1325, 0.082916},
    {kInputStationary, 128, 128, 1000, 1000, 1000, 88447, 0.690076},
    {kInputStationary, 128, 128, 64, 512, 2048, 14303, 0.286373},
    {kInputStationary, 128, 128, 1, 1024, 1024, 11247, 0.005690},
    {kWeightStationary, 128, 128, 512, 384, 128, 2681, 0.572921},
    {kWeightStationary, 128, 128, 37, 43, 41, 418, 0.009525},
    {kWeightStationary, 128, 128, 17, 49, 16, 398, 0.002044},
    {kWeightStationary, 128, 128, 50, 100, 70, 431, 0.049565},
    {kWeightStationary, 128, 128, 1, 7, 300, 1148, 0.000112},
    {kOutputStationary, 128, 128, 512, 384, 128, 4583, 0.335152},
    {kOutputStationary, 128, 128, 37, 43, 41, 294, 0.013542},
    {kOutputStationary, 128, 128, 17, 49, 16, 269, 0.003024},
    {kOutputStationary, 128, 128, 50, 100, 70, 323, 0.066137},
    {kOutputStationary, 128, 128, 1, 7, 300, 553, 0.000232},
    {kInputStationary, 128, 128, 512, 384, 128, 3063, 0.501469},
    {kInputStationary, 128, 128, 37, 43, 41, 424, 0.009390},
    {kInputStationary, 128, 128, 17, 49, 16, 430, 0.001892},
    {kInputStationary, 128, 128, 50, 100, 70, 481, 0.044412},
    {kInputStationary, 128, 128, 1, 7, 300, 1166, 0.000110},
    {kWeightStationary, 128, 128, 512, 128, 384, 2681, 0.572921},
    {kWeightStationary, 128, 128, 37, 41, 43, 418, 0.009525},
    {kOutputStationary, 128, 128, 512, 128, 384, 2551, 0.602117},
    {kOutputStationary, 128, 128, 37, 41, 43, 296, 0.013451},
    {kInputStationary, 128, 128, 512, 128, 384, 6119, 0.251021},
    {kInputStationary, 128, 128, 37, 41, 43, 422, 0.009435},
    {kWeightStationary, 16, 48, 512, 384, 128, 37759, 0.867820},
    {kWeightStationary, 16, 48, 37, 43, 41, 344, 0.246908},
    {kWeightStationary, 16, 48, 17, 49, 16, 189, 0.091821},
    {kWeightStationary, 16, 48, 50, 100, 70, 1919, 0.237483},
    {kWeightStationary, 16, 48, 1, 7, 300, 1500, 0.001823},
    {kOutputStationary, 16, 48, 512, 384, 128, 48639, 0.673698},
    {kOutputStationary, 16, 48, 37, 43, 41, 308, 0.275767},
    {kOutputStationary, 16, 48, 17, 49, 16, 311, 0.055801},
    {kOutputStationary, 16, 48, 50, 100, 70, 1583, 0.287890},
    {kOutputStationary, 16, 48, 1, 7, 300, 361, 0.007574},
    {kInputStationary, 16, 48, 512, 384, 128, 40655, 0.806002},
    {kInputStationary, 16, 48, 37, 43, 41, 362, 0.234630},
    {kInputStationary, 16, 48, 17, 49, 16, 126, 0.137731},
    {kInputStationary, 16, 48, 50, 100, 70, 1779, 0.256172},
    {kInputStationary, 16, 48, 1, 7, 300, 1614, 0.001694},
    {kWeightStationary, 48, 16, 512, 384, 128, 44783, 0.731706},
    {kWeightStationary, 48, 16, 37, 43, 41, 440, 0.193037},
    {kWeightStationary, 48, 16, 17, 49, 16, 507, 0.034229},
    {kWeightStationary, 48, 16, 50, 100, 70, 2239, 0.203541},
    {kWeightStationary, 48, 16, 1, 7, 300, 776, 0.003524},
    {kOutputStationary, 48, 16, 512, 384, 128, 50159, 0.653283},
    {kOutputStationary, 48, 16, 37, 43, 41, 308, 0.275767},
    {kOutputStationary, 48, 16, 17, 49, 16, 311, 0.055801},
    {kOutputStationary, 48, 16, 50, 100, 70, 1847, 0.246740},
    {kOutputStationary, 48, 16, 1, 7, 300, 361, 0.007574},
    {kInputStationary, 48, 16, 512, 384, 128, 47423, 0.690973},
    {kInputStationary, 48, 16, 37, 43, 41, 458, 0.185450},
    {kInputStationary, 48, 16, 17, 49, 16, 317, 0.054745},
    {kInputStationary, 48, 16, 50, 100, 70, 1679, 0.271429},
    {kInputStationary, 48, 16, 1, 7, 300, 818, 0.003343},
};

Profile array_of(Dataflow dataflow, std::int64_t rows, std::int64_t cols) {
  Profile p = *preset("ideal_int32");
  p.dataflow = dataflow;
  p.rows = rows;
  p.cols = cols;
  return p;
}

TEST_CASE("without overlap the counts are SCALE-Sim's, row by row", "[schedule]") {
  for (const Row& row : kScaleSim) {
    const Profile p = array_of(row.dataflow, row.rows, row.cols);
    INFO(describe(p) << " M=" << row.m << " N=" << row.n << " K=" << row.k);
    const Schedule s = schedule(p, {row.m, row.n, row.k}, Overlap::kNone);
    CHECK(s.total() == row.cycles);
    CHECK(s.utilisation() == Approx(row.utilisation).margin(5.1e-7));
  }
}

TEST_CASE("overlap is never slower", "[schedule]") {
  for (const Row& row : kScaleSim) {
    const Profile p = array_of(row.dataflow, row.rows, row.cols);
    CHECK(schedule(p, {row.m, row.n, row.k}).total() <= row.cycles);
  }
  Dice dice(21);
  for (int round = 0; round < 20000; ++round) {
    const Profile p = random_profile(dice);
    const ProductShape shape{dice.roll(0, 60), dice.roll(0, 60), dice.roll(0, 60)};
    INFO(describe(p) << " M=" << shape.m << " N=" << shape.n << " K=" << shape.k);
    CHECK(schedule(p, shape, Overlap::kFull).total() <= schedule(p, shape, Overlap::kNone).total());
  }
}

TEST_CASE("overlapped cycles approach MNK/(rows*cols)", "[schedule]") {
  for (const Dataflow dataflow : {kWeightStationary, kOutputStationary, kInputStationary}) {
    const Profile p = array_of(dataflow, 128, 128);
    CHECK(schedule(p, {8192, 8192, 8192}).utilisation() > 0.9999);
    CHECK(schedule(p, {1024, 1024, 1024}).utilisation() > 0.99);
    CHECK(schedule(p, {8192, 8192, 8192}).utilisation() < 1.0);
  }
}

TEST_CASE("bytes count every residence of an operand", "[schedule]") {
  Profile p = array_of(kWeightStationary, 16, 16);
  Schedule s = schedule(p, {100, 40, 50});
  CHECK(s.lhs_bytes == 100 * 50 * 3);
  CHECK(s.rhs_bytes == 50 * 40);
  CHECK(s.out_bytes == 100 * 40 * 4);
  CHECK(s.intensity() == Approx(2.0 * 100 * 40 * 50 / (15000 + 2000 + 16000)));
  p.acc_rows = 50;
  s = schedule(p, {100, 40, 50, DType::kS8, DType::kS4, true});
  CHECK(s.rhs_bytes == 2 * 50 * 40 / 2);
  CHECK(s.init_bytes == 100 * 40 * 4);
}

TEST_CASE("a graph's schedule is the sum of its products'", "[schedule]") {
  const Profile p = *preset("tpu_v5e");
  std::vector<Schedule> products = {schedule(p, {64, 128, 512}), schedule(p, {64, 10, 128})};
  products[0].name = "dense0";
  products[1].name = "dense1";
  const Schedule total = sum(products, "total");
  CHECK(total.total() == products[0].total() + products[1].total());
  CHECK(total.macs == 64 * 128 * 512 + 64 * 10 * 128);
  CHECK(schedule_text(products).find("dense1 (64 10 128)") != std::string::npos);
  const auto json = nlohmann::json::parse(schedule_json(products));
  CHECK(json.size() == 3);
  CHECK(json[2]["cycles"] == total.total());
}

TEST_CASE("the largest extents do not overflow a count", "[schedule]") {
  const Profile p = array_of(kWeightStationary, 1, 1);
  const Schedule s = schedule(p, {kMaxExtent, kMaxExtent, kMaxExtent}, Overlap::kNone);
  CHECK(s.total() > 0);
  CHECK(s.bytes() > 0);
}

}  // namespace
}  // namespace mxcheck::mxu
