// The step loop: forward in node order, backward in reverse, then statistics and params.
#include "sim/exec/executor.h"

#include <fmt/format.h>

#include <optional>

#include "sim/exec/classify.h"
#include "sim/exec/op.h"
#include "sim/exec/optimizer.h"
#include "sim/exec/quantized_op.h"
#include "sim/numerics/flush.h"
#include "sim/quant/statistics.h"

namespace mxcheck::exec {
namespace {

using fault::Kind;
using graph::Graph;
using graph::Node;
using tensor::Tensor;

class Run {
 public:
  explicit Run(const Request& request)
      : request_(request),
        graph_(request.graph),
        engine_(request.profile, {request.level, request.isa, request.pool, request.observer,
                                  request.policy.faults, request.source}) {
    params_ = request.data.params;
    velocity_.resize(params_.size());
    param_inexact_.resize(params_.size(), false);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      classes_.push_back(
          classify_node(graph_, i, request.plan.nodes[i], request.run, request.policy));
    }
    load_statistics();
  }

  Outcome execute() {
    for (step_ = 0; step_ < request_.run.steps && !stopped(); ++step_) {
      forward();
      if (request_.run.has_backward() && !stopped()) backward();
      if (request_.run.mode == graph::Mode::kTrain && !stopped()) update_params();
      record_statistics();
    }
    outcome_.products = engine_.products();
    outcome_.paths = engine_.paths();
    outcome_.undefined = engine_.undefined();
    outcome_.undefined_reason = engine_.undefined_reason();
    if (!engine_.refused_label().empty()) refuse(engine_.refused_label(), engine_.refused_reason());
    return std::move(outcome_);
  }

 private:
  [[nodiscard]] bool has(Kind kind) const { return request_.policy.faults.has(kind); }

  [[nodiscard]] bool stopped() const {
    return !outcome_.diagnostics.empty() || !engine_.refused_label().empty();
  }

  void refuse(const std::string& label, const std::string& fact) {
    base::Diagnostic d;
    d.label = label;
    d.fact = fact;
    outcome_.diagnostics.push_back(d);
  }

  [[nodiscard]] std::string step_name(int step) const { return fmt::format("step{}", step); }

  // The golden tensor of a name, in the dtype the run uses (sub-byte codes are stored wider).
  [[nodiscard]] std::optional<Tensor> golden(const std::string& name, const Tensor& like) const {
    if (request_.golden == nullptr) return std::nullopt;
    const auto found = request_.golden->find(name);
    if (found == request_.golden->end()) return std::nullopt;
    if (found->second.dtype() != like.dtype() || found->second.shape() != like.shape()) {
      return std::nullopt;
    }
    return found->second;
  }

  void record(const std::string& name, const Tensor& value, const Inexact& own, bool upstream) {
    outcome_.values.insert_or_assign(name, value);
    if (!own.any() && !upstream) return;
    outcome_.classes.insert_or_assign(name,
                                      ValueClass{!own.any(), own.formula, own.reason, upstream});
  }

  // What later values are computed from: the golden value if there is one.
  Tensor settle(const std::string& name, const Tensor& value) const {
    const std::optional<Tensor> g = golden(name, value);
    return g ? *g : value;
  }

  void forward() {
    const graph::StepData& data = request_.data.steps[static_cast<std::size_t>(step_)];
    values_.assign(static_cast<std::size_t>(graph_.value_count()), Tensor());
    inexact_.assign(values_.size(), false);
    states_.assign(graph_.nodes.size(), QuantizedState{});
    noise_counts_.clear();
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) values_[i] = data.inputs[i];
    for (std::size_t i = 0; i < graph_.params.size(); ++i) {
      const auto v = static_cast<std::size_t>(graph_.param_value(i));
      values_[v] = params_[i];
      inexact_[v] = param_inexact_[i];
    }
    for (std::size_t i = 0; i < graph_.nodes.size() && !stopped(); ++i) forward_node(i);
  }

  [[nodiscard]] std::vector<const Tensor*> arguments(const Node& node) const {
    std::vector<const Tensor*> args;
    for (const int arg : node.args) args.push_back(&values_[static_cast<std::size_t>(arg)]);
    return args;
  }

