// Policy, hardware, checks, starting statistics and expected values of a case.
// Labels: CASE-*, SRC-PATH.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/base/labels.h"
#include "sim/base/text.h"
#include "sim/casefile/number.h"
#include "sim/casefile/reader.h"
#include "sim/casefile/source.h"

namespace mxcheck::casefile {
namespace {

void read_base_policy(Context& context, const JsonValue& value, Case& c) {
  const std::vector<std::string> names = numerics::policy_names();
  if (const auto index = context.choice(value, names)) {
    c.policy = *numerics::policy_from_name(names[*index]);
  }
}

void read_knob(Context& context, const numerics::PolicyKnob& knob, const JsonValue& value,
               Case& c) {
  const bool text = value.is(JsonKind::kString) || value.is(JsonKind::kNumber);
  if (text && numerics::set_knob(c.policy, knob.name, value.text())) return;
  context.error(value, "CASE-VALUE",
                fmt::format("{} for the knob {}", shortened(base::to_json(value)), knob.name),
                knob.values.empty() ? "an integer from 0"
                                    : fmt::format("one of {}", fmt::join(knob.values, ", ")),
                text ? did_you_mean(value.text(), knob.values) : "");
}

void check_golden(Context& context, const JsonValue& value, Case& c) {
  const auto path = context.string(value);
  if (!path) return;
  if (const auto problem = check_path(context.file(), context.root(), *path)) {
    context.error(value, problem->label, problem->fact,
                  "a file below the suite's root, relative to the case file");
    return;
  }
  c.expect.golden = *path;
}

}  // namespace

const std::vector<std::string>& check_names() {
  static const std::vector<std::string> names{"golden", "fast", "cycle",       "fake_quant",
                                              "ste",    "srq",  "metamorphic", "device"};
  return names;
}

void read_policy(Context& context, const JsonValue& policy, Case& c) {
  if (policy.is(JsonKind::kString)) return read_base_policy(context, policy, c);
  if (!policy.is(JsonKind::kObject)) {
    context.error(policy, "CASE-TYPE", fmt::format("found {}", base::name(policy.kind())),
                  "the name of a policy, or an object {\"base\": name, knob: value}");
    return;
  }
  if (const auto name = policy.find("base")) read_base_policy(context, *name, c);
  std::vector<std::string> known{"base"};
  for (const numerics::PolicyKnob& knob : numerics::policy_knobs()) {
    known.emplace_back(knob.name);
    if (const auto value = policy.find(knob.name)) read_knob(context, knob, *value, c);
  }
  context.check_keys(policy, known, "a policy");
}

void read_hardware(Context& context, const JsonValue& hardware, Case& c) {
  c.hardware.pointer = hardware.pointer();
  c.hardware.position = position_of(hardware);
  if (hardware.is(JsonKind::kString)) {
    if (const auto name = context.name(hardware)) c.hardware.base = *name;
    return;
  }
  if (!hardware.is(JsonKind::kObject)) {
    context.error(hardware, "CASE-TYPE", fmt::format("found {}", base::name(hardware.kind())),
                  "the name of a preset, or an object {\"base\": name, key: value}");
    return;
  }
  for (const JsonMember& member : hardware.members()) {
    if (member.key.text() == "base") {
      if (const auto name = context.name(member.value)) c.hardware.base = *name;
    } else {
      c.hardware.settings.push_back({std::string(member.key.text()), base::to_json(member.value),
                                     member.value.pointer(), position_of(member.value)});
    }
  }
}

void read_checks(Context& context, const JsonValue& checks, Case& c) {
  if (!context.expect_kind(checks, JsonKind::kArray)) return;
  for (const JsonValue& item : checks.items()) {
    if (const auto index = context.choice(item, check_names())) {
      c.checks.push_back(check_names()[*index]);
    }
  }
}

void read_quant_stats(Context& context, const JsonValue& stats, Case& c) {
  if (!context.expect_kind(stats, JsonKind::kObject)) return;
  for (const JsonMember& member : stats.members()) {
    const auto source = read_source(context, member.value, Steps::kRefused);
    if (context.check_name(member.key, member.key.text()) && source) {
      c.quant_stats.emplace(member.key.text(), *source);
    }
  }
}

void read_expect(Context& context, const JsonValue& expect, Case& c) {
  if (!context.expect_kind(expect, JsonKind::kObject)) return;
  c.expect.position = position_of(expect);
  context.check_keys(expect, {"golden", "values", "error"}, "expect");
  if (const auto golden = expect.find("golden")) check_golden(context, *golden, c);
  if (const auto values = expect.find("values")) {
    if (context.expect_kind(*values, JsonKind::kObject)) {
      for (const JsonMember& member : values->members()) {
        const auto source = read_source(context, member.value, Steps::kRefused);
        if (source) c.expect.values.emplace(member.key.text(), *source);
      }
    }
  }
  const auto error = expect.find("error");
  if (!error) return;
  if (expect.size() != 1) {
    context.error(expect, "CASE-VALUE", "an expected error next to expected values",
                  "\"error\" alone");
  }
  const auto label = context.string(*error);
  if (!label) return;
  c.expect.error = *label;
  const base::Label* known = base::find_label(*label);
  if (*label != "*" && (known == nullptr || known->kind != base::LabelKind::kRefusal)) {
    context.error(*error, "CASE-VALUE",
                  fmt::format("\"{}\" is no label of a refusal", shortened(*label)),
                  "a label that `mxcheck explain` lists as a refusal",
                  did_you_mean(*label, base::label_ids(base::LabelKind::kRefusal)));
  }
}

}  // namespace mxcheck::casefile
