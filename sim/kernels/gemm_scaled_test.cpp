// Products that scale their sums: every kernel of this host, in its tile or after it, against the
// definition and the scalar scale_product, bit for bit.
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "sim/base/threefry.h"
#include "sim/kernels/gemm.h"
#include "sim/kernels/gemm_definition.h"
#include "sim/kernels/gemm_samples.h"
#include "sim/kernels/isas_under_test.h"

namespace mxcheck::kernels {

using namespace testing;
namespace {

// Scales that are common, that make subnormals, and that are none.
std::vector<float> some_scales(std::int64_t count, std::uint64_t seed) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t word = base::random_word(seed, static_cast<std::uint64_t>(i));
    const float common = static_cast<float>(word % 1000 + 1) * 0x1.1p-9f;
    const std::uint32_t kind = word >> 28;
    out.push_back(kind == 0   ? common * 0x1p-130f
                  : kind == 1 ? std::numeric_limits<float>::infinity()
                  : kind == 2 ? std::numeric_limits<float>::quiet_NaN()
                              : common);
  }
  return out;
}

// Everything that decides how sums become floats. Bit 0 of `given`: scales of rows; bit 1: of
// columns.
struct ScaledCase {
  Shape size;
  int given = 3;
  Sums sums = Sums::kKept;
  base::Pool* pool = nullptr;
};

void check_scaled(const GemmKernel& kernel, const ScaledCase& c) {
  const auto [m, k, n] = c.size;
  const auto lhs_codes = random_codes(static_cast<std::size_t>(m * k + 1), 21);
  const auto rhs_codes = random_codes(static_cast<std::size_t>(k * n + 1), 22);
  const CodeMatrix lhs = matrix(lhs_codes, m, k, false, true);
  const CodeMatrix rhs = matrix(rhs_codes, k, n, false, (m + n) % 2 == 0);
  PackedRhs packed;
  packed.pack(kernel, kernel.isa, rhs);
  // The scales of columns end where nothing may be read.
  const std::vector<float> rows = some_scales(m, 23), columns = some_scales(n, 24);
  Fenced fenced(static_cast<std::size_t>(n) * sizeof(float));
  std::memcpy(fenced.data(), columns.data(), static_cast<std::size_t>(n) * sizeof(float));
  const auto* last_columns = reinterpret_cast<const float*>(fenced.data());

  const std::int64_t stride = n + 3;
  const auto size = static_cast<std::size_t>(m * stride + 6);
  std::vector<std::int32_t> acc(std::max(size, static_cast<std::size_t>(16 * stride)));
  std::vector<float> got(size, static_cast<float>(kCanary)), expected = got;
  const ScaledSums scaled{(c.given & 1) != 0 ? rows.data() : nullptr,
                          (c.given & 2) != 0 ? last_columns : nullptr, got.data() + 3};
  GemmRun run{acc.data(), stride, c.pool};
  run.sums = c.sums;
  run.scaled = &scaled;
  std::int64_t finished = 0;
  std::mutex mutex;
  const BlockHook count = [&](const Block& block) {
    const std::scoped_lock lock(mutex);
    finished += block.rows * block.columns;
  };
  run.finished = &count;
  multiply(lhs, packed, run);

  scale(definition(lhs, rhs), n, {scaled.rows, scaled.columns, expected.data() + 3}, stride);
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const bool nan = std::isnan(expected[i]) && std::isnan(got[i]);
    const auto bits = std::bit_cast<std::uint32_t>(got[i]);
    wrong += nan || bits == std::bit_cast<std::uint32_t>(expected[i]) ? 0 : 1;
  }
  INFO(kernel.name << " " << m << "x" << k << "x" << n << " scales " << c.given);
  CHECK(wrong == 0);
  CHECK(finished == m * n);
}

}  // namespace

TEST_CASE("scaled sums are those that scale_product makes of them [DOT-5]", "[kernels]") {
  for (const GemmKernel& kernel : gemm_kernels()) {
    if (!under_test(kernel.isa)) continue;
    int variant = 0;
    for (std::int64_t m = 1; m <= kernel.rows + 1; ++m) {
      for (const std::int64_t n : edges(kernel.columns)) {
        // A step and two, which are stored in different ways, and some more.
        for (const std::int64_t k : {1, kernel.group + 1, 3 * kernel.group, 131}) {
          const Sums sums = variant % 8 < 4 ? Sums::kKept : Sums::kPassing;
          check_scaled(kernel, {{m, k, n}, variant++ % 4, sums});
        }
      }
    }
    check_scaled(kernel, {{61, 4100, 531}, 3, Sums::kKept});
    base::Pool pool(3);
    check_scaled(kernel, {{61, 130, 531}, 3, Sums::kKept, &pool});
  }
}

}  // namespace mxcheck::kernels