  [[nodiscard]] bool any_inexact(const Node& node) const {
    for (const int arg : node.args) {
      if (inexact_[static_cast<std::size_t>(arg)]) return true;
    }
    return false;
  }

  // False for a node outside Request::only whose golden value can stand for it.
  [[nodiscard]] bool runs(std::size_t i) const {
    if (request_.only == nullptr || request_.golden == nullptr || request_.only->count(i) != 0) {
      return true;
    }
    const auto value = request_.golden->find(step_name(step_) + "/node/" + graph_.nodes[i].name);
    return value == request_.golden->end() || !numerics::is_arithmetic_float(value->second.dtype());
  }

  void forward_node(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const auto v = static_cast<std::size_t>(graph_.node_value(i));
    const std::vector<const Tensor*> args = arguments(node);
    const bool upstream = any_inexact(node);
    if (request_.plan.nodes[i]) draw_noise_key(i);
    const std::string name = step_name(step_) + "/node/" + node.name;
    if (!runs(i)) {
      values_[v] = request_.golden->at(name);
      inexact_[v] = upstream || classes_[i].forward.any();
      return;
    }
    Tensor value;
    if (request_.plan.nodes[i]) {
      value = quantized_forward(context(i, args, upstream), states_[i]);
    } else {
      value = float_op(node.op).forward({node, args, request_.policy});
    }
    record(name, value, classes_[i].forward, upstream);
    values_[v] = settle(name, value);
    inexact_[v] = upstream || classes_[i].forward.any();
  }

  QuantizedContext context(std::size_t i, const std::vector<const Tensor*>& args, bool upstream) {
    const std::string prefix = step_name(step_) + "/quant/" + graph_.nodes[i].name;
    QuantizedContext c{
        graph_.nodes[i], *request_.plan.nodes[i], args, request_.policy, engine_, prefix, {}, {}};
    c.record = [this, prefix, upstream, i](const std::string& name, const Tensor& value) {
      Inexact own;
      if (name == "fwd/out") own = classes_[i].forward;
      if (name == "dlhs/out") own = classes_[i].dlhs;
      if (name == "drhs/out") own = classes_[i].drhs;
      record(prefix + "/" + name, value, own, upstream);
    };
    c.collect = [this, i](const std::string& name, const quant::Calibration& calibration) {
      return collect(i, name, calibration);
    };
    return c;
  }

  // RND-3: one draw of the module's stream per op that asks for stochastic rounding.
  void draw_noise_key(std::size_t i) {
    const graph::NodePlan& plan = *request_.plan.nodes[i];
    if (!plan.quantized || !plan.noise_method) return;
    const int count = ++noise_counts_[graph_.nodes[i].module];
    const std::uint64_t seed = request_.run.stochastic_rounding_seed.value_or(0);
    // The norm runs without 64-bit integers: a seed keeps its low word only.
    const base::ThreefryWords base_key{0, static_cast<std::uint32_t>(seed)};
    const base::ThreefryWords step_key = quant::fold_in(
        base_key, static_cast<std::uint32_t>(has(Kind::noise_step_ignored) ? 0 : step_));
    states_[i].noise_key = quant::module_key(step_key, graph_.nodes[i].module,
                                             count + (has(Kind::noise_count_off_by_one) ? 1 : 0));
  }

  quant::Calibration collect(std::size_t i, const std::string& name,
                             const quant::Calibration& calibration) {
    const graph::NodePlan& plan = *request_.plan.nodes[i];
    const quant::Calibration mean =
        quant::batch_mean(calibration, plan.act_batch_axes, request_.policy);
    auto [entry, created] = statistics_.try_emplace(name);
    if (created) entry->second = quant::empty_statistics(mean);
    const std::string conflict = quant::statistics_conflict(entry->second, mean);
    if (!conflict.empty()) {
      refuse(conflict, fmt::format("statistics '{}' do not fit the calibration of '{}'", name,
                                   graph_.nodes[i].name));
      return mean;
    }
    if (has(Kind::statistics_stale)) {
      const quant::Calibration stale = quant::average(entry->second, mean, request_.policy);
      if (request_.run.update_quant_stats) {
        quant::update(entry->second, mean, request_.policy.faults);
      }
      return stale;
    }
    if (request_.run.update_quant_stats || has(Kind::statistics_not_frozen)) {
      quant::update(entry->second, mean, request_.policy.faults);
      for (const int arg : graph_.nodes[i].args) {
        if (inexact_[static_cast<std::size_t>(arg)]) statistics_inexact_[name] = true;
      }
    }
    return quant::average(entry->second, mean, request_.policy);
  }

