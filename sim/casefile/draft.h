// A case as its file would state it, with names instead of numbers: what can be edited and written
// again. draft_of() takes a checked case apart, write_draft() gives JSON text that reads back to
// the same case: parse(write_case(c)) is c but for its file, digest, matrix and positions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/casefile/case.h"

namespace mxcheck::casefile {

using NamedSource = std::pair<std::string, TensorSource>;

struct DraftNode {
  graph::Node node;               // its args are not used
  std::vector<std::string> args;  // names
};

struct DraftRun {
  graph::Mode mode = graph::Mode::kForward;
  int steps = 1;
  std::vector<NamedSource> cotangents;
  std::optional<std::string> loss;
  bool update_quant_stats = false;
  std::optional<graph::Optimizer> optimizer;
  std::optional<std::uint64_t> stochastic_rounding_seed;
};

struct Draft {
  std::string title, description;
  std::vector<std::string> tags;
  numerics::Policy policy;
  HardwareSpec hardware;
  std::vector<NamedSource> inputs, params;
  std::map<std::string, TensorSource> quant_stats;
  std::vector<DraftNode> nodes;
  std::vector<graph::Rule> rules;
  DraftRun run;
  std::vector<std::string> checks;
  Expect expect;
};

[[nodiscard]] Draft draft_of(const Case& c);

// In the layout of the repository's cases; nothing is written that is the default, but the policy.
[[nodiscard]] std::string write_draft(const Draft& draft);
[[nodiscard]] inline std::string write_case(const Case& c) { return write_draft(draft_of(c)); }

// The tensor as an inline source: decimal numbers that read back to the same bits (a NaN to a NaN).
// f4e2m1fn has no source; its codes are u8.
[[nodiscard]] TensorSource source_of(const tensor::Tensor& value);

}  // namespace mxcheck::casefile
