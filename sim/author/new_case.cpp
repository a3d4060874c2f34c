// Mode and types become one rule and a run around the graph of the template.
#include "sim/author/new_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/author/new_parts.h"
#include "sim/base/diagnostic.h"
#include "sim/base/text.h"

namespace mxcheck::author {
namespace {

using base::Error;
using graph::Op;
using numerics::QType;

constexpr std::int64_t kLargestDim = 4096;
constexpr std::int64_t kMostElements = std::int64_t{1} << 24;

// What `--lhs` and its like say: a type, or "stays float".
base::Result<std::optional<QType>> type_of(const char* option, const std::string& word) {
  const std::string name = type_alias(word);
  if (name == "float" || name == "none") return std::optional<QType>();
  const std::optional<QType> known = numerics::qtype_from_name(name);
  if (known) return std::optional<QType>(known);
  std::vector<std::string> names = numerics::qtype_names();
  names.emplace_back("float");
  const std::string near = base::nearest(name, names);
  return Error{fmt::format(
      "--{}: there is no type '{}'{}; there are: {}", option, base::printable(word),
      near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near), base::join(names, ", "))};
}

bool is_codes(const std::string& word) {
  const std::string name = type_alias(word);
  return name == "s8" || name == "u8" || name == "s4" || name == "u4";
}

std::string wrong_shape(const Form& form, const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return "";
  std::int64_t elements = 1;
  bool good = shape.size() == form.dims.size();
  for (const std::int64_t dim : shape) {
    good = good && dim >= 1 && dim <= kLargestDim && elements <= kMostElements;
    elements *= good ? dim : 1;
  }
  if (good && elements <= kMostElements) return "";
  return fmt::format(
      "--shape of {} is {} (the default), {} numbers from 1 to {} whose product is at most 2^24",
      form.info.name, form.info.shape, form.dims.size(), kLargestDim);
}

// The template, or the one whose op is asked for; dense stands before every other op.
base::Result<const Form*> form_of(const NewCase& request) {
  static const std::map<std::string, std::string> kOps{{"dot_general", "dense"},
                                                       {"conv_general_dilated", "conv"},
                                                       {"einsum", "einsum"},
                                                       {"ragged_dot", "ragged"}};
  std::string name = request.form;
  if (!request.op.empty()) {
    const auto known = kOps.find(request.op);
    name = known == kOps.end() ? "dense" : known->second;
  }
  std::vector<std::string> names;
  for (const Form& form : forms()) {
    if (name == form.info.name) return &form;
    names.emplace_back(form.info.name);
  }
  const std::string near = base::nearest(name, names);
  return Error{fmt::format("--template: there is no '{}'{}; there are: {}", base::printable(name),
                           near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                           base::join(names, ", "))};
}

base::Result<graph::Rule> rule_of(const NewCase& request, NewMode mode) {
  graph::Rule rule;
  const auto types = {std::make_tuple("lhs", &request.lhs, &rule.act_qtype),
                      std::make_tuple("rhs", &request.rhs, &rule.weight_qtype),
                      std::make_tuple("bwd", &request.bwd, &rule.bwd_qtype)};
  rule.weight_qtype = QType::kS8;
  if (mode != NewMode::kWeightOnly) rule.act_qtype = QType::kS8;
  if (mode == NewMode::kQt) rule.bwd_qtype = QType::kS8;
  for (const auto& [option, word, to] : types) {
    if (!*word) continue;
    base::Result<std::optional<QType>> type = type_of(option, **word);
    if (!type) return Error{type.error()};
    *to = type.value();
  }
  if (!rule.weight_qtype) {
    return Error{"--rhs: a rule without a weight type leaves the op alone; --mode float has none"};
  }
  if (mode == NewMode::kQat && rule.bwd_qtype) {
    return Error{"--bwd: gradients stay float in mode qat; mode qt quantizes them"};
  }
  if ((mode == NewMode::kPtq || mode == NewMode::kWeightOnly) && rule.bwd_qtype) {
    return Error{"--bwd: this mode has no backward pass; mode qt has one"};
  }
  if (mode == NewMode::kWeightOnly && rule.act_qtype) {
    return Error{"--lhs: activations stay float in mode weight_only; mode ptq quantizes them"};
  }
  if (mode == NewMode::kSrq && !rule.act_qtype) {
    return Error{"--lhs: static ranges are those of activations, which need a type"};
  }
  rule.act_static_scale = mode == NewMode::kSrq;
  rule.tile_size = request.tile;
  if (request.calibration) rule.act_calibration_method = *request.calibration;
  if (request.weight_calibration) rule.weight_calibration_method = *request.weight_calibration;
  if (request.bwd_calibration) rule.bwd_calibration_method = *request.bwd_calibration;
  return rule;
}

// Three steps with wider and wider inputs, so that averages differ from the step's own values.
void spread_over_steps(casefile::Draft& draft, int steps) {
  draft.run.steps = steps;
  for (auto& [name, source] : draft.inputs) {
    using Kind = casefile::TensorSource::Kind;
    if (source.kind != Kind::kRandom || !numerics::is_float(source.type.dtype)) continue;
    casefile::TensorSource all;
    all.kind = Kind::kSteps;
    all.type = source.type;
    for (int step = 0; step < steps; ++step) {
      casefile::TensorSource one = source;
      one.seed += static_cast<std::uint64_t>(step) * 1000;
      if (step > 0) one.scale = one.scale.value_or(1) * (1 + 0.5 * step);
      all.steps.push_back(one);
    }
    source = all;
  }
}

std::string set_run(NewMode mode, bool train, casefile::Draft& draft) {
  using graph::Mode;
  casefile::DraftRun& run = draft.run;
  if (train) {
    if (mode == NewMode::kPtq || mode == NewMode::kWeightOnly) {
      return "--mode: training needs a backward pass: float, qat, qt or srq";
    }
    run.mode = Mode::kTrain;
    run.optimizer = graph::Optimizer{0.25, 0.875};
    spread_over_steps(draft, 2);
  } else if (mode == NewMode::kSrq) {
    run.mode = Mode::kCalibrate;
    spread_over_steps(draft, 3);
  } else {
    const bool forward = mode == NewMode::kPtq || mode == NewMode::kWeightOnly;
    run.mode = forward ? Mode::kForward : Mode::kGrad;
  }
  if (run.mode == Mode::kForward || run.mode == Mode::kCalibrate) {
    run.cotangents.clear();
    run.loss.reset();
  }
  run.update_quant_stats = run.mode == Mode::kCalibrate || run.mode == Mode::kTrain;
  return "";
}

std::string finish_raw(const NewCase& request, casefile::Draft& draft) {
  if (request.mode || request.bwd || request.tile || request.calibration ||
      request.weight_calibration || request.bwd_calibration) {
    return "a raw product has no rule: no mode, gradient type, tile or calibration";
  }
  draft.title = "a raw product of codes";
  draft.tags = {"int"};
  return "";
}

bool wants_a_rule(const NewCase& request) {
  return request.lhs || request.rhs || request.bwd || request.tile || request.calibration ||
         request.weight_calibration || request.bwd_calibration;
}

// Rule, run, title; what speaks against the request, or "".
std::string finish(const NewCase& request, const std::string& form, casefile::Draft& draft) {
  const NewMode mode = request.mode.value_or(form == "srq" ? NewMode::kSrq : NewMode::kQt);
  if (form == "srq" && mode != NewMode::kSrq) {
    return "--template srq has --mode srq; --template dense takes the others";
  }
  if (mode != NewMode::kFloat) {
    base::Result<graph::Rule> rule = rule_of(request, mode);
    if (!rule) return rule.error();
    draft.rules = {std::move(rule).value()};
  } else if (wants_a_rule(request)) {
    return "--mode float has no rule: no types, tile or calibration";
  }
  const std::string& word = new_mode_names()[static_cast<std::size_t>(mode)];
  const std::string subject = request.op.empty() ? form : request.op;
  draft.title = form == "srq" ? "dense, srq" : fmt::format("{}, {}", subject, word);
  draft.tags = {word};
  return set_run(mode, form == "train", draft);
}

void build_graph(const Form& form, Builder& builder) {
  const NewCase& request = builder.request();
  const Dims& dims = request.shape.empty() ? form.dims : request.shape;
  if (!request.op.empty()) {
    const Op op = graph::op_from_name(request.op).value();
    if (!graph::is_quantizable(op)) return build_op(builder, op, dims);
  }
  form.build(builder, dims);
}

}  // namespace

