// Shape inference: what each op gives, and what it refuses.
#include "sim/graph/infer.h"

#include <catch2/catch.hpp>

namespace mxcheck::graph {
namespace {

struct Outcome {
  ValueType type;
  std::string label;  // of the first complaint, "" if there is none
  std::string pointer;
  Attributes attributes;  // as completed
};

Outcome run(Op op, const std::vector<ValueType>& args, const Attributes& attributes = {}) {
  Graph graph;
  Node node;
  node.name = "y";
  node.op = op;
  node.attributes = attributes;
  node.pointer = "/nodes/0";
  for (std::size_t i = 0; i < args.size(); ++i) {
    graph.inputs.push_back({std::string(i + 1, 'x'), args[i]});
    node.args.push_back(static_cast<int>(i));
  }
  graph.nodes.push_back(node);
  base::Diagnostics diagnostics;
  infer(graph, diagnostics);
  Outcome out{graph.nodes[0].type, "", "", graph.nodes[0].attributes};
  if (!diagnostics.empty()) {
    out.label = diagnostics[0].label;
    out.pointer = diagnostics[0].pointer;
  }
  return out;
}

ValueType f32(Shape shape) { return {DType::kF32, std::move(shape)}; }
ValueType s32(Shape shape) { return {DType::kS32, std::move(shape)}; }
ValueType of(DType dtype, Shape shape) { return {dtype, std::move(shape)}; }

template <typename Edit>
Attributes with(Edit edit) {
  Attributes attributes;
  edit(attributes);
  return attributes;
}

Attributes dot(Axes lc, Axes rc, Axes lb = {}, Axes rb = {}) {
  Attributes attributes;
  attributes.dot = {std::move(lc), std::move(rc), std::move(lb), std::move(rb)};
  return attributes;
}

TEST_CASE("dot_general gives batch, lhs rest, rhs rest [SHP-DOT]", "[infer]") {
  CHECK(run(Op::dot_general, {f32({4, 16}), f32({16, 8})}, dot({1}, {0})).type == f32({4, 8}));
  CHECK(run(Op::dot_general, {f32({2, 3, 4, 5}), f32({5, 2, 7, 4})}, dot({3, 2}, {0, 3}, {0}, {1}))
            .type == f32({2, 3, 7}));
  CHECK(run(Op::dot_general, {f32({3}), f32({3})}, dot({0}, {0})).type == f32({}));
  CHECK(run(Op::dot_general, {f32({2}), f32({3})}, dot({}, {})).type == f32({2, 3}));
  CHECK(run(Op::dot_general, {f32({4, 16}), f32({15, 8})}, dot({1}, {0})).label == "SHP-DOT");
  CHECK(run(Op::dot_general, {f32({4, 16}), f32({16, 8})}, dot({1}, {0, 1})).label == "SHP-DOT");
  CHECK(run(Op::dot_general, {f32({4, 4}), f32({4, 4})}, dot({1}, {0}, {1}, {1})).label ==
        "SHP-AXIS");
  CHECK(run(Op::dot_general, {f32({4, 4}), f32({4, 4})}, dot({-1}, {0})).label == "SHP-AXIS");
  CHECK(run(Op::dot_general, {f32({4, 4}), f32({4, 4})}, dot({2}, {0})).label == "SHP-AXIS");
}

TEST_CASE("contractions choose their dtype [DOT-1] [SHP-DTYPE]", "[infer]") {
  const auto dtype = [](DType a, DType b) {
    const Outcome out = run(Op::dot_general, {of(a, {2, 3}), of(b, {3, 2})}, dot({1}, {0}));
    return out.label.empty() ? name(out.type.dtype) : out.label;
  };
  CHECK(dtype(DType::kS8, DType::kU4) == std::string("s32"));
  CHECK(dtype(DType::kF32, DType::kBF16) == std::string("f32"));
  CHECK(dtype(DType::kBF16, DType::kS8) == std::string("bf16"));
  CHECK(dtype(DType::kBF16, DType::kF16) == std::string("bf16"));
  CHECK(dtype(DType::kF64, DType::kF32) == std::string("f64"));
  CHECK(dtype(DType::kS32, DType::kS8) == std::string("SHP-DTYPE"));
  CHECK(dtype(DType::kF32, DType::kPred) == std::string("SHP-DTYPE"));
  CHECK(dtype(DType::kF8E5M2, DType::kF8E5M2) == std::string("SHP-DTYPE"));
}

TEST_CASE("the quantization may decide a result's dtype [DOT-1]", "[infer]") {
  Graph graph;
  graph.inputs = {{"a", of(DType::kBF16, {2, 3})}, {"b", of(DType::kF16, {3, 2})}};
  Node node;
  node.name = "y";
  node.op = Op::dot_general;
  node.attributes = dot({1}, {0});
  node.args = {0, 1};
  graph.nodes.push_back(node);
  Node after;
  after.name = "z";
  after.op = Op::relu;
  after.args = {2};
  graph.nodes.push_back(after);
  base::Diagnostics diagnostics;
  InferOptions options;
  options.result_dtypes[0] = DType::kF32;
  infer(graph, options, diagnostics);
  CHECK(graph.nodes[1].type == f32({2, 2}));
}

TEST_CASE("einsum gives its letters' sizes [SHP-EINSUM] [EIN-ARITY]", "[infer]") {
  const auto einsum = [](const std::string& equation, const std::vector<ValueType>& args) {
    return run(Op::einsum, args, with([&](Attributes& a) { a.equation = equation; }));
  };
  CHECK(einsum("btd,dhk->bthk", {f32({2, 5, 6}), f32({6, 3, 4})}).type == f32({2, 5, 3, 4}));
  CHECK(einsum(" ab , bc -> ca ", {f32({2, 3}), f32({3, 4})}).type == f32({4, 2}));
  CHECK(einsum("ba,cb", {f32({3, 2}), f32({4, 3})}).type == f32({2, 4}));
  CHECK(einsum("abk,kc->ac", {f32({2, 3, 4}), f32({4, 5})}).type == f32({2, 5}));
  CHECK(einsum("a,b->", {f32({2}), f32({3})}).type == f32({}));
  CHECK(einsum("ab,bc->ac", {of(DType::kBF16, {2, 3}), of(DType::kF16, {3, 4})}).type ==
        f32({2, 4}));
  const std::vector<ValueType> two{f32({2, 3}), f32({3, 4})};
  CHECK(einsum("ab->a", two).label == "EIN-ARITY");
  CHECK(einsum("ab,bc,cd->ad", two).label == "EIN-ARITY");
  CHECK(einsum("ab,bc->ac", {f32({2, 3})}).label == "EIN-ARITY");
  CHECK(einsum("ab,bc->ac", {f32({2, 3}), f32({3, 4}), f32({4})}).label == "EIN-ARITY");
  for (const char* wrong : {"ab,bc->ad", "ab,bc->aa", "aa,bc->ab", "a...,bc->a", "abc,bc->a",
                            "ab,cd->abc1", "ab,b->a", "ab,ba->a", ""}) {
    INFO(wrong);
    const std::string label = einsum(wrong, two).label;
    CHECK((label == "SHP-EINSUM" || (label == "EIN-ARITY" && std::string(wrong).empty())));
  }
}

TEST_CASE("an einsum becomes one dot_general [EIN-1]", "[infer]") {
  const EinsumLowering straight = lower_einsum("btd,dhk->bthk");
  CHECK_FALSE(straight.swapped);
  CHECK(straight.dot.lhs_contract == Axes{2});
  CHECK(straight.dot.rhs_contract == Axes{0});
  CHECK(straight.permutation == Axes{0, 1, 2, 3});
  const EinsumLowering swapped = lower_einsum("ab,bc->ca");
  CHECK(swapped.swapped);
  CHECK(swapped.dot.lhs_contract == Axes{0});
  CHECK(swapped.dot.rhs_contract == Axes{1});
  CHECK(swapped.permutation == Axes{0, 1});
  // Neither order fits: the second operand goes first all the same.
  const EinsumLowering neither = lower_einsum("bthd,bshd->bsth");
  CHECK(neither.swapped);
  CHECK(neither.dot.lhs_batch == Axes{0, 2});
  CHECK(neither.dot.lhs_contract == Axes{3});
  CHECK(neither.permutation == Axes{0, 2, 3, 1});
  const EinsumLowering batched = lower_einsum("bthd,bshd->bhts");
  CHECK_FALSE(batched.swapped);
  CHECK(batched.dot.lhs_batch == Axes{0, 2});
  // Contracted letters in alphabetical order, wherever they stand.
  const EinsumLowering two = lower_einsum("bthk,hkd->btd");
  CHECK(two.dot.lhs_contract == Axes{2, 3});
  CHECK(two.dot.rhs_contract == Axes{0, 1});
  CHECK(lower_einsum("azb,za->b").dot.lhs_contract == Axes{0, 1});
  const EinsumLowering summed = lower_einsum("dbka,kc->ac");
  CHECK(summed.lhs_sum == Axes{1, 0});
  CHECK(summed.rhs_sum.empty());
  CHECK(summed.dot.lhs_contract == Axes{0});
  const EinsumLowering summed_right = lower_einsum("ka,kcz->ca");
  CHECK(summed_right.swapped);
  CHECK(summed_right.lhs_sum == Axes{2});
}

Attributes conv(PaddingKind kind, Axes strides = {}, Axes rhs_dilation = {}) {
  return with([&](Attributes& a) {
    a.padding_kind = kind;
    a.window_strides = std::move(strides);
    a.rhs_dilation = std::move(rhs_dilation);
  });
}

TEST_CASE("convolutions slide their windows [SHP-CONV] [SHP-PADDING]", "[infer]") {
  const ValueType x = f32({2, 8, 8, 3});
  const ValueType k = f32({3, 3, 3, 5});
  const auto op = Op::conv_general_dilated;
  CHECK(run(op, {x, k}, conv(PaddingKind::kSame)).type == f32({2, 8, 8, 5}));
  CHECK(run(op, {x, k}, conv(PaddingKind::kValid)).type == f32({2, 6, 6, 5}));
  const Outcome strided = run(op, {x, k}, conv(PaddingKind::kSame, {2, 3}));
  CHECK(strided.type == f32({2, 4, 3, 5}));
  CHECK(strided.attributes.padding == Padding{{0, 1}, {0, 1}});
  CHECK(run(op, {x, k}, conv(PaddingKind::kSame, {}, {2, 1})).attributes.padding ==
        Padding{{2, 2}, {1, 1}});
  Attributes explicit_pad = conv(PaddingKind::kExplicit);
  explicit_pad.padding = {{1, 2}, {0, 1}};
  CHECK(run(op, {x, k}, explicit_pad).type == f32({2, 9, 7, 5}));
  Attributes dilated = explicit_pad;
  dilated.padding = {{1, 1}, {1, 1}};
  dilated.lhs_dilation = {2, 2};
  CHECK(run(op, {x, k}, dilated).type == f32({2, 15, 15, 5}));
  Attributes nchw = conv(PaddingKind::kSame);
  nchw.conv_layout = {"NCHW", "OIHW", "NHWC"};
  CHECK(run(op, {f32({2, 3, 8, 7}), f32({5, 3, 3, 3})}, nchw).type == f32({2, 8, 7, 5}));
  Attributes one = conv(PaddingKind::kValid);
  one.conv_layout = {"NWC", "WIO", "NWC"};
  CHECK(run(op, {f32({2, 9, 3}), f32({3, 3, 4})}, one).type == f32({2, 7, 4}));
  Attributes grouped = conv(PaddingKind::kSame);
  grouped.feature_group_count = 4;
  CHECK(run(op, {f32({1, 5, 5, 4}), f32({3, 3, 1, 8})}, grouped).type == f32({1, 5, 5, 8}));
  CHECK(run(op, {of(DType::kS8, {1, 4, 4, 1}), of(DType::kS8, {2, 2, 1, 1})},
            conv(PaddingKind::kValid))
            .type == s32({1, 3, 3, 1}));
}

TEST_CASE("convolutions that do not fit are refused [SHP-CONV] [SHP-PADDING] [SHP-SIZE]",
          "[infer]") {
  const ValueType x = f32({2, 8, 8, 3});
  const ValueType k = f32({3, 3, 3, 5});
  const auto op = Op::conv_general_dilated;
  const auto label = [&](const Attributes& a) { return run(op, {x, k}, a).label; };
  CHECK(run(op, {x, f32({3, 3, 2, 5})}, conv(PaddingKind::kSame)).label == "SHP-CONV");
  CHECK(run(op, {x, f32({3, 3, 3})}, conv(PaddingKind::kSame)).label == "SHP-CONV");
  CHECK(run(op, {x, of(DType::kBF16, {3, 3, 3, 5})}, conv(PaddingKind::kSame)).label.empty());
  CHECK(run(op, {x, of(DType::kS8, {3, 3, 3, 5})}, conv(PaddingKind::kSame)).label == "SHP-DTYPE");
  CHECK(run(op, {x, f32({9, 3, 3, 5})}, conv(PaddingKind::kValid)).label == "SHP-SIZE");
  CHECK(label(conv(PaddingKind::kSame, {0, 1})) == "SHP-CONV");
  CHECK(label(conv(PaddingKind::kSame, {1})) == "SHP-CONV");
  CHECK(label(conv(PaddingKind::kSame, {1, std::int64_t{1} << 40})) == "SHP-CONV");
  Attributes a = conv(PaddingKind::kSame);
  a.lhs_dilation = {2, 1};
  CHECK(label(a) == "SHP-PADDING");
  a.padding_kind = PaddingKind::kValid;
  CHECK(label(a) == "SHP-PADDING");
  a = conv(PaddingKind::kExplicit);
  a.padding = {{1, 1}};
  CHECK(label(a) == "SHP-PADDING");
  a.padding = {{1, 1}, {-1, 1}};
  CHECK(label(a) == "SHP-PADDING");
  for (const std::vector<std::string>& layout : {std::vector<std::string>{"NHWC", "HWIO"},
                                                 {"NHWC", "HWIO", "NHWD"},
                                                 {"NHHC", "HHIO", "NHHC"},
                                                 {"NHWC", "HWIX", "NHWC"},
                                                 {"NC", "IO", "NC"},
                                                 {"NHWC", "HWIO", "NHW"},
                                                 {"", "", ""},
                                                 {"NHWC", "HWDIO", "NHWC"}}) {
    a = conv(PaddingKind::kSame);
    a.conv_layout = layout;
    CHECK(label(a) == "SHP-CONV");
  }
  a = conv(PaddingKind::kSame);
  a.feature_group_count = 2;
  CHECK(label(a) == "SHP-CONV");
}

TEST_CASE("ragged_dot multiplies groups of rows [SHP-RAGGED] [QNT-DTYPE]", "[infer]") {
  const auto op = Op::ragged_dot;
  CHECK(run(op, {f32({8, 16}), f32({3, 16, 6}), s32({3})}).type == f32({8, 6}));
  CHECK(run(op, {f32({8, 16}), f32({3, 15, 6}), s32({3})}).label == "SHP-RAGGED");
  CHECK(run(op, {f32({8, 16}), f32({3, 16, 6}), s32({2})}).label == "SHP-RAGGED");
  CHECK(run(op, {f32({8, 16}), f32({3, 16, 6}), f32({3})}).label == "SHP-RAGGED");
  CHECK(run(op, {of(DType::kS8, {8, 16}), f32({3, 16, 6}), s32({3})}).label == "QNT-DTYPE");
}

TEST_CASE("pools slide over height and width [SHP-POOL]", "[infer]") {
  const auto pool = [](const ValueType& x, Axes window, Axes strides, PaddingKind kind) {
    return run(Op::max_pool, {x}, with([&](Attributes& a) {
                 a.window = std::move(window);
                 a.strides = std::move(strides);
                 a.padding_kind = kind;
               }));
  };
  const ValueType x = f32({2, 7, 6, 3});
  const Outcome plain = pool(x, {2, 2}, {}, PaddingKind::kValid);
  CHECK(plain.type == f32({2, 3, 3, 3}));
  CHECK(plain.attributes.strides == Axes{2, 2});
  CHECK(pool(x, {2, 2}, {}, PaddingKind::kSame).type == f32({2, 4, 3, 3}));
  CHECK(pool(x, {3, 3}, {1, 1}, PaddingKind::kValid).type == f32({2, 5, 4, 3}));
  CHECK(pool(x, {8, 2}, {}, PaddingKind::kValid).label == "SHP-SIZE");
  CHECK(pool(x, {2}, {}, PaddingKind::kValid).label == "SHP-POOL");
  CHECK(pool(f32({7, 6, 3}), {2, 2}, {}, PaddingKind::kValid).label == "SHP-POOL");
}

TEST_CASE("binary ops broadcast as numpy does [SHP-BROADCAST] [SHP-DTYPE]", "[infer]") {
  CHECK(run(Op::add, {f32({2, 1, 3}), f32({4, 1})}).type == f32({2, 4, 3}));
  CHECK(run(Op::mul, {f32({}), f32({5})}).type == f32({5}));
  CHECK(run(Op::add, {f32({2, 3}), f32({2})}).label == "SHP-BROADCAST");
  CHECK(run(Op::add, {f32({2}), of(DType::kBF16, {2})}).label == "SHP-DTYPE");
  CHECK(run(Op::add, {s32({2}), s32({2})}).label == "SHP-DTYPE");
  CHECK(run(Op::add, {f32({2})}).label == "SHP-ARGS");
  CHECK(run(Op::relu, {f32({2}), f32({2})}).label == "SHP-ARGS");
  CHECK(run(Op::concatenate, {}).label == "SHP-ARGS");
  const auto pred = of(DType::kPred, {1, 3});
  CHECK(run(Op::select, {pred, f32({2, 3}), f32({})}).type == f32({2, 3}));
  CHECK(run(Op::select, {f32({3}), f32({3}), f32({3})}).label == "SHP-DTYPE");
  CHECK(run(Op::select, {pred, f32({2}), f32({})}).label == "SHP-BROADCAST");
}

TEST_CASE("axes count from the end where negative [SHP-AXIS]", "[infer]") {
  const auto reduce = [](Axes axes, bool keepdims) {
    return run(Op::reduce_sum, {f32({2, 3, 4})}, with([&](Attributes& a) {
                 a.axes = std::move(axes);
                 a.keepdims = keepdims;
               }));
  };
  CHECK(reduce({-1, 0}, false).type == f32({3}));
  CHECK(reduce({-1, 0}, false).attributes.axes == Axes{2, 0});
  CHECK(reduce({1}, true).type == f32({2, 1, 4}));
  CHECK(reduce({}, false).type == f32({2, 3, 4}));
  CHECK(reduce({3}, false).label == "SHP-AXIS");
  CHECK(reduce({-4}, false).label == "SHP-AXIS");
  CHECK(reduce({1, -2}, false).label == "SHP-AXIS");
  const auto softmax = [](std::int64_t axis) {
    return run(Op::softmax, {f32({2, 3})}, with([&](Attributes& a) { a.axis = axis; }));
  };
  CHECK(softmax(-1).attributes.axis == 1);
  CHECK(softmax(2).label == "SHP-AXIS");
  CHECK(run(Op::softmax, {f32({})}).label == "SHP-AXIS");
}

TEST_CASE("layout ops [SHP-RESHAPE] [SHP-AXIS] [SHP-SLICE] [SHP-CONCAT] [SHP-BROADCAST]",
          "[infer]") {
  const auto reshape = [](Shape shape) {
    return run(Op::reshape, {f32({2, 6})},
               with([&](Attributes& a) { a.shape = std::move(shape); }));
  };
  CHECK(reshape({3, 4}).type == f32({3, 4}));
  CHECK(reshape({3, -1}).attributes.shape == Shape{3, 4});
  CHECK(reshape({5, -1}).label == "SHP-RESHAPE");
  CHECK(reshape({-1, -1}).label == "SHP-RESHAPE");
  CHECK(reshape({0, 12}).label == "SHP-RESHAPE");
  CHECK(reshape({std::int64_t{1} << 62, 4}).label == "SHP-RESHAPE");
  CHECK(reshape({}).label == "SHP-RESHAPE");
  const auto transpose = [](Axes axes) {
    return run(Op::transpose, {f32({2, 3, 4})},
               with([&](Attributes& a) { a.permutation = std::move(axes); }));
  };
  CHECK(transpose({2, 0, -2}).type == f32({4, 2, 3}));
  CHECK(transpose({0, 1}).label == "SHP-AXIS");
  CHECK(transpose({0, 1, 1}).label == "SHP-AXIS");
  const auto broadcast = [](Shape shape) {
    return run(Op::broadcast_to, {f32({3, 1})},
               with([&](Attributes& a) { a.shape = std::move(shape); }));
  };
  CHECK(broadcast({2, 3, 4}).type == f32({2, 3, 4}));
  CHECK(broadcast({3}).label == "SHP-BROADCAST");
  CHECK(broadcast({3, -1}).label == "SHP-BROADCAST");
  CHECK(broadcast({std::int64_t{1} << 40, 3, 1}).label == "SHP-SIZE");
  const auto slice = [](Axes start, Axes limit, Axes strides) {
    return run(Op::slice, {f32({5, 4})}, with([&](Attributes& a) {
                 a.start = std::move(start);
                 a.limit = std::move(limit);
                 a.strides = std::move(strides);
               }));
  };
  CHECK(slice({1, 0}, {5, 3}, {2, 2}).type == f32({2, 2}));
  CHECK(slice({1, 0}, {5, 3}, {}).type == f32({4, 3}));
  CHECK(slice({1, 0}, {6, 3}, {}).label == "SHP-SLICE");
  CHECK(slice({1, 0}, {1, 3}, {}).label == "SHP-SLICE");
  CHECK(slice({1}, {2}, {}).label == "SHP-SLICE");
  CHECK(slice({1, 0}, {2, 1}, {1, 0}).label == "SHP-SLICE");
  const auto concatenate = [](const std::vector<ValueType>& args, std::int64_t axis) {
    return run(Op::concatenate, args, with([&](Attributes& a) { a.axis = axis; }));
  };
  CHECK(concatenate({f32({2, 3}), f32({2, 1}), f32({2, 2})}, -1).type == f32({2, 6}));
  CHECK(concatenate({f32({2, 3}), f32({1, 3})}, 1).label == "SHP-CONCAT");
  CHECK(concatenate({f32({2, 3}), f32({2})}, 1).label == "SHP-CONCAT");
  CHECK(concatenate({f32({2}), of(DType::kBF16, {2})}, 0).label == "SHP-CONCAT");
}

TEST_CASE("norms, losses and gathers [SHP-NORM] [SHP-EQUAL] [SHP-LABELS] [SHP-DTYPE]", "[infer]") {
  CHECK(run(Op::layer_norm, {f32({2, 3}), f32({3}), f32({3})}).type == f32({2, 3}));
  CHECK(run(Op::layer_norm, {f32({2, 3}), f32({3}), f32({2})}).label == "SHP-NORM");
  CHECK(run(Op::rms_norm, {f32({2, 3}), f32({1, 3})}).label == "SHP-NORM");
  CHECK(run(Op::rms_norm, {f32({}), f32({})}).label == "SHP-NORM");
  CHECK(run(Op::mse, {f32({2, 3}), f32({2, 3})}).type == f32({}));
  CHECK(run(Op::mse, {f32({2, 3}), f32({3})}).label == "SHP-EQUAL");
  CHECK(run(Op::softmax_cross_entropy, {f32({4, 3}), s32({4})}).type == f32({}));
  CHECK(run(Op::softmax_cross_entropy, {f32({4, 3}), s32({3})}).label == "SHP-LABELS");
  CHECK(run(Op::softmax_cross_entropy, {f32({4, 3}), f32({4})}).label == "SHP-LABELS");
  const auto take = [](const ValueType& ids, std::int64_t axis) {
    return run(Op::take, {f32({5, 6}), ids}, with([&](Attributes& a) { a.axis = axis; }));
  };
  CHECK(take(s32({2, 3}), 0).type == f32({2, 3, 6}));
  CHECK(take(s32({2}), -1).type == f32({5, 2}));
  CHECK(take(f32({2}), 0).label == "SHP-DTYPE");
  CHECK(run(Op::convert, {s32({2})}, with([](Attributes& a) { a.dtype = DType::kBF16; })).type ==
        of(DType::kBF16, {2}));
}

TEST_CASE("a result too large is refused before anything is made [SHP-SIZE]", "[infer]") {
  CHECK(run(Op::dot_general, {f32({1 << 20, 1}), f32({1, 1 << 20})}, dot({1}, {0})).label ==
        "SHP-SIZE");
  CHECK(run(Op::add, {f32({1 << 20, 1}), f32({1 << 20})}).label == "SHP-SIZE");
}

TEST_CASE("a complaint names node and key", "[infer]") {
  const Outcome out = run(Op::dot_general, {f32({4, 16}), f32({16, 8})}, dot({5}, {0}));
  CHECK(out.pointer == "/nodes/0/dimension_numbers");
}

}  // namespace
}  // namespace mxcheck::graph
