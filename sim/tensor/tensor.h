// Tensor: a dtype, a shape and row-major elements in memory. A value type: copies share the bytes
// until one of them is written. The first element is at the begin of a cache line.
//
// Elements are stored as the dtype's own bits (dtypes.def); sub-byte types take a byte each, s4
// sign-extended. Typed access is by storage type: float, double, std::uint16_t (f16, bf16 bits),
// std::int8_t, std::uint8_t, ...; load() and store() convert exactly through double or int64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/base/aligned.h"
#include "sim/base/check.h"
#include "sim/numerics/dtype.h"

namespace mxcheck::tensor {

using numerics::DType;
using Shape = std::vector<std::int64_t>;

// Number of elements; nullopt if a dimension is negative or the product exceeds 2^40.
[[nodiscard]] std::optional<std::int64_t> element_count(const Shape& shape);
[[nodiscard]] std::string to_string(const Shape& shape);  // "[4, 16]"

// Elements of one dimension step, row-major.
[[nodiscard]] std::vector<std::int64_t> row_major_strides(const Shape& shape);
// The index of element `position` of a row-major tensor.
[[nodiscard]] std::vector<std::int64_t> unravel(std::int64_t position, const Shape& shape);

class Tensor {
 public:
  Tensor() : Tensor(DType::kF32, {0}) {}
  // Zero-filled.
  Tensor(DType dtype, Shape shape);

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t rank() const { return static_cast<std::int64_t>(shape_.size()); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::int64_t dim(std::int64_t axis) const {
    return shape_[static_cast<std::size_t>(axis)];
  }
  [[nodiscard]] std::size_t byte_size() const { return bytes_->size(); }

  [[nodiscard]] std::span<const std::byte> bytes() const { return *bytes_; }
  [[nodiscard]] std::span<std::byte> mutable_bytes();

  // T must have the storage width of the dtype.
  template <typename T>
  [[nodiscard]] std::span<const T> data() const {
    check_width(sizeof(T));
    return {reinterpret_cast<const T*>(bytes_->data()), static_cast<std::size_t>(size_)};
  }
  template <typename T>
  [[nodiscard]] std::span<T> mutable_data() {
    check_width(sizeof(T));
    return {reinterpret_cast<T*>(mutable_bytes().data()), static_cast<std::size_t>(size_)};
  }

  // Exact value of a float element (any float dtype).
  [[nodiscard]] double load(std::int64_t i) const;
  // Exact value of an integer or pred element.
  [[nodiscard]] std::int64_t load_int(std::int64_t i) const;
  // Rounds to the dtype (RNE; f32 not flushed); float dtypes only.
  void store(std::int64_t i, double value);
  // Must be in range; integer dtypes and pred.
  void store_int(std::int64_t i, std::int64_t value);
  // The stored bit pattern of element i, zero-extended.
  [[nodiscard]] std::uint64_t bits(std::int64_t i) const;
  void set_bits(std::int64_t i, std::uint64_t pattern);

  // The same elements under another shape of equal size.
  [[nodiscard]] Tensor reshaped(Shape shape) const;

 private:
  void check_width(std::size_t width) const {
    MXCHECK_CHECK(width == static_cast<std::size_t>(numerics::byte_width(dtype_)),
                  numerics::name(dtype_));
  }

  DType dtype_;
  Shape shape_;
  std::int64_t size_ = 0;
  std::shared_ptr<base::AlignedVector<std::byte>> bytes_;
};

// Same dtype, shape and bits, where any NaN equals any NaN.
[[nodiscard]] bool identical(const Tensor& a, const Tensor& b);
// Are elements i of a and b the same bits, or both NaN?  Same dtype.
[[nodiscard]] bool same_element(const Tensor& a, const Tensor& b, std::int64_t i);

// Axis i of the result is axis permutation[i] of x.
[[nodiscard]] Tensor transpose(const Tensor& x, const std::vector<std::int64_t>& permutation);

}  // namespace mxcheck::tensor
