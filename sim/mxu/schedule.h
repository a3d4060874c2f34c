// Cycles of a product on the array without stepping it: closed forms (derived in schedule.md,
// tested against the stepped count), by cause; bytes, utilisation and intensity; sums over the
// products of a graph. Counts follow section 4 of the module's README: time zero is the first clock
// edge, the end is the edge that registers the last sum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/mxu/profile.h"

namespace mxcheck::mxu {

// kNone: a fold starts when the one before has left the array. kFull: loading, streaming and
// draining of neighbouring folds overlap as far as the registers allow.
enum class Overlap : std::uint8_t { kNone, kFull };

struct ProductShape {
  std::int64_t m = 0, n = 0, k = 0;
  DType lhs_type = DType::kS8;
  DType rhs_type = DType::kS8;
  bool has_init = false;
};
// Larger extents than this are nobody's product; within it no count overflows.
inline constexpr std::int64_t kMaxExtent = std::int64_t{1} << 20;

struct CycleCauses {
  std::int64_t load = 0;        // stationary operands loading, not hidden
  std::int64_t fill = 0;        // until the first sum leaves (stationary), all PEs work (output)
  std::int64_t stream = 0;      // a vector enters
  std::int64_t drain = 0;       // after the last vector's first column
  std::int64_t fifo_stall = 0;  // the skewing queue is full
  std::int64_t acc_stall = 0;   // results not yet out of accumulators or output registers
  [[nodiscard]] std::int64_t total() const {
    return load + fill + stream + drain + fifo_stall + acc_stall;
  }
  friend bool operator==(const CycleCauses&, const CycleCauses&) = default;
};

struct Schedule {
  std::string name;
  ProductShape shape;
  std::int64_t folds = 0;
  CycleCauses cycles;
  std::int64_t macs = 0;       // useful ones: M * N * K of what is computed
  std::int64_t mac_slots = 0;  // cycles * PEs * macs_per_pe
  std::int64_t lhs_bytes = 0, rhs_bytes = 0, init_bytes = 0, out_bytes = 0;

  [[nodiscard]] std::int64_t total() const { return cycles.total(); }
  [[nodiscard]] std::int64_t bytes() const {
    return lhs_bytes + rhs_bytes + init_bytes + out_bytes;
  }
  [[nodiscard]] double utilisation() const;
  [[nodiscard]] double intensity() const;  // operations (2 per MAC) a byte
};

[[nodiscard]] Schedule schedule(const Profile& profile, const ProductShape& shape,
                                Overlap overlap = Overlap::kFull);
// Products one after the other.
[[nodiscard]] Schedule sum(const std::vector<Schedule>& products, const std::string& name);

// One line a product and a total line; and the same as JSON (array of objects, total last).
[[nodiscard]] std::string schedule_text(const std::vector<Schedule>& products);
[[nodiscard]] std::string schedule_json(const std::vector<Schedule>& products);

}  // namespace mxcheck::mxu