  void backward() {
    const graph::StepData& data = request_.data.steps[static_cast<std::size_t>(step_)];
    cotangents_.assign(values_.size(), std::nullopt);
    contributions_.clear();
    cotangent_inexact_.assign(values_.size(), Inexact{});
    upstream_.assign(values_.size(), false);
    if (request_.run.loss) {
      const auto v = static_cast<std::size_t>(*request_.run.loss);
      Tensor one(values_[v].dtype(), values_[v].shape());
      one.store(0, 1.0);
      cotangents_[v] = one;
    }
    for (const auto& [value, given] : data.cotangents) {
      cotangents_[static_cast<std::size_t>(value)] = given;
    }
    for (std::size_t i = graph_.nodes.size(); i-- > 0 && !stopped();) backward_node(i);
    if (!stopped()) record_gradients();
  }

  void backward_node(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const auto v = static_cast<std::size_t>(graph_.node_value(i));
    const std::string name = step_name(step_) + "/ct/" + node.name;
    if (!cotangents_[v] && request_.only != nullptr) cotangents_[v] = golden(name, values_[v]);
    if (!cotangents_[v] || !numerics::is_arithmetic_float(values_[v].dtype())) return;
    record(name, *cotangents_[v], cotangent_inexact_[v], upstream_[v]);
    if (!runs(i)) return;
    const Tensor g = settle(name, *cotangents_[v]);
    const std::vector<const Tensor*> args = arguments(node);
    const bool upstream =
        any_inexact(node) || inexact_[v] || upstream_[v] || cotangent_inexact_[v].any();
    std::vector<Contribution> parts;
    if (request_.plan.nodes[i]) {
      parts = quantized_backward(context(i, args, upstream), states_[i], g);
    } else {
      parts = float_op(node.op).vjp({node, args, request_.policy}, values_[v],
                                    convert_float(g, values_[v].dtype()));
    }
    for (const Contribution& part : parts) accumulate(i, part, upstream);
  }

  // BWD-10: contributions are added one by one as they arrive.
  void accumulate(std::size_t i, const Contribution& part, bool upstream) {
    const auto arg = static_cast<std::size_t>(graph_.nodes[i].args[part.arg]);
    if (!numerics::is_arithmetic_float(values_[arg].dtype())) return;
    std::optional<Tensor>& sum = cotangents_[arg];
    if (has(Kind::gradient_order_reversed)) {
      sum = sum_reversed(arg, part.value);
    } else {
      sum = sum ? add_values(*sum, convert_float(part.value, sum->dtype()), request_.policy)
                : part.value;
    }
    upstream_[arg] = upstream_[arg] || upstream;
    const std::optional<graph::NodePlan>& plan = request_.plan.nodes[i];
    Inexact own = classes_[i].backward;
    if (plan) {
      const bool is_lhs = (part.arg == 0) != plan->lowering.swapped;
      own = is_lhs ? classes_[i].dlhs : classes_[i].drhs;
    }
    if (own.any()) cotangent_inexact_[arg] = own;
  }

  // Fault gradient_order_reversed: the sum of all contributions so far, the latest first.
  Tensor sum_reversed(std::size_t arg, const Tensor& value) {
    std::vector<Tensor>& parts = contributions_[arg];
    if (parts.empty() && cotangents_[arg]) parts.push_back(*cotangents_[arg]);
    parts.push_back(value);
    Tensor sum = parts.back();
    for (std::size_t i = parts.size() - 1; i-- > 0;) {
      sum = add_values(sum, convert_float(parts[i], sum.dtype()), request_.policy);
    }
    return sum;
  }

