// Shape rules of contractions and windows: dot_general, einsum, ragged_dot, convolutions, pools.
// Labels: SHP-DOT, SHP-EINSUM, EIN-ARITY, SHP-RAGGED, SHP-CONV, SHP-POOL, SHP-PADDING, SHP-DTYPE,
// QNT-DTYPE.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "sim/graph/conv_layout.h"
#include "sim/graph/einsum.h"
#include "sim/graph/infer.h"
#include "sim/graph/product.h"
#include "sim/graph/shape_rules.h"

namespace mxcheck::graph {
namespace {

using tensor::to_string;

// Strides, dilations and padding beyond this are refused: sizes stay far from overflow.
constexpr std::int64_t kLargest = 1 << 20;

std::size_t index(std::int64_t axis) { return static_cast<std::size_t>(axis); }

// Codes are integers of at most one byte.
bool is_code(DType dtype) {
  return numerics::is_integer(dtype) && numerics::byte_width(dtype) == 1;
}

// Two floats, two codes, or a float with codes of any one-byte type.
bool contractible(NodeTypes& types) {
  const auto narrow = [](DType dtype) { return numerics::byte_width(dtype) == 1; };
  const DType a = types.dtype(0);
  const DType b = types.dtype(1);
  const bool a_float = numerics::is_arithmetic_float(a);
  const bool b_float = numerics::is_arithmetic_float(b);
  const bool pred = a == DType::kPred || b == DType::kPred;
  const bool good = (a_float && b_float) || (is_code(a) && is_code(b)) || (a_float && narrow(b)) ||
                    (b_float && narrow(a));
  if (good && !pred) return true;
  types.fail("SHP-DTYPE", "args", fmt::format("{} with {}", types.describe(0), types.describe(1)),
             "two floats, two integers of at most 8 bits, or a float with an 8-bit type",
             "insert a convert node");
  return false;
}

bool check_pairs(NodeTypes& types, const Axes& lhs, const Axes& rhs, const char* what) {
  if (lhs.size() != rhs.size()) {
    types.fail("SHP-DOT", "dimension_numbers",
               fmt::format("{} {} axes of lhs, {} of rhs", lhs.size(), what, rhs.size()),
               "as many on either side");
    return false;
  }
  for (std::size_t i = 0; i < lhs.size(); ++i) {
    const std::int64_t a = types.shape(0)[index(lhs[i])];
    const std::int64_t b = types.shape(1)[index(rhs[i])];
    if (a == b) continue;
    types.fail(
        "SHP-DOT", "args",
        fmt::format("{} axis {} of lhs {} has {} elements, axis {} of rhs {} has {}", what, lhs[i],
                    to_string(types.shape(0)), a, rhs[i], to_string(types.shape(1)), b),
        "equal sizes");
    return false;
  }
  return true;
}

bool check_side(NodeTypes& types, std::size_t side, const Axes& contract, const Axes& batch) {
  Axes all = contract;
  all.insert(all.end(), batch.begin(), batch.end());
  const bool negative = std::any_of(all.begin(), all.end(), [](auto axis) { return axis < 0; });
  if (negative) {
    types.fail("SHP-AXIS", "dimension_numbers", "a negative axis", "axes counted from 0");
    return false;
  }
  return types.axes("dimension_numbers", all, types.rank(side)).has_value();
}

void append_rest(Shape& out, const Shape& shape, const Axes& contract, const Axes& batch) {
  for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(shape.size()); ++axis) {
    const bool taken = std::find(contract.begin(), contract.end(), axis) != contract.end() ||
                       std::find(batch.begin(), batch.end(), axis) != batch.end();
    if (!taken) out.push_back(shape[index(axis)]);
  }
}

// Sizes of one sliding window along one axis.
struct Window {
  std::int64_t input, input_dilation, window, window_dilation, stride;

