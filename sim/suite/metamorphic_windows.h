// When a power of two must pass through a quantized product exactly. A float operation commutes
// with an exact scaling as long as neither side leaves the normal range of its dtype, so the
// conditions are windows on operands, ranges, scales and factors, and the guard SCL-3. Each
// function says why nothing need follow; "" if it must.
#pragma once

#include <optional>
#include <string>

#include "sim/suite/operands.h"

namespace mxcheck::suite {

using tensor::Tensor;

// x times 2^power, stored in its dtype.
[[nodiscard]] Tensor scaled(const Tensor& x, int power);
[[nodiscard]] bool finite(const Tensor& x);
// Every finite value that is not zero is normal, and a quarter of the largest number at most,
// before and after it is multiplied by 2^power.
[[nodiscard]] bool normal(const Tensor& x, int power);

// Why codes need not stay and scales need not scale when an array is multiplied by 2^power.
[[nodiscard]] std::string quantization_obstacle(const QuantizationView& view, int power);

// One side of a product: codes with a scale, or an array as it is; neither for raw codes.
struct Factor {
  const Tensor* raw = nullptr;
  const Tensor* scale = nullptr;
  std::optional<graph::QuantizePlan> how;
  int power = 0;
};
// Why the result need not scale with the product of both powers.
[[nodiscard]] std::string product_obstacle(const Factor& a, const Factor& b);

}  // namespace mxcheck::suite
