// Products are watched as they run; the rest is read from the recorded values.
#include "sim/suite/device_requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/mxu/profile.h"
#include "sim/suite/operands.h"

namespace mxcheck::suite {
namespace {

using device::Op;
using tensor::DType;
using tensor::Tensor;

Tensor matrix(DType dtype, std::int64_t rows, std::int64_t cols,
              std::span<const std::int32_t> values) {
  Tensor out(dtype, {rows, cols});
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.store_int(static_cast<std::int64_t>(i), values[i]);
  }
  return out;
}

class Collector {
 public:
  Collector(const exec::Request& request, const exec::Outcome& whole)
      : request_(request), hardware_(mxu::describe(request.profile)) {
    numerics::Policy policy = request.policy;
    policy.faults = {};
    policy.dot_block = 0;  // of float contractions, which no device is asked for
    policy_ = numerics::describe(policy);
    sources_.graph = &request.graph;
    sources_.data = &request.data;
    sources_.values = &whole.values;
  }

  DeviceQuestions collect() {
    products();
    quantizations();
    for (int step = 0; step < request_.run.steps; ++step) {
      for (std::size_t node = 0; node < request_.plan.nodes.size(); ++node) {
        if (request_.plan.nodes[node]) quantized_dot(step, node);
      }
    }
    return std::move(out_);
  }

 private:
  void leave_out(Op op, const std::string& reason) { ++out_.left_out[op][reason]; }

  [[nodiscard]] const Tensor* recorded(const std::string& name) const {
    return sources_.find(name);
  }

  void products() {
    std::map<std::string, std::int64_t> batches;
    const exec::ProductObserver observer = [&](const std::string& name, const mxu::Product& p) {
      const std::int64_t batch = batches[name]++;
      const mxu::ProductResult result = mxu::multiply(request_.profile, p);
      DeviceQuestion q;
      q.value = name + "/acc";
      q.request.op = Op::kProduct;
      q.request.name = batch == 0 ? q.value : fmt::format("{}#{}", q.value, batch);
      q.request.profile = hardware_;
      q.request.operands = {{"lhs", matrix(p.lhs_type, p.m, p.k, p.lhs)},
                            {"rhs", matrix(p.rhs_type, p.k, p.n, p.rhs)}};
      q.request.dtype = DType::kS32;
      q.request.shape = {p.m, p.n};
      q.expected = Tensor(DType::kS32, q.request.shape);
      for (std::size_t i = 0; i < result.acc.size(); ++i) {
        q.expected.store_int(static_cast<std::int64_t>(i),
                             static_cast<std::int32_t>(result.acc[i]));
      }
      out_.asked.push_back(std::move(q));
    };
    exec::Request watched = request_;
    watched.level = exec::Level::kAuto;
    watched.observer = &observer;
    static_cast<void>(exec::run(watched));
    product_count_ = out_.asked.size();
  }

  void quantizations() {
    const Recorded run{sources_, request_.plan, request_.policy};
    for (QuantizationView& view : suite::quantizations(run, request_.run.steps)) {
      quantize(std::move(view));
    }
  }

  // Why the protocol cannot ask for it; "" if it can.
  [[nodiscard]] static std::string unaskable(const QuantizationView& view, const Tensor& codes) {
    const std::string qtype = numerics::name(view.quantization.plan.qtype);
    if (qtype != numerics::name(codes.dtype()) || !numerics::is_integer(codes.dtype())) {
      return "codes of " + qtype;
    }
    if (view.quantization.noise) return "stochastic rounding";
    const Tensor& scale = *view.recorded.scale;
    for (std::int64_t axis = 0; axis < scale.rank(); ++axis) {
      const std::int64_t full = view.quantization.x.dim(axis);
      if (scale.dim(axis) != 1 && scale.dim(axis) != full) return "tiles with scales of their own";
    }
    return "";
  }

