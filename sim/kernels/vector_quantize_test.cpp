// The division of the quantizing kernels, which is none, against scalar, which divides: every
// pattern of the small types, quotients beside ties, and those closest to them of all.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/kernels/vector_test_data.h"

namespace mxcheck::kernels {

using namespace testing;

TEST_CASE("every pattern of bf16 and f16 is quantized as by scalar [QNT-1]", "[kernels]") {
  for (const Isa isa : simd_here()) {
    for (const Element type : {Element::kBF16, Element::kF16}) {
      Guarded x(65536, 2);
      for (std::uint32_t i = 0; i < 65536; ++i) x.set_bits(i, i);
      for (const float s : {1.0f, 0.0078125f, 0.3f, 1.7f, 3e-5f, 500.0f, 1e-38f, 1e30f, INFINITY}) {
        for (const bool reciprocal : {false, true}) {
          QuantizeBlock block;
          block.type = type;
          block.x = x.data();
          block.rows = 1;
          block.columns = block.stride = 65536;
          block.quotient_reciprocal = reciprocal;
          Guarded scale(1, 2);
          scale.set(type, 0, s);
          INFO(name(isa) << " " << name_of(type) << " " << s);
          compare(type, quantize(scalar(), block, true, &scale),
                  quantize(vector_kernels(isa), block, true, &scale));
        }
      }
    }
  }
}

TEST_CASE("the corrected quotient is the divided one next to every tie [QNT-1]", "[kernels]") {
  constexpr std::int64_t kRows = 4096, kColumns = 256;
  for (const Isa isa : simd_here()) {
    Words words(77);
    Guarded x(kRows * kColumns, 4), scale(kRows, 4);
    for (std::int64_t i = 0; i < kRows; ++i) {
      // Any digits; any exponent, and more often that of a common scale.
      const std::uint32_t exponent = i % 2 == 0 ? 1 + words.below(253) : 80 + words.below(100);
      const auto s = std::bit_cast<float>(exponent << 23 | (words.next() & 0x7FFFFF));
      scale.set(Element::kF32, i,
                i % 16 == 0 ? std::bit_cast<float>(exponent << 23 | 0x7FFFFF) : s);
      for (std::int64_t j = 0; j < kColumns; ++j) {
        const float tie = (static_cast<float>(words.below(520)) - 260.0f) * 0.5f;
        const float near = tie * value_of(Element::kF32, scale.bits(i));
        x.set_bits(i * kColumns + j, std::bit_cast<std::uint32_t>(near) + words.below(7) - 3);
      }
    }
    QuantizeBlock block;
    block.x = x.data();
    block.rows = kRows;
    block.columns = block.stride = kColumns;
    block.low = -128;
    block.high = 127;
    INFO(name(isa));
    compare(Element::kF32, quantize(scalar(), block, true, &scale),
            quantize(vector_kernels(isa), block, true, &scale));
  }
}

namespace {

// The f32 quotients X / S whose distance from the middle between k + 1/2 and a neighbour is at most
// kNear units of 1 / (2 S): the only ones where a quotient nearly right could give another code.
std::vector<std::pair<float, float>> closest_quotients() {
  constexpr std::int64_t kNear = 8;
  std::vector<std::pair<float, float>> out;
  for (int k = 0; k <= 256; ++k) {
    int exponent = 0;
    const float tie = static_cast<float>(k) + 0.5f;
    const auto digits = static_cast<std::int64_t>(std::ldexp(std::frexp(tie, &exponent), 24));
    // Above and below; below a power of two the neighbour is half as far.
    for (const std::int64_t middle : {2 * digits + 1, 2 * digits - 1, 4 * digits - 1}) {
      const int bits = middle > 2 * digits + 1 ? 2 : 1;
      for (int power = 23 + bits; power <= 24 + bits; ++power) {
        const std::uint64_t mask = (std::uint64_t{1} << power) - 1;
        std::uint64_t inverse = 1;  // of `middle` modulo 2^power, by Newton's steps
        for (int i = 0; i < 6; ++i) inverse *= 2 - static_cast<std::uint64_t>(middle) * inverse;
        for (std::int64_t d = -kNear; d <= kNear; ++d) {
          const std::uint64_t divisor = static_cast<std::uint64_t>(d) * inverse & mask;
          if (d == 0 || divisor < (1u << 23) || divisor >= (1u << 24)) continue;
          const std::int64_t x = (middle * static_cast<std::int64_t>(divisor) - d) >> power;
          if (x < (1 << 23) || x >= (1 << 24)) continue;
          float numerator = static_cast<float>(x);
          const auto s = static_cast<float>(divisor);
          numerator =
              std::ldexp(numerator, static_cast<int>(std::lround(std::log2(tie * s / numerator))));
          out.emplace_back(numerator, s);
        }
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("quotients as close to a tie as there are get the code of a division [QNT-1]",
          "[kernels]") {
  const std::vector<std::pair<float, float>> pairs = closest_quotients();
  CHECK(pairs.size() > 1500);
  const auto rows = static_cast<std::int64_t>(2 * pairs.size());
  // A row is the numerator, and the magnitude whose scale is the divisor (where there is one).
  Guarded x(2 * rows, 4), scale(rows, 4);
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto& [numerator, divisor] = pairs[static_cast<std::size_t>(i / 2)];
    float top = divisor * 127.5f;
    if (top / 127.5f < divisor) top = std::nextafter(top, INFINITY);
    if (top / 127.5f > divisor) top = std::nextafter(top, 0.0f);
    x.set(Element::kF32, 2 * i, i % 2 == 0 ? numerator : -numerator);
    x.set(Element::kF32, 2 * i + 1, top);
    scale.set(Element::kF32, i, divisor);
  }
  QuantizeBlock block = dynamic_block(Element::kF32);
  block.x = x.data();
  block.rows = rows;
  block.columns = block.stride = 2;
  for (const Isa isa : simd_here()) {
    INFO(name(isa));
    block.find_scale = true;
    compare(Element::kF32, quantize(scalar(), block, true, nullptr),
            quantize(vector_kernels(isa), block, true, nullptr));
    block.find_scale = false;
    compare(Element::kF32, quantize(scalar(), block, true, &scale),
            quantize(vector_kernels(isa), block, true, &scale));
  }
}

TEST_CASE("random f32 rows of every size are quantized as by scalar [QNT-1]", "[kernels]") {
  for (const Isa isa : simd_here()) {
    Words words(5);
    for (int round = 0; round < 40; ++round) {
      QuantizeBlock block = dynamic_block(Element::kF32);
      block.rows = 64;
      block.columns = block.stride = 256;
      const int shift = static_cast<int>(words.below(200)) - 100;
      Guarded x(block.rows * block.stride, 4);
      for (std::int64_t i = 0; i < x.count(); ++i) {
        x.set(Element::kF32, i, std::ldexp(words.moderate(), shift));
      }
      block.x = x.data();
      INFO(name(isa) << " 2^" << shift);
      compare(Element::kF32, quantize(scalar(), block, round % 2 == 0, nullptr),
              quantize(vector_kernels(isa), block, round % 2 == 0, nullptr));
    }
  }
}

TEST_CASE("rows with odd scales among others are quantized as by scalar [QNT-1]", "[kernels]") {
  // Scales are found for some rows at once: all of them common, or the first, or a later one not.
  constexpr std::int64_t kColumns[] = {5, 40, 700, 1500};
  for (const Isa isa : simd_here()) {
    Words words(13);
    for (const Element type : kElements) {
      for (const std::int64_t columns : kColumns) {
        for (int round = 0; round < 12; ++round) {
          QuantizeBlock block = dynamic_block(type);
          block.rows = 1 + words.below(50);
          block.columns = block.stride = columns;
          Guarded x = filled(type, block.rows * columns, Fill::kModerate, words);
          for (int odd = round % 3; odd > 0; --odd) {
            const std::int64_t at = words.below(static_cast<std::uint32_t>(block.rows)) * columns;
            x.set(type, at + words.below(static_cast<std::uint32_t>(columns)),
                  odd == 1 ? NAN : -INFINITY);
          }
          block.x = x.data();
          INFO(name(isa) << " " << name_of(type) << " " << block.rows << "x" << columns);
          compare(type, quantize(scalar(), block, true, nullptr),
                  quantize(vector_kernels(isa), block, true, nullptr));
        }
      }
    }
  }
}

TEST_CASE("many columns at once are quantized as by scalar, folds and odd scales too [QNT-1]",
          "[kernels]") {
  // Rows in fours and left over; whole strips alone, with a rest, and more than one block of them.
  constexpr std::int64_t kRows[] = {1, 3, 4, 7, 10}, kColumns[] = {32, 128, 131, 256, 320, 2200};
  for (const Isa isa : simd_here()) {
    Words words(11);
    for (const Element type : {Element::kF32, Element::kBF16, Element::kF16}) {
      for (const std::int64_t rows : kRows) {
        for (const std::int64_t columns : kColumns) {
          for (const Fill fill : {Fill::kModerate, Fill::kTies, Fill::kSpecial}) {
            QuantizeBlock block = dynamic_block(type);
            block.rows = rows;
            block.columns = columns;
            block.stride = columns + static_cast<std::int64_t>(words.below(3));
            block.quotient_reciprocal = words.below(2) == 0;
            block.flip = words.below(2) == 0 ? 0x80 : 0;
            Guarded x = filled(type, rows * block.stride, fill, words);
            Guarded fold = filled(type, rows, Fill::kModerate, words);
            block.x = x.data();
            if (words.below(2) == 0) block.fold = fold.data();
            INFO(name(isa) << " " << name_of(type) << " " << rows << "x" << columns);
            compare(type, quantize(scalar(), block, false, nullptr),
                    quantize(vector_kernels(isa), block, false, nullptr));
          }
        }
      }
    }
  }
}

}  // namespace mxcheck::kernels
