// Dequantization, products with factors, the scales of integer sums and rounding noise: every
// kernel of the host against scalar, bit for bit.
#include <catch2/catch.hpp>

#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/kernels/vector_test_data.h"

namespace mxcheck::kernels {
namespace {

using namespace testing;

constexpr std::int64_t kSizes[] = {1, 3, 7, 8, 9, 15, 16, 17, 19, 31, 32, 33, 35, 63, 64, 65, 131};

template <typename F>
void everywhere(F f) {
  std::uint64_t seed = 1000;
  for (const Isa isa : isas_under_test()) {
    if (isa == Isa::kScalar) continue;
    for (const Element type : kElements) {
      for (const std::int64_t size : kSizes) {
        for (int variant = 0; variant < 8; ++variant) {
          Words words(++seed);
          INFO(name(isa) << " " << name_of(type) << " size " << size << " variant " << variant);
          f(vector_kernels(isa), type, size, variant, words);
        }
      }
    }
  }
}

void compare(Element type, const Guarded& want, const Guarded& got) {
  const std::string text = difference(type, want, got);
  if (!text.empty() || !got.intact()) {
    CHECK(text == "");
    CHECK(got.intact());
  }
}

// One value, one per row, one per column, or one each.
Spread some_spread(Guarded& values, std::int64_t columns, int kind) {
  switch (kind % 4) {
    case 0:
      return {values.data(), 0, 0};
    case 1:
      return {values.data(), 1, 0};
    case 2:
      return {values.data(), 0, 1};
    default:
      return {values.data(), columns, 1};
  }
}

}  // namespace

TEST_CASE("dequantized values equal scalar [DEQ-1]", "[kernels]") {
  everywhere(
      [](const VectorKernels& kernels, Element type, std::int64_t size, int variant, Words& words) {
        DequantizeBlock block;
        block.type = type;
        block.rows = 3;
        block.columns = size;
        block.stride = size + 1;
        block.out_stride = size + 2;
        block.is_unsigned = words.below(2) != 0;
        Guarded codes(3 * size + 2, 1), zero(3 * size, 4);
        for (std::int64_t i = 0; i < codes.count(); ++i) codes.set_bits(i, words.next() & 0xFF);
        for (std::int64_t i = 0; i < zero.count(); ++i) {
          zero.set(Element::kF32, i, static_cast<float>(words.below(256)) - 128.0f);
        }
        Guarded scale = filled(type, 3 * size, Fill::kSpecial, words);
        block.codes = codes.data();
        block.scale = some_spread(scale, size, variant);
        if (variant >= 4) block.zero_point = some_spread(zero, size, variant);
        Guarded want(3 * block.out_stride, width_of(type)), got = want;
        block.out = want.data();
        scalar().dequantize(block);
        block.out = got.data();
        kernels.dequantize(block);
        compare(type, want, got);
      });
}

TEST_CASE("products with factors equal scalar [BWD-3]", "[kernels]") {
  everywhere(
      [](const VectorKernels& kernels, Element type, std::int64_t size, int variant, Words& words) {
        MultiplyBlock block;
        block.type = type;
        block.rows = 2;
        block.columns = size;
        block.stride = size + 3;
        block.out_stride = size + 1;
        Guarded x = filled(type, 2 * size + 3, variant < 4 ? Fill::kBits : Fill::kSpecial, words);
        Guarded factor = filled(type, 2 * size, variant < 4 ? Fill::kBits : Fill::kSpecial, words);
        block.x = x.data();
        block.factor = some_spread(factor, size, variant);
        Guarded want(2 * block.out_stride, width_of(type)), got = want;
        block.out = want.data();
        scalar().multiply(block);
        block.out = got.data();
        kernels.multiply(block);
        compare(type, want, got);
      });
}

TEST_CASE("scales of integer sums equal scalar [DOT-4] [DOT-5] [DOT-6]", "[kernels]") {
  everywhere([](const VectorKernels& kernels, Element type, std::int64_t size, int variant,
                Words& words) {
    ProductBlock block;
    block.type = type;
    block.rows = 3;
    block.columns = size;
    block.stride = size + 1;
    block.out_stride = size + 2;
    Guarded acc(3 * size + 2, 4), row(3, 4), column(size, 4);
    for (std::int64_t i = 0; i < acc.count(); ++i) {
      const std::uint32_t word = words.next();
      acc.set_bits(i, word >> words.below(24));
      if (words.below(2) != 0) acc.set_bits(i, ~acc.bits(i));
    }
    for (std::int64_t i = 0; i < 3; ++i) row.set_bits(i, words.next());
    for (std::int64_t i = 0; i < size; ++i) column.set_bits(i, words.next() & 0xFF);
    const Fill fill = variant < 4 ? Fill::kModerate : Fill::kSpecial;
    Guarded lhs = filled(type, 3 * size, fill, words), rhs = filled(type, 3 * size, fill, words);
    block.acc = reinterpret_cast<const std::int32_t*>(acc.data());
    // Mostly those of one scale a row and one a column.
    const bool common = words.below(2) != 0;
    const int kinds[] = {static_cast<int>(words.below(common ? 2 : 4)),
                         static_cast<int>(common ? 2 * words.below(2) : words.below(4))};
    if (words.below(4) != 0) block.lhs = some_spread(lhs, size, kinds[0]);
    if (words.below(4) != 0) block.rhs = some_spread(rhs, size, kinds[1]);
    if (words.below(2) != 0) {
      block.row_factor = reinterpret_cast<const std::int32_t*>(row.data());
      block.column_factor = reinterpret_cast<const std::int32_t*>(column.data());
    }
    const std::int64_t tiles = variant % 2 == 0 ? 1 : 3;
    const Outputs want = scale_product(scalar(), block, tiles);
    const Outputs got = scale_product(kernels, block, tiles);
    compare(type, want.first, got.first);
    compare(Element::kF32, want.second, got.second);
  });
}

TEST_CASE("rounding noise equals scalar, over a change of the counter's high word [RND-2]",
          "[kernels]") {
  everywhere(
      [](const VectorKernels& kernels, Element, std::int64_t size, int variant, Words& words) {
        NoiseBlock block;
        block.key[0] = words.next();
        block.key[1] = words.next();
        block.first = variant < 4 ? words.below(1000) : 0x2FFFFFFFFull - words.below(20);
        block.count = size;
        block.low_bit = variant % 2 != 0;
        Guarded want(size, 4), got(size, 4);
        block.out = reinterpret_cast<float*>(want.data());
        scalar().noise(block);
        block.out = reinterpret_cast<float*>(got.data());
        kernels.noise(block);
        compare(Element::kF32, want, got);
      });
}

}  // namespace mxcheck::kernels
