// The check `srq` passes honest runs and fails each broken rule of the statistics.
#include "sim/suite/srq_check.h"

#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

using tensor::Tensor;
using testing::dense;
using testing::RunOf;

constexpr const char* kRule =
    R"({"weight_qtype": "s8", "act_qtype": "s8", "act_static_scale": true})";
constexpr const char* kAsymmetric = R"({"weight_qtype": "s8", "act_qtype": "s8",
    "act_calibration_method": "minmax", "act_static_scale": true})";

// Three steps on three inputs, statistics updated.
std::string three_steps(const std::string& rule, const std::string& mode) {
  std::string text = dense(rule, "\"steps\": 3, \"mode\": \"" + mode + "\"");
  const std::string x = R"({"random": "normal", "seed": 1, "shape": [4, 6]})";
  text.replace(text.find(x), x.size(),
               R"({"steps": [{"random": "normal", "seed": 1, "shape": [4, 6]},
                  {"random": "normal", "seed": 7, "shape": [4, 6], "scale": 3},
                  {"random": "normal", "seed": 8, "shape": [4, 6], "scale": 0.5}]})");
  const std::string cotangents = R"(, "cotangents")";
  text.erase(text.find(cotangents), text.rfind("}}") - text.find(cotangents));
  return text;
}

reports::CheckResult checked(const RunOf& run) { return check_srq(run.request(), run.outcome); }

bool finds(const RunOf& run, const std::string& name, const std::string& rule) {
  for (const reports::Finding& f : checked(run).findings) {
    if (f.name == name && f.rule == rule) return true;
  }
  return false;
}

std::int64_t applied(const reports::CheckResult& result, const std::string& relation) {
  for (const reports::RelationCount& r : result.relations) {
    if (r.relation == relation) return r.applied;
  }
  return 0;
}

}  // namespace

TEST_CASE("honest statistics pass and every relation is applied [SRQ-1, SRQ-6]", "[suite][srq]") {
  for (const char* rule : {kRule, kAsymmetric}) {
    const reports::CheckResult result = checked(RunOf(three_steps(rule, "calibrate")));
    CHECK(result.status == reports::Status::kPass);
    for (const char* relation : {"frozen", "own_value", "order", "batch_merge", "long_run"}) {
      INFO(relation);
      CHECK(applied(result, relation) == 1);
    }
    REQUIRE(result.figures.size() == 3);
    CHECK(result.figures.back().worst_fraction <= 1);
    CHECK(result.figures.back().worst_fraction > 0);  // 10^5 additions in f32 do drift
  }
}

TEST_CASE("a count off by one is found [SRQ-4]", "[suite][srq]") {
  RunOf run(three_steps(kRule, "calibrate"));
  Tensor& count = run.value("step1/stats/m/dot_general0_lhs/count");
  count.store_int(0, 3);
  CHECK(finds(run, "stats/m/dot_general0_lhs/sum_of_absmax", "SRQ-4"));
}

TEST_CASE("a sum that misses a step, or is one bit off, is found [SRQ-4]", "[suite][srq]") {
  const std::string name = "/stats/m/dot_general0_lhs/sum_of_absmax";
  RunOf stale(three_steps(kRule, "calibrate"));
  stale.value("step1" + name) = stale.value("step0" + name);
  CHECK(finds(stale, "stats/m/dot_general0_lhs/sum_of_absmax", "SRQ-4"));

  RunOf off(three_steps(kRule, "calibrate"));
  Tensor& sum = off.value("step2" + name);
  sum.set_bits(0, sum.bits(0) + 1);
  CHECK(finds(off, "stats/m/dot_general0_lhs/sum_of_absmax", "SRQ-4"));
}

TEST_CASE("an average used before it is updated is found through the scale [SRQ-5]",
          "[suite][srq]") {
  RunOf run(three_steps(kRule, "calibrate"));
  run.value("step1/quant/y/fwd/lhs.scale") = run.value("step0/quant/y/fwd/lhs.scale");
  CHECK(finds(run, "step1/quant/y/fwd/lhs.scale", "SRQ-5"));
}

TEST_CASE("codes made with another scale than the average's are found [QNT-1]", "[suite][srq]") {
  RunOf run(three_steps(kRule, "calibrate"));
  run.value("step1/quant/y/fwd/lhs.qvalue") = run.value("step0/quant/y/fwd/lhs.qvalue");
  CHECK(finds(run, "step1/quant/y/fwd/lhs.qvalue", "QNT-1"));
}

TEST_CASE("statistics that move without an update are found [SRQ-5]", "[suite][srq]") {
  RunOf run(three_steps(kRule, "forward"));
  REQUIRE(checked(run).status == reports::Status::kPass);
  run.value("step2/stats/m/dot_general0_lhs/count").store_int(0, 1);
  CHECK(finds(run, "stats/m/dot_general0_lhs/sum_of_absmax", "SRQ-5"));
}

TEST_CASE("statistics that are not recorded are found [SRQ-3]", "[suite][srq]") {
  RunOf run(three_steps(kRule, "calibrate"));
  run.outcome.values.erase("step1/stats/m/dot_general0_lhs/count");
  CHECK(finds(run, "step1/stats/m/dot_general0_lhs", "SRQ-3"));
}

TEST_CASE("a sum of another shape is found [SRQ-2]", "[suite][srq]") {
  RunOf run(three_steps(kRule, "calibrate"));
  run.value("step1/stats/m/dot_general0_lhs/sum_of_absmax") = Tensor(numerics::DType::kF32, {4, 1});
  CHECK(checked(run).status == reports::Status::kFail);
}

TEST_CASE("runs without static ranges have nothing to check", "[suite][srq]") {
  CHECK(checked(RunOf(dense(R"({"weight_qtype": "s8", "act_qtype": "s8"})"))).tensors == 0);
}

}  // namespace mxcheck::suite
