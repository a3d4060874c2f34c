// Row-major, ascending from 0, every addition rounded on integers.
#include "golden/reference/operand_sum.h"

#include <algorithm>

#include "golden/reference/exact_rounding.h"
#include "golden/reference/quantized_view.h"

namespace mxcheck::reference {

std::optional<Tensor> operand_sum(const Tensor& x, const std::vector<std::int64_t>& axes,
                                  DType dtype) {
  if (dtype != DType::kF32 && dtype != DType::kF64) return std::nullopt;
  Shape kept = x.shape(), removed;
  int long_axes = 0;
  for (std::size_t axis = 0; axis < kept.size(); ++axis) {
    const auto a = static_cast<std::int64_t>(axis);
    if (std::find(axes.begin(), axes.end(), a) == axes.end()) {
      removed.push_back(kept[axis]);
      continue;
    }
    long_axes += kept[axis] > 1 ? 1 : 0;
    if (kept[axis] > 32) return std::nullopt;
    kept[axis] = 1;
  }
  if (long_axes > 1) return std::nullopt;
  Tensor out(dtype, removed);
  const std::vector<std::int64_t> position = broadcast_positions(x.shape(), kept);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t at = position[static_cast<std::size_t>(i)];
    const double term = round_to(dtype, x.load(i));
    out.store(at, long_axes == 0 ? term : exact_add(dtype, out.load(at), term));
  }
  return out;
}

}  // namespace mxcheck::reference
