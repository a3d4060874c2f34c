// Integer products: ours, the peak and oneDNN in turn.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "sim/base/check.h"
#include "sim/bench/groups.h"
#include "sim/bench/measure.h"
#include "sim/bench/operands.h"
#include "sim/kernels/gemm.h"

namespace mxcheck::bench {
namespace {

constexpr Shape kShapes[] = {{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
                             {256, 256, 256}, {64, 768, 768},     {128, 1024, 4096},
                             {128, 128, 128}, {8, 512, 512},      {1, 1024, 1024}};

Row bench_shape(const Shape& s, const Options& options, const Yardstick& yardstick) {
  kernels::Buffer lhs, rhs, our_sums, their_sums;
  fill_codes(lhs, s.m * s.k, 1);
  fill_codes(rhs, s.k * s.n, 2);
  const std::span<std::int32_t> ours = sums(our_sums, s.m * s.n);
  const std::span<std::int32_t> theirs = sums(their_sums, s.m * s.n);
  const kernels::GemmKernel& kernel = kernels::gemm_kernel_for(options.isa, s.m);
  kernels::PackedRhs packed;
  packed.pack(kernel, options.isa, {rhs.data(), s.k, s.n, s.n, 1, true});
  const kernels::CodeMatrix left{lhs.data(), s.m, s.k, s.k, 1, true};
  const double operations = 2.0 * static_cast<double>(s.m * s.k * s.n);
  const PeakWork peak = peak_work(options.isa, operations);
  std::vector<std::function<void()>> pieces = {
      [&] {
        kernels::multiply(left, packed, {ours.data(), s.n, nullptr, nullptr});
      },
      [&] {
        if (peak.run) peak.run();
      }};
  // The same bytes as the packed weights, read and nothing else: what a vector product cannot beat.
  const std::size_t bytes = static_cast<std::size_t>(s.k * s.n) / 256 * 256;
  const bool vector = s.m == 1 && bytes > 0;
  if (vector) pieces.emplace_back([&, bytes] { read_memory(packed.panel(0), bytes); });
  const std::size_t first_theirs = pieces.size();
  const Yardstick::Run signed_run =
      yardstick.matmul({s.m, s.k, s.n, true}, reinterpret_cast<const std::int8_t*>(rhs.data()));
  const Yardstick::Run unsigned_run =
      yardstick.matmul({s.m, s.k, s.n, false}, reinterpret_cast<const std::int8_t*>(rhs.data()));
  if (unsigned_run) pieces.emplace_back([&] { unsigned_run(lhs.data(), theirs.data()); });
  if (signed_run) pieces.emplace_back([&] { signed_run(lhs.data(), theirs.data()); });
  const std::vector<double> best = interleaved(pieces, options.seconds);

  Row row;
  row.group = "gemm";
  row.name = fmt::format("{}x{}x{}", s.m, s.k, s.n);
  row.m = s.m, row.k = s.k, row.n = s.n;
  row.kernel = kernel.name;
  row.gops = operations / best[0] * 1e-9;
  if (peak.run) row.peak_gops = peak.operations / best[1] * 1e-9;
  row.milliseconds = best[0] * 1e3;
  if (vector) {
    const double limit = operations / best[2] * 1e-9;
    row.figures = {{"weight_read_gb_per_s", static_cast<double>(bytes) / best[2] * 1e-9},
                   {"read_limit_gops", limit},
                   {"share_of_read_limit", row.gops / limit}};
  }
  if (pieces.size() > first_theirs) {
    // The same operands, s8 both; and, for information, u8 on the left, which needs no correction.
    if (signed_run) row.onednn_gops = operations / best.back() * 1e-9;
    if (unsigned_run) {
      row.figures.emplace_back("onednn_u8_gops", operations / best[first_theirs] * 1e-9);
    }
    if (signed_run && !std::equal(ours.begin(), ours.end(), theirs.begin()))
      row.note = "oneDNN gives other bits";
  } else {
    row.note = "no oneDNN in this build";
  }
  return row;
}

}  // namespace

std::vector<Row> bench_gemm(const Options& options, const Yardstick& yardstick) {
  std::vector<Row> rows;
  std::vector<Shape> shapes = options.shapes;
  if (shapes.empty()) shapes.assign(std::begin(kShapes), std::end(kShapes));
  for (const Shape& shape : shapes) rows.push_back(bench_shape(shape, options, yardstick));
  return rows;
}

}  // namespace mxcheck::bench