  [[nodiscard]] std::int64_t dilated_input() const { return (input - 1) * input_dilation + 1; }
  [[nodiscard]] std::int64_t dilated_window() const { return (window - 1) * window_dilation + 1; }
  // The padding "SAME" stands for: ceil(input / stride) positions, the odd element at the end.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> same_padding() const {
    const std::int64_t out = (input + stride - 1) / stride;
    const std::int64_t total =
        std::max<std::int64_t>(0, (out - 1) * stride + dilated_window() - input);
    return {total / 2, total - total / 2};
  }
  // Number of positions; at most 0 if the window does not fit.
  [[nodiscard]] std::int64_t positions(std::pair<std::int64_t, std::int64_t> padding) const {
    const std::int64_t room = dilated_input() + padding.first + padding.second - dilated_window();
    return room < 0 ? 0 : room / stride + 1;
  }
};

// A list with one small positive number per spatial axis; empty stands for ones.
bool spatial_list(NodeTypes& types, const char* key, Axes& list, std::size_t count,
                  const char* label) {
  if (list.empty()) list.assign(count, 1);
  const bool good = list.size() == count && std::all_of(list.begin(), list.end(), [](auto value) {
                      return value >= 1 && value <= kLargest;
                    });
  if (good) return true;
  types.fail(label, key, fmt::format("{} {}", key, to_string(list)),
             fmt::format("{} positive numbers", count));
  return false;
}

// Makes the padding explicit; false after a report.
bool resolve_padding(NodeTypes& types, const std::vector<Window>& windows) {
  Attributes& a = types.attributes();
  if (a.padding_kind == PaddingKind::kExplicit) {
    const bool good = a.padding.size() == windows.size() &&
                      std::all_of(a.padding.begin(), a.padding.end(), [](const auto& pair) {
                        return std::min(pair.first, pair.second) >= 0 &&
                               std::max(pair.first, pair.second) <= kLargest;
                      });
    if (good) return true;
    types.fail("SHP-PADDING", "padding", fmt::format("{} pairs", a.padding.size()),
               fmt::format("{} pairs [low, high] of numbers from 0", windows.size()));
    return false;
  }
  a.padding.clear();
  for (const Window& window : windows) {
    if (window.input_dilation != 1) {
      types.fail("SHP-PADDING", "padding", "a named padding together with lhs_dilation",
                 "explicit pairs where the input is dilated");
      return false;
    }
    a.padding.push_back(a.padding_kind == PaddingKind::kSame ? window.same_padding()
                                                             : std::make_pair(0L, 0L));
  }
  return true;
}

bool check_layout(NodeTypes& types, const std::vector<std::string>& layout) {
  const auto sorted = [](std::string text) {
    std::sort(text.begin(), text.end());
    return text;
  };
  const auto spatial = [&](const std::string& text, const char* roles) {
    std::string rest;
    for (const char c : sorted(text)) {
      if (c != roles[0] && c != roles[1]) rest += c;
    }
    return rest;
  };
  const bool three = layout.size() == 3;
  const std::array<const char*, 3> roles{"NC", "OI", "NC"};
  bool good = three;
  for (std::size_t i = 0; three && i < 3; ++i) {
    const std::string text = sorted(layout[i]);
    const bool distinct = std::adjacent_find(text.begin(), text.end()) == text.end();
    const std::string rest = spatial(layout[i], roles[i]);
    good = good && distinct && rest.size() + 2 == text.size() && !rest.empty() &&
           rest == spatial(layout[0], "NC");
  }
  if (!good) {
    types.fail("SHP-CONV", "dimension_numbers", "layouts that do not belong together",
               "three strings of distinct letters: lhs with N and C, rhs with O and I, result with "
               "N and C, and the same spatial letters in each",
               "for example [\"NHWC\", \"HWIO\", \"NHWC\"]");
    return false;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (layout[i].size() == types.shape(i).size()) continue;
    types.fail("SHP-CONV", "args",
               fmt::format("{} under the layout {}", types.describe(i), layout[i]),
               fmt::format("{} axes", layout[i].size()));
    return false;
  }
  return true;
}

