// Every product kernel of this host against the definition, bit for bit: sizes around the block
// edges, both signs on both sides, every layout in memory, fences and canaries around what may be
// read and written.
#include "sim/kernels/gemm.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>

#include "sim/kernels/fenced_memory.h"
#include "sim/kernels/gemm_definition.h"
#include "sim/kernels/gemm_samples.h"
#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/pack.h"
#include "sim/kernels/window.h"

namespace mxcheck::kernels {

using namespace testing;
namespace {

void check(const GemmKernel& kernel, Isa isa, const Shape& s, int variant, base::Pool* pool) {
  const bool lhs_signed = (variant & 1) == 0, rhs_signed = (variant & 2) == 0;
  const auto lhs_codes = random_codes(static_cast<std::size_t>(s.m * s.k + 1), 1);
  const auto rhs_codes = random_codes(static_cast<std::size_t>(s.k * s.n + 1), 2);
  const CodeMatrix lhs = matrix(lhs_codes, s.m, s.k, (variant & 4) != 0, lhs_signed);
  const CodeMatrix rhs = matrix(rhs_codes, s.k, s.n, (variant & 8) != 0, rhs_signed);
  PackedRhs packed;
  packed.pack(kernel, isa, rhs);
  const std::int64_t stride = s.n + 3;
  std::vector<std::int32_t> acc(static_cast<std::size_t>(s.m * stride + 6), kCanary);
  multiply(lhs, packed, {acc.data() + 3, stride, pool, nullptr});
  const auto expected = definition(lhs, rhs);
  std::int64_t wrong = 0, touched = 0;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(acc.size()); ++i) {
    const std::int64_t row = (i - 3) / stride, column = (i - 3) % stride;
    const bool inside = i >= 3 && row < s.m && column < s.n;
    const std::int32_t value = acc[static_cast<std::size_t>(i)];
    if (inside) {
      wrong += value != expected[static_cast<std::size_t>(row * s.n + column)] ? 1 : 0;
    } else {
      touched += value != kCanary ? 1 : 0;
    }
  }
  INFO(kernel.name << " packed with " << name(isa) << " " << s.m << "x" << s.k << "x" << s.n
                   << " variant " << variant);
  CHECK(wrong == 0);
  CHECK(touched == 0);
}

}  // namespace

TEST_CASE("every kernel of this host gives the product modulo 2^32 [DOT-8]", "[kernels]") {
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    int variant = 0;
    for (const std::int64_t m : edges(kernel.rows)) {
      for (const std::int64_t n : edges(kernel.columns)) {
        for (const std::int64_t k :
             {std::int64_t{1}, std::int64_t{kernel.group} - 1, std::int64_t{kernel.group},
              std::int64_t{kernel.group} + 1, std::int64_t{2} * kernel.group + 3, std::int64_t{67},
              std::int64_t{131}}) {
          for (const Isa isa : isas_under_test()) {
            check(kernel, isa, {m, k, n}, variant++ % 16, nullptr);
          }
        }
      }
    }
  }
}

// A kernel may have a body of its own for every number of rows and every part of a panel.
TEST_CASE("every number of rows against every part of a panel [DOT-8]", "[kernels]") {
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    int variant = 0;
    for (std::int64_t m = 1; m <= kernel.rows + 1; ++m) {
      for (std::int64_t n = 1; n <= kernel.columns; n += n % 8 == 0 ? 1 : 7) {
        check(kernel, kernel.isa, {m, 37, n}, variant++ % 16, nullptr);
        check(kernel, kernel.isa, {m, 37, n + kernel.columns}, variant++ % 16, nullptr);
      }
    }
  }
}

