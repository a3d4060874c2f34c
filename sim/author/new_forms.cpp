// The graphs: dense, conv, einsum, ragged, attention, mlp, train, raw. Dimensions are small,
// unequal (an activation of a weight's shape is taken for one, QUIRK-SHAPE) and not one.
#include "sim/author/new_parts.h"

namespace mxcheck::author {

using graph::Op;
using numerics::DType;

casefile::TensorSource Builder::normal(const Shape& shape, double scale) {
  TensorSource out;
  out.kind = TensorSource::Kind::kRandom;
  out.random = TensorSource::Random::kNormal;
  out.seed = seed_++;
  out.type = {request_.dtype, shape};
  if (scale != 1) out.scale = scale;
  return out;
}

casefile::TensorSource Builder::uniform(const Shape& shape, double low, double high) {
  TensorSource out = normal(shape);
  out.random = TensorSource::Random::kUniform;
  out.low = low, out.high = high;
  return out;
}

casefile::TensorSource Builder::integers(const Shape& shape, DType dtype, std::int64_t low,
                                         std::int64_t high) {
  TensorSource out = normal(shape);
  out.random = TensorSource::Random::kIntegers;
  out.type.dtype = dtype;
  out.low = static_cast<double>(low), out.high = static_cast<double>(high);
  return out;
}

casefile::TensorSource Builder::weights(const Shape& shape) {
  constexpr std::int64_t kLargest = 15;
  TensorSource out = integers(shape, request_.dtype, -kLargest, kLargest);
  out.scale = 1.0 / 32;
  return out;
}

casefile::TensorSource Builder::fill(const Shape& shape, const std::string& number) const {
  TensorSource out;
  out.kind = TensorSource::Kind::kFill;
  out.numbers = {number};
  out.type = {request_.dtype, shape};
  return out;
}

void Builder::input(const std::string& name, TensorSource source) {
  draft.inputs.emplace_back(name, std::move(source));
}

void Builder::param(const std::string& name, TensorSource source) {
  draft.params.emplace_back(name, std::move(source));
}

graph::Attributes& Builder::node(const std::string& name, Op op, const std::string& module,
                                 std::vector<std::string> args) {
  casefile::DraftNode& out = draft.nodes.emplace_back();
  out.node.name = name;
  out.node.op = op;
  out.node.module = module;
  out.args = std::move(args);
  return out.node.attributes;
}

void Builder::dense(const std::string& name, const std::string& module, const std::string& x,
                    const std::string& kernel, std::int64_t rank) {
  graph::Attributes& a = node(name, Op::dot_general, module, {x, kernel});
  a.dot.lhs_contract = {rank - 1};
  a.dot.rhs_contract = {0};
}

void Builder::cotangent(const std::string& node, const Shape& shape) {
  draft.run.cotangents.emplace_back(node, normal(shape));
}

namespace {

void build_dense(Builder& b, const Dims& d) {
  b.input("x", b.normal({d[0], d[1]}));
  b.param("Dense_0/kernel", b.weights({d[1], d[2]}));
  b.dense("y", "Dense_0", "x", "Dense_0/kernel");
  b.cotangent("y", {d[0], d[2]});
}

void build_conv(Builder& b, const Dims& d) {
  const std::int64_t window = 3;
  b.input("x", b.normal({d[0], d[1], d[2], d[3]}));
  b.param("Conv_0/kernel", b.weights({window, window, d[3], d[4]}));
  b.node("y", Op::conv_general_dilated, "Conv_0", {"x", "Conv_0/kernel"}).padding_kind =
      graph::PaddingKind::kSame;
  b.cotangent("y", {d[0], d[1], d[2], d[4]});
}

void build_einsum(Builder& b, const Dims& d) {
  b.input("x", b.normal({d[0], d[1], d[2]}));
  b.param("Einsum_0/kernel", b.weights({d[2], d[3], d[4]}));
  b.node("y", Op::einsum, "Einsum_0", {"x", "Einsum_0/kernel"}).equation = "btd,dhk->bthk";
  b.cotangent("y", {d[0], d[1], d[3], d[4]});
}

void build_ragged(Builder& b, const Dims& d) {
  const std::int64_t groups = 3;
  casefile::TensorSource sizes;
  sizes.kind = casefile::TensorSource::Kind::kValues;
  sizes.type = {DType::kS32, {groups}};
  const std::int64_t first = d[0] / 2, second = d[0] / 3;
  for (const std::int64_t size : {first, second, d[0] - first - second}) {
    sizes.numbers.push_back(std::to_string(size));
  }
  b.input("x", b.normal({d[0], d[1]}));
  b.input("sizes", std::move(sizes));
  b.param("moe/kernel", b.weights({groups, d[1], d[2]}));
  b.node("y", Op::ragged_dot, "moe", {"x", "moe/kernel", "sizes"});
  b.cotangent("y", {d[0], d[2]});
}

// [B, T, D] with H heads of K.
void build_attention(Builder& b, const Dims& d) {
  const std::int64_t heads = d[3], depth = d[4];
  const auto einsum = [&](const char* name, const char* module, std::vector<std::string> args,
                          const char* equation) {
    b.node(name, Op::einsum, module, std::move(args)).equation = equation;
  };
  b.input("x", b.normal({d[0], d[1], d[2]}));
  b.input("inv", b.fill({}, "0.5"));
  for (const char* name : {"query", "key", "value"}) {
    b.param(std::string("attn/") + name + "/kernel", b.weights({d[2], heads, depth}));
  }
  b.param("attn/out/kernel", b.weights({heads, depth, d[2]}));
  einsum("q", "attn/query", {"x", "attn/query/kernel"}, "btd,dhk->bthk");
  einsum("k", "attn/key", {"x", "attn/key/kernel"}, "btd,dhk->bthk");
  einsum("v", "attn/value", {"x", "attn/value/kernel"}, "btd,dhk->bthk");
  einsum("scores", "attn", {"q", "k"}, "bthd,bshd->bhts");
  b.node("scaled", Op::mul, "", {"scores", "inv"});
  b.node("p", Op::softmax, "", {"scaled"});
  einsum("o", "attn", {"p", "v"}, "bhts,bshd->bthd");
  einsum("y", "attn/out", {"o", "attn/out/kernel"}, "bthk,hkd->btd");
  b.node("z", Op::add, "", {"x", "y"});
  b.cotangent("z", {d[0], d[1], d[2]});
}

void build_mlp_layers(Builder& b, const Dims& d) {
  b.input("x", b.normal({d[0], d[1]}));
  b.param("Dense_0/kernel", b.weights({d[1], d[2]}));
  b.param("Dense_0/bias", b.normal({d[2]}, 0.1));
  b.param("Dense_1/kernel", b.weights({d[2], d[3]}));
  b.dense("d0", "Dense_0", "x", "Dense_0/kernel");
  b.node("b0", Op::add, "Dense_0", {"d0", "Dense_0/bias"});
  b.node("a0", Op::relu, "", {"b0"});
  b.dense("y", "Dense_1", "a0", "Dense_1/kernel");
}

void build_mlp(Builder& b, const Dims& d) {
  build_mlp_layers(b, d);
  b.cotangent("y", {d[0], d[3]});
}

void build_train(Builder& b, const Dims& d) {
  build_mlp_layers(b, d);
  b.input("labels", b.integers({d[0]}, DType::kS32, 0, d[3] - 1));
  b.node("loss", Op::softmax_cross_entropy, "", {"y", "labels"});
  b.loss("loss");
}

// Codes without rules: types and shapes straight to the matrix unit.
void build_raw(Builder& b, const Dims& d) {
  const auto codes = [&](const std::optional<std::string>& word, const Builder::Shape& shape) {
    const DType dtype = numerics::dtype_from_name(word.value_or("s8")).value_or(DType::kS8);
    return b.integers(shape, dtype, numerics::integer_min(dtype), numerics::integer_max(dtype));
  };
  b.input("a", codes(b.request().lhs, {d[0], d[1]}));
  b.input("b", codes(b.request().rhs, {d[1], d[2]}));
  b.dense("y", "", "a", "b");
}

}  // namespace

const std::vector<Form>& forms() {
  static const std::vector<Form> kForms{
      {{"dense", "one dense layer", "MxKxN, 5x24x7"}, {5, 24, 7}, build_dense},
      {{"conv", "one convolution, window 3x3", "BxHxWxCxF, 2x6x5x4x3"},
       {2, 6, 5, 4, 3},
       build_conv},
      {{"einsum", "one projection into heads", "BxTxDxHxK, 2x5x12x3x4"},
       {2, 5, 12, 3, 4},
       build_einsum},
      {{"ragged", "rows to three experts", "MxKxN, 9x12x5"}, {9, 12, 5}, build_ragged},
      {{"attention", "an attention block", "BxTxDxHxK, 2x5x12x3x4"},
       {2, 5, 12, 3, 4},
       build_attention},
      {{"mlp", "a perceptron of two layers", "MxKxHxN, 6x10x12x3"}, {6, 10, 12, 3}, build_mlp},
      {{"train", "two steps of training a perceptron", "MxKxHxN, 6x10x12x3"},
       {6, 10, 12, 3},
       build_train},
      {{"srq", "one dense layer with static ranges", "MxKxN, 5x24x7"}, {5, 24, 7}, build_dense},
      {{"raw", "a product of integer codes, no rule", "MxKxN, 5x24x7"}, {5, 24, 7}, build_raw},
  };
  return kForms;
}

}  // namespace mxcheck::author
