// The window rule of POL-3, and the two alternative orders of the policy.
#include "sim/tensor/reduce.h"

#include <algorithm>
#include <optional>

#include "sim/numerics/arithmetic.h"

namespace mxcheck::tensor {
namespace {

using numerics::Policy;

constexpr std::int64_t kWindow = 32;

bool contains(const std::vector<std::int64_t>& axes, std::size_t axis) {
  return std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(axis)) != axes.end();
}

// Row-major pass over x, each element added to the sum its map entry names.
template <typename T, typename Add>
std::vector<T> sum_by_map(const std::vector<T>& x, const std::vector<std::int64_t>& map,
                          std::size_t sums, Add add) {
  std::vector<T> out(sums, T(0));
  for (std::size_t i = 0; i < x.size(); ++i) {
    T& sum = out[static_cast<std::size_t>(map[i])];
    sum = add(sum, x[i]);
  }
  return out;
}

// The two innermost reduced axes longer than one, and the kept elements behind the outer of them.
struct InnerLoops {
  bool nested = false;
  std::int64_t p = 1, b = 1, kept = 1;
};

InnerLoops inner_loops(const Shape& shape, const std::vector<std::int64_t>& axes) {
  InnerLoops loops;
  std::size_t inner = shape.size();
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (!contains(axes, axis)) {
      loops.kept *= shape[axis];
    } else if (shape[axis] > 1 && inner == shape.size()) {
      inner = axis;
      loops.b = shape[axis];
    } else if (shape[axis] > 1) {
      loops.p = shape[axis];
      loops.nested = true;
      return loops;
    }
  }
  return loops;
}

// Whose lanes a nest may be spread over.
enum class Lanes { kNone, kF32, kF16 };

// Which nests the recording host (256-bit vectors) spreads over lanes.
bool laned(const InnerLoops& loops, Lanes lanes) {
  const std::int64_t p = loops.p;
  const std::int64_t b = loops.b;
  if (lanes == Lanes::kNone || !loops.nested || b > 8) return false;
  if (p != 2 && p != 4 && p % 8 != 0) return false;
  if (loops.kept == 1) return true;
  const bool power_of_two = (loops.kept & (loops.kept - 1)) == 0;
  if (lanes == Lanes::kF32) return b == 2 && p <= 8 && power_of_two;
  return b <= 3 || (b == 4 && (p > 2 || power_of_two)) || (b == 5 && (p == 8 || p == 16));
}

std::int64_t lane_count(const InnerLoops& loops, Lanes lanes) {
  if (lanes == Lanes::kF32) return std::min<std::int64_t>(loops.p, loops.b > 6 ? 4 : 8);
  if (loops.p <= 16) return loops.p;
  return loops.p % 16 == 0 && loops.b <= 6 ? 16 : 8;
}

// One laned sum over x, the reduced elements in row-major order.
template <typename T, typename Add>
T sum_lanes(const std::vector<T>& x, const InnerLoops& loops, std::int64_t width, Add add) {
  T acc = 0;
  std::vector<T> lanes(static_cast<std::size_t>(width));
  const T* next = x.data();
  const T* const end = next + x.size();
  while (next != end) {
    std::fill(lanes.begin(), lanes.end(), T(0));
    lanes[0] = acc;
    for (std::int64_t row = 0; row < loops.p; ++row) {
      T& lane = lanes[static_cast<std::size_t>(row % width)];
      for (std::int64_t i = 0; i < loops.b; ++i) lane = add(lane, *next++);
    }
    for (std::size_t half = lanes.size() / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes[i] = add(lanes[i], lanes[i + half]);
    }
    acc = lanes[0];
  }
  return acc;
}

template <typename T>
std::vector<std::vector<T>> group_by_map(const std::vector<T>& x,
                                         const std::vector<std::int64_t>& map, std::size_t sums) {
  std::vector<std::vector<T>> groups(sums);
  for (std::size_t i = 0; i < x.size(); ++i) {
    groups[static_cast<std::size_t>(map[i])].push_back(x[i]);
  }
  return groups;
}

// A sum whose reduced axes all fit in one window.
template <typename T, typename Add>
std::vector<T> sum_nest(const std::vector<T>& x, const Shape& shape,
                        const std::vector<std::int64_t>& axes, Add add, Lanes lanes) {
  const std::vector<std::int64_t> map = reduction_map(shape, axes);
  const auto sums = static_cast<std::size_t>(*element_count(reduced_shape(shape, axes, true)));
  const InnerLoops loops = inner_loops(shape, axes);
  if (!laned(loops, lanes)) return sum_by_map(x, map, sums, add);
  const std::int64_t width = lane_count(loops, lanes);
  std::vector<T> out;
  for (const std::vector<T>& group : group_by_map(x, map, sums)) {
    out.push_back(sum_lanes(group, loops, width, add));
  }
  return out;
}

// The shape with every long reduced axis split in (count, 32), and the axes one pass reduces;
// nullopt if a window would need padding.
struct SplitWindows {
  Shape shape;
  std::vector<std::int64_t> axes;
};

std::optional<SplitWindows> split_windows(const Shape& shape,
                                          const std::vector<std::int64_t>& axes) {
  SplitWindows split;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool reduced = contains(axes, axis);
    if (reduced && shape[axis] > kWindow) {
      if (shape[axis] % kWindow != 0) return std::nullopt;
      split.shape.push_back(shape[axis] / kWindow);
      split.shape.push_back(kWindow);
    } else {
      split.shape.push_back(shape[axis]);
    }
    if (reduced) split.axes.push_back(static_cast<std::int64_t>(split.shape.size()) - 1);
  }
  return split;
}