bool check_features(NodeTypes& types, std::int64_t lhs_features, std::int64_t rhs_features,
                    std::int64_t out_features) {
  const std::int64_t groups = types.attributes().feature_group_count;
  if (groups < 1 || lhs_features % groups != 0 || lhs_features / groups != rhs_features) {
    types.fail("SHP-CONV", "args",
               fmt::format("lhs has {} features in {} groups, rhs takes {}", lhs_features, groups,
                           rhs_features),
               "lhs features = rhs input features * feature_group_count");
    return false;
  }
  if (out_features % groups != 0) {
    types.fail("SHP-CONV", "feature_group_count",
               fmt::format("{} output features in {} groups", out_features, groups),
               "a number of groups that divides the output features");
    return false;
  }
  return true;
}

}  // namespace

void infer_dot_general(NodeTypes& types) {
  if (!contractible(types)) return;
  const DotDimensionNumbers& dot = types.attributes().dot;
  if (!check_side(types, 0, dot.lhs_contract, dot.lhs_batch) ||
      !check_side(types, 1, dot.rhs_contract, dot.rhs_batch) ||
      !check_pairs(types, dot.lhs_contract, dot.rhs_contract, "contracting") ||
      !check_pairs(types, dot.lhs_batch, dot.rhs_batch, "batch")) {
    return;
  }
  Shape shape;
  for (const std::int64_t axis : dot.lhs_batch) shape.push_back(types.shape(0)[index(axis)]);
  append_rest(shape, types.shape(0), dot.lhs_contract, dot.lhs_batch);
  append_rest(shape, types.shape(1), dot.rhs_contract, dot.rhs_batch);
  types.result(is_code(types.dtype(0)) && is_code(types.dtype(1))
                   ? DType::kS32
                   : float_contraction_dtype(types.dtype(0), types.dtype(1)),
               shape);
}

void infer_einsum(NodeTypes& types) {
  const auto parsed = parse_einsum(types.attributes().equation);
  if (const auto* error = std::get_if<EinsumError>(&parsed)) {
    types.fail(error->label, "equation", error->fact,
               "two operands of distinct letters, \"ab,bc->ac\"");
    return;
  }
  if (types.arg_count() != 2) {
    types.fail("EIN-ARITY", "args", fmt::format("{} arguments", types.arg_count()),
               "exactly two operands");
    return;
  }
  if (!contractible(types)) return;
  const EinsumSubscripts& einsum = std::get<EinsumSubscripts>(parsed);
  std::map<char, std::int64_t> sizes;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string& letters = einsum.operands[i];
    if (letters.size() != types.shape(i).size()) {
      types.fail("SHP-EINSUM", "equation", fmt::format("'{}' for {}", letters, types.describe(i)),
                 "one letter per axis");
      return;
    }
    for (std::size_t axis = 0; axis < letters.size(); ++axis) {
      const std::int64_t size = types.shape(i)[axis];
      const auto [known, fresh] = sizes.try_emplace(letters[axis], size);
      if (!fresh && known->second != size) {
        types.fail("SHP-EINSUM", "args",
                   fmt::format("'{}' stands for {} and for {} elements", letters[axis],
                               known->second, size),
                   "one size per letter");
        return;
      }
    }
  }
  Shape shape;
  for (const char c : einsum.result) shape.push_back(sizes[c]);
  types.result(numerics::promote(types.dtype(0), types.dtype(1)), shape);
}

