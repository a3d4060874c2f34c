// Each question is one function over the data, the plan or the codes of one run.
#include "sim/suite/weak_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/exec/executor.h"
#include "sim/suite/quantization_counts.h"
#include "sim/suite/vacuous.h"

namespace mxcheck::suite {
namespace {

using casefile::Case;
using graph::Op;
using tensor::Tensor;

constexpr double kMostElements = 1 << 22;
constexpr double kMostProducts = 1 << 26;

struct Advice {
  std::string pointer, label, fact, expectation, hint;
};

double size_of(const graph::Graph& graph, int value) {
  return static_cast<double>(tensor::element_count(graph.type(value).shape).value_or(0));
}

bool is_contraction(Op op) {
  return op == Op::dot_general || op == Op::einsum || op == Op::conv_general_dilated ||
         op == Op::ragged_dot;
}

bool has_negative(const Tensor& value) {
  const bool floats = numerics::is_float(value.dtype());
  for (std::int64_t i = 0; i < value.size(); ++i) {
    if (floats ? value.load(i) < 0 : value.load_int(i) < 0) return true;
  }
  return false;
}

class WeakPoints {
 public:
  WeakPoints(const Case& c, const graph::RunData& data, const mxu::Profile& profile)
      : c_(c), data_(data), profile_(profile) {}

  base::Diagnostics find() {
    check_signs();
    check_axes();
    check_unused();
    evaluate();
    place_in_file(c_.file, out_);
    return std::move(out_);
  }

 private:
  void advise(const Advice& advice) {
    base::Diagnostic d;
    d.severity = base::Severity::kWarning;
    d.file = c_.file.string();
    d.pointer = advice.pointer;
    d.label = advice.label;
    d.fact = advice.fact;
    d.expectation = advice.expectation;
    d.hint = advice.hint;
    out_.push_back(std::move(d));
  }

  // Is the value an operand of a contraction, directly?
  [[nodiscard]] bool is_multiplied(int value) const {
    return std::any_of(c_.graph.nodes.begin(), c_.graph.nodes.end(), [&](const graph::Node& node) {
      return is_contraction(node.op) && node.args.size() >= 2 &&
             (node.args[0] == value || node.args[1] == value);
    });
  }

  void check_sign(const std::string& pointer, const std::vector<const Tensor*>& steps) {
    const numerics::DType dtype = steps.front()->dtype();
    const bool is_signed = numerics::is_float(dtype) ||
                           (numerics::is_integer(dtype) && numerics::integer_min(dtype) < 0);
    if (!is_signed || steps.front()->size() < 2) return;
    if (std::any_of(steps.begin(), steps.end(), [](const Tensor* t) { return has_negative(*t); })) {
      return;
    }
    advise({pointer, "WEAK-SIGN",
            fmt::format("none of the {} values is negative", steps.front()->size()),
            "values on both sides of zero",
            "\"random\": \"normal\", or a \"low\" below 0: codes read as unsigned would pass"});
  }

  void check_signs() {
    for (std::size_t i = 0; i < c_.inputs.size(); ++i) {
      if (!is_multiplied(static_cast<int>(i))) continue;
      std::vector<const Tensor*> steps;
      for (const graph::StepData& step : data_.steps) steps.push_back(&step.inputs[i]);
      check_sign(c_.inputs[i].pointer, steps);
    }
    for (std::size_t i = 0; i < c_.params.size(); ++i) {
      if (!is_multiplied(static_cast<int>(c_.inputs.size() + i))) continue;
      check_sign(c_.params[i].pointer, {&data_.params[i]});
    }
    for (const auto& [value, source] : c_.cotangents) {
      std::vector<const Tensor*> steps;
      for (const graph::StepData& step : data_.steps) steps.push_back(&step.cotangents.at(value));
      check_sign(source.pointer, steps);
    }
  }

  void check_axes() {
    for (const graph::Node& node : c_.graph.nodes) {
      if (!is_contraction(node.op) || node.args.size() < 2) continue;
      for (int side = 0; side < 2; ++side) {
        // A kernel of one by one is a convolution of its own kind.
        if (node.op == Op::conv_general_dilated && side == 1) continue;
        const int value = node.args[static_cast<std::size_t>(side)];
        const tensor::Shape& shape = c_.graph.type(value).shape;
        const auto one = std::find(shape.begin(), shape.end(), 1);
        if (one == shape.end()) continue;
        advise({fmt::format("{}/args/{}", node.pointer, side), "WEAK-AXIS",
                fmt::format("axis {} of \"{}\" {} has one element", one - shape.begin(),
                            c_.graph.name(value), tensor::to_string(shape)),
                "at least two elements on each axis",
                "a scale or a stride taken along a wrong axis shows only where there are two"});
      }
    }
  }

  void check_unused() {
    const bool noisy = std::any_of(
        c_.plan.nodes.begin(), c_.plan.nodes.end(),
        [](const std::optional<graph::NodePlan>& plan) { return plan && plan->noise_method; });
    if (c_.run.stochastic_rounding_seed && !(noisy && c_.run.has_backward())) {
      advise({"/run/rng/stochastic_rounding", "REF-UNUSED", "no op of the run draws noise",
              "a key that something uses", "\"bwd_stochastic_rounding\" in a rule, or no \"rng\""});
    }
  }

