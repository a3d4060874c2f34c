// The subscripts of an einsum, taken apart (EIN-1). Internal to this folder.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace mxcheck::graph {

struct EinsumSubscripts {
  std::vector<std::string> operands;
  std::string result;
};
struct EinsumError {
  const char* label;  // EIN-ARITY or SHP-EINSUM
  std::string fact;
};

// Spaces are ignored; without "->" the result has the letters that occur once, in alphabetical
// order. Two operands, letters only, no letter twice in one operand or in the result.
[[nodiscard]] std::variant<EinsumSubscripts, EinsumError> parse_einsum(const std::string& equation);

}  // namespace mxcheck::graph