// Not every storage has an offset to put right, but every kernel takes what puts it right.
TEST_CASE("a strip adds what it is told to its rows and columns [DOT-8]", "[kernels]") {
  constexpr std::int64_t kNoOffset = 0;
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    const int rows = kernel.rows;
    const std::int64_t k = 3 * kernel.group, n = kernel.columns + 3;
    const auto lhs_codes = random_codes(static_cast<std::size_t>(rows * k), 14);
    const auto rhs_codes = random_codes(static_cast<std::size_t>(k * n), 15);
    // Codes as the kernel stores them, so that nothing is put right by the packing.
    const CodeMatrix lhs{lhs_codes.data(), rows, k, k, 1, kernel.lhs != Storage::kU8};
    const CodeMatrix rhs{rhs_codes.data(), k, n, n, 1, kernel.rhs != Storage::kU8};
    PackedRhs packed;
    packed.pack(kernel, kernel.isa, rhs);
    const PanelFormat format{kernel.lhs, lhs.is_signed, kernel.group, kernel.isa};
    Fenced panel(static_cast<std::size_t>(rows * k * code_bytes(kernel.lhs)));
    pack_matrix_panel(format, {lhs.codes, k, 1}, 0, rows, rows, k, panel.data());
    std::vector<std::int32_t> row_init, column_init(static_cast<std::size_t>(2 * kernel.columns));
    for (int i = 0; i < rows; ++i) row_init.push_back(0x7ffffff0 + i);
    for (std::size_t j = 0; j < column_init.size(); ++j) {
      column_init[j] = 1000 * static_cast<std::int32_t>(j) - 7;
    }
    std::vector<std::int32_t> acc(static_cast<std::size_t>(rows * n), kCanary);
    GemmStrip strip{};
    strip.lhs = strip.fetch = strip.ahead = panel.data();
    strip.offsets = &kNoOffset;
    strip.segments = 1;
    strip.row_stride = kernel.group * code_bytes(kernel.lhs);
    strip.step_stride = rows * strip.row_stride;
    strip.steps = 3;
    strip.rhs = packed.panel(0);
    strip.row_init = row_init.data();
    strip.has_row_init = true;
    strip.column_init = column_init.data();
    strip.acc = acc.data();
    strip.stride = strip.columns = n;
    strip.rows = rows;
    kernel.run(strip);
    auto expected = definition(lhs, rhs);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto column = i % static_cast<std::size_t>(n), row = i / static_cast<std::size_t>(n);
      const auto added = static_cast<std::uint32_t>(row_init[row]) +
                         static_cast<std::uint32_t>(column_init[column]);
      expected[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(expected[i]) + added);
    }
    INFO(kernel.name);
    CHECK(acc == expected);
  }
}

// Their copies are moved apart.
TEST_CASE("rows a cache set apart [DOT-8]", "[kernels]") {
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    int variant = 0;
    for (const std::int64_t k : {2048, 4096}) {
      for (int i = 0; i < 4; ++i) {
        check(kernel, kernel.isa, {2 * kernel.rows + 1, k, kernel.columns + 1}, variant++ % 4,
              nullptr);
      }
    }
  }
}

TEST_CASE("a product has the same bits for any number of threads [DOT-8]", "[kernels]") {
  for (const unsigned threads : {1U, 2U, 3U, 7U}) {
    base::Pool pool(threads);
    for (const GemmKernel* kernel : gemm_kernels_for(isas_under_test().front())) {
      check(*kernel, isas_under_test().front(), {61, 130, 531}, 0, &pool);
    }
  }
}

// Long rows, more of them than are packed at once, and more columns than a block has.
TEST_CASE("rows of two passes give what each gives alone [DOT-8]", "[kernels]") {
  constexpr std::int64_t kRows = 600, kDepth = 16384;
  const auto some = random_codes(4099, 5);
  std::vector<std::uint8_t> lhs_codes(kRows * kDepth);
  for (std::size_t i = 0; i < lhs_codes.size(); ++i) lhs_codes[i] = some[i % some.size()];
  for (const unsigned threads : {1U, 2U}) {
    base::Pool pool(threads);
    for (const GemmKernel* kernel : gemm_kernels_for(isas_under_test().front())) {
      const std::int64_t n = kernel->columns + 1;
      const auto rhs_codes = random_codes(static_cast<std::size_t>(kDepth * n), 6);
      PackedRhs packed;
      packed.pack(*kernel, kernel->isa, {rhs_codes.data(), kDepth, n, n, 1, true});
      const auto product = [&](std::int64_t first, std::int64_t rows) {
        std::vector<std::int32_t> acc(static_cast<std::size_t>(rows * n));
        multiply({lhs_codes.data() + first * kDepth, rows, kDepth, kDepth, 1, true}, packed,
                 {acc.data(), n, &pool, nullptr});
        return acc;
      };
      const auto whole = product(0, kRows);
      auto parts = product(0, kRows / 2);
      const auto rest = product(kRows / 2, kRows / 2);
      parts.insert(parts.end(), rest.begin(), rest.end());
      INFO(kernel->name << " " << threads << " threads");
      CHECK((whole == parts));
    }
  }
}

TEST_CASE("sums wrap, they do not saturate [DOT-8]", "[kernels]") {
  // 131072 * (-128)(-128) = 2^31 exactly: one more than the largest s32.
  const std::int64_t k = 131072;
  const std::vector<std::uint8_t> low(static_cast<std::size_t>(k), 0x80);
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    PackedRhs packed;
    packed.pack(kernel, kernel.isa, {low.data(), k, 1, 1, 1, true});
    std::int32_t acc = 0;
    multiply({low.data(), 1, k, k, 1, true}, packed, {&acc, 1, nullptr, nullptr});
    INFO(kernel.name);
    CHECK(acc == std::numeric_limits<std::int32_t>::min());
  }
}

