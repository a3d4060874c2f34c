// Quantization against what the processor allows: the division instruction alone in registers, and
// a copy of the same bytes in cache, in the same run. Figures are elements per nanosecond.
#include <fmt/format.h>

#include <cstring>

#include "sim/base/aligned.h"
#include "sim/base/threefry.h"
#include "sim/bench/groups.h"
#include "sim/bench/measure.h"
#include "sim/kernels/float_chain.h"
#include "sim/kernels/vector_kernels.h"
#include "sim/numerics/flush.h"
#include "sim/numerics/small_float.h"

namespace mxcheck::bench {
namespace {

using kernels::Element;

// Short rows and long ones in the first-level cache; the second-level cache; activations of a small
// MLP. The last two also by columns and in the other types.
constexpr Shape kShapes[] = {{8, 0, 256}, {4, 0, 1024}, {64, 0, 512}, {128, 0, 784}};
constexpr std::int64_t kFirstLevelElements = 4096;

// --- Divisions in registers, eight independent ones a round; the quotients are not looked at.

#if defined(__x86_64__)
constexpr std::int64_t kRounds = 2000;
#define MXCHECK_DIVIDE(reg)                                                                \
  "1:\n\t"                                                                                 \
  "vdivps %%" reg "14, %%" reg "15, %%" reg "0\n\tvdivps %%" reg "14, %%" reg "15, %%" reg \
  "1\n\t"                                                                                  \
  "vdivps %%" reg "14, %%" reg "15, %%" reg "2\n\tvdivps %%" reg "14, %%" reg "15, %%" reg \
  "3\n\t"                                                                                  \
  "vdivps %%" reg "14, %%" reg "15, %%" reg "4\n\tvdivps %%" reg "14, %%" reg "15, %%" reg \
  "5\n\t"                                                                                  \
  "vdivps %%" reg "14, %%" reg "15, %%" reg "6\n\tvdivps %%" reg "14, %%" reg "15, %%" reg \
  "7\n\t"                                                                                  \
  "dec %0\n\tjnz 1b"
#define MXCHECK_DIVIDED \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm14", "xmm15", "cc"
// Ordinary operands first: divisions of zeros are quicker on some processors.
__attribute__((target("avx512f"))) void divide_avx512() {
  std::int64_t rounds = kRounds;
  const float operands[2] = {1.2345678f, 0.7654321f};
  asm volatile("vbroadcastss (%1), %%zmm14\n\tvbroadcastss 4(%1), %%zmm15\n\t" MXCHECK_DIVIDE("zmm")
               : "+r"(rounds)
               : "r"(operands)
               : MXCHECK_DIVIDED, "memory");
}
__attribute__((target("avx2"))) void divide_avx2() {
  std::int64_t rounds = kRounds;
  const float operands[2] = {1.2345678f, 0.7654321f};
  asm volatile("vbroadcastss (%1), %%ymm14\n\tvbroadcastss 4(%1), %%ymm15\n\t" MXCHECK_DIVIDE("ymm")
               : "+r"(rounds)
               : "r"(operands)
               : MXCHECK_DIVIDED, "memory");
}
#endif

struct DivisionWork {
  std::function<void()> run;
  double divisions = 0;
};

DivisionWork division_work(kernels::Isa isa) {
#if defined(__x86_64__)
  if (kernels::covers(isa, kernels::Isa::kAvx512Vnni)) return {divide_avx512, 16.0 * 8 * kRounds};
  if (kernels::covers(isa, kernels::Isa::kAvx2)) return {divide_avx2, 8.0 * 8 * kRounds};
#endif
  static_cast<void>(isa);
  return {};
}

// --- Data, aligned as tensors are.

template <typename T>
base::AlignedVector<T> values(std::int64_t count, T (*from)(float)) {
  base::AlignedVector<T> out(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto word = static_cast<std::int32_t>(base::random_word(7, i));
    out[i] = from(static_cast<float>(word) * 0x1p-31f);
  }
  return out;
}
float same(float v) { return v; }

struct Data {
  base::AlignedVector<float> f32;
  base::AlignedVector<std::uint16_t> bf16, f16;
  base::AlignedVector<float> scale;  // enough for any type
  base::AlignedVector<std::uint8_t> codes;
  base::AlignedVector<std::uint8_t> copy;  // target of the copies

  explicit Data(std::int64_t count)
      : f32(values<float>(count, same)),
        bf16(values<std::uint16_t>(count, numerics::bf16_from_f32)),
        f16(values<std::uint16_t>(count, numerics::f16_from_f32)),
        scale(static_cast<std::size_t>(count), 1.0f),
        codes(static_cast<std::size_t>(count)),
        copy(static_cast<std::size_t>(4 * count)) {}