  void evaluate() {
    exec::Request request{c_.graph, c_.rules,  c_.plan,  c_.run,
                          data_,    c_.policy, profile_, exec::Level::kAuto};
    const base::Result<exec::Outcome> result = exec::run(request);
    if (!result) return;  // the host lacks something: run says so
    const exec::Outcome& outcome = result.value();
    for (base::Diagnostic d : outcome.diagnostics) {
      d.file = c_.file.string();
      out_.push_back(std::move(d));
    }
    if (base::has_errors(outcome.diagnostics) || outcome.undefined) return;
    const std::string vacuous = vacuous_reason(outcome.values);
    if (!vacuous.empty()) {
      advise({"/nodes", "WEAK-VACUOUS", vacuous, "values that could have been wrong",
              "a run reports such a case as VACUOUS, which fails"});
      return;
    }
    check_codes(outcome);
  }

  // Codes of forward operands whose array is known, and how many of them come from a tie inside the
  // range: the largest value of a channel lies on the last tie of all (SCL-1), where no rounding
  // makes a difference.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> count_inner_ties(
      const Sources& sources, const graph::Values& values) const {
    std::int64_t judged = 0;
    std::int64_t ties = 0;
    for (const auto& [name, codes] : values) {
      const ValueName parsed = parse_value_name(c_.graph, name);
      if (parsed.kind != ValueKind::kQuant || !parsed.leaf.ends_with(".qvalue")) continue;
      const auto operand = QuantizedOperand::find(sources, c_.plan, parsed);
      if (!operand || !numerics::is_integer(codes.dtype())) continue;
      judged += codes.size();
      for (std::int64_t i = 0; i < codes.size() && ties == 0; ++i) {
        const std::int64_t code = codes.load_int(i);
        const bool end = code >= numerics::integer_max(codes.dtype()) ||
                         code <= -numerics::integer_max(codes.dtype());
        if (!end && operand->origin(i).tie) ++ties;
      }
    }
    return {judged, ties};
  }

  void check_codes(const exec::Outcome& outcome) {
    Sources sources;
    sources.graph = &c_.graph;
    sources.data = &data_;
    sources.values = &outcome.values;
    std::int64_t total = 0;
    std::int64_t saturated = 0;
    for (const auto& counts : count_quantizations(sources, c_.plan, &c_.policy)) {
      total += counts.total;
      saturated += counts.saturated;
    }
    const auto [judged, ties] = count_inner_ties(sources, outcome.values);
    if (judged > 0 && ties == 0) {
      advise(
          {"/rules", "WEAK-TIE",
           fmt::format("none of {} codes comes from a quotient on a rounding tie inside the range",
                       judged),
           "quotients half way between two codes",
           "\"values\" with the absmax 127.5 and some that end in .5: an s8 scale becomes 1"});
    }
    if (total > 0 && saturated == 0) {
      advise({"/rules", "WEAK-SATURATION",
              fmt::format("none of {} codes is at an end of its range", total), "saturated codes",
              "a factor below 1 in the calibration (\"absmax,0.5\"), or a narrow fixed range"});
    }
  }

  const Case& c_;
  const graph::RunData& data_;
  const mxu::Profile& profile_;
  base::Diagnostics out_;
};

}  // namespace

bool is_cheap(const Case& c) {
  double elements = 0;
  double products = 0;
  for (int value = 0; value < c.graph.value_count(); ++value) {
    elements += size_of(c.graph, value);
  }
  for (std::size_t n = 0; n < c.graph.nodes.size(); ++n) {
    const graph::Node& node = c.graph.nodes[n];
    if (!is_contraction(node.op) || node.args.size() < 2) continue;
    // [M,K] x [K,N]: the square root of MK * KN * MN; at least that for batches.
    const double out = static_cast<double>(tensor::element_count(node.type.shape).value_or(0));
    products += std::sqrt(size_of(c.graph, node.args[0]) * size_of(c.graph, node.args[1]) * out);
  }
  const double times = c.run.steps * (c.run.has_backward() ? 3.0 : 1.0);
  return elements * times <= kMostElements && products * times <= kMostProducts;
}

base::Diagnostics weak_points(const Case& c, const graph::RunData& data,
                              const mxu::Profile& profile) {
  return WeakPoints(c, data, profile).find();
}

void place_in_file(const std::filesystem::path& file, base::Diagnostics& findings) {
  const auto unplaced = [](const base::Diagnostic& d) { return d.line == 0; };
  if (std::none_of(findings.begin(), findings.end(), unplaced)) return;
  base::Result<std::string> text = base::read_file(file, base::JsonLimits{}.bytes);
  if (!text.ok()) return;
  base::Diagnostics problems;
  const auto document = base::parse_json(std::move(text).value(), problems);
  if (!document) return;
  for (base::Diagnostic& d : findings) {
    if (!unplaced(d)) continue;
    document->locate(document->nearest_to(d.pointer).node().place, d.line, d.column);
  }
}

}  // namespace mxcheck::suite
