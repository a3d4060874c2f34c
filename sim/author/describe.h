// The words in which a case is shown, the same in text, drawings and dot: types, rules, paths,
// residuals, classes. Everything that came from a case file is made printable.
#pragma once

#include <string>

#include "sim/casefile/case.h"
#include "sim/exec/classify.h"

namespace mxcheck::author {

// "f32[5,7]"
[[nodiscard]] std::string type_text(const graph::ValueType& type);
// "float", "slow", "fast"
[[nodiscard]] const char* path_word(graph::Path path);
// The same with what it means.
[[nodiscard]] const char* path_text(graph::Path path);
[[nodiscard]] const char* residual_text(graph::Residual residual);
// "s8 absmax, channelwise [0], scale [5,1]"
[[nodiscard]] std::string quantize_text(const graph::QuantizePlan& plan);
// "EXACT", or "BOUND(BND-1): why"
[[nodiscard]] std::string class_text(const exec::Inexact& inexact);
// "rule 0 '.*' ops dot_general (leaves the op alone)", "no rule"
[[nodiscard]] std::string rule_text(const casefile::Case& c, const graph::NodePlan& plan);
// The name of argument `i` of the node's op: "lhs", "x", or its number for a list of them.
[[nodiscard]] std::string argument_name(const graph::Node& node, std::size_t i);
// "policy ieee, hardware ideal_int32, run grad, 1 step"
[[nodiscard]] std::string run_text(const casefile::Case& c);

[[nodiscard]] exec::NodeClasses classes_of(const casefile::Case& c, std::size_t node);

}  // namespace mxcheck::author
