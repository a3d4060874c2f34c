// The window rule of POL-3, and the two alternative orders of the policy.
#include "sim/tensor/reduce.h"

#include <algorithm>

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

template <typename T, typename Add>
std::vector<T> sum_windows(std::vector<T> x, Shape shape, const std::vector<std::int64_t>& axes,
                           Add add) {
  const auto is_long = [&](std::size_t axis) {
    return contains(axes, axis) && shape[axis] > kWindow;
  };
  while (true) {
    bool any = false;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) any = any || is_long(axis);
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
    if (!any) return sums;
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
                      const std::vector<std::int64_t>& axes, Policy::ReduceOrder order, Add add) {
  const Shape kept = reduced_shape(shape, axes, true);
  const auto sums = static_cast<std::size_t>(*element_count(kept));
  const bool any_long = [&] {
    for (const std::int64_t axis : axes) {
      if (shape[static_cast<std::size_t>(axis)] > kWindow) return true;
    }
    return false;
  }();
  if (order == Policy::ReduceOrder::kWindows32 && any_long) {
    return sum_windows(x, shape, axes, add);
  }
  const std::vector<std::int64_t> map = reduction_map(shape, axes);
  if (order != Policy::ReduceOrder::kPairwise) return sum_by_map(x, map, sums, add);
  std::vector<std::vector<T>> groups(sums);
  for (std::size_t i = 0; i < x.size(); ++i) {
    groups[static_cast<std::size_t>(map[i])].push_back(x[i]);
  }
  std::vector<T> out;
  for (const std::vector<T>& group : groups) {
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
  return reduce(x, shape, axes, order, add);
}

std::vector<double> reduce_sum(const std::vector<double>& x, const Shape& shape,
                               const std::vector<std::int64_t>& axes, Policy::ReduceOrder order,
                               AddF64 add) {
  return reduce(x, shape, axes, order, add);
}

}  // namespace mxcheck::tensor