TEST_CASE("rows by address give the product of the rows gathered [CNV-1]", "[kernels]") {
  constexpr std::int64_t kSegments = 5;
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    for (const std::int64_t segment : {1, 3, 4, 8, 17}) {
      const std::int64_t m = 2 * kernel.rows + 1, n = kernel.columns + 1;
      const std::int64_t k = kSegments * segment;
      const auto source = random_codes(static_cast<std::size_t>(1000 + segment), 3);
      const auto rhs_codes = random_codes(static_cast<std::size_t>(k * n + 1), 4);
      const auto address = [&](std::int64_t row, std::int64_t s) {
        return source.data() + (row * 37 + s * 101) % 997;
      };
      Fenced gathered(static_cast<std::size_t>(m * k + 1));
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t s = 0; s < kSegments; ++s) {
          std::memcpy(gathered.data() + 1 + i * k + s * segment, address(i, s),
                      static_cast<std::size_t>(segment));
        }
      }
      const CodeMatrix rhs = matrix(rhs_codes, k, n, false, true);
      PackedRhs packed;
      packed.pack(kernel, kernel.isa, rhs, segment);
      const IndirectLhs lhs{
          m, false, [&](std::int64_t first, int count, std::int64_t s, const std::uint8_t** lines) {
            for (int i = 0; i < count; ++i) lines[i] = address(first + i, s);
          }};
      std::vector<std::int32_t> acc(static_cast<std::size_t>(m * n));
      multiply(lhs, packed, {acc.data(), n, nullptr, nullptr});
      INFO(kernel.name << " segment " << segment);
      CHECK(acc == definition(matrix(gathered, m, k, false, false), rhs));
    }
  }
}

TEST_CASE("windows on an image give the convolution of the definition [CNV-1]", "[kernels]") {
  const std::vector<Convolution2d> shapes = {
      {2, 5, 7, 4, 3, 3, 5, 7, 1, 1, 1, 1, 1, 1},    // SAME
      {1, 9, 31, 8, 3, 3, 4, 15, 2, 2, 1, 1, 0, 0},  // VALID, strided
      {1, 8, 8, 4, 2, 3, 7, 4, 1, 1, 1, 2, 0, 0},    // dilated
      {2, 4, 4, 4, 3, 3, 6, 6, 1, 1, 1, 1, 2, 2},    // more padding than the kernel needs
      {1, 6, 6, 4, 2, 2, 3, 3, 1, 1, 1, 1, -1, -1},  // cropped
      {1, 6, 6, 3, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1},    // channels that fill no group
      {2, 5, 7, 4, 1, 1, 5, 7, 1, 1, 1, 1, 0, 0},    // pointwise
      {3, 2, 5, 3, 1, 1, 2, 5, 1, 1, 2, 3, 0, 0},    // pointwise, what dilates nothing
      {1, 6, 8, 4, 1, 1, 3, 4, 2, 2, 1, 1, 0, 0},    // one pixel, strided
      {1, 6, 8, 4, 1, 1, 6, 8, 1, 1, 1, 1, 1, 0},    // one pixel, moved
      {2, 6, 8, 4, 1, 1, 5, 8, 1, 1, 1, 1, 0, 0},    // one pixel, cropped at the end
  };
  for (const Convolution2d& s : shapes) {
    const std::int64_t n = 35, k = s.kernel_height * s.kernel_width * s.channels;
    const auto x =
        random_codes(static_cast<std::size_t>(s.batch * s.height * s.width * s.channels), 8);
    const auto w = random_codes(static_cast<std::size_t>(k * n + 1), 9);
    const std::int64_t rows = s.batch * s.out_height * s.out_width;
    Fenced patches(static_cast<std::size_t>(rows * k + 1));
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t b = row / (s.out_height * s.out_width);
      const std::int64_t i = row / s.out_width % s.out_height, j = row % s.out_width;
      for (std::int64_t at = 0; at < k; ++at) {
        const std::int64_t tap = at / s.channels, r = tap / s.kernel_width,
                           c = tap % s.kernel_width;
        const std::int64_t y = i * s.stride_height + r * s.dilation_height - s.top;
        const std::int64_t z = j * s.stride_width + c * s.dilation_width - s.left;
        if (y < 0 || y >= s.height || z < 0 || z >= s.width) continue;
        patches[static_cast<std::size_t>(1 + row * k + at)] = x[static_cast<std::size_t>(
            ((b * s.height + y) * s.width + z) * s.channels + at % s.channels)];
      }
    }
    for (const int signs : {0, 1, 2, 3}) {
      const bool x_signed = (signs & 1) != 0, w_signed = (signs & 2) != 0;
      const CodeMatrix rhs = matrix(w, k, n, false, w_signed);
      const auto expected = definition(matrix(patches, rows, k, false, x_signed), rhs);
      for (const GemmKernel& kernel : gemm_kernels()) {
        if (!under_test(kernel.isa)) continue;
        PackedRhs packed;
        packed.pack(kernel, kernel.isa, rhs, s.channels);
        std::vector<std::int32_t> acc(static_cast<std::size_t>(rows * n));
        convolve(s, x.data(), x_signed, packed, {acc.data(), n, nullptr, nullptr});
        INFO(kernel.name << " " << s.height << "x" << s.width << " signs " << signs);
        CHECK(acc == expected);
      }
    }
  }
}

