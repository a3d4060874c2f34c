// The groups of `mxcheck bench`, a file each.
#pragma once

#include "sim/bench/bench.h"
#include "sim/bench/yardstick.h"

namespace mxcheck::bench {

// int8 products with packed weights against the peak and oneDNN; 1 x K x N against the cache.
[[nodiscard]] std::vector<Row> bench_gemm(const Options& options, const Yardstick& yardstick);
// int8 convolutions, NHWC, through rows by address.
[[nodiscard]] std::vector<Row> bench_conv(const Options& options, const Yardstick& yardstick);
// Quantization, scales and float products against the division instruction and a copy in cache.
[[nodiscard]] std::vector<Row> bench_quantize(const Options& options);
// One int8 training step, fused, held against the functional model.
[[nodiscard]] std::vector<Row> bench_train(const Options& options);
// The stepped array (sim/mxu/cycle_speed.h).
[[nodiscard]] std::vector<Row> bench_cycle_group(const Options& options);
// The cases of options.cases, which can be collected, at level functional and at level auto.
[[nodiscard]] std::vector<Row> bench_suite(const Options& options);

}  // namespace mxcheck::bench
