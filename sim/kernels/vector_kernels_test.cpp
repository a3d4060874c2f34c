// Every elementwise kernel of the host against scalar, bit for bit: sizes around its block, rows
// apart, pointers that are not aligned, guards around what it writes, every kind of value. Scalar
// itself is held against sim/quant in sim/exec/fast_quant_test.cpp.
#include "sim/kernels/vector_kernels.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/vector_test_data.h"
#include "sim/numerics/flush.h"

namespace mxcheck::kernels {
namespace {

using namespace testing;

// 1, b - 1, b, b + 1, 2b + 3 for blocks b of 8, 16, 32, 64 and 128 elements.
constexpr std::int64_t kSizes[] = {1,  2,  7,  8,  9,  15, 16, 17,  19,  31,
                                   32, 33, 35, 63, 64, 65, 67, 127, 131, 259};
// Of f32 in a vector: so many rows have their maxima and scales found together.
constexpr std::uint32_t kMostLanes = 16;
constexpr Fill kFills[] = {Fill::kModerate, Fill::kTies, Fill::kSpecial, Fill::kBits};

// Runs f(isa, type, fill, words) for everything the host has.
template <typename F>
void everywhere(F f) {
  std::uint64_t seed = 0;
  for (const Isa isa : simd_here()) {
    for (const Element type : kElements) {
      for (const Fill fill : kFills) {
        Words words(++seed);
        INFO(name(isa) << " " << name_of(type) << " fill " << static_cast<int>(fill));
        f(isa, type, fill, words);
      }
    }
  }
}

}  // namespace

TEST_CASE("every kernel line belongs to a family that scalar has", "[kernels]") {
  for (const VectorKernelInfo& line : vector_kernel_list()) {
    bool found = false;
    for (const VectorKernelInfo& other : vector_kernel_list()) {
      found = found || (std::string(other.family) == line.family && other.isa == Isa::kScalar);
    }
    CHECK(found);
  }
  for (const Isa isa : isas_under_test()) {
    CHECK(vector_kernels(isa).names().size() == vector_kernels(Isa::kScalar).names().size());
  }
}

TEST_CASE("row and column maxima equal scalar [CAL]", "[kernels]") {
  everywhere([](Isa isa, Element type, Fill fill, Words& words) {
    for (const std::int64_t size : kSizes) {
      for (const bool rows : {true, false}) {
        ReduceBlock block;
        block.type = type;
        block.rows = rows ? 1 + words.below(2 * kMostLanes + 3) : 1 + words.below(9);
        block.columns = size;
        block.stride = size + words.below(3);
        Guarded x = filled(type, block.rows * block.stride, fill, words);
        block.x = x.data();
        INFO(size << (rows ? " rows" : " columns"));
        for (const bool range : {true, false}) {
          compare(type, reduce(scalar(), block, rows, range),
                  reduce(vector_kernels(isa), block, rows, range));
        }
        Guarded fold = filled(type, rows ? size : block.rows, Fill::kModerate, words);
        block.fold = fold.data();
        compare(type, reduce(scalar(), block, rows, false),
                reduce(vector_kernels(isa), block, rows, false));
      }
    }
  });
}

TEST_CASE("maxima keep NaN and infinities and drop subnormals [CAL]", "[kernels]") {
  for (const Isa isa : isas_under_test()) {
    for (const Element type : kElements) {
      INFO(name(isa) << " " << name_of(type));
      Guarded x(5 * 40, width_of(type));
      for (std::int64_t i = 0; i < x.count(); ++i) x.set(type, i, 0.25f);
      x.set(type, 0 * 40 + 33, NAN);
      x.set(type, 1 * 40 + 7, -INFINITY);
      for (std::int64_t j = 0; j < 40; ++j) x.set(type, 2 * 40 + j, j == 20 ? -0x1p-127f : -0.0f);
      x.set_bits(3 * 40 + 2, bits_of(type, -NAN) | 0x8000u << (type == Element::kF32 ? 16 : 0));
      ReduceBlock block;
      block.type = type;
      block.x = x.data();
      block.rows = 5;
      block.columns = block.stride = 40;
      const Outputs top = reduce(vector_kernels(isa), block, true, false);
      CHECK(std::isnan(value_of(type, top.first.bits(0))));
      CHECK(top.first.bits(1) == bits_of(type, INFINITY));
      CHECK(top.first.bits(2) == 0);
      CHECK(std::isnan(value_of(type, top.first.bits(3))));
      CHECK(top.first.bits(4) == bits_of(type, 0.25f));
      const Outputs range = reduce(vector_kernels(isa), block, true, true);
      CHECK(std::isnan(value_of(type, range.second.bits(3))));
      CHECK(range.first.bits(1) == bits_of(type, -INFINITY));
      CHECK(range.second.bits(1) == bits_of(type, 0.25f));
      CHECK(range.first.bits(2) == 0);
      CHECK(range.first.bits(4) == 0);
    }
  }
}

TEST_CASE("quantizing with a found scale equals scalar [QNT-1] [SCL-1] [SCL-3]", "[kernels]") {
  everywhere([](Isa isa, Element type, Fill fill, Words& words) {
    for (const std::int64_t size : kSizes) {
      for (int variant = 0; variant < 8; ++variant) {
        const bool rows = (variant & 1) != 0;
        QuantizeBlock block = dynamic_block(type);
        block.rows = rows ? 1 + words.below(kMostLanes + 3) : 1 + words.below(5);
        block.columns = size;
        block.stride = size + words.below(3);
        block.range_reciprocal = block.quotient_reciprocal = (variant & 2) != 0;
        block.flip = variant == 3 ? 0x80 : 0;
        Guarded x = filled(type, block.rows * block.stride, fill, words);
        Guarded fold = filled(type, rows ? size : block.rows, Fill::kModerate, words);
        block.x = x.data();
        if ((variant & 4) != 0) block.fold = fold.data();
        INFO(size << " variant " << variant);
        compare(type, quantize(scalar(), block, rows, nullptr),
                quantize(vector_kernels(isa), block, rows, nullptr));
      }
    }
  });
}

TEST_CASE("quantizing with given scales equals scalar [QNT-2] [QNT-4] [TYP-1]", "[kernels]") {
  everywhere([](Isa isa, Element type, Fill fill, Words& words) {
    for (const std::int64_t size : kSizes) {
      for (std::uint32_t variant = 0; variant < 12; ++variant) {
        const bool rows = (variant & 1) != 0;
        QuantizeBlock block;
        block.type = type;
        block.rows = 1 + words.below(4);
        block.columns = block.stride = size;
        block.quotient_reciprocal = words.below(2) != 0;
        block.is_unsigned = words.below(2) != 0;
        block.low = block.is_unsigned ? 0.0f : words.below(2) != 0 ? -127.0f : -8.0f;
        block.high = block.is_unsigned ? 255.0f : block.low == -127 ? 127.0f : 7.0f;
        block.scale_step = words.below(4) == 0 ? 0 : 1;
        const std::int64_t lines = rows ? block.rows : size;
        Guarded x = filled(type, block.rows * size, fill, words);
        Guarded scale = filled(type, lines, variant == 5 ? Fill::kSpecial : Fill::kModerate, words);
        if (variant == 2) scale.set(type, 0, 0.0f);
        if (variant > 7) scale = filled(type, lines, Fill::kTies, words);
        Guarded zero(lines, 4), noise(block.rows * size, 4);
        for (std::int64_t i = 0; i < lines; ++i) {
          zero.set(Element::kF32, i, static_cast<float>(words.below(256)) - 128.0f);
        }
        for (std::int64_t i = 0; i < noise.count(); ++i) {
          noise.set(Element::kF32, i, static_cast<float>(words.next() >> 9) * 0x1p-23f - 0.5f);
        }
        if (words.below(2) != 0) {
          block.zero_point = reinterpret_cast<const float*>(zero.data());
        } else if (words.below(2) != 0) {
          block.noise = {noise.data(), 1, 0};
          if (words.below(2) != 0) block.noise = {noise.data(), size, 1};
        }
        block.x = x.data();
        INFO(size << " variant " << variant);
        compare(type, quantize(scalar(), block, rows, &scale),
                quantize(vector_kernels(isa), block, rows, &scale));
      }
    }
  });
}

TEST_CASE("bits do not depend on the caller's float mode [POL-9]", "[kernels]") {
  for (const Isa isa : isas_under_test()) {
    for (const Element type : kElements) {
      Words words(3);
      QuantizeBlock block;
      block.type = type;
      block.rows = 2;
      block.columns = block.stride = 77;
      Guarded x = filled(type, 154, Fill::kBits, words);
      for (std::int64_t i = 0; i < 154; i += 3) x.set_bits(i, words.next() & 0x7F);
      block.x = x.data();
      Guarded scale(2, width_of(type));
      scale.set(type, 0, 0x1p-126f);
      scale.set(type, 1, 0x1p-20f);
      const Quantization without = quantize(vector_kernels(isa), block, true, &scale);
      ReduceBlock reduction;
      reduction.type = type;
      reduction.x = x.data();
      reduction.rows = 2;
      reduction.columns = reduction.stride = 77;
      const Outputs tops = reduce(vector_kernels(isa), reduction, true, false);
      const numerics::FlushSubnormals flush;
      INFO(name(isa) << " " << name_of(type));
      compare(type, without, quantize(vector_kernels(isa), block, true, &scale));
      compare(type, without, quantize(scalar(), block, true, &scale));
      compare(type, tops, reduce(vector_kernels(isa), reduction, true, false));
    }
  }
}

}  // namespace mxcheck::kernels
