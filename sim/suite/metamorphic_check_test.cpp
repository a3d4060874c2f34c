// Every relation of the check `metamorphic` holds for honest runs and fails for a unit that breaks
// it; the conditions are the ones the report states.
#include "sim/suite/metamorphic_check.h"

#include <cmath>

#include "sim/suite/metamorphic_operands.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

using fault::Kind;
using tensor::Tensor;
using testing::dense;
using testing::RunOf;

constexpr const char* kQt = R"({"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"})";
constexpr const char* kQat = R"({"weight_qtype": "s8", "act_qtype": "s8"})";

reports::CheckResult checked(const RunOf& run) {
  MetamorphicOptions options;
  options.policy = &run.healthy;
  options.case_id = "test";
  return check_metamorphic(run.request(), run.outcome, options);
}

const reports::RelationCount* relation(const reports::CheckResult& result,
                                       const std::string& name) {
  for (const reports::RelationCount& r : result.relations) {
    if (r.relation == name) return &r;
  }
  return nullptr;
}

std::int64_t applied(const reports::CheckResult& result, const std::string& name) {
  const reports::RelationCount* r = relation(result, name);
  return r == nullptr ? 0 : r->applied;
}

// Does a finding of that relation name that value?
bool finds(const reports::CheckResult& result, const std::string& text) {
  for (const reports::Finding& f : result.findings) {
    if (f.name.starts_with(text)) return true;
  }
  return false;
}

reports::CheckResult broken(const std::string& text, Kind kind) {
  return checked(RunOf(text, fault::Faults({fault::default_fault(kind)})));
}

}  // namespace

TEST_CASE("every relation is applied to an honest node and holds [QNT-1, DOT-4, BWD-1]",
          "[suite][metamorphic]") {
  for (const char* rule : {kQt, kQat}) {
    INFO(rule);
    const reports::CheckResult result = checked(RunOf(dense(rule)));
    CHECK(result.status == reports::Status::kPass);
    for (const char* name : {"alone", "scale_inputs", "scale_cotangent", "permute_k",
                             "permute_rows", "split_batch", "split_k"}) {
      INFO(name);
      CHECK(applied(result, name) > 0);
    }
  }
}

TEST_CASE("a recorded value that the node alone does not give is found", "[suite][metamorphic]") {
  RunOf run(dense(kQt));
  Tensor& out = run.value("step0/quant/y/fwd/out");
  out.set_bits(0, out.bits(0) ^ 1);
  CHECK(finds(checked(run), "alone step0/quant/y/fwd/out"));
}

TEST_CASE("a scale guard at the wrong place breaks the planted scales [SCL-3]",
          "[suite][metamorphic]") {
  CHECK(finds(broken(dense(kQt), Kind::scale_guard_missing), "generated step0/quant/y/fwd"));
}

TEST_CASE("rounding that is not symmetric in scale, place or size is found",
          "[suite][metamorphic]") {
  // The last product of a chunk is lost: the sum depends on the order of K, and on its length.
  const reports::CheckResult lost = broken(dense(kQt), Kind::last_k_dropped);
  CHECK(finds(lost, "permute_k fwd/acc"));
  CHECK(finds(lost, "split_k fwd/acc"));
  // Two columns of the unit are exchanged: results do not follow the order of the columns.
  CHECK(finds(broken(dense(kQt), Kind::weight_stuck_at_1), "permute_rows fwd/acc"));
}

TEST_CASE("one range for all rows breaks the split of a batch [CAL-2]", "[suite][metamorphic]") {
  CHECK(finds(broken(dense(kQt), Kind::channels_merged), "split_batch fwd/lhs.scale"));
}

TEST_CASE("a rounding rule changed is found on planted ties [TYP-1]", "[suite][metamorphic]") {
  for (const Kind kind : {Kind::round_down, Kind::round_toward_zero, Kind::cast_wraps}) {
    CHECK(finds(broken(dense(kQt), kind), "generated step0/quant/y/"));
  }
}

TEST_CASE("a gradient scale left out breaks the planted gradients [BWD-3]",
          "[suite][metamorphic]") {
  CHECK(finds(broken(dense(kQt), Kind::gradient_scale_not_folded), "generated step0/quant/y/d"));
}

TEST_CASE("a fixed range is not scaled, and the report says so [CAL]", "[suite][metamorphic]") {
  const reports::CheckResult result = checked(RunOf(dense(
      R"({"weight_qtype": "s8", "act_qtype": "s8", "act_calibration_method": "fixed,1.5"})")));
  CHECK(result.status == reports::Status::kPass);
  const reports::RelationCount* r = relation(result, "scale_inputs (lhs)");
  REQUIRE(r != nullptr);
  CHECK(r->not_applicable.front().first == "a fixed range (CAL)");
  CHECK(applied(result, "scale_inputs") == 1);  // the other operand
}

TEST_CASE("a mean of squares is not permuted, noise stays with its place", "[suite][metamorphic]") {
  const reports::CheckResult rms = checked(RunOf(
      dense(R"({"weight_qtype": "s8", "act_qtype": "s8", "act_calibration_method": "rms,3"})")));
  CHECK(rms.status == reports::Status::kPass);
  CHECK(relation(rms, "permute_k")->not_applicable.size() == 1);
  const reports::CheckResult noisy = checked(RunOf(dense(
      R"({"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8",
          "bwd_stochastic_rounding": "uniform"})",
      R"("mode": "grad", "rng": {"stochastic_rounding": 3})")));
  CHECK(noisy.status == reports::Status::kPass);
  CHECK(relation(noisy, "permute_rows of gradients") != nullptr);
}

TEST_CASE("generated operands hold what they are planted with, and depend on the seed alone",
          "[suite][metamorphic]") {
  graph::QuantizePlan how;
  how.channelwise = {0};
  const Tensor like(numerics::DType::kF32, {6, 5});
  const Tensor a = planted(like, how, Planting::kCodes, 0);
  CHECK(tensor::identical(a, planted(like, how, Planting::kCodes, 0)));
  CHECK_FALSE(tensor::identical(a, planted(like, how, Planting::kCodes, 6)));
  CHECK(a.load(0) == 127.5 / 8);   // ties on a scale of 1/8
  CHECK(a.load(5) == -a.load(6));  // both signs of absmax
  for (int i = 10; i < 15; ++i) CHECK(a.load(i) == 0);
  const Tensor b = planted(like, how, Planting::kScales, 0);
  CHECK(std::fabs(b.load(0)) < 0x1p-126);
  CHECK(std::fabs(b.load(5)) > 0x1p100);
}

TEST_CASE("the report counts ties, saturated and sensitive codes of generated operands",
          "[suite][metamorphic]") {
  const std::string reason = checked(RunOf(dense(kQt))).reason;
  CHECK(reason.find("on a tie") != std::string::npos);
  CHECK(reason.find(" 0 on a tie") == std::string::npos);
}

}  // namespace mxcheck::suite