template <typename T, typename Add>
std::vector<T> sum_windows(std::vector<T> x, Shape shape, const std::vector<std::int64_t>& axes,
                           Add add, Lanes lanes) {
  const auto is_long = [&](std::size_t axis) {
    return contains(axes, axis) && shape[axis] > kWindow;
  };
  while (true) {
    bool any = false;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) any = any || is_long(axis);
    if (!any) return sum_nest(x, shape, axes, add, lanes);
    if (const std::optional<SplitWindows> split = split_windows(shape, axes)) {
      // Windows without padding are a nest of their own.
      x = sum_nest(x, split->shape, split->axes, add, lanes);
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (contains(axes, axis)) shape[axis] = is_long(axis) ? shape[axis] / kWindow : 1;
      }
      continue;
    }
    // Where a sum of this pass begins: window index on long axes, 0 on short ones.
    Shape next = shape;
    std::vector<std::int64_t> front(shape.size(), 0);
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (!contains(axes, axis)) continue;
      next[axis] = 1;
      if (!is_long(axis)) continue;
      next[axis] = (shape[axis] + kWindow - 1) / kWindow;
      front[axis] = (next[axis] * kWindow - shape[axis]) / 2;
    }
    const std::vector<std::int64_t> strides = row_major_strides(next);
    std::vector<std::int64_t> index(shape.size(), 0);
    std::vector<T> sums(static_cast<std::size_t>(*element_count(next)), T(0));
    for (const T& value : x) {
      std::int64_t target = 0;
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        std::int64_t at = index[axis];
        if (contains(axes, axis)) at = is_long(axis) ? (at + front[axis]) / kWindow : 0;
        target += at * strides[axis];
      }
      T& sum = sums[static_cast<std::size_t>(target)];
      sum = add(sum, value);
      for (std::size_t axis = shape.size(); axis-- > 0;) {
        if (++index[axis] < shape[axis]) break;
        index[axis] = 0;
      }
    }
    x = std::move(sums);
    shape = next;
  }
}

template <typename T, typename Add>
T sum_pairwise(const T* x, std::size_t n, Add add) {
  if (n == 0) return T(0);
  if (n == 1) return x[0];
  return add(sum_pairwise(x, n / 2, add), sum_pairwise(x + n / 2, n - n / 2, add));
}

template <typename T, typename Add>
std::vector<T> reduce(const std::vector<T>& x, const Shape& shape,
                      const std::vector<std::int64_t>& axes, Policy::ReduceOrder order, Add add,
                      Lanes lanes) {
  if (order == Policy::ReduceOrder::kWindows32) return sum_windows(x, shape, axes, add, lanes);
  const std::vector<std::int64_t> map = reduction_map(shape, axes);
  const auto sums = static_cast<std::size_t>(*element_count(reduced_shape(shape, axes, true)));
  if (order == Policy::ReduceOrder::kAscending) return sum_by_map(x, map, sums, add);
  std::vector<T> out;
  for (const std::vector<T>& group : group_by_map(x, map, sums)) {
    out.push_back(sum_pairwise(group.data(), group.size(), add));
  }
  return out;
}

}  // namespace

Shape reduced_shape(const Shape& shape, const std::vector<std::int64_t>& axes, bool keepdims) {
  Shape out;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (!contains(axes, axis)) {
      out.push_back(shape[axis]);
    } else if (keepdims) {
      out.push_back(1);
    }
  }
  return out;
}

std::vector<std::int64_t> reduction_map(const Shape& shape, const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> strides = row_major_strides(reduced_shape(shape, axes, true));
  for (const std::int64_t axis : axes) strides[static_cast<std::size_t>(axis)] = 0;
  std::vector<std::int64_t> out(static_cast<std::size_t>(*element_count(shape)));
  std::vector<std::int64_t> index(shape.size(), 0);
  std::int64_t at = 0;
  for (std::int64_t& entry : out) {
    entry = at;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

std::vector<float> reduce_sum(const std::vector<float>& x, const Shape& shape,
                              const std::vector<std::int64_t>& axes, Policy::ReduceOrder order,
                              AddF32 add) {
  const Lanes lanes = add == &rounded_add<numerics::ArithmeticF32>   ? Lanes::kF32
                      : add == &rounded_add<numerics::ArithmeticF16> ? Lanes::kF16
                                                                     : Lanes::kNone;
  return reduce(x, shape, axes, order, add, lanes);
}

std::vector<double> reduce_sum(const std::vector<double>& x, const Shape& shape,
                               const std::vector<std::int64_t>& axes, Policy::ReduceOrder order,
                               AddF64 add) {
  return reduce(x, shape, axes, order, add, Lanes::kNone);
}

bool host_dependent(const Shape& shape, const std::vector<std::int64_t>& axes) {
  const InnerLoops loops = inner_loops(shape, axes);
  if (!loops.nested || loops.b > kWindow) return loops.nested && loops.b > kWindow;
  return loops.p == 2 || loops.p == 4 || loops.p % 8 == 0 || loops.p > kWindow;
}

}  // namespace mxcheck::tensor