void infer_ragged_dot(NodeTypes& types) {
  for (const std::size_t arg : {std::size_t{0}, std::size_t{1}}) {
    if (numerics::is_arithmetic_float(types.dtype(arg))) continue;
    types.fail("QNT-DTYPE", "args", types.describe(arg),
               "f64, f32, f16 or bf16: only floats can be quantized", "insert a convert node");
    return;
  }
  const bool good = types.rank(0) == 2 && types.rank(1) == 3 && types.rank(2) == 1 &&
                    types.dtype(2) == DType::kS32 && types.shape(0)[1] == types.shape(1)[1] &&
                    types.shape(1)[0] == types.shape(2)[0];
  if (!good) {
    types.fail("SHP-RAGGED", "args",
               fmt::format("{}, {}, {}", types.describe(0), types.describe(1), types.describe(2)),
               "lhs [M, K], rhs [G, K, N], group_sizes [G] of s32");
    return;
  }
  types.result(float_contraction_dtype(types.dtype(0), types.dtype(1)),
               {types.shape(0)[0], types.shape(1)[2]});
}

void infer_conv(NodeTypes& types) {
  // Two float types meet only as codes: make_plan() refuses the rest.
  const bool floats = numerics::is_arithmetic_float(types.dtype(0)) &&
                      numerics::is_arithmetic_float(types.dtype(1));
  if (!floats && !(types.dtype(0) == types.dtype(1) && is_code(types.dtype(0)))) {
    types.fail("SHP-DTYPE", "args", fmt::format("{} with {}", types.describe(0), types.describe(1)),
               "floats, or one integer dtype of at most 8 bits", "insert a convert node");
    return;
  }
  Attributes& a = types.attributes();
  if (a.conv_layout.empty()) a.conv_layout = {"NHWC", "HWIO", "NHWC"};
  if (!check_layout(types, a.conv_layout)) return;
  const ConvLayout layout = conv_layout(a.conv_layout);
  const std::size_t count = layout.lhs.spatial.size();
  if (!spatial_list(types, "window_strides", a.window_strides, count, "SHP-CONV") ||
      !spatial_list(types, "lhs_dilation", a.lhs_dilation, count, "SHP-CONV") ||
      !spatial_list(types, "rhs_dilation", a.rhs_dilation, count, "SHP-CONV") ||
      !check_features(types, types.shape(0)[index(layout.lhs.second)],
                      types.shape(1)[index(layout.rhs.second)],
                      types.shape(1)[index(layout.rhs.first)])) {
    return;
  }
  std::vector<Window> windows;
  for (std::size_t i = 0; i < count; ++i) {
    windows.push_back({types.shape(0)[index(layout.lhs.spatial[i])], a.lhs_dilation[i],
                       types.shape(1)[index(layout.rhs.spatial[i])], a.rhs_dilation[i],
                       a.window_strides[i]});
  }
  if (!resolve_padding(types, windows)) return;
  Shape shape(types.shape(0).size());
  shape[index(layout.out.first)] = types.shape(0)[index(layout.lhs.first)];
  shape[index(layout.out.second)] = types.shape(1)[index(layout.rhs.first)];
  for (std::size_t i = 0; i < count; ++i) {
    shape[index(layout.out.spatial[i])] = windows[i].positions(a.padding[i]);
  }
  types.result(is_code(types.dtype(0)) ? DType::kS32 : types.dtype(0), shape);
}

void infer_pool(NodeTypes& types) {
  if (!types.float_argument(0)) return;
  Attributes& a = types.attributes();
  if (types.rank(0) != 4) {
    types.fail("SHP-POOL", "args", types.describe(0), "four axes: N, H, W, C");
    return;
  }
  if (a.strides.empty()) a.strides = a.window;
  if (!spatial_list(types, "window", a.window, 2, "SHP-POOL") ||
      !spatial_list(types, "strides", a.strides, 2, "SHP-POOL")) {
    return;
  }
  std::vector<Window> windows;
  for (std::size_t i = 0; i < 2; ++i) {
    windows.push_back({types.shape(0)[i + 1], 1, a.window[i], 1, a.strides[i]});
  }
  if (!resolve_padding(types, windows)) return;
  types.result(types.dtype(0), {types.shape(0)[0], windows[0].positions(a.padding[0]),
                                windows[1].positions(a.padding[1]), types.shape(0)[3]});
}

}  // namespace mxcheck::graph
