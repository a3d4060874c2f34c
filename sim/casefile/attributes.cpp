// The attributes of a node: one reader per key, which keys an op takes is ops.def's business.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/casefile/reader.h"

namespace mxcheck::casefile {
namespace {

using graph::Attributes;
using graph::Axes;
using graph::Op;

constexpr std::size_t kMostBytes = 256;  // of an equation or layout

struct Target {
  Context& context;
  Op op;
  Attributes& attributes;
};

void read_axes(const Target& to, const JsonValue& value, Axes& out) {
  if (const auto axes = to.context.integers(value)) out = *axes;
}

// A list that must state something: an absent key means the default.
void read_list(const Target& to, const JsonValue& value, Axes& out) {
  if (value.is(JsonKind::kArray) && value.size() == 0) {
    to.context.error(value, "CASE-VALUE", "an empty list", "one number per axis");
    return;
  }
  read_axes(to, value, out);
}

// [[lhs_contract, rhs_contract], [lhs_batch, rhs_batch]]
void read_dot_numbers(const Target& to, const JsonValue& value) {
  graph::DotDimensionNumbers& dot = to.attributes.dot;
  const std::vector<std::vector<Axes*>> places{{&dot.lhs_contract, &dot.rhs_contract},
                                               {&dot.lhs_batch, &dot.rhs_batch}};
  const auto wrong = [&](const JsonValue& at) {
    to.context.error(at, "CASE-VALUE", "dimension_numbers of another form",
                     "[[lhs_contract, rhs_contract], [lhs_batch, rhs_batch]], four lists of axes");
  };
  if (!to.context.expect_kind(value, JsonKind::kArray)) return;
  if (value.size() != 2) return wrong(value);
  std::size_t i = 0;
  for (const JsonValue& pair : value.items()) {
    if (!to.context.expect_kind(pair, JsonKind::kArray)) return;
    if (pair.size() != 2) return wrong(pair);
    std::size_t j = 0;
    for (const JsonValue& axes : pair.items()) read_axes(to, axes, *places[i][j++]);
    ++i;
  }
}

void read_dimension_numbers(const Target& to, const JsonValue& value) {
  if (to.op == Op::dot_general) return read_dot_numbers(to, value);
  const auto layout = to.context.strings(value);
  if (!layout) return;
  const bool good = layout->size() == 3 &&
                    std::all_of(layout->begin(), layout->end(),
                                [](const std::string& text) { return text.size() <= kMostBytes; });
  if (!good) {
    to.context.error(value, "CASE-VALUE", fmt::format("{} strings", layout->size()),
                     "three layouts: lhs, rhs, result, for example [\"NHWC\", \"HWIO\", \"NHWC\"]");
    return;
  }
  to.attributes.conv_layout = *layout;
}

void read_equation(const Target& to, const JsonValue& value) {
  const auto text = to.context.string(value);
  if (!text) return;
  if (text->size() > kMostBytes) {
    to.context.error(value, "CASE-VALUE", fmt::format("an equation of {} bytes", text->size()),
                     fmt::format("at most {} bytes", kMostBytes));
    return;
  }
  to.attributes.equation = *text;
}

void read_padding(const Target& to, const JsonValue& value) {
  Attributes& a = to.attributes;
  if (value.is(JsonKind::kString)) {
    const auto kind = to.context.choice(value, {"SAME", "VALID"});
    if (kind) a.padding_kind = *kind == 0 ? graph::PaddingKind::kSame : graph::PaddingKind::kValid;
    return;
  }
  if (!value.is(JsonKind::kArray)) {
    to.context.error(value, "CASE-TYPE", fmt::format("found {}", base::name(value.kind())),
                     "\"SAME\", \"VALID\" or a list of pairs [low, high]");
    return;
  }
  a.padding_kind = graph::PaddingKind::kExplicit;
  for (const JsonValue& item : value.items()) {
    const auto pair = to.context.integers(item);
    if (!pair) continue;
    if (pair->size() != 2) {
      to.context.error(item, "CASE-VALUE", fmt::format("{} numbers", pair->size()),
                       "a pair [low, high]");
      continue;
    }
    a.padding.emplace_back((*pair)[0], (*pair)[1]);
  }
}

void read_dtype(const Target& to, const JsonValue& value) {
  std::vector<std::string> names = numerics::dtype_names();
  names.erase(std::remove(names.begin(), names.end(), "f4e2m1fn"), names.end());
  const auto index = to.context.choice(value, names);
  if (index) to.attributes.dtype = *numerics::dtype_from_name(names[*index]);
}

void read_epsilon(const Target& to, const JsonValue& value) {
  if (const auto number = to.context.number(value)) to.attributes.epsilon = *number;
}

using Reader = void (*)(const Target&, const JsonValue&);

const std::map<std::string, Reader, std::less<>>& readers() {
  static const std::map<std::string, Reader, std::less<>> table{
      {"approximate",
       [](const Target& to, const JsonValue& v) {
         to.attributes.approximate = to.context.boolean(v).value_or(true);
       }},
      {"axes", [](const Target& to, const JsonValue& v) { read_axes(to, v, to.attributes.axes); }},
      {"axis", [](const Target& to,
                  const JsonValue& v) { to.attributes.axis = to.context.integer(v).value_or(0); }},
      {"dimension_numbers", read_dimension_numbers},
      {"dtype", read_dtype},
      {"epsilon", read_epsilon},
      {"equation", read_equation},
      {"feature_group_count",
       [](const Target& to, const JsonValue& v) {
         to.attributes.feature_group_count = to.context.integer(v, 1).value_or(1);
       }},
      {"keepdims",
       [](const Target& to, const JsonValue& v) {
         to.attributes.keepdims = to.context.boolean(v).value_or(false);
       }},
      {"lhs_dilation",
       [](const Target& to, const JsonValue& v) { read_list(to, v, to.attributes.lhs_dilation); }},
      {"limit",
       [](const Target& to, const JsonValue& v) { read_axes(to, v, to.attributes.limit); }},
      {"padding", read_padding},
      {"permutation",
       [](const Target& to, const JsonValue& v) { read_axes(to, v, to.attributes.permutation); }},
      {"rhs_dilation",
       [](const Target& to, const JsonValue& v) { read_list(to, v, to.attributes.rhs_dilation); }},
      {"shape",
       [](const Target& to, const JsonValue& v) { read_axes(to, v, to.attributes.shape); }},
      {"start",
       [](const Target& to, const JsonValue& v) { read_axes(to, v, to.attributes.start); }},
      {"strides",
       [](const Target& to, const JsonValue& v) { read_list(to, v, to.attributes.strides); }},
      {"window",
       [](const Target& to, const JsonValue& v) { read_list(to, v, to.attributes.window); }},
      {"window_strides", [](const Target& to, const JsonValue& v) {
         read_list(to, v, to.attributes.window_strides);
       }}};
  return table;
}

// Attributes without a default.
std::vector<std::string> required_keys(Op op) {
  switch (op) {
    case Op::dot_general:
      return {"dimension_numbers"};
    case Op::einsum:
      return {"equation"};
    case Op::conv_general_dilated:
      return {"padding"};
    case Op::reduce_sum:
    case Op::reduce_mean:
    case Op::reduce_max:
      return {"axes"};
    case Op::reshape:
    case Op::broadcast_to:
      return {"shape"};
    case Op::transpose:
      return {"permutation"};
    case Op::concatenate:
      return {"axis"};
    case Op::slice:
      return {"start", "limit"};
    case Op::convert:
      return {"dtype"};
    case Op::max_pool:
    case Op::avg_pool:
      return {"window"};
    default:
      return {};
  }
}

}  // namespace

bool read_attributes(Context& context, const JsonValue& node, Op op, Attributes& attributes) {
  const std::size_t before = context.error_count();
  const graph::OpInfo& op_info = graph::info(op);
  attributes.axis = op == Op::take ? 0 : -1;
  for (const std::string& key : required_keys(op)) {
    static_cast<void>(context.require(node, key, fmt::format("the {} node", op_info.name)));
  }
  const Target target{context, op, attributes};
  for (const std::string& key : op_info.attributes) {
    if (const auto value = node.find(key)) readers().find(key)->second(target, *value);
  }
  return context.error_count() == before;
}

}  // namespace mxcheck::casefile