  [[nodiscard]] const void* of(Element type) const {
    if (type == Element::kBF16) return bf16.data();
    if (type == Element::kF16) return f16.data();
    return f32.data();
  }
};

// --- Rows.

struct Work {
  std::string name, kernel;
  std::int64_t elements = 0;
  std::size_t bytes = 0;  // of the copy beside it
  std::function<void()> run;
};

Row row_of(const std::string& name, const Shape& shape, const std::string& kernel) {
  Row row;
  row.group = "quantize";
  row.name = name;
  row.m = shape.m;
  row.k = shape.k;
  row.n = shape.n;
  row.kernel = kernel;
  return row;
}

Row measure(const Work& work, const Shape& shape, const Options& options, Data& data) {
  const DivisionWork division = division_work(options.isa);
  const std::vector<double> best =
      interleaved({work.run, [&] { std::memcpy(data.copy.data(), data.f32.data(), work.bytes); },
                   [&] {
                     if (division.run) division.run();
                   }},
                  options.seconds);
  Row row = row_of(work.name, {shape.m, 0, shape.n}, work.kernel);
  row.milliseconds = best[0] * 1e3;
  const double rate = static_cast<double>(work.elements) / best[0] * 1e-9;
  const double copies = static_cast<double>(work.elements) / best[1] * 1e-9;
  row.figures = {
      {"elements_per_ns", rate}, {"copy_limit", copies}, {"share_of_copy", rate / copies}};
  if (division.run) {
    const double limit = division.divisions / best[2] * 1e-9;
    row.figures.emplace_back("division_limit", limit);
    row.figures.emplace_back("share_of_division", rate / limit);
  }
  return row;
}

kernels::QuantizeBlock block_of(Element type, const Shape& shape, Data& data) {
  kernels::QuantizeBlock block;
  block.type = type;
  block.x = data.of(type);
  block.rows = shape.m;
  block.columns = block.stride = block.codes_stride = shape.n;
  block.find_scale = true;
  block.range = 127.5f;  // in every type
  block.guard = type == Element::kF16 ? 0x1p-7f : 0x1p-63f;
  block.scale = data.scale.data();
  block.codes = data.codes.data();
  return block;
}

std::string kernel_of(const kernels::VectorKernels& kernels, const std::string& family) {
  for (const std::string& name : kernels.names()) {
    if (name.starts_with(family + "_")) return name;
  }
  return "";
}

std::vector<Work> quantizers(const Shape& s, const Options& options, Data& data) {
  const kernels::VectorKernels& kernels = kernels::vector_kernels(options.isa);
  std::vector<Work> out;
  const auto add = [&](Element type, const char* name, bool reciprocal, bool rows) {
    kernels::QuantizeBlock block = block_of(type, s, data);
    block.quotient_reciprocal = block.range_reciprocal = reciprocal;
    const std::int64_t elements = s.m * s.n;
    const std::int64_t width = type == Element::kF32 ? 4 : 2;
    out.push_back({fmt::format("{} {}x{}", name, s.m, s.n),
                   kernel_of(kernels, rows ? "quantize_rows" : "quantize_columns"), elements,
                   static_cast<std::size_t>(elements * width), [&kernels, block, rows] {
                     rows ? kernels.quantize_rows(block) : kernels.quantize_columns(block);
                   }});
  };
  add(Element::kF32, "rows f32 ieee", false, true);
  add(Element::kF32, "rows f32 reciprocal", true, true);
  if (s.m * s.n <= kFirstLevelElements) return out;
  add(Element::kF32, "columns f32 ieee", false, false);
  add(Element::kBF16, "rows bf16 ieee", false, true);
  add(Element::kF16, "rows f16 ieee", false, true);
  return out;
}

Work product_scales(const Shape& s, const Options& options, Data& data) {
  const kernels::VectorKernels& kernels = kernels::vector_kernels(options.isa);
  kernels::ProductBlock block;
  block.acc = reinterpret_cast<const std::int32_t*>(data.f32.data());
  block.rows = s.m;
  block.columns = block.stride = block.out_stride = s.n;
  block.lhs = {data.scale.data(), 1, 0};
  block.rhs = {data.scale.data(), 0, 1};
  block.out = data.copy.data();
  return {fmt::format("scales of s32 {}x{}", s.m, s.n), kernel_of(kernels, "scale_product"),
          s.m * s.n, static_cast<std::size_t>(4 * s.m * s.n),
          [&kernels, block] { kernels.scale_product(block); }};
}

Row float_product(const Shape& s, const Options& options) {
  const base::AlignedVector<float> lhs = values<float>(s.m * s.k, same),
                                   rhs = values<float>(s.k * s.n, same);
  base::AlignedVector<float> out(static_cast<std::size_t>(s.m * s.n));
  kernels::ChainProduct p;
  p.m = s.m;
  p.k = p.lhs_row = s.k;
  p.n = p.rhs_k = p.stride = s.n;
  p.lhs = lhs.data();
  p.rhs = rhs.data();
  p.out = out.data();
  const std::vector<double> best =
      interleaved({[&] { kernels::chain_product(p, options.isa); }}, options.seconds);
  Row row = row_of(fmt::format("float product {}x{}x{}", s.m, s.k, s.n), s,
                   kernel_of(kernels::vector_kernels(options.isa), "chain"));
  row.milliseconds = best[0] * 1e3;
  row.figures = {{"gflops", 2.0 * static_cast<double>(s.m * s.k * s.n) / best[0] * 1e-9}};
  return row;
}

}  // namespace

std::vector<Row> bench_quantize(const Options& options) {
  const numerics::FlushSubnormals flush;  // as the executor does
  std::vector<Row> rows;
  for (const Shape& shape : kShapes) {
    Data data(shape.m * shape.n);
    std::vector<Work> works = quantizers(shape, options, data);
    if (shape.m * shape.n > kFirstLevelElements) {
      works.push_back(product_scales(shape, options, data));
    }
    for (const Work& work : works) rows.push_back(measure(work, shape, options, data));
  }
  rows.push_back(float_product({128, 784, 512}, options));
  rows.push_back(float_product({256, 256, 256}, options));
  return rows;
}

}  // namespace mxcheck::bench
