// Tensor sources to bits: every operation in f32, rounded, not fused, the dtype last.
#include <cmath>
#include <cstring>

#include "sim/base/check.h"
#include "sim/base/threefry.h"
#include "sim/casefile/case.h"
#include "sim/casefile/number.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::casefile {
namespace {

using numerics::DType;
using tensor::Tensor;

// Stores a value that is already rounded to f32 (f64 for f64 tensors).
void put(Tensor& out, std::int64_t i, double value) { out.store(i, value); }

double element_of(const std::string& text, DType dtype) {
  return dtype == DType::kF64 ? to_f64(text) : static_cast<double>(to_f32(text));
}

void put_number(Tensor& out, std::int64_t i, const std::string& text) {
  if (numerics::is_float(out.dtype())) {
    put(out, i, element_of(text, out.dtype()));
  } else {
    out.store_int(i, to_int64(text).value());
  }
}

void put_bits(Tensor& out, std::int64_t i, const std::string& hex) {
  std::uint64_t bits = std::stoull(hex, nullptr, 16);
  if (out.dtype() == DType::kS4 && (bits & 8u) != 0) bits |= 0xF0u;  // sign-extended to a byte
  out.set_bits(i, bits);
}

void fill(Tensor& out) {
  const std::size_t width = static_cast<std::size_t>(numerics::byte_width(out.dtype()));
  const std::span<std::byte> bytes = out.mutable_bytes();
  for (std::size_t at = width; at < bytes.size(); at += width) {
    std::memcpy(bytes.data() + at, bytes.data(), width);
  }
}

void iota(const TensorSource& source, Tensor& out) {
  const auto axis = static_cast<std::size_t>(source.axis);
  const std::int64_t stride = tensor::row_major_strides(out.shape())[axis];
  const std::int64_t dim = out.shape()[axis];
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto index = static_cast<double>(i / stride % dim);
    const double value = source.start + source.step * index;
    if (!numerics::is_float(out.dtype())) {
      out.store_int(i, static_cast<std::int64_t>(value));
    } else {
      put(out, i,
          out.dtype() == DType::kF64 ? value : static_cast<double>(static_cast<float>(value)));
    }
  }
}

float normal_element(std::uint64_t seed, std::uint64_t i) {
  std::int32_t sum = 0;
  for (std::uint64_t k = 0; k < 6; ++k) {
    const std::uint32_t word = base::random_word(seed, 6 * i + k);
    sum += static_cast<std::int32_t>(word & 0xFFFFu) + static_cast<std::int32_t>(word >> 16);
  }
  return static_cast<float>(sum - 393210) * 0x1p-16f;
}

std::int64_t integer_element(const TensorSource& source, std::uint64_t i) {
  const auto low = static_cast<std::int64_t>(source.low);
  const auto span = static_cast<std::uint64_t>(static_cast<std::int64_t>(source.high) - low) + 1;
  const std::uint64_t word = base::random_word(source.seed, i);
  return low + static_cast<std::int64_t>((word * span) >> 32);
}

float random_element(const TensorSource& source, std::uint64_t i) {
  switch (source.random) {
    case TensorSource::Random::kNormal:
      return normal_element(source.seed, i);
    case TensorSource::Random::kIntegers:
      return static_cast<float>(integer_element(source, i));
    case TensorSource::Random::kUniform:
      break;
  }
  const auto low = static_cast<float>(source.low);
  const auto high = static_cast<float>(source.high);
  const float u = static_cast<float>(base::random_word(source.seed, i) >> 9) * 0x1p-23f;
  return low + u * (high - low);
}

void random(const TensorSource& source, Tensor& out) {
  const auto scale = static_cast<float>(source.scale.value_or(1));
  const auto shift = static_cast<float>(source.shift.value_or(0));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<std::uint64_t>(i);
    if (!numerics::is_float(out.dtype())) {
      out.store_int(i, integer_element(source, at));
      continue;
    }
    float value = random_element(source, at);
    if (source.scale) value *= scale;
    if (source.shift) value += shift;
    put(out, i, static_cast<double>(value));
  }
}

}  // namespace

Tensor materialize(const TensorSource& source) {
  using Kind = TensorSource::Kind;
  MXCHECK_CHECK(source.kind != Kind::kFile && source.kind != Kind::kSteps, source.pointer);
  Tensor out(source.type.dtype, source.type.shape);
  for (std::size_t i = 0; i < source.numbers.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (source.kind == Kind::kBits) put_bits(out, at, source.numbers[i]);
    if (source.kind != Kind::kBits) put_number(out, at, source.numbers[i]);
  }
  if (source.kind == Kind::kFill) fill(out);
  if (source.kind == Kind::kIota) iota(source, out);
  if (source.kind == Kind::kRandom) random(source, out);
  return out;
}

}  // namespace mxcheck::casefile