TEST_CASE("blocks reported as finished cover the result once [DOT-8]", "[kernels]") {
  const std::int64_t m = 100, k = 4000, n = 700;
  const auto codes = random_codes(static_cast<std::size_t>(std::max(m, n) * k), 5);
  PackedRhs packed;
  packed.pack(*gemm_kernels_for(isas_under_test().front()).front(), isas_under_test().front(),
              {codes.data(), k, n, n, 1, true});
  std::vector<std::int32_t> acc(static_cast<std::size_t>(m * n));
  std::vector<int> seen(acc.size(), 0);
  const BlockHook hook = [&](const Block& block) {
    for (std::int64_t i = block.row; i < block.row + block.rows; ++i) {
      for (std::int64_t j = block.column; j < block.column + block.columns; ++j) {
        ++seen[static_cast<std::size_t>(i * n + j)];
      }
    }
  };
  multiply({codes.data(), m, k, k, 1, true}, packed, {acc.data(), n, nullptr, &hook});
  CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
}

TEST_CASE("passing sums are those that are kept, block by block [DOT-8]", "[kernels]") {
  const std::int64_t m = 100, k = 300, n = 700;
  const auto codes = random_codes(static_cast<std::size_t>(std::max(m, n) * k), 5);
  for (const Isa isa : isas_under_test()) {
    PackedRhs packed;
    packed.pack(*gemm_kernels_for(isa).front(), isa, {codes.data(), k, n, n, 1, true});
    const CodeMatrix lhs{codes.data(), m, k, k, 1, true};
    std::vector<std::int32_t> kept(static_cast<std::size_t>(m * n)), gathered(kept.size());
    multiply(lhs, packed, {kept.data(), n});
    std::vector<std::int32_t> passing(static_cast<std::size_t>(16 * n));
    const BlockHook hook = [&](const Block& block) {
      for (std::int64_t i = 0; i < block.rows; ++i) {
        std::copy_n(passing.data() + i * n + block.column, block.columns,
                    gathered.data() + (block.row + i) * n + block.column);
      }
    };
    GemmRun run{passing.data(), n};
    run.finished = &hook;
    run.sums = Sums::kPassing;
    run.written = gathered.data();
    run.written_step = n * 4;
    multiply(lhs, packed, run);
    INFO(name(isa));
    CHECK(gathered == kept);
  }
}

TEST_CASE("products of few rows have the kernel with the fewest rows that suffice", "[kernels]") {
  for (const Isa isa : isas_under_test()) {
    const GemmKernel& front = *gemm_kernels_for(isa).front();
    CHECK(gemm_kernel_for(isa, front.rows).name == front.name);
    CHECK(gemm_kernel_for(isa, front.rows + 1).name == front.name);
    for (int m = 1; m <= front.rows; ++m) {
      const GemmKernel& chosen = gemm_kernel_for(isa, m);
      INFO(name(isa) << " " << m << " rows: " << chosen.name);
      CHECK(chosen.isa == front.isa);
      CHECK(chosen.rows >= m);
      for (const GemmKernel* other : gemm_kernels_for(isa)) {
        if (other->isa == front.isa && other->rows >= m) CHECK(chosen.rows <= other->rows);
      }
    }
  }
}

TEST_CASE("a forced instruction set is obeyed or refused with what there is", "[kernels]") {
  CHECK(choose_isa("").value() == best_isa());
  CHECK(choose_isa("scalar").value() == Isa::kScalar);
  const auto unknown = choose_isa("sse9");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().find("scalar") != std::string::npos);
  for (const IsaInfo& info : isas()) {
    if (info.here) continue;
    const auto missing = choose_isa(info.name);
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().find("does not have") != std::string::npos);
  }
  for (const GemmKernel* kernel : gemm_kernels_for(Isa::kScalar))
    CHECK(kernel->isa == Isa::kScalar);
}

}  // namespace mxcheck::kernels
