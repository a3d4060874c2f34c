// Storage, exact element access and layout changes of tensors; no arithmetic.
#include "sim/tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sim/numerics/small_float.h"

namespace mxcheck::tensor {
namespace {

using numerics::SmallFloatFormat;

const SmallFloatFormat* small_format(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return &numerics::kFormatF16;
    case DType::kBF16:
      return &numerics::kFormatBF16;
    case DType::kF8E4M3FN:
      return &numerics::kFormatF8E4M3FN;
    case DType::kF8E5M2:
      return &numerics::kFormatF8E5M2;
    case DType::kF4E2M1FN:
      return &numerics::kFormatF4E2M1FN;
    default:
      return nullptr;
  }
}

// A plane of the target: its last axis and the one that is contiguous in the source, if that is
// another one. Some rows of the plane at once, so that a cache line of the source is used whole.
struct Plane {
  std::int64_t rows = 1, columns = 1;
  std::int64_t from_row = 0, from_column = 0;  // strides of the source
  std::int64_t to_row = 0;
};

template <typename T>
void copy_plane(const Plane& plane, const T* from, T* to) {
  constexpr std::int64_t kRows = 16;
  for (std::int64_t first = 0; first < plane.rows; first += kRows) {
    const std::int64_t end = std::min(first + kRows, plane.rows);
    for (std::int64_t j = 0; j < plane.columns; ++j) {
      for (std::int64_t i = first; i < end; ++i) {
        to[i * plane.to_row + j] = from[i * plane.from_row + j * plane.from_column];
      }
    }
  }
}

template <typename T>
void permute(const Tensor& x, const std::vector<std::int64_t>& permutation, Tensor& out) {
  if (out.size() == 0) return;
  const std::size_t last = permutation.size() - 1;  // not the identity, so there are two axes
  const std::vector<std::int64_t> from_strides = row_major_strides(x.shape());
  const std::vector<std::int64_t> to_strides = row_major_strides(out.shape());
  const auto from_stride = [&](std::size_t axis) {
    return from_strides[static_cast<std::size_t>(permutation[axis])];
  };
  Plane plane;
  plane.columns = out.shape()[last];
  plane.from_column = from_stride(last);
  std::vector<std::size_t> outer;
  for (std::size_t axis = 0; axis < last; ++axis) {
    if (permutation[axis] != static_cast<std::int64_t>(last)) {
      outer.push_back(axis);
      continue;
    }
    plane.rows = out.shape()[axis];
    plane.from_row = from_stride(axis);
    plane.to_row = to_strides[axis];
  }
  std::vector<std::int64_t> index(outer.size(), 0);
  const T* source = x.data<T>().data();
  T* target = out.mutable_data<T>().data();
  std::int64_t from = 0, to = 0;  // where the plane begins
  for (std::int64_t planes = out.size() / (plane.rows * plane.columns); planes > 0; --planes) {
    copy_plane(plane, source + from, target + to);
    for (std::size_t k = outer.size(); k-- > 0;) {
      const std::size_t axis = outer[k];
      from += from_stride(axis);
      to += to_strides[axis];
      if (++index[k] < out.shape()[axis]) break;
      from -= from_stride(axis) * out.shape()[axis];
      to -= to_strides[axis] * out.shape()[axis];
      index[k] = 0;
    }
  }
}

}  // namespace

std::optional<std::int64_t> element_count(const Shape& shape) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 40;
  std::int64_t count = 1;
  bool empty = false;
  for (const std::int64_t dim : shape) {
    if (dim < 0 || dim > kLargest) return std::nullopt;
    if (dim == 0) empty = true;
    if (dim != 0 && count > kLargest / dim) return std::nullopt;
    if (dim != 0) count *= dim;
  }
  return empty ? 0 : count;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::vector<std::int64_t> row_major_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) {
    strides[axis - 1] = strides[axis] * shape[axis];
  }
  return strides;
}

std::vector<std::int64_t> unravel(std::int64_t position, const Shape& shape) {
  std::vector<std::int64_t> index(shape.size(), 0);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return index;
}

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  const std::optional<std::int64_t> count = element_count(shape_);
  MXCHECK_CHECK(count.has_value(), to_string(shape_));
  size_ = *count;
  bytes_ = std::make_shared<base::AlignedVector<std::byte>>(
      static_cast<std::size_t>(size_ * numerics::byte_width(dtype)));
}

