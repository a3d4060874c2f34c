// One int8 training step of a small network: the fused step on kernels, held bit for bit against
// the executor's functional model on the same numbers before it is timed.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "sim/base/check.h"
#include "sim/bench/groups.h"
#include "sim/bench/measure.h"
#include "sim/casefile/case.h"
#include "sim/exec/executor.h"
#include "sim/exec/mlp_step.h"
#include "sim/exec/op.h"
#include "sim/mxu/profile.h"
#include "sim/numerics/flush.h"

namespace mxcheck::bench {
namespace {

using tensor::Tensor;

constexpr std::int64_t kBatch = 128;

// The same step as a case: 784-512-512-10, softmax cross entropy, everything s8.
std::string case_text() {
  std::string labels;
  for (std::int64_t i = 0; i < kBatch; ++i) {
    labels += (i == 0 ? "" : ", ") + std::to_string(i * 7 % 10);
  }
  const auto dense = [](int layer, const char* from) {
    return fmt::format(
        R"({{"name": "d{0}", "op": "dot_general", "module": "Dense_{0}", "args": ["{1}", "Dense_{0}/kernel"], "dimension_numbers": [[[1], [0]], [[], []]]}})",
        layer, from);
  };
  const auto kernel = [](int layer, int k, int n) {
    return fmt::format(
        R"("Dense_{}/kernel": {{"random": "normal", "seed": {}, "shape": [{}, {}], "scale": {}}})",
        layer, 10 + layer, k, n, 1.0 / std::sqrt(k));
  };
  return fmt::format(
      R"({{"mxcheck": 1, "inputs": {{"x": {{"random": "normal", "seed": 1, "shape": [{}, 784]}},
 "labels": {{"values": [{}], "dtype": "s32"}}}},
 "params": {{{}, {}, {}}},
 "nodes": [{}, {{"name": "r0", "op": "relu", "args": ["d0"]}}, {}, {{"name": "r1", "op": "relu", "args": ["d1"]}}, {},
  {{"name": "loss", "op": "softmax_cross_entropy", "args": ["d2", "labels"]}}],
 "rules": [{{"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"}}],
 "run": {{"mode": "grad", "loss": "loss"}}}})",
      kBatch, labels, kernel(0, 784, 512), kernel(1, 512, 512), kernel(2, 512, 10), dense(0, "x"),
      dense(1, "r0"), dense(2, "r1"));
}

bool same(const Tensor& tensor, const void* data) {
  return std::memcmp(tensor.bytes().data(), data, tensor.byte_size()) == 0;
}

// The step with its loss; the loss is a float op of the executor.
class Step {
 public:
  Step(const casefile::Case& c, const graph::RunData& data, kernels::Isa isa)
      : case_(c), data_(data), step_(kBatch, {784, 512, 512, 10}, isa) {
    for (const Tensor& param : data.params) weights_.push_back(param.data<float>().data());
    logits_ = Tensor(numerics::DType::kF32, {kBatch, 10});
  }

  void run() {
    const auto result = step_.forward(data_.steps[0].inputs[0].data<float>().data(), weights_);
    std::copy(result.begin(), result.end(), logits_.mutable_data<float>().begin());
    const numerics::FlushSubnormals flush;
    const graph::Node& node = case_.graph.nodes.back();
    const std::vector<const Tensor*> args = {&logits_, &data_.steps[0].inputs[1]};
    const exec::OpInputs in{node, args, case_.policy};
    const exec::FloatOp& loss = exec::float_op(node.op);
    loss_ = loss.forward(in);
    Tensor one(numerics::DType::kF32, loss_.shape());
    one.store(0, 1.0);
    const auto parts = loss.vjp(in, loss_, one);
    Tensor g = parts.front().value;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      g = exec::add_values(g, parts[i].value, case_.policy);
    }
    step_.backward(g.data<float>().data());
  }

  // Every code, scale, result and gradient against the values of a run of the same case.
  [[nodiscard]] std::string difference(const graph::Values& values) const {
    for (std::size_t l = 0; l < 3; ++l) {
      const std::string fwd = fmt::format("step0/quant/d{}/fwd/", l);
      const std::string grad = fmt::format("step0/grad/param/Dense_{}/kernel", l);
      if (!same(values.at(fwd + "lhs.qvalue"), step_.lhs(l).codes.data()))
        return fwd + "lhs.qvalue";
      if (!same(values.at(fwd + "lhs.scale"), step_.lhs(l).scale.data())) return fwd + "lhs.scale";
      if (!same(values.at(fwd + "rhs.qvalue"), step_.rhs(l).codes.data()))
        return fwd + "rhs.qvalue";
      if (!same(values.at(fwd + "rhs.scale"), step_.rhs(l).scale.data())) return fwd + "rhs.scale";
      if (!same(values.at(grad), step_.weight_gradient(l).data())) return grad;
    }
    if (!tensor::identical(values.at("step0/node/d2"), logits_)) return "step0/node/d2";
    if (!tensor::identical(values.at("step0/node/loss"), loss_)) return "step0/node/loss";
    return "";
  }

  [[nodiscard]] double operations() const { return step_.operations(); }

 private:
  const casefile::Case& case_;
  const graph::RunData& data_;
  exec::MlpStep step_;
  std::vector<const float*> weights_;
  Tensor logits_, loss_;
};

}  // namespace

std::vector<Row> bench_train(const Options& options) {
  base::Diagnostics diagnostics;
  const casefile::LoadedCases loaded =
      casefile::load_case_text(case_text(), "train.json", ".", "train");
  MXCHECK_CHECK(loaded.cases.size() == 1, "the benchmark's own case");
  const casefile::Case& c = loaded.cases.front();
  const std::optional<graph::RunData> data = casefile::load_data(c, diagnostics);
  MXCHECK_CHECK(data.has_value(), "the benchmark's own data");
  const mxu::Profile profile = *mxu::preset("ideal_int32");
  exec::Request request{c.graph, c.rules, c.plan, c.run, *data, c.policy, profile};
  const base::Result<exec::Outcome> expected = exec::run(request);
  MXCHECK_CHECK(expected.ok(), "the benchmark's own run");
  Step step(c, *data, options.isa);
  step.run();
  const std::string differs = step.difference(expected.value().values);

  request.level = exec::Level::kAuto;
  request.isa = options.isa;
  const PeakWork peak = peak_work(options.isa, step.operations());
  // A training loop repeats one step, so its caches are warm; the executor, which writes every
  // value out, is timed by itself.
  const std::vector<double> best = interleaved({[&] { step.run(); },
                                                [&] {
                                                  if (peak.run) peak.run();
                                                }},
                                               options.seconds);
  const double executor =
      interleaved({[&] { static_cast<void>(exec::run(request)); }}, options.seconds / 4)[0];
  Row row;
  row.group = "train";
  row.name = "mlp 128x784-512-512-10";
  row.kernel = kernels::gemm_kernels_for(options.isa).front()->name;
  row.gops = step.operations() / best[0] * 1e-9;
  if (peak.run) row.peak_gops = peak.operations / best[1] * 1e-9;
  row.milliseconds = best[0] * 1e3;
  row.figures = {{"integer_mop", step.operations() * 1e-6},
                 {"products_alone_at_peak_ms",
                  peak.run ? step.operations() * best[1] / peak.operations * 1e3 : 0},
                 {"executor_ms", executor * 1e3}};
  row.note = differs.empty() ? "bits as the functional model's"
                             : "DIFFERS from the functional model: " + differs;
  return {row};
}

}  // namespace mxcheck::bench
