// int8 convolutions, NHWC, SAME padding, stride 1: windows on the padded image, which is copied
// anew every time (a plain product where the kernel is one pixel); the kernel is packed beforehand.
#include <fmt/format.h>

#include <algorithm>

#include "sim/bench/groups.h"
#include "sim/bench/measure.h"
#include "sim/bench/operands.h"
#include "sim/kernels/window.h"

namespace mxcheck::bench {
namespace {

struct ConvShape {
  std::int64_t batch, height, width, ci, co, kernel;
};
constexpr ConvShape kShapes[] = {
    {8, 56, 56, 64, 64, 3}, {8, 28, 28, 128, 128, 3}, {8, 56, 56, 64, 256, 1}};

Row bench_shape(const ConvShape& s, const Options& options, const Yardstick& yardstick) {
  const std::int64_t rows = s.batch * s.height * s.width, k = s.kernel * s.kernel * s.ci;
  kernels::Buffer x, w, our_sums, their_sums;
  fill_codes(x, rows * s.ci, 1);
  fill_codes(w, k * s.co, 2);
  const std::span<std::int32_t> ours = sums(our_sums, rows * s.co);
  const std::span<std::int32_t> theirs = sums(their_sums, rows * s.co);
  const kernels::GemmKernel& kernel = *kernels::gemm_kernels_for(options.isa).front();
  kernels::PackedRhs packed;
  packed.pack(kernel, options.isa, {w.data(), k, s.co, s.co, 1, true}, s.ci);
  kernels::Convolution2d shape;
  shape.batch = s.batch, shape.height = s.height, shape.width = s.width, shape.channels = s.ci;
  shape.kernel_height = shape.kernel_width = s.kernel;
  shape.out_height = s.height, shape.out_width = s.width;
  shape.top = shape.left = s.kernel / 2;
  const double operations = 2.0 * static_cast<double>(rows * k * s.co);
  const PeakWork peak = peak_work(options.isa, operations);
  const Yardstick::Run run =
      yardstick.convolution({s.batch, s.height, s.width, s.ci, s.co, s.kernel, s.kernel / 2},
                            reinterpret_cast<const std::int8_t*>(w.data()));
  std::vector<std::function<void()>> pieces = {
      [&] {
        kernels::convolve(shape, x.data(), true, packed, {ours.data(), s.co, nullptr, nullptr});
      },
      [&] {
        if (peak.run) peak.run();
      }};
  if (run) pieces.emplace_back([&] { run(x.data(), theirs.data()); });
  const std::vector<double> best = interleaved(pieces, options.seconds);
  Row row;
  row.group = "conv";
  row.name = fmt::format("{}x{}x{}x{} {}x{} -> {}", s.batch, s.height, s.width, s.ci, s.kernel,
                         s.kernel, s.co);
  row.m = rows, row.k = k, row.n = s.co;
  row.kernel = kernel.name;
  row.gops = operations / best[0] * 1e-9;
  if (peak.run) row.peak_gops = peak.operations / best[1] * 1e-9;
  row.milliseconds = best[0] * 1e3;
  if (run) row.onednn_gops = operations / best[2] * 1e-9;
  if (run && !std::equal(ours.begin(), ours.end(), theirs.begin()))
    row.note = "oneDNN gives other bits";
  if (!run) row.note = "no oneDNN in this build";
  return row;
}

}  // namespace

std::vector<Row> bench_conv(const Options& options, const Yardstick& yardstick) {
  std::vector<Row> out;
  for (const ConvShape& shape : kShapes) out.push_back(bench_shape(shape, options, yardstick));
  return out;
}

}  // namespace mxcheck::bench
