// The float operations around an int8 layer: every kernel of the host against scalar, and sums of
// columns against the rule of sums itself.
#include <catch2/catch.hpp>

#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/vector_test_data.h"
#include "sim/numerics/arithmetic.h"
#include "sim/numerics/flush.h"
#include "sim/tensor/array.h"
#include "sim/tensor/reduce.h"

namespace mxcheck::kernels {

using namespace testing;

TEST_CASE("sums, rectifiers, masks and descents equal scalar [FLT-7]", "[kernels]") {
  Words words(21);
  for (const Isa isa : simd_here()) {
    for (const Element type : kElements) {
      for (const std::int64_t size : {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 67}) {
        for (const auto operation : {Combination::kAdd, Combination::kAddRelu, Combination::kMask,
                                     Combination::kDescend}) {
          CombineBlock block;
          block.type = type;
          block.operation = operation;
          block.rows = 3;
          block.columns = size;
          block.stride = size + 1;
          block.out_stride = size + 2;
          block.factor = rounded(type, 0.01f);
          Guarded x = filled(type, 3 * block.stride - 1, Fill::kSpecial, words);
          Guarded other = filled(type, 3 * size, Fill::kSpecial, words);
          block.x = x.data();
          block.other = {other.data(), words.below(2) == 0 ? 0 : size, 1};
          if (words.below(4) == 0) block.other = {other.data(), 1, 0};
          Guarded want(3 * block.out_stride, width_of(type)), got = want;
          block.out = want.data();
          scalar().combine(block);
          block.out = got.data();
          vector_kernels(isa).combine(block);
          INFO(name(isa) << " " << name_of(type) << " " << size << " "
                         << static_cast<int>(operation));
          const std::string text = difference(type, want, got);
          if (!text.empty() || !got.intact()) {
            CHECK(text == "");
            CHECK(got.intact());
          }
        }
      }
    }
  }
}

TEST_CASE("sums of columns follow the windows of the rule [POL-3]", "[kernels]") {
  const numerics::FlushSubnormals flush;
  Words words(22);
  for (const Isa isa : isas_under_test()) {
    for (const Element type : kElements) {
      for (const std::int64_t rows : {1, 31, 32, 33, 64, 100, 128, 1025, 1100}) {
        const std::int64_t columns = 1 + words.below(70);
        Guarded x = filled(type, rows * columns, Fill::kModerate, words),
                got(columns, width_of(type));
        SumBlock block;
        block.type = type;
        block.x = x.data();
        block.rows = rows;
        block.columns = block.stride = columns;
        block.out = got.data();
        vector_kernels(isa).sum_columns(block);
        std::vector<float> values;
        for (std::int64_t i = 0; i < x.count(); ++i) values.push_back(value_of(type, x.bits(i)));
        const auto add = type == Element::kF32    ? tensor::rounded_add<numerics::ArithmeticF32>
                         : type == Element::kBF16 ? tensor::rounded_add<numerics::ArithmeticBF16>
                                                  : tensor::rounded_add<numerics::ArithmeticF16>;
        const std::vector<float> sums = tensor::reduce_sum(
            values, {rows, columns}, {0}, numerics::Policy::ReduceOrder::kWindows32, add);
        Guarded want(columns, width_of(type));
        for (std::int64_t j = 0; j < columns; ++j) {
          want.set(type, j, sums[static_cast<std::size_t>(j)]);
        }
        INFO(name(isa) << " " << name_of(type) << " " << rows << "x" << columns);
        CHECK(difference(type, want, got) == "");
        CHECK(got.intact());
      }
    }
  }
}

TEST_CASE("fake quantization is quantizing and going back [DEQ-1]", "[kernels]") {
  Words words(23);
  for (const Isa isa : isas_under_test()) {
    for (const Element type : kElements) {
      constexpr std::int64_t kRows = 70, kColumns = 133;
      QuantizeBlock block = dynamic_block(type);
      Guarded x = filled(type, kRows * kColumns, Fill::kSpecial, words);
      Guarded scale(kRows, width_of(type)), codes(kRows * kColumns, 1), got = x, want = x;
      block.x = x.data();
      block.rows = kRows;
      block.columns = block.stride = block.codes_stride = kColumns;
      block.scale = scale.data();
      block.codes = codes.data();
      vector_kernels(isa).fake_quantize_rows(block, got.data());
      scalar().quantize_rows(block);
      DequantizeBlock back;
      back.type = type;
      back.codes = codes.data();
      back.rows = kRows;
      back.columns = back.stride = back.out_stride = kColumns;
      back.scale = {scale.data(), 1, 0};
      back.out = want.data();
      scalar().dequantize(back);
      INFO(name(isa) << " " << name_of(type));
      CHECK(difference(type, want, got) == "");
      CHECK(got.intact());
    }
  }
}

}  // namespace mxcheck::kernels
