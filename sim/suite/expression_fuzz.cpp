// Selection expressions two ways. The bytes as text: no crash, and a refusal points into the text.
// The bytes as the plan of a tree: the text of the tree is read, and selects what the tree selects.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/check.h"
#include "sim/suite/expression.h"

namespace {

using mxcheck::suite::Expression;

constexpr const char* kIds[] = {"",        "a",       "b/c",   "qt/dense", "notand",
                                "cal/(x)", "or_and/", "a b/c", "M=4/K=8"};
constexpr const char* kWords[] = {"a",    "b",  "c",      "/",   "qt", "dense",
                                  "not_", "nd", "or_and", "=4/", "x",  "no such part"};
constexpr std::size_t kWordCount = std::size(kWords) - 1;  // the last has spaces: no word

struct Tree {
  enum class Kind { kWord, kNot, kAnd, kOr };
  Kind kind = Kind::kWord;
  std::string word;
  std::unique_ptr<Tree> left, right;

  [[nodiscard]] bool selects(std::string_view id) const {
    switch (kind) {
      case Kind::kWord:
        return id.find(word) != std::string_view::npos;
      case Kind::kNot:
        return !left->selects(id);
      case Kind::kAnd:
        return left->selects(id) && right->selects(id);
      case Kind::kOr:
        return left->selects(id) || right->selects(id);
    }
    return false;
  }
};

class Plan {
 public:
  Plan(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  std::unique_ptr<Tree> tree(int depth) {
    auto out = std::make_unique<Tree>();
    constexpr int kDeepest = 12;
    const int what = depth >= kDeepest || at_ >= size_ ? 0 : next() % 6;
    if (what < 3) {
      out->word = kWords[next() % kWordCount];
      return out;
    }
    out->kind = what == 3 ? Tree::Kind::kNot : what == 4 ? Tree::Kind::kAnd : Tree::Kind::kOr;
    out->left = tree(depth + 1);
    if (out->kind != Tree::Kind::kNot) out->right = tree(depth + 1);
    return out;
  }

  // Parentheses where the grammar needs them, and now and then where it does not.
  std::string text(const Tree& tree, Tree::Kind around) {
    std::string out;
    switch (tree.kind) {
      case Tree::Kind::kWord:
        out = tree.word;
        break;
      case Tree::Kind::kNot:
        out = "not" + space() + text(*tree.left, Tree::Kind::kNot);
        break;
      case Tree::Kind::kAnd:
      case Tree::Kind::kOr:
        out = text(*tree.left, tree.kind) + space() +
              (tree.kind == Tree::Kind::kAnd ? "and" : "or") + space() +
              text(*tree.right, tree.kind);
        break;
    }
    // Binary chains lean left when they are read; they select the same.
    const bool looser = tree.kind > around;
    return looser || next() % 16 == 1 ? "(" + out + ")" : out;
  }

 private:
  std::uint8_t next() { return at_ < size_ ? data_[at_++] : 0; }
  std::string space() { return next() % 8 == 1 ? " \t\n" : " "; }

  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

void check_text(std::string_view text) {
  const auto expression = Expression::parse(text);
  if (expression) {
    for (const char* id : kIds) static_cast<void>(expression.value().matches(id));
    return;
  }
  constexpr std::string_view kPlace = "at column ";
  const std::string& error = expression.error();
  if (error.substr(0, kPlace.size()) != kPlace) {
    MXCHECK_CHECK(error == "the expression is too long", error);
    return;
  }
  const unsigned long column = std::stoul(error.substr(kPlace.size()));
  MXCHECK_CHECK(column >= 1 && column <= text.size() + 1, error);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_text({reinterpret_cast<const char*>(data), size});
  Plan plan(data, size);
  const std::unique_ptr<Tree> tree = plan.tree(0);
  const std::string text = plan.text(*tree, Tree::Kind::kOr);
  const auto expression = Expression::parse(text);
  if (!expression) {
    // A tree of bounded depth may still be long.
    MXCHECK_CHECK(expression.error() == "the expression is too long",
                  text + ": " + expression.error());
    return 0;
  }
  for (const char* id : kIds) {
    MXCHECK_CHECK(expression.value().matches(id) == tree->selects(id), text);
  }
  return 0;
}