const std::vector<std::string>& new_mode_names() {
  static const std::vector<std::string> kNames{"float", "qat", "qt", "ptq", "weight_only", "srq"};
  return kNames;
}

std::optional<NewMode> new_mode_from_name(const std::string& name) {
  const std::vector<std::string>& names = new_mode_names();
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<NewMode>(at - names.begin());
}

const std::vector<TemplateInfo>& templates() {
  static const std::vector<TemplateInfo> kInfos = [] {
    std::vector<TemplateInfo> out;
    for (const Form& form : forms()) out.push_back(form.info);
    return out;
  }();
  return kInfos;
}

std::string type_alias(const std::string& word) {
  static const std::map<std::string, std::string> kAliases{
      {"int8", "s8"},           {"uint8", "u8"},
      {"int4", "s4"},           {"uint4", "u4"},
      {"fp8", "f8e4m3fn"},      {"fp8_e4m3", "f8e4m3fn"},
      {"fp8_e5m2", "f8e5m2"},   {"float8_e4m3fn", "f8e4m3fn"},
      {"float8_e5m2", "f8e5m2"}};
  const auto known = kAliases.find(word);
  return known == kAliases.end() ? word : known->second;
}

base::Result<casefile::Draft> new_case(const NewCase& request) {
  const base::Result<const Form*> chosen = form_of(request);
  if (!chosen) return Error{chosen.error()};
  const Form& form = *chosen.value();
  const std::string problem = wrong_shape(form, request.shape);
  if (!problem.empty()) return Error{problem};
  if (form.info.name == std::string("raw")) {
    for (const auto& word : {request.lhs, request.rhs}) {
      if (word && !is_codes(*word)) {
        return Error{"--lhs, --rhs: a raw product takes s8, u8, s4 or u4"};
      }
    }
  }
  if (!request.shape.empty() && (request.op == "max_pool" || request.op == "avg_pool")) {
    return Error{"--shape: the graph around a pool has its own"};
  }
  NewCase plain = request;
  if (plain.lhs) plain.lhs = type_alias(*plain.lhs);
  if (plain.rhs) plain.rhs = type_alias(*plain.rhs);
  Builder builder(plain);
  build_graph(form, builder);
  casefile::Draft& draft = builder.draft;
  draft.policy = request.policy;
  draft.hardware.base = request.hardware;
  const std::string wrong = form.info.name == std::string("raw")
                                ? finish_raw(request, draft)
                                : finish(request, form.info.name, draft);
  if (!wrong.empty()) return Error{wrong};
  return draft;
}

}  // namespace mxcheck::author
