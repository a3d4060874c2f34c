// Blocks of values for the tests and the fuzzer of the kernels: every kind of float, ties, guarded
// memory; no test framework.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "sim/base/threefry.h"
#include "sim/kernels/fenced_memory.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::kernels::testing {

inline constexpr Element kElements[] = {Element::kF32, Element::kBF16, Element::kF16};

inline std::int64_t width_of(Element type) { return type == Element::kF32 ? 4 : 2; }
inline const char* name_of(Element type) {
  return type == Element::kF32 ? "f32" : type == Element::kBF16 ? "bf16" : "f16";
}
inline std::uint32_t bits_of(Element type, float v) {
  if (type == Element::kBF16) return numerics::bf16_from_f32(v);
  if (type == Element::kF16) return numerics::f16_from_f32(v);
  return std::bit_cast<std::uint32_t>(v);
}
inline float value_of(Element type, std::uint32_t bits) {
  if (type == Element::kBF16) return numerics::f32_from_bf16(static_cast<std::uint16_t>(bits));
  if (type == Element::kF16) return numerics::f32_from_f16(static_cast<std::uint16_t>(bits));
  return std::bit_cast<float>(bits);
}

// Elements with canaries before them and a fence behind. They start off any alignment: a block
// whose size is a multiple of a cache line ends one element before the fence.
class Guarded {
 public:
  Guarded(std::int64_t count, std::int64_t width)
      : count_(count),
        width_(width),
        gap_(count * width % kLine == 0 ? width : 0),
        bytes_(static_cast<std::size_t>(kGuard + count * width + gap_), kCanary) {}

  [[nodiscard]] std::uint8_t* data() { return bytes_.data() + kGuard; }
  [[nodiscard]] std::uint32_t bits(std::int64_t i) const {
    std::uint32_t out = 0;
    std::memcpy(&out, bytes_.data() + kGuard + i * width_, static_cast<std::size_t>(width_));
    return out;
  }
  void set_bits(std::int64_t i, std::uint32_t value) {
    std::memcpy(data() + i * width_, &value, static_cast<std::size_t>(width_));
  }
  void set(Element type, std::int64_t i, float v) { set_bits(i, bits_of(type, v)); }
  [[nodiscard]] bool intact() const {
    const auto end = static_cast<std::size_t>(kGuard + count_ * width_);
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      if ((i < kGuard || i >= end) && bytes_[i] != kCanary) return false;
    }
    return true;
  }
  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  static constexpr std::int64_t kGuard = 128, kLine = 64;
  static constexpr std::uint8_t kCanary = 0xA5;
  std::int64_t count_, width_, gap_;
  Fenced bytes_;
};

