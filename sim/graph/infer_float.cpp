// Shape rules of float and layout ops (numpy's, with nothing guessed): one dtype for the operands
// of an arithmetic op, axes counted from the end where negative. Labels: SHP-BROADCAST, SHP-AXIS,
// SHP-NORM, SHP-RESHAPE, SHP-CONCAT, SHP-SLICE, SHP-DTYPE, SHP-EQUAL, SHP-LABELS.
#include <fmt/format.h>

#include <algorithm>

#include "sim/graph/shape_rules.h"

namespace mxcheck::graph {
namespace {

using tensor::to_string;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Fills the one -1 of a reshape.
bool resolve_free_axis(NodeTypes& types, Shape& shape, std::int64_t count) {
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::int64_t& dim : shape) {
    if (dim == -1 && open == nullptr) {
      open = &dim;
    } else if (dim < 1 || dim > count) {
      types.fail(
          "SHP-RESHAPE", "shape", fmt::format("dimension {} of {}", dim, to_string(shape)),
          fmt::format("positive dimensions with {} elements in all, one of them may be -1", count));
      return false;
    } else {
      known = std::min(known * dim, count + 1);
    }
  }
  if (open != nullptr && count % known == 0) *open = count / known;
  return true;
}

}  // namespace

void infer_binary(NodeTypes& types) {
  if (!types.same_float()) return;
  const std::optional<Shape> shape = broadcast_shapes(types.shape(0), types.shape(1));
  if (!shape) {
    types.fail("SHP-BROADCAST", "args",
               fmt::format("{} with {}", types.describe(0), types.describe(1)),
               "from the last axis backwards, equal dimensions or 1");
    return;
  }
  types.result(types.dtype(0), *shape);
}

void infer_unary(NodeTypes& types) {
  if (types.op() != Op::stop_gradient && !types.float_argument(0)) return;
  types.result(types.dtype(0), types.shape(0));
}

void infer_reduce(NodeTypes& types) {
  if (!types.float_argument(0)) return;
  Attributes& attributes = types.attributes();
  const std::optional<Axes> axes = types.axes("axes", attributes.axes, types.rank(0));
  if (!axes) return;
  attributes.axes = *axes;
  Shape shape;
  for (std::int64_t axis = 0; axis < types.rank(0); ++axis) {
    const bool reduced = std::find(axes->begin(), axes->end(), axis) != axes->end();
    if (!reduced) shape.push_back(types.shape(0)[static_cast<std::size_t>(axis)]);
    if (reduced && attributes.keepdims) shape.push_back(1);
  }
  types.result(types.dtype(0), shape);
}

void infer_softmax(NodeTypes& types) {
  if (!types.float_argument(0)) return;
  const auto axis = types.axis("axis", types.attributes().axis, types.rank(0));
  if (!axis) return;
  types.attributes().axis = *axis;
  types.result(types.dtype(0), types.shape(0));
}

void infer_norm(NodeTypes& types) {
  if (!types.same_float()) return;
  for (std::size_t i = 1; i < types.arg_count(); ++i) {
    if (types.rank(0) > 0 && types.shape(i) == Shape{types.shape(0).back()}) continue;
    types.fail("SHP-NORM", "args", fmt::format("{} with {}", types.describe(0), types.describe(i)),
               "scale and bias as long as the last axis of x");
    return;
  }
  types.result(types.dtype(0), types.shape(0));
}

void infer_reshape(NodeTypes& types) {
  const std::int64_t count = *tensor::element_count(types.shape(0));
  Shape& shape = types.attributes().shape;
  if (!resolve_free_axis(types, shape, count)) return;
  if (tensor::element_count(shape) != count) {
    types.fail("SHP-RESHAPE", "shape", fmt::format("{} elements into {}", count, to_string(shape)),
               "as many elements");
    return;
  }
  types.result(types.dtype(0), shape);
}

void infer_transpose(NodeTypes& types) {
  Axes& permutation = types.attributes().permutation;
  const std::optional<Axes> axes = types.axes("permutation", permutation, types.rank(0));
  if (!axes) return;
  if (static_cast<std::int64_t>(axes->size()) != types.rank(0)) {
    types.fail("SHP-AXIS", "permutation",
               fmt::format("{} axes for {}", axes->size(), types.describe(0)), "every axis once");
    return;
  }
  permutation = *axes;
  Shape shape;
  for (const std::int64_t axis : permutation) {
    shape.push_back(types.shape(0)[static_cast<std::size_t>(axis)]);
  }
  types.result(types.dtype(0), shape);
}

void infer_broadcast_to(NodeTypes& types) {
  const Shape& shape = types.attributes().shape;
  const bool positive = std::all_of(shape.begin(), shape.end(), [](auto dim) { return dim > 0; });
  if (!positive || broadcast_shapes(types.shape(0), shape) != shape) {
    types.fail("SHP-BROADCAST", "shape",
               fmt::format("{} to {}", types.describe(0), to_string(shape)),
               "from the last axis backwards, equal dimensions or 1 in x");
    return;
  }
  types.result(types.dtype(0), shape);
}

