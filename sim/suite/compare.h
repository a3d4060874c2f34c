// Two tensors compared in one of the two classes: EXACT (same bits, any NaN equals any NaN) or
// BOUND
// (|a - b| at most a bound computed per element; a bound of 0 demands equality).
//
// Golden files store int4 as I8 and uint4 and fp4 patterns as U8; both sides are brought to that
// storage type before they are compared.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "reports/model.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::suite {

using tensor::Tensor;

// The largest allowed |ours - theirs| of element i.
using BoundOf = std::function<double(std::int64_t)>;

struct Comparison {
  bool comparable = true;     // same storage type and shape
  bool equal = true;          // in bits
  bool within = true;         // in the class asked for
  reports::Finding finding;   // filled when not equal
  double worst_fraction = 0;  // error / bound
};

// `bound` empty: class EXACT.
[[nodiscard]] Comparison compare(const std::string& name, const Tensor& ours, const Tensor& theirs,
                                 const BoundOf& bound);

// The tensor as a golden file stores it: s4 as s8, u4 and f4e2m1fn as u8.
[[nodiscard]] Tensor as_stored(const Tensor& value);

// Distance in representable values of a float dtype; nullopt if either is NaN, or for integers.
[[nodiscard]] std::optional<std::uint64_t> ulp_distance(const Tensor& a, const Tensor& b,
                                                        std::int64_t i);

// Element i printed so that it reads back to the same bits, and its bits in hex.
[[nodiscard]] std::string value_text(const Tensor& value, std::int64_t i);
[[nodiscard]] std::string bits_text(const Tensor& value, std::int64_t i);

}  // namespace mxcheck::suite
