// One small valid case as text, and edits of it, for the tests of this folder.
#pragma once

#include <string>

namespace mxcheck::casefile {

inline std::string valid_case() {
  return R"({
  "mxcheck": 1,
  "title": "dense",
  "tags": ["smoke", "qt"],
  "policy": "ieee",
  "inputs": {"x": {"random": "normal", "seed": 1, "shape": [4, 16]}},
  "params": {"Dense_0/kernel": {"random": "normal", "seed": 2, "shape": [16, 8], "scale": 0.25}},
  "nodes": [
    {"name": "h", "op": "dot_general", "module": "Dense_0", "args": ["x", "Dense_0/kernel"],
     "dimension_numbers": [[[1], [0]], [[], []]]},
    {"name": "y", "op": "relu", "args": ["h"]}
  ],
  "rules": [{"weight_qtype": "s8", "act_qtype": "s8", "bwd_qtype": "s8"}],
  "run": {"mode": "grad", "cotangents": {"y": {"fill": 1, "shape": [4, 8]}}},
  "expect": {"golden": "dense.safetensors"}
}
)";
}

// `text` with the first `from` replaced; an empty `from` appends nothing and changes nothing.
inline std::string edited(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (from.empty() || at == std::string::npos) return from.empty() ? text : "edit not found";
  return text.replace(at, from.size(), to);
}

}  // namespace mxcheck::casefile