// Reproducible random words; or first the given bytes, then the words of seed 0.
class Words {
 public:
  explicit Words(std::uint64_t seed) : seed_(seed) {}
  explicit Words(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint32_t next() { return bytes_.empty() ? base::random_word(seed_, index_++) : take(4); }
  std::uint32_t below(std::uint32_t n) {
    return bytes_.empty() ? next() % n : take(n <= 256 ? 1 : 4) % n;
  }
  // Within about +-4, mostly below 1.
  float moderate() {
    const float unit = static_cast<float>(next() >> 8) * 0x1p-24f;
    return (unit - 0.5f) * (below(8) == 0 ? 8.0f : 2.0f);
  }

 private:
  std::uint32_t take(std::size_t count) {
    std::uint32_t out = 0;
    count = std::min(count, bytes_.size());
    std::memcpy(&out, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return out;
  }
  std::uint64_t seed_ = 0;
  std::uint64_t index_ = 0;
  std::span<const std::uint8_t> bytes_;
};

// Values that decide something: zeros, subnormals, limits, infinities, NaN, ties, saturation.
inline std::uint32_t special_bits(Element type, Words& words) {
  static constexpr float kValues[] = {
      0.0f,     -0.0f,   1e-40f,    -1e-40f, 0x1p-126f, -0x1p-126f, 0x1p-24f, 0x1.8p-15f,
      INFINITY, NAN,     -INFINITY, -NAN,    3.4e38f,   -3.4e38f,   65504.0f, -65504.0f,
      127.5f,   -127.5f, 128.5f,    -128.5f, 0.5f,      -0.5f,      1.5f,     2.5f,
      126.5f,   -126.5f, 127.0f,    -128.0f, -129.0f,   255.5f,     255.0f,   300.0f};
  return bits_of(type, kValues[words.below(std::size(kValues))]);
}

enum class Fill { kModerate, kTies, kSpecial, kBits };

inline std::uint32_t some_bits(Element type, Fill fill, Words& words) {
  switch (fill) {
    case Fill::kModerate:
      return bits_of(type, words.moderate());
    case Fill::kTies:
      return bits_of(type, (static_cast<float>(words.below(600)) - 300.0f) * 0.5f);
    case Fill::kSpecial:
      return words.below(4) == 0 ? special_bits(type, words) : bits_of(type, words.moderate());
    case Fill::kBits:
      return type == Element::kF32 ? words.next() : words.next() & 0xFFFFu;
  }
  return 0;
}

inline Guarded filled(Element type, std::int64_t count, Fill fill, Words& words) {
  Guarded out(count, width_of(type));
  for (std::int64_t i = 0; i < count; ++i) out.set_bits(i, some_bits(type, fill, words));
  return out;
}

// "" if equal, where any NaN equals any NaN; otherwise the first difference.
inline std::string difference(Element type, const Guarded& a, const Guarded& b) {
  for (std::int64_t i = 0; i < a.count(); ++i) {
    if (a.bits(i) == b.bits(i)) continue;
    const float x = value_of(type, a.bits(i)), y = value_of(type, b.bits(i));
    if (x != x && y != y) continue;
    return "element " + std::to_string(i) + ": " + std::to_string(x) + " and " + std::to_string(y);
  }
  return "";
}
inline std::string code_difference(const Guarded& a, const Guarded& b) {
  for (std::int64_t i = 0; i < a.count(); ++i) {
    if (a.bits(i) == b.bits(i)) continue;
    return "code " + std::to_string(i) + ": " + std::to_string(a.bits(i)) + " and " +
           std::to_string(b.bits(i));
  }
  return "";
}

inline const VectorKernels& scalar() { return vector_kernels(Isa::kScalar); }

struct Outputs {
  Guarded first, second;
};

inline Outputs reduce(const VectorKernels& kernels, ReduceBlock block, bool rows, bool range) {
  const std::int64_t lines = rows ? block.rows : block.columns;
  Outputs out{Guarded(lines, width_of(block.type)), Guarded(lines, width_of(block.type))};
  if (range) {
    block.low = out.first.data();
    block.high = out.second.data();
  } else {
    block.absmax = out.first.data();
  }
  rows ? kernels.reduce_rows(block) : kernels.reduce_columns(block);
  return out;
}

struct Quantization {
  Outputs values;  // scales in `first`
  Guarded codes;
};

inline Quantization quantize(const VectorKernels& kernels, QuantizeBlock block, bool rows,
                             const Guarded* scale) {
  const std::int64_t lines = rows ? block.rows : block.columns;
  block.codes_stride = block.columns + 3;
  Quantization out{{Guarded(lines, width_of(block.type)), Guarded(1, 1)},
                   Guarded(block.rows * block.codes_stride, 1)};
  for (std::int64_t i = 0; scale != nullptr && i < lines; ++i) {
    out.values.first.set_bits(i, scale->bits(i));
  }
  block.scale = out.values.first.data();
  block.codes = out.codes.data();
  rows ? kernels.quantize_rows(block) : kernels.quantize_columns(block);
  return out;
}

// Results in `first`, collected sums in `second`: `tiles` times the block's sums.
inline Outputs scale_product(const VectorKernels& kernels, ProductBlock block, std::int64_t tiles) {
  Outputs out{Guarded(block.rows * block.out_stride, width_of(block.type)),
              Guarded(block.rows * block.out_stride, 4)};
  block.out = out.first.data();
  block.sums = tiles == 1 ? nullptr : reinterpret_cast<float*>(out.second.data());
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    block.first_tile = tile == 0;
    block.last_tile = tile == tiles - 1;
    kernels.scale_product(block);
  }
  return out;
}

inline float rounded(Element type, float v) { return value_of(type, bits_of(type, v)); }

// s8, scale from absmax.
inline QuantizeBlock dynamic_block(Element type) {
  QuantizeBlock block;
  block.type = type;
  block.find_scale = true;
  block.range = rounded(type, 127.5f);
  block.guard = rounded(type, type == Element::kF16 ? 0x1p-7f : 0x1p-63f);
  return block;
}

}  // namespace mxcheck::kernels::testing
