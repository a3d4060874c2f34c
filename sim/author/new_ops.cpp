// A graph around one float op: behind a dense layer (pools behind a convolution), its other
// arguments such that it is defined and has a gradient.
#include "sim/author/new_parts.h"

namespace mxcheck::author {
namespace {

using graph::Op;
using numerics::DType;
using Shape = Builder::Shape;

// The dense layer's result in (0, 1): for functions of positive numbers.
void positive(Builder& b) { b.node("p", Op::logistic, "", {"h"}); }

void unary(Builder& b, Op op, const Shape& shape) {
  const bool needs_positive = op == Op::log || op == Op::sqrt || op == Op::rsqrt;
  if (needs_positive) positive(b);
  const std::string argument = needs_positive ? "p" : "h";
  if (op == Op::stop_gradient) {
    b.node("still", op, "", {argument});
    b.node("y", Op::add, "", {argument, "still"});  // its gradient takes the other way
  } else {
    b.node("y", op, "", {argument});
  }
  b.cotangent("y", shape);
}

void binary(Builder& b, Op op, const Shape& shape) {
  b.param("Dense_0/bias",
          op == Op::div ? b.uniform({shape[1]}, 0.5, 2) : b.normal({shape[1]}, 0.5));
  b.node("y", op, "Dense_0", {"h", "Dense_0/bias"});
  b.cotangent("y", shape);
}

void norm(Builder& b, Op op, const Shape& shape) {
  b.param("Norm_0/scale", b.uniform({shape[1]}, 0.5, 1.5));
  std::vector<std::string> args{"h", "Norm_0/scale"};
  if (op == Op::layer_norm) {
    b.param("Norm_0/bias", b.normal({shape[1]}, 0.1));
    args.emplace_back("Norm_0/bias");
  }
  b.node("y", op, "Norm_0", args);
  b.cotangent("y", shape);
}

void layout(Builder& b, Op op, const Shape& shape) {
  const std::int64_t m = shape[0], n = shape[1];
  std::vector<std::string> args{"h"};
  if (op == Op::concatenate) {
    b.input("more", b.normal({m, 3}));
    args.emplace_back("more");
  }
  graph::Attributes& a = b.node("y", op, "", args);
  Shape out = shape;
  switch (op) {
    case Op::reshape:
      out = a.shape = {m * n};
      break;
    case Op::transpose:
      a.permutation = {1, 0};
      out = {n, m};
      break;
    case Op::broadcast_to:
      out = a.shape = {2, m, n};
      break;
    case Op::concatenate:
      a.axis = 1;
      out = {m, n + 3};
      break;
    case Op::slice:
      a.start = {m > 1 ? 1 : 0, 0}, a.limit = {m, n}, a.strides = {1, 2};
      out = {m - (m > 1 ? 1 : 0), (n + 1) / 2};
      break;
    default:  // convert
      a.dtype = b.request().dtype == DType::kBF16 ? DType::kF32 : DType::kBF16;
  }
  b.cotangent("y", out);
  if (op == Op::convert) b.draft.run.cotangents.back().second.type.dtype = a.dtype;
}

void select(Builder& b, const Shape& shape) {
  casefile::TensorSource mask;
  mask.kind = casefile::TensorSource::Kind::kValues;
  mask.type = {DType::kPred, shape};
  for (std::int64_t i = 0; i < *tensor::element_count(shape); ++i) {
    mask.numbers.emplace_back(i % 3 == 0 ? "0" : "1");
  }
  b.input("mask", std::move(mask));
  b.input("other", b.normal(shape));
  b.node("y", Op::select, "", {"mask", "h", "other"});
  b.cotangent("y", shape);
}

// A table looked up in front of the dense layer.
void take(Builder& b, const Dims& d) {
  const std::int64_t rows = 11;
  b.input("ids", b.integers({d[0]}, DType::kS32, 0, rows - 1));
  b.param("Embed_0/table", b.normal({rows, d[1]}));
  b.param("Dense_0/kernel", b.weights({d[1], d[2]}));
  b.node("e", Op::take, "Embed_0", {"Embed_0/table", "ids"}).axis = 0;
  b.dense("y", "Dense_0", "e", "Dense_0/kernel");
  b.cotangent("y", {d[0], d[2]});
}

void pool(Builder& b, Op op) {
  const std::int64_t side = 6, features = 4;
  b.input("x", b.normal({2, side, side, 3}));
  b.param("Conv_0/kernel", b.weights({3, 3, 3, features}));
  b.node("h", Op::conv_general_dilated, "Conv_0", {"x", "Conv_0/kernel"}).padding_kind =
      graph::PaddingKind::kSame;
  graph::Attributes& a = b.node("y", op, "", {"h"});
  a.window = {2, 2};
  a.strides = {2, 2};
  b.cotangent("y", {2, side / 2, side / 2, features});
}

}  // namespace

void build_op(Builder& b, Op op, const Dims& d) {
  if (op == Op::take) return take(b, d);
  if (op == Op::max_pool || op == Op::avg_pool) return pool(b, op);
  const Shape shape{d[0], d[2]};
  b.input("x", b.normal({d[0], d[1]}));
  b.param("Dense_0/kernel", b.weights({d[1], d[2]}));
  b.dense("h", "Dense_0", "x", "Dense_0/kernel");
  if (op == Op::select) return select(b, shape);
  if (op == Op::layer_norm || op == Op::rms_norm) return norm(b, op, shape);
  if (op == Op::mse) {
    b.input("target", b.normal(shape));
    b.node("y", op, "", {"h", "target"});
    return b.loss("y");
  }
  if (op == Op::softmax_cross_entropy) {
    b.input("labels", b.integers({d[0]}, DType::kS32, 0, d[2] - 1));
    b.node("y", op, "", {"h", "labels"});
    return b.loss("y");
  }
  if (op == Op::reduce_sum || op == Op::reduce_mean || op == Op::reduce_max) {
    b.node("y", op, "", {"h"}).axes = {1};
    return b.cotangent("y", {d[0]});
  }
  const graph::OpInfo& info = graph::info(op);
  if (info.kind == graph::OpKind::kLayout) return layout(b, op, shape);
  if (info.arguments.size() == 2) return binary(b, op, shape);
  unary(b, op, shape);
}

}  // namespace mxcheck::author
