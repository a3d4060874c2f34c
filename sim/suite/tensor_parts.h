// Parts of tensors for relations between runs: positions along one axis taken, in any order.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/tensor/tensor.h"

namespace mxcheck::suite {

// x with its positions along `axis` replaced by those listed: a permutation, a half, a choice.
[[nodiscard]] tensor::Tensor taken(const tensor::Tensor& x, std::int64_t axis,
                                   const std::vector<std::int64_t>& positions);
// first, first + 1, ..., end - 1
[[nodiscard]] std::vector<std::int64_t> positions(std::int64_t first, std::int64_t end);

}  // namespace mxcheck::suite
