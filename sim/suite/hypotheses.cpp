// The list is data already: policy.def, faults.def, and the widths worth trying.
#include "sim/suite/hypotheses.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace mxcheck::suite {
namespace {

using fault::Fault;

// Block lengths of long float contractions seen on recording hosts (POL-5).
constexpr const char* kBlocks[] = {"128", "160", "168", "192", "200",
                                   "256", "312", "320", "344", "384"};
// Register widths of real units, and what one bit less makes of them.
constexpr int kWidths[] = {16, 20, 24, 12, 14, 15, 18, 19, 22, 23, 17, 21, 25, 26, 27, 28, 30, 31};
constexpr int kNarrowestAccumulator = 16;

const fault::Info* find_knob_fault(const std::string& change) {
  for (const fault::Info& line : fault::table()) {
    if (knob_of({line.kind, {}}) == change) return &line;
  }
  return nullptr;
}

class Collector {
 public:
  Collector(const numerics::Policy& policy, const mxu::Profile& profile)
      : healthy_{policy, profile} {}

  std::vector<Hypothesis> collect() {
    for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
      // A value that is a known fault comes before its variants, which often have the same bits.
      for (const bool known : {true, false}) {
        for (const std::string& value : knob.values) {
          const std::string change = std::string(knob.name) + "=" + value;
          if ((find_knob_fault(change) != nullptr) == known) add_knob(knob.name, value);
        }
      }
      if (!knob.values.empty()) continue;
      for (const char* block : kBlocks) add_knob(knob.name, block);
    }
    for (const std::string& name : numerics::policy_names()) add_policy(name);
    for (const fault::Info& line : fault::table()) add_fault(line);
    for (const int width : kWidths) {
      if (width >= kNarrowestAccumulator) add_width(fault::Kind::accumulator_narrow, width);
      add_width(fault::Kind::column_sum_narrow, width);
    }
    return std::move(out_);
  }

 private:
  void add_knob(const std::string& knob, const std::string& value) {
    Hypothesis h;
    h.text = fmt::format("policy {}={}", knob, value);
    h.model = healthy_;
    if (numerics::knob_value(healthy_.policy, knob) == value) return;
    if (!numerics::set_knob(h.model.policy, knob, value)) return;
    if (const fault::Info* line = find_knob_fault(knob + "=" + value)) {
      h.fault = line->name;
      h.needs = line->needs;
    }
    add(std::move(h));
  }

  // Another policy as a whole: several knobs at once, but one decision of whoever built the target.
  void add_policy(const std::string& name) {
    Hypothesis h;
    h.text = "policy " + name;
    h.model = healthy_;
    h.model.policy = numerics::policy_from_name(name).value();
    h.model.policy.dot_block = healthy_.policy.dot_block;  // a fact about the recording host
    if (h.model.policy.base != healthy_.policy.base) add(std::move(h));
  }

  void add_fault(const fault::Info& line) {
    const std::string_view how = line.how;
    Fault fault = fault::default_fault(line.kind);
    if (how == "array" || how == "kernel" || fault.at.row >= 0 || fault.at.col >= 0) return;
    if (fault.at.bits >= 0 && line.kind != fault::Kind::delivery_narrow) return;
    if (!knob_of(fault).empty()) return;
    add_planted(fault, line);
  }

  void add_width(fault::Kind kind, int width) {
    Fault fault = fault::default_fault(kind);
    fault.at.bits = width;
    add_planted(fault, fault::info(kind));
  }

  void add_planted(const Fault& fault, const fault::Info& line) {
    Hypothesis h;
    const std::string key = key_of(fault);
    h.text = key.empty() ? fmt::format("fault {}", line.name) : fmt::format("hardware {}", key);
    h.fault = line.name;
    h.needs = line.needs;
    h.model = plant({fault}, healthy_.policy, healthy_.profile);
    add(std::move(h));
  }

  void add(Hypothesis h) {
    const auto same = [&](const Hypothesis& other) {
      return other.model.policy == h.model.policy && other.model.profile == h.model.profile;
    };
    const bool changes = h.model.policy != healthy_.policy || h.model.profile != healthy_.profile;
    if (changes && std::none_of(out_.begin(), out_.end(), same)) out_.push_back(std::move(h));
  }

  Planted healthy_;
  std::vector<Hypothesis> out_;
};

}  // namespace

std::vector<Hypothesis> hypotheses(const numerics::Policy& policy, const mxu::Profile& profile) {
  return Collector(policy, profile).collect();
}

}  // namespace mxcheck::suite