void infer_concatenate(NodeTypes& types) {
  const auto axis = types.axis("axis", types.attributes().axis, types.rank(0));
  if (!axis) return;
  types.attributes().axis = *axis;
  const auto at = static_cast<std::size_t>(*axis);
  Shape shape = types.shape(0);
  for (std::size_t i = 1; i < types.arg_count(); ++i) {
    Shape expected = types.shape(0);
    if (types.rank(i) == types.rank(0)) expected[at] = types.shape(i)[at];
    if (types.dtype(i) != types.dtype(0) || types.shape(i) != expected) {
      types.fail("SHP-CONCAT", "args", fmt::format("{}, {}", types.describe(0), types.describe(i)),
                 fmt::format("one dtype, and equal dimensions except on axis {}", *axis));
      return;
    }
    shape[at] += types.shape(i)[at];
  }
  types.result(types.dtype(0), shape);
}

void infer_slice(NodeTypes& types) {
  Attributes& a = types.attributes();
  if (a.strides.empty()) a.strides.assign(types.shape(0).size(), 1);
  const std::size_t rank = types.shape(0).size();
  if (a.start.size() != rank || a.limit.size() != rank || a.strides.size() != rank) {
    types.fail("SHP-SLICE", "start",
               fmt::format("{} starts, {} limits, {} strides for {}", a.start.size(),
                           a.limit.size(), a.strides.size(), types.describe(0)),
               "one of each for every axis");
    return;
  }
  Shape shape;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool inside = a.start[i] >= 0 && a.start[i] < a.limit[i] &&
                        a.limit[i] <= types.shape(0)[i] && a.strides[i] > 0;
    if (!inside) {
      types.fail("SHP-SLICE", "start",
                 fmt::format("[{}:{}:{}] on axis {} of {}", a.start[i], a.limit[i], a.strides[i], i,
                             types.describe(0)),
                 "0 <= start < limit <= dimension, and a positive stride");
      return;
    }
    shape.push_back(ceil_div(a.limit[i] - a.start[i], a.strides[i]));
  }
  types.result(types.dtype(0), shape);
}

void infer_convert(NodeTypes& types) { types.result(types.attributes().dtype, types.shape(0)); }

void infer_take(NodeTypes& types) {
  if (!numerics::is_integer(types.dtype(1))) {
    types.fail("SHP-DTYPE", "args", types.describe(1), "ids of an integer dtype");
    return;
  }
  const auto axis = types.axis("axis", types.attributes().axis, types.rank(0));
  if (!axis) return;
  types.attributes().axis = *axis;
  const Shape& table = types.shape(0);
  Shape shape(table.begin(), table.begin() + *axis);
  shape.insert(shape.end(), types.shape(1).begin(), types.shape(1).end());
  shape.insert(shape.end(), table.begin() + *axis + 1, table.end());
  types.result(types.dtype(0), shape);
}

void infer_select(NodeTypes& types) {
  if (types.dtype(0) != DType::kPred || types.dtype(1) != types.dtype(2)) {
    types.fail("SHP-DTYPE", "args",
               fmt::format("{}, {}, {}", types.describe(0), types.describe(1), types.describe(2)),
               "a pred, and two values of one dtype");
    return;
  }
  const std::optional<Shape> values = broadcast_shapes(types.shape(1), types.shape(2));
  const std::optional<Shape> shape =
      values ? broadcast_shapes(types.shape(0), *values) : std::nullopt;
  if (!shape) {
    types.fail("SHP-BROADCAST", "args",
               fmt::format("{}, {}, {}", types.describe(0), types.describe(1), types.describe(2)),
               "from the last axis backwards, equal dimensions or 1");
    return;
  }
  types.result(types.dtype(1), *shape);
}

void infer_mse(NodeTypes& types) {
  if (!types.same_float()) return;
  if (types.shape(0) != types.shape(1)) {
    types.fail("SHP-EQUAL", "args", fmt::format("{} with {}", types.describe(0), types.describe(1)),
               "two arrays of one shape");
    return;
  }
  types.result(types.dtype(0), {});
}

void infer_cross_entropy(NodeTypes& types) {
  if (!types.float_argument(0)) return;
  Shape rows = types.shape(0);
  if (!rows.empty()) rows.pop_back();
  if (types.shape(0).empty() || types.shape(1) != rows || types.dtype(1) != DType::kS32) {
    types.fail("SHP-LABELS", "args",
               fmt::format("{} with {}", types.describe(0), types.describe(1)),
               "s32 labels with the shape of logits without its last axis");
    return;
  }
  types.result(types.dtype(0), {});
}

}  // namespace mxcheck::graph
