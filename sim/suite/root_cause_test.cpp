// The classifier on devices with known faults: cases of the suite run on a model with one planted
// fault, and the search must name it first; with two faults it must not name a single one.
#include "sim/suite/root_cause.h"

#include <catch2/catch.hpp>

#include "sim/suite/run_case.h"

namespace mxcheck::suite {
namespace {

reports::RootCause cause_of(const std::string& id, const std::vector<std::string>& faults) {
  casefile::LoadedCases loaded = casefile::load_case_file("cases/" + id + ".json", ".", id);
  REQUIRE(loaded.cases.size() == 1);
  CaseOptions options;
  for (const std::string& fault : faults) {
    options.faults.push_back(fault::parse_fault(fault).value());
  }
  constexpr double kPatience = 60000;
  options.explain_milliseconds = kPatience;
  const CaseRun run = run_case(loaded.cases.front(), options);
  for (const reports::CheckResult& check : run.result.checks) {
    if (check.mode != "isolated") continue;
    INFO(id << " under " << faults.front());
    CHECK(check.status == reports::Status::kFail);
    if (!check.root_cause) return {};
    CHECK(check.root_cause->tried == check.root_cause->changes);
    return *check.root_cause;
  }
  return {};
}

struct Planting {
  const char* fault;
  const char* id;  // a case that tells the fault from its neighbours
};

constexpr Planting kPlantings[] = {
    // Policies.
    {"quotient_reciprocal", "qat/dense_f32_ieee"},
    {"quotient_divided", "qat/dense_f32_xla_cpu"},
    {"scale_constant_reciprocal", "cal/weight_minmax"},
    {"scale_constant_divided", "conv/xla_cpu"},
    {"mean_divide_reciprocal", "cal/act_rms_2"},
    {"mean_divided", "cal/rms_f32_xla_cpu"},
    {"clamp_narrow", "edge/both_absmax"},
    {"nan_code_lowest", "edge/nans"},
    {"excess_precision", "cal/rms_bf16_ieee"},
    {"dot_unfused", "cal/act_rms_3_5"},
    {"scales_combined", "conv/qat"},
    {"reduce_pairwise", "cal/act_qt_rms_2"},
    // Rounding and codes.
    {"round_half_away", "edge/ties"},
    {"round_half_up", "edge/ties"},
    {"round_down", "conv/minmax"},
    {"round_toward_zero", "ragged/qt"},
    {"cast_wraps", "types/s4_s8"},
    {"zero_point_rounded_down", "cal/act_minmax"},
    {"zero_point_not_added", "cal/act_minmax"},
    {"quotient_unrounded", "cal/minmax_bf16_ieee"},
    {"nf4_tie_up", "types/nf4_ties"},
    {"fp8_through_f16", "types/f8e5m2_f8e5m2"},
    {"fp8_not_clipped", "types/f8e4m3fn_clipped"},
    {"block_scale_nearest", "types/mxfp8_f32"},
    {"block_scale_unrounded", "types/nvfp4_f32"},
    {"noise_dropped", "rnd/uniform"},
    {"noise_negated", "rnd/uniform"},
    // Scales and zero points.
    {"scale_bound_integer", "types/s8_s4"},
    {"scale_range_off_by_one", "cal/per_tensor_minmax"},
    {"scale_guard_missing", "edge/scale_guard"},
    {"scale_reciprocal", "einsum/scores"},
    {"scale_inverted", "einsum/scores"},
    {"scales_rhs_first", "conv/qat"},
    {"lhs_scale_omitted", "einsum/scores"},
    {"factor_dropped", "cal/weight_absmax_0_8"},
    {"zero_point_correction_omitted", "cal/act_minmax"},
    {"zero_point_correction_added", "conv/minmax"},
    {"tile_interleaved", "tile/fast_160"},
    // Gradients and statistics.
    {"residual_dequantized", "qat/deep_gradient"},
    {"residual_original", "conv/qat"},
    {"gradient_scale_not_folded", "ragged/qt"},
    {"mask_missing", "cal/act_absmax_0_6"},
    {"mask_exclusive", "cal/mask_at_bounds"},
    {"mask_inverted", "cal/act_rms_2"},
    {"statistics_stale", "models/mlp_srq"},
    {"statistics_ignored", "models/mlp_srq"},
    {"statistics_count_off_by_one", "models/mlp_srq"},
    {"statistics_of_maximum", "models/cnn_srq"},
    {"statistics_in_bf16", "models/mlp_srq"},
    // The matrix unit.
    {"activation_as_unsigned", "qt/batched"},
    {"weight_minus_128_as_0", "cal/upper_case"},
    {"last_k_dropped", "einsum/scores"},
    {"accumulator_narrow", "tile/fast_160"},
    {"column_sum_saturates", "hardware/column_sum_wraps"},
    {"accumulator_wraps", "hardware/accumulator_saturates"},
};

struct Pair {
  const char *first, *second;
  const char* id;
};

constexpr Pair kPairs[] = {
    {"round_half_away", "gradient_scale_not_folded", "einsum/bf16"},
    {"round_toward_zero", "scales_combined", "einsum/scores"},
    {"zero_point_rounded_down", "mask_missing", "cal/act_minmax_0_7"},
    {"factor_dropped", "scales_rhs_first", "cal/act_absmax_0_6"},
    {"quotient_reciprocal", "scale_inverted", "qat/dense_f32_ieee"},
    {"residual_original", "scale_inverted", "conv/qat"},
    {"statistics_in_bf16", "statistics_of_maximum", "models/cnn_srq"},
    {"weight_as_unsigned", "round_down", "qt/batched"},
    {"scale_bound_integer", "lhs_scale_omitted", "types/s8_s4"},
    {"noise_negated", "gradient_scale_folded_twice", "rnd/uniform"},
};

}  // namespace

TEST_CASE("the classifier names a planted fault alone, or first of those with the same bits",
          "[suite][root_cause]") {
  for (const Planting& planted : kPlantings) {
    const reports::RootCause cause = cause_of(planted.id, {planted.fault});
    INFO(planted.fault << " in " << planted.id << ": "
                       << (cause.causes.empty() ? "no cause" : cause.causes.front()));
    CHECK((!cause.faults.empty() && cause.faults.front() == planted.fault));
  }
}

TEST_CASE("two planted faults are not taken for a single one", "[suite][root_cause]") {
  for (const Pair& pair : kPairs) {
    const reports::RootCause cause = cause_of(pair.id, {pair.first, pair.second});
    INFO(pair.first << " and " << pair.second << " in " << pair.id);
    CHECK(cause.causes.empty());
  }
}

TEST_CASE("what another policy does at several places is named by the policy [POL-1]",
          "[suite][root_cause]") {
  const reports::RootCause cause =
      cause_of("qat/dense_f32_ieee", {"scale_constant_reciprocal", "quotient_reciprocal"});
  REQUIRE_FALSE(cause.causes.empty());
  CHECK(cause.causes.front() == "policy xla_cpu");
}

TEST_CASE("a search without time says where it stopped", "[suite][root_cause]") {
  casefile::LoadedCases loaded = casefile::load_case_file("cases/qt/dense_f32_ieee.json", ".", "x");
  CaseOptions options;
  options.faults = {fault::default_fault(fault::Kind::statistics_stale),
                    fault::default_fault(fault::Kind::round_down)};
  options.explain_milliseconds = 0;
  const CaseRun run = run_case(loaded.cases.at(0), options);
  const reports::CheckResult& golden = run.result.checks.at(0);
  REQUIRE(golden.root_cause.has_value());
  CHECK(golden.root_cause->tried < golden.root_cause->changes);
  CHECK(golden.root_cause->causes.empty());
  CHECK(golden.findings.at(0).explanation.find("cut short after") != std::string::npos);
}

}  // namespace mxcheck::suite