  void record_gradients() {
    const auto gradient = [&](const std::string& kind, const std::string& name, int value) {
      const auto v = static_cast<std::size_t>(value);
      if (!numerics::is_arithmetic_float(values_[v].dtype())) return;
      const Tensor grad = cotangents_[v].value_or(Tensor(values_[v].dtype(), values_[v].shape()));
      record(step_name(step_) + "/grad/" + kind + "/" + name, grad, cotangent_inexact_[v],
             upstream_[v]);
    };
    for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
      gradient("input", graph_.inputs[i].name, graph_.input_value(i));
    }
    for (std::size_t i = 0; i < graph_.params.size(); ++i) {
      gradient("param", graph_.params[i].name, graph_.param_value(i));
    }
  }

  void update_params() {
    for (std::size_t i = 0; i < params_.size(); ++i) {
      const auto v = static_cast<std::size_t>(graph_.param_value(i));
      const std::string& param = graph_.params[i].name;
      if (numerics::is_arithmetic_float(params_[i].dtype()) && request_.run.optimizer) {
        const Tensor computed =
            cotangents_[v].value_or(Tensor(params_[i].dtype(), params_[i].shape()));
        const Tensor grad = settle(step_name(step_) + "/grad/param/" + param, computed);
        params_[i] = sgd(values_[v], convert_float(grad, values_[v].dtype()),
                         *request_.run.optimizer, velocity_[i]);
      }
      const std::string name = step_name(step_) + "/param/" + param;
      const bool upstream = param_inexact_[i] || upstream_[v] || cotangent_inexact_[v].any();
      record(name, params_[i], Inexact{}, upstream);
      param_inexact_[i] = upstream;
      params_[i] = settle(name, params_[i]);
    }
  }

  void load_statistics() {
    for (const auto& [name, value] : request_.data.quant_stats) {
      const std::size_t slash = name.rfind('/');
      quant::Statistics& s = statistics_[name.substr(0, slash)];
      const std::string leaf = name.substr(slash + 1);
      if (leaf == "count") {
        s.count = value;
      } else {
        s.sums.insert_or_assign(leaf.substr(std::string("sum_of_").size()), value);
      }
    }
  }

  void record_statistics() {
    for (auto& [name, s] : statistics_) {
      const std::string prefix = step_name(step_) + "/stats/" + name + "/";
      const bool upstream = statistics_inexact_[name];
      record(prefix + "count", s.count, Inexact{}, false);
      s.count = settle(prefix + "count", s.count);
      for (auto& [kind, sum] : s.sums) {
        record(prefix + "sum_of_" + kind, sum, Inexact{}, upstream);
        sum = settle(prefix + "sum_of_" + kind, sum);
      }
    }
  }

  const Request& request_;
  const Graph& graph_;
  Engine engine_;
  Outcome outcome_;
  int step_ = 0;
  std::vector<NodeClasses> classes_;  // by node
  std::vector<Tensor> params_;        // by param, current
  std::vector<std::optional<Tensor>> velocity_;
  std::vector<bool> param_inexact_;
  std::map<std::string, quant::Statistics> statistics_;
  std::map<std::string, bool> statistics_inexact_;
  std::map<std::string, int> noise_counts_;  // by module, this step
  std::vector<Tensor> values_;               // by value, this step
  std::vector<bool> inexact_;                // by value: its bits are not fixed end to end
  std::vector<QuantizedState> states_;       // by node
  std::vector<std::optional<Tensor>> cotangents_;
  std::map<std::size_t, std::vector<Tensor>> contributions_;  // only under a fault
  std::vector<Inexact> cotangent_inexact_;  // a contribution to it is not fixed in bits
  std::vector<bool> upstream_;              // a contribution came from inexact values
};

}  // namespace

base::Result<Outcome> run(const Request& request) {
  std::optional<numerics::FlushSubnormals> flush;
  if (!request.policy.faults.has(Kind::subnormals_kept)) flush.emplace();
  try {
    return Run(request).execute();
  } catch (const std::bad_alloc&) {
    return base::Error{"not enough memory for this case"};
  }
}

}  // namespace mxcheck::exec
