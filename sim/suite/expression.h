// Selection expressions (`-k`): words joined by `and`, `or`, `not` and parentheses; a word matches
// as a part of the case's id, `/` included, letter for letter. Precedence as in Python: not, and,
// or.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace mxcheck::suite {

class Expression {
 public:
  // What is wrong with the text, with its position, or the expression.
  [[nodiscard]] static base::Result<Expression> parse(std::string_view text);

  [[nodiscard]] bool matches(std::string_view id) const;

  struct Node;

 private:
  explicit Expression(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;
};

}  // namespace mxcheck::suite
