// What the templates of new cases are made of. Internal to them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/author/new_case.h"

namespace mxcheck::author {

// A draft as it grows: every random source gets a seed of its own.
class Builder {
 public:
  explicit Builder(const NewCase& request) : request_(request), seed_(request.seed) {}

  using Shape = tensor::Shape;
  using TensorSource = casefile::TensorSource;

  [[nodiscard]] TensorSource normal(const Shape& shape, double scale = 1);
  [[nodiscard]] TensorSource uniform(const Shape& shape, double low, double high);
  [[nodiscard]] TensorSource integers(const Shape& shape, numerics::DType dtype, std::int64_t low,
                                      std::int64_t high);
  // Multiples of 1/32 up to 15/32: a channel with the largest of them has an absmax that makes
  // quotients of odd multiples rounding ties, for every integer type.
  [[nodiscard]] TensorSource weights(const Shape& shape);
  [[nodiscard]] TensorSource fill(const Shape& shape, const std::string& number) const;

  void input(const std::string& name, TensorSource source);
  void param(const std::string& name, TensorSource source);
  // A node; attributes are set on what comes back.
  graph::Attributes& node(const std::string& name, graph::Op op, const std::string& module,
                          std::vector<std::string> args);
  // x times kernel over the last axis of x.
  void dense(const std::string& name, const std::string& module, const std::string& x,
             const std::string& kernel, std::int64_t rank = 2);
  void cotangent(const std::string& node, const Shape& shape);
  void loss(const std::string& node) { draft.run.loss = node; }

  [[nodiscard]] const NewCase& request() const { return request_; }

  casefile::Draft draft;

 private:
  const NewCase& request_;
  std::uint64_t seed_;
};

using Dims = std::vector<std::int64_t>;

// The graph of a template, and a graph around one op. `dims` are the template's own or the user's.
struct Form {
  TemplateInfo info;
  Dims dims;  // default
  void (*build)(Builder& b, const Dims& dims);
};
[[nodiscard]] const std::vector<Form>& forms();
// The form an op other than those of the forms stands behind, and its node.
void build_op(Builder& b, graph::Op op, const Dims& dims);

}  // namespace mxcheck::author
