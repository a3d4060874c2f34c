// The check `ste` passes honest runs and fails each broken rule of the backward pass.
#include "sim/suite/ste_check.h"

#include "sim/suite/operands.h"
#include "sim/suite/testing.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;
using tensor::Tensor;
using testing::dense;
using testing::RunOf;

constexpr const char* kQat = R"({"weight_qtype": "s8", "act_qtype": "s8"})";
constexpr const char* kQt = R"({"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"})";
constexpr const char* kClipped =
    R"({"weight_qtype": "s8", "act_qtype": "s8", "act_calibration_method": "absmax,0.5"})";

reports::CheckResult checked(const RunOf& run) { return check_ste(run.request(), run.outcome); }

bool fails_at(const RunOf& run, const std::string& name, const std::string& rule) {
  for (const reports::Finding& f : checked(run).findings) {
    if (f.name == name && f.rule == rule) return true;
  }
  return false;
}

// The product of two recorded arrays, a [r, k] x b [k, c], in double, rounded once.
Tensor product(const Tensor& a, const Tensor& b, bool transpose_b) {
  const Tensor right = transpose_b ? tensor::transpose(b, {1, 0}) : b;
  Tensor out(DType::kF32, {a.dim(0), right.dim(1)});
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t r = i / out.dim(1), c = i % out.dim(1);
    double sum = 0;
    for (std::int64_t k = 0; k < a.dim(1); ++k) {
      sum += a.load(r * a.dim(1) + k) * right.load(k * right.dim(1) + c);
    }
    out.store(i, sum);
  }
  return out;
}

}  // namespace

TEST_CASE("honest gradients pass, with figures for every product [BWD-6, BND-5]", "[suite][ste]") {
  for (const char* rule : {kQat, kQt, kClipped}) {
    const reports::CheckResult result = checked(RunOf(dense(rule)));
    INFO(rule);
    CHECK(result.status == reports::Status::kPass);
    CHECK(result.tensors == 4);  // two products, two gradients behind the mask
    REQUIRE(result.figures.size() == 2);
    CHECK(*result.figures[0].cosine > 0.99);
    CHECK(result.figures[0].worst_fraction <= 1);
  }
}

TEST_CASE("without bwd_qtype one moved bit of a product is found [BWD-6, POL-4]", "[suite][ste]") {
  RunOf run(dense(kQat));
  Tensor& out = run.value("step0/quant/y/dlhs/out");
  out.set_bits(3, out.bits(3) ^ 1);
  CHECK(fails_at(run, "step0/quant/y/dlhs/out", "BWD-6"));
}

TEST_CASE("a gradient of the dequantized operand instead of the original is found [BWD-2]",
          "[suite][ste]") {
  RunOf run(dense(kQat));
  const Tensor codes = run.value("step0/quant/y/fwd/rhs.qvalue");
  const Tensor scale = run.value("step0/quant/y/fwd/rhs.scale");
  const Tensor w =
      reference::dequantize(reference::quantized_view(codes, scale, std::nullopt, std::nullopt));
  const Tensor g = run.value("step0/ct/y");
  Tensor& out = run.value("step0/quant/y/dlhs/out");
  REQUIRE(out.shape() == tensor::Shape{4, 6});
  out = product(g, w, true);
  CHECK(fails_at(run, "step0/quant/y/dlhs/out", "BWD-6"));
}

TEST_CASE("a scale not folded into the gradient is found [BWD-3, BND-5]", "[suite][ste]") {
  RunOf run(dense(kQt));
  Tensor& out = run.value("step0/quant/y/dlhs/out");
  const double scale = run.value("step0/quant/y/fwd/rhs.scale").load(0);
  for (std::int64_t i = 0; i < out.size(); ++i) out.store(i, out.load(i) / scale);
  CHECK(fails_at(run, "step0/quant/y/dlhs/out", "BWD-3"));
}

TEST_CASE("a mask that is left out, exclusive or applied without need is found [BWD-7]",
          "[suite][ste]") {
  RunOf run(dense(kClipped));
  const Tensor product = tensor::transpose(run.value("step0/quant/y/dlhs/out"), {0, 1});
  Tensor& gradient = run.value("step0/grad/input/x");
  const Tensor honest = gradient;
  std::int64_t clipped = 0, kept = -1;
  for (std::int64_t i = 0; i < gradient.size(); ++i) {
    clipped += gradient.bits(i) == 0 ? 1 : 0;
    if (gradient.bits(i) != 0) kept = i;
  }
  REQUIRE(clipped > 0);
  gradient = product;
  CHECK(fails_at(run, "step0/grad/input/x", "BWD-7"));
  gradient = honest;
  gradient.set_bits(kept, 0);
  CHECK(fails_at(run, "step0/grad/input/x", "BWD-7"));

  RunOf plain(dense(kQat));
  plain.value("step0/grad/input/x").set_bits(0, 0);
  CHECK(fails_at(plain, "step0/grad/input/x", "BWD-7"));
}

