// A recursive-descent parser over words and parentheses; length and depth are bounded because the
// text may come from anywhere.
#include "sim/suite/expression.h"

#include <fmt/format.h>

#include <vector>

#include "sim/base/text.h"

namespace mxcheck::suite {

struct Expression::Node {
  enum class Kind { kWord, kNot, kAnd, kOr };
  Kind kind = Kind::kWord;
  std::string word;
  std::shared_ptr<const Node> left, right;

  [[nodiscard]] bool matches(std::string_view id) const {
    switch (kind) {
      case Kind::kWord:
        return id.find(word) != std::string_view::npos;
      case Kind::kNot:
        return !left->matches(id);
      case Kind::kAnd:
        return left->matches(id) && right->matches(id);
      case Kind::kOr:
        return left->matches(id) || right->matches(id);
    }
    return false;
  }
};

namespace {

using Node = Expression::Node;
using NodePtr = std::shared_ptr<const Node>;

constexpr std::size_t kLongestExpression = 4096;
constexpr int kDeepest = 100;

struct Token {
  std::string text;
  std::size_t position = 0;
};

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\t' || text[i] == '\n') {
      ++i;
    } else if (text[i] == '(' || text[i] == ')') {
      tokens.push_back({std::string(1, text[i]), i});
      ++i;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\n()", i), text.size());
      tokens.push_back({std::string(text.substr(i, end - i)), i});
      i = end;
    }
  }
  return tokens;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(tokenize(text)), end_(text.size()) {}

  NodePtr parse() {
    NodePtr node = parse_or();
    if (node && next_ < tokens_.size()) {
      return fail(fmt::format("expected 'and' or 'or' before '{}'", tokens_[next_].text));
    }
    return node;
  }

  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  NodePtr parse_or() { return parse_chain("or", Node::Kind::kOr, &Parser::parse_and); }
  NodePtr parse_and() { return parse_chain("and", Node::Kind::kAnd, &Parser::parse_not); }

  NodePtr parse_chain(const char* word, Node::Kind kind, NodePtr (Parser::*part)()) {
    NodePtr left = (this->*part)();
    while (left && accept(word)) {
      NodePtr right = (this->*part)();
      if (!right) return nullptr;
      left = std::make_shared<Node>(Node{kind, "", left, right});
    }
    return left;
  }

  NodePtr parse_not() {
    if (++depth_ > kDeepest) return fail("nested too deeply");
    NodePtr node;
    if (accept("not")) {
      const NodePtr inner = parse_not();
      if (inner) node = std::make_shared<Node>(Node{Node::Kind::kNot, "", inner, nullptr});
    } else {
      node = parse_word();
    }
    --depth_;
    return node;
  }

  NodePtr parse_word() {
    if (accept("(")) {
      NodePtr inner = parse_or();
      if (inner && !accept(")")) return fail("expected ')'");
      return inner;
    }
    if (next_ >= tokens_.size()) return fail("expected a word");
    const std::string& word = tokens_[next_].text;
    if (word == ")" || word == "and" || word == "or") {
      return fail(fmt::format("expected a word instead of '{}'", word));
    }
    ++next_;
    return std::make_shared<Node>(Node{Node::Kind::kWord, word, nullptr, nullptr});
  }

  bool accept(const char* word) {
    if (next_ >= tokens_.size() || tokens_[next_].text != word) return false;
    ++next_;
    return true;
  }

  NodePtr fail(const std::string& what) {
    if (error_.empty()) {
      const std::size_t at = next_ < tokens_.size() ? tokens_[next_].position : end_;
      error_ = fmt::format("at column {}: {}", at + 1, what);
    }
    return nullptr;
  }

  std::vector<Token> tokens_;
  std::size_t end_;
  std::size_t next_ = 0;
  int depth_ = 0;
  std::string error_;
};

}  // namespace

base::Result<Expression> Expression::parse(std::string_view text) {
  if (text.size() > kLongestExpression) return base::Error{"the expression is too long"};
  Parser parser(text);
  NodePtr root = parser.parse();
  if (!root) return base::Error{base::printable(parser.error())};
  return Expression(std::move(root));
}

bool Expression::matches(std::string_view id) const { return root_->matches(id); }

}  // namespace mxcheck::suite
