// Everything a rule, a policy, a matrix unit or a run can state beyond its default.
#include <fmt/format.h>

#include "sim/suite/minimize_edit.h"

namespace mxcheck::suite {
namespace {

using casefile::Draft;

void add_rule(std::size_t i, std::vector<Simplification>& out) {
  const auto reset = [&](const char* key, auto field) {
    out.push_back({fmt::format("rule {}: no {}", i, key),
                   [=](Draft& d) { d.rules[i].*field = graph::Rule{}.*field; }});
  };
#define MXCHECK_RESET(field) reset(#field, &graph::Rule::field)
  MXCHECK_RESET(additional);
  MXCHECK_RESET(module_path);
  MXCHECK_RESET(op_names);
  MXCHECK_RESET(bwd_qtype);
  MXCHECK_RESET(bwd_stochastic_rounding);
  MXCHECK_RESET(bwd_weight_grad_tile_size);
  MXCHECK_RESET(bwd_calibration_method);
  MXCHECK_RESET(act_static_scale);
  MXCHECK_RESET(act_batch_axes);
  MXCHECK_RESET(act_calibration_method);
  MXCHECK_RESET(act_qtype);
  MXCHECK_RESET(weight_calibration_method);
  MXCHECK_RESET(tile_size);
  MXCHECK_RESET(channelwise_noise_axes);
  MXCHECK_RESET(disable_channelwise_axes);
#undef MXCHECK_RESET
}

void add_additional(std::size_t i, std::vector<Simplification>& out) {
  const auto reset = [&](const char* key, auto field) {
    out.push_back({fmt::format("rule {}: no {}", i, key),
                   [=](Draft& d) { (d.rules[i].additional.*field).reset(); }});
  };
#define MXCHECK_ADDITIONAL(kind, name) reset(#name, &graph::AdditionalConfig::name);
#include "sim/graph/additional_config.def"
#undef MXCHECK_ADDITIONAL
}

}  // namespace

std::vector<Simplification> simplifications(const Draft& draft) {
  std::vector<Simplification> out;
  for (std::size_t i = 0; i < draft.rules.size(); ++i) {
    add_rule(i, out);
    add_additional(i, out);
  }
  out.push_back({"policy ieee", [](Draft& d) { d.policy = numerics::Policy{}; }});
  out.push_back({"policy without knobs",
                 [](Draft& d) { d.policy = *numerics::policy_from_name(d.policy.base); }});
  out.push_back({"hardware ideal_int32", [](Draft& d) { d.hardware = {}; }});
  for (std::size_t i = draft.hardware.settings.size(); i-- > 0;) {
    const std::string key = draft.hardware.settings[i].key;
    out.push_back({"hardware: no " + key, [key](Draft& d) {
                     std::erase_if(d.hardware.settings,
                                   [&](const auto& setting) { return setting.key == key; });
                   }});
  }
  out.push_back({"no starting statistics", [](Draft& d) { d.quant_stats.clear(); }});
  out.push_back({"no random stream", [](Draft& d) { d.run.stochastic_rounding_seed.reset(); }});
  out.push_back({"no momentum", [](Draft& d) {
                   if (d.run.optimizer) d.run.optimizer->momentum.reset();
                 }});
  out.push_back({"no modules", [](Draft& d) {
                   for (casefile::DraftNode& node : d.nodes) node.node.module.clear();
                 }});
  return out;
}

}  // namespace mxcheck::suite