  void quantize(QuantizationView view) {
    const Tensor* codes = recorded(view.name + ".qvalue");
    if (codes == nullptr || !view.recorded.scale) return;
    const std::string reason = unaskable(view, *codes);
    if (!reason.empty()) return leave_out(Op::kQuantize, reason);
    DeviceQuestion q;
    q.value = q.request.name = view.name + ".qvalue";
    q.request.op = Op::kQuantize;
    q.request.policy = policy_;
    q.request.operands = {{"x", std::move(view.quantization.x)}, {"scale", *view.recorded.scale}};
    if (view.recorded.zero_point) {
      q.request.operands.emplace_back("zero_point", *view.recorded.zero_point);
    }
    q.request.dtype = codes->dtype();
    q.request.shape = codes->shape();
    q.expected = *codes;
    out_.asked.push_back(std::move(q));
  }

  // The one product behind a value, if it is one.
  [[nodiscard]] const DeviceQuestion* single_product(const std::string& acc) const {
    const DeviceQuestion* found = nullptr;
    for (std::size_t i = 0; i < product_count_; ++i) {
      if (out_.asked[i].value != acc) continue;
      if (found != nullptr) return nullptr;
      found = &out_.asked[i];
    }
    return found;
  }

  void quantized_dot(int step, std::size_t number) {
    const graph::NodePlan& plan = *request_.plan.nodes[number];
    const graph::Node& node = request_.graph.nodes[number];
    const std::string prefix = quant_prefix(step, node.name, "fwd");
    const Tensor* out = recorded(prefix + "out");
    if (out == nullptr || plan.path != graph::Path::kFast) return;
    const DeviceQuestion* product = single_product(prefix + "acc");
    if (product == nullptr) return leave_out(Op::kQuantizedDot, "tiles or a batch axis");
    if (node.op != graph::Op::dot_general && node.op != graph::Op::einsum) {
      return leave_out(Op::kQuantizedDot, "another operation than dot_general");
    }
    DeviceQuestion q;
    q.value = q.request.name = prefix + "out";
    q.request.op = Op::kQuantizedDot;
    q.request.profile = hardware_;
    q.request.policy = policy_;
    q.request.shape = product->request.shape;
    q.request.dtype = out->dtype();
    const bool fits = add_side(*product, prefix, "lhs", q) && add_side(*product, prefix, "rhs", q);
    if (!fits || out->size() != q.request.shape[0] * q.request.shape[1]) {
      return leave_out(Op::kQuantizedDot, "scales that are neither one nor one a row or column");
    }
    if (!numerics::is_arithmetic_float(out->dtype())) {
      return leave_out(Op::kQuantizedDot, "a result that is no float");
    }
    q.expected = out->reshaped(q.request.shape);
    out_.asked.push_back(std::move(q));
  }

  // Codes, scale and zero point of one side, brought to [m,k], [m,1] or [k,n], [1,n].
  bool add_side(const DeviceQuestion& product, const std::string& prefix, const std::string& side,
                DeviceQuestion& q) const {
    const Tensor* scale = recorded(prefix + side + ".scale");
    const Tensor* zero_point = recorded(prefix + side + ".zero_point");
    if (scale == nullptr) return false;
    const bool lhs = side == "lhs";
    const std::int64_t extent = q.request.shape[lhs ? 0 : 1];
    if (scale->size() != 1 && scale->size() != extent) return false;
    const tensor::Shape shape =
        lhs ? tensor::Shape{scale->size(), 1} : tensor::Shape{1, scale->size()};
    q.request.operands.emplace_back(side, *product.request.operand(side));
    q.request.operands.emplace_back(side + "_scale", scale->reshaped(shape));
    if (zero_point == nullptr) return true;
    if (zero_point->size() != scale->size()) return false;
    q.request.operands.emplace_back(side + "_zero_point", zero_point->reshaped(shape));
    return true;
  }

  const exec::Request& request_;
  std::string hardware_, policy_;
  Sources sources_;
  std::size_t product_count_ = 0;
  DeviceQuestions out_;
};

}  // namespace

DeviceQuestions device_questions(const exec::Request& request, const exec::Outcome& whole) {
  return Collector(request, whole).collect();
}

}  // namespace mxcheck::suite