TEST_CASE("bounds of the mask are inclusive [BWD-7]", "[suite][ste]") {
  // fixed,2: the operand holds 2 and -2 exactly, and one value beyond.
  std::string text =
      dense(R"({"weight_qtype": "s8", "act_qtype": "s8", "act_calibration_method": "fixed,2"})");
  const std::string from = R"({"random": "normal", "seed": 1, "shape": [4, 6]})";
  text.replace(text.find(from), from.size(),
               R"({"values": [2, -2, 2.0000002, 1, 0.5, 3, 0, 1, 2, 3, -2, -3,
                   1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], "shape": [4, 6]})");
  RunOf run(text);
  CHECK(checked(run).status == reports::Status::kPass);
  Tensor& gradient = run.value("step0/grad/input/x");
  REQUIRE(gradient.bits(0) != 0);
  REQUIRE(gradient.bits(2) == 0);
  gradient.set_bits(0, 0);  // an exclusive upper bound
  CHECK(fails_at(run, "step0/grad/input/x", "BWD-7"));
}

TEST_CASE("where gradients are added up the mask is judged on the node alone [BWD-7, BWD-10]",
          "[suite][ste]") {
  std::string text = dense(kClipped);
  const std::string from = R"("dimension_numbers": [[[1], [0]], [[], []]]})";
  text.replace(text.find(from), from.size(),
               from + R"(, {"name": "z", "op": "relu", "args": ["x"]})");
  const std::string cotangents = R"("cotangents": {)";
  text.replace(text.find(cotangents), cotangents.size(),
               cotangents + R"("z": {"fill": 1, "shape": [4, 6]}, )");
  const reports::CheckResult result = checked(RunOf(text));
  CHECK(result.status == reports::Status::kPass);
  CHECK(result.tensors == 4);
}

TEST_CASE("a convolution's gradient that keeps the zero point is found [QUIRK-CONV-ZP]",
          "[suite][ste]") {
  RunOf run(R"({"mxcheck": 1,
  "inputs": {"x": {"random": "uniform", "seed": 1, "shape": [2, 4, 4, 3], "low": -1, "high": 2}},
  "params": {"m/w": {"random": "normal", "seed": 2, "shape": [2, 2, 3, 4]}},
  "nodes": [{"name": "y", "op": "conv_general_dilated", "module": "m", "args": ["x", "m/w"],
             "padding": "VALID"}],
  "rules": [{"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8",
             "act_calibration_method": "minmax"}],
  "run": {"mode": "grad",
          "cotangents": {"y": {"random": "normal", "seed": 3, "shape": [2, 3, 3, 4]}}}})");
  REQUIRE(checked(run).status == reports::Status::kPass);
  // What the product would be with the zero point: less z times the sum of g over each feature.
  const Tensor zero = run.value("step0/quant/y/fwd/lhs.zero_point");
  REQUIRE(zero.load_int(0) != 0);
  const Tensor codes = run.value("step0/quant/y/drhs/rhs.qvalue");
  const Tensor scale = run.value("step0/quant/y/drhs/rhs.scale");
  Tensor& out = run.value("step0/quant/y/drhs/out");
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t feature = i % 4;
    double sum = 0;
    for (std::int64_t p = 0; p < 18; ++p) {
      sum += static_cast<double>(codes.load_int(p * 4 + feature) * zero.load_int(p / 9));
    }
    out.store(i, out.load(i) - sum * scale.load(feature));
  }
  CHECK(fails_at(run, "step0/quant/y/drhs/out", "BWD-3"));
}

TEST_CASE("runs without gradients have nothing to check", "[suite][ste]") {
  RunOf run(dense(kQat));
  exec::Outcome outcome = run.outcome;
  std::erase_if(outcome.values, [](const auto& v) { return v.first.find("/dlhs/") + 1 != 0; });
  std::erase_if(outcome.values, [](const auto& v) { return v.first.find("/drhs/") + 1 != 0; });
  CHECK(check_ste(run.request(), outcome).tensors == 0);
}

}  // namespace mxcheck::suite
