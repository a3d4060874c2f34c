// The kernels of this host against the scalar model and the definition, bit for bit: the bytes
// choose the family, the instruction set, sizes, strides, signs and the first values; guards around
// what may be written stay whole, and fences end what may be read.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sim/base/check.h"
#include "sim/kernels/float_chain.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/gemm_definition.h"
#include "sim/kernels/vector_samples.h"

namespace {

using namespace mxcheck::kernels;
using namespace mxcheck::kernels::testing;

std::int64_t size_of(Words& words, std::uint32_t most) { return 1 + words.below(most); }
Fill some_fill(Words& words) { return static_cast<Fill>(words.below(4)); }
bool coin(Words& words) { return words.below(2) != 0; }

void same(Element type, const Guarded& want, const Guarded& got, const std::string& what) {
  const std::string text = difference(type, want, got);
  MXCHECK_CHECK(text.empty(), what + ": " + text);
  MXCHECK_CHECK(got.intact(), what + ": written beyond the block");
}

// One value, one per row, one per column, or one each.
Spread some_spread(Guarded& values, std::int64_t columns, Words& words) {
  const Spread kinds[] = {{values.data(), 0, 0},
                          {values.data(), 1, 0},
                          {values.data(), 0, 1},
                          {values.data(), columns, 1}};
  return kinds[words.below(4)];
}

// --- products ------------------------------------------------------------------------------------

Fenced some_codes(std::int64_t count, Words& words) {
  constexpr std::uint8_t kSpecial[] = {0x80, 0x81, 0xFF, 0, 1, 0x7F, 0xFE, 0x40};
  const bool extreme = coin(words);
  Fenced out(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(extreme ? kSpecial[words.below(8)] : words.below(256));
  }
  return out;
}

CodeMatrix some_matrix(const Fenced& codes, std::int64_t rows, std::int64_t columns, Words& words) {
  const bool transposed = coin(words);
  return {codes.data() + 1,      rows,       columns, transposed ? 1 : columns,
          transposed ? rows : 1, coin(words)};
}

void product(Isa isa, Words& words) {
  const auto kernels = gemm_kernels_for(isa);
  const GemmKernel& kernel = *kernels[words.below(static_cast<std::uint32_t>(kernels.size()))];
  const std::int64_t segment = size_of(words, 40), segments = coin(words) ? 1 : size_of(words, 4);
  const std::int64_t m = size_of(words, 40), n = size_of(words, 70), k = segment * segments;
  const auto lhs_codes = some_codes(m * k + 1, words), rhs_codes = some_codes(k * n + 1, words);
  const CodeMatrix lhs = some_matrix(lhs_codes, m, k, words);
  const CodeMatrix rhs = some_matrix(rhs_codes, k, n, words);
  const auto expected = definition(lhs, rhs);
  Guarded want(m * n, 4), got(m * n, 4);
  for (std::int64_t i = 0; i < m * n; ++i) {
    want.set_bits(i, static_cast<std::uint32_t>(expected[static_cast<std::size_t>(i)]));
  }
  GemmRun run{reinterpret_cast<std::int32_t*>(got.data()), n, nullptr, nullptr};
  Guarded rows = filled(Element::kF32, m, some_fill(words), words);
  Guarded columns = filled(Element::kF32, n, some_fill(words), words);
  Guarded floats(m * n, 4);
  ScaledSums scaled;
  if (coin(words)) scaled.rows = reinterpret_cast<const float*>(rows.data());
  if (coin(words)) scaled.columns = reinterpret_cast<const float*>(columns.data());
  scaled.out = reinterpret_cast<float*>(floats.data());
  if (coin(words)) run.scaled = &scaled;
  PackedRhs packed;
  if (segments == 1 || lhs.column_stride != 1) {
    packed.pack(kernel, isa, rhs);
    multiply(lhs, packed, run);
  } else {
    packed.pack(kernel, isa, rhs, segment);
    const RowAddresses addresses = [&](std::int64_t first, int count, std::int64_t s,
                                       const std::uint8_t** lines) {
      for (int i = 0; i < count; ++i) {
        lines[i] = lhs.codes + (first + i) * lhs.row_stride + s * segment;
      }
    };
    multiply(IndirectLhs{m, lhs.is_signed, addresses}, packed, run);
  }
  MXCHECK_CHECK(got.intact(), std::string(kernel.name) + ": written beyond the result");
  if (run.scaled == nullptr) {
    const std::string codes = code_difference(want, got);
    MXCHECK_CHECK(codes.empty(), std::string(kernel.name) + ": " + codes);
    return;
  }
  Guarded want_floats(m * n, 4);
  scale(expected, n, {scaled.rows, scaled.columns, reinterpret_cast<float*>(want_floats.data())},
        n);
  same(Element::kF32, want_floats, floats, std::string(kernel.name) + ", scaled");
}

void float_chain(Isa isa, Words& words) {
  ChainProduct p;
  p.m = size_of(words, 30);
  p.k = words.below(60);
  p.n = size_of(words, 70);
  p.block = coin(words) ? 0 : size_of(words, 40);
  const Fill fill = some_fill(words);
  Guarded lhs = filled(Element::kF32, p.m * p.k, fill, words);
  Guarded rhs = filled(Element::kF32, p.k * p.n, fill, words);
  p.lhs = reinterpret_cast<const float*>(lhs.data());
  p.rhs = reinterpret_cast<const float*>(rhs.data());
  const bool transposed = coin(words);
  p.lhs_row = transposed ? 1 : p.k;
  p.lhs_k = transposed ? p.m : 1;
  p.rhs_k = transposed ? 1 : p.n;
  p.rhs_column = transposed ? p.k : 1;
  p.stride = p.n + words.below(3);
  Guarded want(p.m * p.stride, 4), got = want;
  p.out = reinterpret_cast<float*>(want.data());
  chain_product(p, Isa::kScalar);
  p.out = reinterpret_cast<float*>(got.data());
  chain_product(p, isa);
  same(Element::kF32, want, got, "chain_product");
}

// --- blocks --------------------------------------------------------------------------------------

void reduction(Isa isa, Words& words) {
  ReduceBlock block;
  block.type = kElements[words.below(3)];
  block.rows = size_of(words, 12);
  block.columns = size_of(words, 200);
  block.stride = block.columns + words.below(4);
  const bool rows = coin(words), range = coin(words);
  Guarded x = filled(block.type, block.rows * block.stride, some_fill(words), words);
  Guarded fold = filled(block.type, rows ? block.columns : block.rows, some_fill(words), words);
  block.x = x.data();
  if (!range && coin(words)) block.fold = fold.data();
  const Outputs want = reduce(scalar(), block, rows, range);
  const Outputs got = reduce(vector_kernels(isa), block, rows, range);
  same(block.type, want.first, got.first, "reduce");
  same(block.type, want.second, got.second, "reduce");
}

// What may come with a block: scales, zero points, noise, factors.
struct Extras {
  Guarded scale, zero, noise, fold;
};

QuantizeBlock some_quantize_block(Element type, Words& words) {
  QuantizeBlock block = coin(words) ? dynamic_block(type) : QuantizeBlock{};
  block.type = type;
  block.rows = size_of(words, 12);
  block.columns = size_of(words, 150);
  block.stride = block.columns + words.below(4);
  block.range_reciprocal = coin(words);
  block.quotient_reciprocal = coin(words);
  if (block.find_scale) return block;
  block.is_unsigned = coin(words);
  block.low = block.is_unsigned ? 0.0f : coin(words) ? -128.0f : -8.0f;
  block.high = block.is_unsigned ? 255.0f : block.low == -128 ? 127.0f : 7.0f;
  block.scale_step = coin(words) ? 1 : 0;
  return block;
}

void add_extras(QuantizeBlock& block, Extras& s, Words& words) {
  block.flip = coin(words) && !block.is_unsigned ? 0x80 : 0;
  if (coin(words)) block.fold = s.fold.data();
  if (block.find_scale) return;
  for (std::int64_t i = 0; i < s.zero.count(); ++i) {
    s.zero.set(Element::kF32, i, static_cast<float>(words.below(256)) - 128.0f);
  }
  for (std::int64_t i = 0; i < s.noise.count(); ++i) {
    s.noise.set(Element::kF32, i, static_cast<float>(words.next() >> 9) * 0x1p-23f - 0.5f);
  }
  if (coin(words)) {
    block.zero_point = reinterpret_cast<const float*>(s.zero.data());
  } else if (coin(words)) {
    block.noise =
        coin(words) ? Spread{s.noise.data(), 1, 0} : Spread{s.noise.data(), block.columns, 1};
  }
}

void quantization(Isa isa, Words& words) {
  const Element type = kElements[words.below(3)];
  QuantizeBlock block = some_quantize_block(type, words);
  const bool rows = coin(words);
  const std::int64_t lines = rows ? block.rows : block.columns;
  Guarded x = filled(type, block.rows * block.stride, some_fill(words), words);
  Extras s{filled(type, lines, some_fill(words), words), Guarded(lines, 4),
           Guarded(block.rows * block.columns, 4),
           filled(type, rows ? block.columns : block.rows, some_fill(words), words)};
  add_extras(block, s, words);
  block.x = x.data();
  const Guarded* scale = block.find_scale ? nullptr : &s.scale;
  const Quantization want = quantize(scalar(), block, rows, scale);
  const Quantization got = quantize(vector_kernels(isa), block, rows, scale);
  same(type, want.values.first, got.values.first, "scales");
  const std::string codes = code_difference(want.codes, got.codes);
  MXCHECK_CHECK(codes.empty() && got.codes.intact(), "quantize: " + codes);
}

// Runs a family whose blocks have x, strides and `out` by both, and compares.
template <typename Block, typename Run>
void both(Isa isa, Block block, const char* what, Run run) {
  Guarded want(block.rows * block.out_stride, width_of(block.type)), got = want;
  block.out = want.data();
  run(scalar(), block);
  block.out = got.data();
  run(vector_kernels(isa), block);
  same(block.type, want, got, what);
}

template <typename Block>
Block some_block(Words& words) {
  Block block;
  block.type = kElements[words.below(3)];
  block.rows = size_of(words, 12);
  block.columns = size_of(words, 150);
  block.stride = block.columns + words.below(4);
  return block;
}

void dequantization(Isa isa, Words& words) {
  auto block = some_block<DequantizeBlock>(words);
  block.out_stride = block.columns + words.below(4);
  block.is_unsigned = coin(words);
  const std::int64_t all = block.rows * block.columns;
  Guarded codes(block.rows * block.stride, 1), zero(all, 4);
  for (std::int64_t i = 0; i < codes.count(); ++i) codes.set_bits(i, words.below(256));
  for (std::int64_t i = 0; i < all; ++i) {
    zero.set(Element::kF32, i, static_cast<float>(words.below(256)) - 128.0f);
  }
  Guarded scale = filled(block.type, all, some_fill(words), words);
  block.codes = codes.data();
  block.scale = some_spread(scale, block.columns, words);
  if (coin(words)) block.zero_point = some_spread(zero, block.columns, words);
  both(isa, block, "dequantize", [](const auto& k, const auto& b) { k.dequantize(b); });
}

void multiplication(Isa isa, Words& words) {
  auto block = some_block<MultiplyBlock>(words);
  block.out_stride = block.columns + words.below(4);
  Guarded x = filled(block.type, block.rows * block.stride, some_fill(words), words);
  Guarded factor = filled(block.type, block.rows * block.columns, some_fill(words), words);
  block.x = x.data();
  block.factor = some_spread(factor, block.columns, words);
  both(isa, block, "multiply", [](const auto& k, const auto& b) { k.multiply(b); });
}

void combination(Isa isa, Words& words) {
  auto block = some_block<CombineBlock>(words);
  block.out_stride = block.columns + words.below(4);
  block.operation = static_cast<Combination>(words.below(4));
  block.factor = rounded(block.type, words.moderate());
  Guarded x = filled(block.type, block.rows * block.stride, some_fill(words), words);
  Guarded other = filled(block.type, block.rows * block.columns, some_fill(words), words);
  block.x = x.data();
  block.other = some_spread(other, block.columns, words);
  both(isa, block, "combine", [](const auto& k, const auto& b) { k.combine(b); });
}

void column_sums(Isa isa, Words& words) {
  auto block = some_block<SumBlock>(words);
  block.rows = size_of(words, 256);
  Guarded x = filled(block.type, block.rows * block.stride, some_fill(words), words);
  block.x = x.data();
  Guarded want(block.columns, width_of(block.type)), got = want;
  block.out = want.data();
  scalar().sum_columns(block);
  block.out = got.data();
  vector_kernels(isa).sum_columns(block);
  same(block.type, want, got, "sum_columns");
}

void product_scales(Isa isa, Words& words) {
  auto block = some_block<ProductBlock>(words);
  block.out_stride = block.columns + words.below(4);
  Guarded acc(block.rows * block.stride, 4), row(block.rows, 4), column(block.columns, 4);
  for (Guarded* integers : {&acc, &row, &column}) {
    const std::uint32_t shift = words.below(32);
    for (std::int64_t i = 0; i < integers->count(); ++i) {
      const std::uint32_t word = words.next() >> shift;
      integers->set_bits(i, coin(words) ? word : ~word);
    }
  }
  Guarded lhs = filled(block.type, block.rows * block.columns, some_fill(words), words);
  Guarded rhs = filled(block.type, block.rows * block.columns, some_fill(words), words);
  block.acc = reinterpret_cast<const std::int32_t*>(acc.data());
  if (coin(words)) block.lhs = some_spread(lhs, block.columns, words);
  if (coin(words)) block.rhs = some_spread(rhs, block.columns, words);
  if (coin(words)) {
    block.row_factor = reinterpret_cast<const std::int32_t*>(row.data());
    block.column_factor = reinterpret_cast<const std::int32_t*>(column.data());
  }
  const std::int64_t tiles = size_of(words, 3);
  const Outputs want = scale_product(scalar(), block, tiles);
  const Outputs got = scale_product(vector_kernels(isa), block, tiles);
  same(block.type, want.first, got.first, "scale_product");
  same(Element::kF32, want.second, got.second, "scale_product, sums");
}

void rounding_noise(Isa isa, Words& words) {
  NoiseBlock block;
  block.key[0] = words.next();
  block.key[1] = words.next();
  block.first = words.next();
  if (coin(words)) block.first = block.first << 32 | words.next();
  block.count = size_of(words, 256);
  block.low_bit = coin(words);
  Guarded want(block.count, 4), got = want;
  block.out = reinterpret_cast<float*>(want.data());
  scalar().noise(block);
  block.out = reinterpret_cast<float*>(got.data());
  vector_kernels(isa).noise(block);
  same(Element::kF32, want, got, "noise");
}

constexpr void (*kFamilies[])(Isa, Words&) = {
    product,        float_chain, reduction,   quantization,   dequantization,
    multiplication, combination, column_sums, product_scales, rounding_noise};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto& isas = isas_here();
  Words words(std::span<const std::uint8_t>(data + 2, size - 2));
  kFamilies[data[0] % std::size(kFamilies)](isas[data[1] % isas.size()], words);
  return 0;
}
