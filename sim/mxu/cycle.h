// The cycle level: a product on the array with every register of every PE stepped each clock
// (weights shifting in beside the ones in use, skewed activations, moving sums, accumulator memory,
// results leaving). Its bits equal functional()'s for every profile and shape; its cycles are the
// clocks it really ran.
#pragma once

#include <cstdint>
#include <string>

#include "sim/mxu/array.h"
#include "sim/mxu/product.h"
#include "sim/mxu/schedule.h"

namespace mxcheck::mxu {

// kAuto: the fastest engine that is bit-equal for the profile (see fast_array.h).
// kPlain: the readable one; the only one that feeds a probe.
enum class Engine : std::uint8_t { kAuto, kPlain };

struct CycleOptions {
  Overlap overlap = Overlap::kFull;
  Engine engine = Engine::kAuto;
  Probe* probe = nullptr;
  const Defects* defects = nullptr;  // planted faults; the plain engine steps them
};

struct CycleResult {
  ProductResult product;  // .path names the engine
  CycleCauses cycles;     // counted while stepping
  std::int64_t folds = 0;
  std::int64_t pe_updates = 0;  // clocks stepped * rows * cols
};

[[nodiscard]] CycleResult run_cycle(const Profile& profile, const Product& product,
                                    const CycleOptions& options = {});

// "sha256:<hex>" of the results as little-endian int64, row-major.
[[nodiscard]] std::string digest(const ProductResult& result);

// Result digest, cycles by cause, utilisation and widths needed, as `mxcheck sim` prints them.
[[nodiscard]] std::string cycle_text(const Profile& profile, const Product& product,
                                     const CycleResult& result, Overlap overlap);

namespace internal {
// The dataflows' engines; refusals and empty products are handled by run_cycle.
[[nodiscard]] CycleResult run_stationary(const Profile& profile, const Product& product,
                                         const CycleOptions& options);
[[nodiscard]] CycleResult run_output_stationary(const Profile& profile, const Product& product,
                                                const CycleOptions& options);
}  // namespace internal

}  // namespace mxcheck::mxu