std::span<std::byte> Tensor::mutable_bytes() {
  if (bytes_.use_count() > 1) bytes_ = std::make_shared<base::AlignedVector<std::byte>>(*bytes_);
  return *bytes_;
}

std::uint64_t Tensor::bits(std::int64_t i) const {
  std::uint64_t out = 0;
  const auto width = static_cast<std::size_t>(numerics::byte_width(dtype_));
  std::memcpy(&out, bytes_->data() + static_cast<std::size_t>(i) * width, width);
  return out;
}

void Tensor::set_bits(std::int64_t i, std::uint64_t pattern) {
  const auto width = static_cast<std::size_t>(numerics::byte_width(dtype_));
  std::memcpy(mutable_bytes().data() + static_cast<std::size_t>(i) * width, &pattern, width);
}

double Tensor::load(std::int64_t i) const {
  const auto at = static_cast<std::size_t>(i);
  if (dtype_ == DType::kF32) return data<float>()[at];
  if (dtype_ == DType::kF64) return data<double>()[at];
  const SmallFloatFormat* format = small_format(dtype_);
  MXCHECK_CHECK(format != nullptr, "load() of a non-float tensor");
  return numerics::decode(*format, static_cast<std::uint32_t>(bits(i)));
}

std::int64_t Tensor::load_int(std::int64_t i) const {
  const auto at = static_cast<std::size_t>(i);
  switch (dtype_) {
    case DType::kS64:
      return data<std::int64_t>()[at];
    case DType::kS32:
      return data<std::int32_t>()[at];
    case DType::kS16:
      return data<std::int16_t>()[at];
    case DType::kS8:
    case DType::kS4:
      return data<std::int8_t>()[at];
    case DType::kU32:
      return data<std::uint32_t>()[at];
    case DType::kU8:
    case DType::kU4:
    case DType::kPred:
      return data<std::uint8_t>()[at];
    default:
      break;
  }
  MXCHECK_CHECK(false, "load_int() of a float tensor");
  return 0;
}

void Tensor::store(std::int64_t i, double value) {
  const auto at = static_cast<std::size_t>(i);
  if (dtype_ == DType::kF32) {
    mutable_data<float>()[at] = static_cast<float>(value);
  } else if (dtype_ == DType::kF64) {
    mutable_data<double>()[at] = value;
  } else {
    const SmallFloatFormat* format = small_format(dtype_);
    MXCHECK_CHECK(format != nullptr, "store() to a non-float tensor");
    set_bits(i, numerics::encode(*format, value));
  }
}

void Tensor::store_int(std::int64_t i, std::int64_t value) {
  MXCHECK_CHECK(value >= numerics::integer_min(dtype_) && value <= numerics::integer_max(dtype_),
                fmt::format("{} does not fit {}", value, numerics::name(dtype_)));
  set_bits(i, static_cast<std::uint64_t>(value));
}

Tensor Tensor::reshaped(Shape shape) const {
  MXCHECK_CHECK(element_count(shape) == size_, to_string(shape));
  Tensor out = *this;
  out.shape_ = std::move(shape);
  return out;
}

bool same_element(const Tensor& a, const Tensor& b, std::int64_t i) {
  if (a.bits(i) == b.bits(i)) return true;
  if (!numerics::is_float(a.dtype())) return false;
  return std::isnan(a.load(i)) && std::isnan(b.load(i));
}

bool identical(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.byte_size() == 0) return true;  // no address to compare at
  if (std::memcmp(a.bytes().data(), b.bytes().data(), a.byte_size()) == 0) return true;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (!same_element(a, b, i)) return false;
  }
  return true;
}

Tensor transpose(const Tensor& x, const std::vector<std::int64_t>& permutation) {
  MXCHECK_CHECK(permutation.size() == x.shape().size(), to_string(x.shape()));
  Shape shape;
  bool identity = true;
  for (std::size_t axis = 0; axis < permutation.size(); ++axis) {
    shape.push_back(x.dim(permutation[axis]));
    identity = identity && permutation[axis] == static_cast<std::int64_t>(axis);
  }
  if (identity) return x;
  Tensor out(x.dtype(), std::move(shape));
  switch (numerics::byte_width(x.dtype())) {
    case 1:
      permute<std::uint8_t>(x, permutation, out);
      break;
    case 2:
      permute<std::uint16_t>(x, permutation, out);
      break;
    case 4:
      permute<std::uint32_t>(x, permutation, out);
      break;
    default:
      permute<std::uint64_t>(x, permutation, out);
      break;
  }
  return out;
}

}  // namespace mxcheck::tensor
