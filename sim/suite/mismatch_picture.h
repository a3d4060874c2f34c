// What is looked at where two tensors differ: a window around an element, and how far apart the
// elements are, counted by size. For reports; nothing is judged here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reports/detail.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::suite {

// At most 5 rows of 8 elements along the last two axes, around element `center`. Both tensors have
// one dtype and shape.
[[nodiscard]] reports::Window window_around(const tensor::Tensor& ours,
                                            const tensor::Tensor& theirs, std::int64_t center);

// Counts differences by sign and size: powers of two between integers, powers of ten between
// floats; distances in representable values by powers of two.
class DifferenceCounter {
 public:
  void add(const tensor::Tensor& ours, const tensor::Tensor& theirs, std::int64_t i);
  // From the most negative to the most positive, no gaps; floats to twelve decades below the
  // largest, smaller ones with the last.
  [[nodiscard]] std::vector<reports::Bin> deltas() const;
  [[nodiscard]] std::vector<reports::Bin> ulps() const;

 private:
  bool floats_ = false;
  std::int64_t not_finite_ = 0;
  std::map<int, std::int64_t> below_, above_;  // by exponent: sim < expected, sim > expected
  std::map<int, std::int64_t> ulps_;
};

}  // namespace mxcheck::suite
