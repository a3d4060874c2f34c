// Which engine steps a product, and what `mxcheck sim` says about a run.
#include "sim/mxu/cycle.h"

#include <fmt/format.h>

#include "sim/base/digest.h"
#include "sim/mxu/fast_array.h"
#include "sim/mxu/mapping.h"

namespace mxcheck::mxu {
namespace {

// Without any k (or output) nothing streams: accumulators hold the initial value, delivered.
CycleResult nothing_to_stream(const Profile& profile, const Product& product) {
  CycleResult result;
  result.product = functional(profile, product);
  result.product.path = "cycle: nothing to stream";
  return result;
}

}  // namespace

CycleResult run_cycle(const Profile& profile, const Product& product, const CycleOptions& options) {
  CycleResult result;
  Refusal refusal = refuse_types(profile, product.lhs_type, product.rhs_type);
  if (!refusal.refused()) refusal = refuse_shape(profile, product.m, product.n, product.k);
  if (refusal.refused()) {
    result.product.status = Status::kRefused;
    result.product.refusal = refusal;
    return result;
  }
  const Extents extents = computed_extents(profile, product.m, product.n, product.k);
  if (extents.m == 0 || extents.n == 0 || extents.k == 0) {
    return nothing_to_stream(profile, product);
  }
  if (options.engine == Engine::kAuto && options.probe == nullptr && options.defects == nullptr &&
      internal::fast_array_fits(profile, product)) {
    auto fast = internal::run_fast_stationary(profile, product, options.overlap,
                                              internal::row_kernels().back());
    if (fast) return *std::move(fast);
  }
  return profile.dataflow == Dataflow::kOutputStationary
             ? internal::run_output_stationary(profile, product, options)
             : internal::run_stationary(profile, product, options);
}

std::string digest(const ProductResult& result) {
  std::string bytes;
  for (const std::int64_t value : result.acc) {
    for (int shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff));
    }
  }
  return "sha256:" + base::sha256_hex(bytes);
}

std::string cycle_text(const Profile& profile, const Product& product, const CycleResult& result,
                       Overlap overlap) {
  const ProductShape shape{product.m,        product.n,        product.k,
                           product.lhs_type, product.rhs_type, !product.init.empty()};
  Schedule s = schedule(profile, shape, overlap);
  std::string text = fmt::format("profile {}\nproduct M={} N={} K={}  {} x {}\n", describe(profile),
                                 product.m, product.n, product.k, numerics::name(product.lhs_type),
                                 numerics::name(product.rhs_type));
  if (result.product.status == Status::kRefused) {
    return text + fmt::format("refused[{}] {}\n", result.product.refusal.label,
                              result.product.refusal.fact);
  }
  if (result.product.overflow) {
    const OverflowAt& at = *result.product.overflow;
    text += fmt::format("UNDEFINED: {} register overflowed first at m={} n={} k={}\n",
                        name(at.stage), at.m, at.n, at.k);
  }
  const CycleCauses& c = result.cycles;
  s.cycles = c;
  s.mac_slots = c.total() * profile.rows * profile.cols * profile.macs_per_pe;
  text += fmt::format(
      "result  {}\ncycles  {} in {} folds: load {}, fill {}, stream {}, drain {}, "
      "fifo stall {}, accumulator stall {}\n",
      digest(result.product), c.total(), result.folds, c.load, c.fill, c.stream, c.drain,
      c.fifo_stall, c.acc_stall);
  text += fmt::format(
      "use     {:.4f} of the multipliers, {} bytes (lhs {}, rhs {}, init {}, out {}), "
      "{:.2f} operations a byte\n",
      s.utilisation(), s.bytes(), s.lhs_bytes, s.rhs_bytes, s.init_bytes, s.out_bytes,
      s.intensity());
  text += fmt::format("engine  {}\n", result.product.path);
  return text;
}

}  // namespace mxcheck::mxu
