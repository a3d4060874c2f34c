// How a product lies on the array: which k, columns and streamed vectors each fold (one residence
// of stationary operands) handles, in the order the array takes them. No clocks here.
//
// Weight stationary: rows hold K, columns N, the vectors streamed are the M rows of lhs.
// Input stationary: rows hold K, columns M, the vectors streamed are the N columns of rhs.
// Output stationary: rows hold M, columns N; K is streamed in steps of macs_per_pe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/mxu/profile.h"

namespace mxcheck::mxu {

struct Extent {
  std::int64_t begin = 0, end = 0;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
};

// What of a product is computed at all: less than asked only where tails are dropped.
struct Extents {
  std::int64_t m = 0, n = 0, k = 0;
};
[[nodiscard]] Extents computed_extents(const Profile& profile, std::int64_t m, std::int64_t n,
                                       std::int64_t k);

// The chunks of K in processing order; none for K = 0.
[[nodiscard]] std::vector<Extent> chunk_list(const Profile& profile, std::int64_t k);

struct Fold {
  Extent k;       // inside one chunk (stationary); all K (output stationary)
  Extent along;   // streamed vectors, or the rows' outputs (output stationary)
  Extent across;  // the columns' outputs
  Extent chunk;   // the chunk this fold is part of
  bool chunk_begin = false, chunk_end = false;  // first, last fold of its chunk
  bool block_begin = false, block_end = false;  // first, last fold of its outputs
};
[[nodiscard]] std::vector<Fold> folds_of(const Profile& profile, const Extents& extents);

// Streamed vectors that share one residence of accumulators: all, or what acc_rows can hold.
[[nodiscard]] inline std::int64_t block_rows(const Profile& profile, std::int64_t vectors) {
  return profile.acc_rows == 0 ? vectors : std::min(vectors, profile.acc_rows);
}
// Blocks whose results the accumulator memory can hold at once; 0: any number.
[[nodiscard]] inline std::int64_t blocks_held(const Profile& profile, std::int64_t vectors) {
  return profile.acc_rows == 0 ? 0 : profile.acc_rows / block_rows(profile, vectors);
}
// Must a block wait until the one before it has left the accumulators? A block leaves row by row
// when all its columns are done; the sequencer goes on at once only if the rest of the memory
// outlasts that skew.
[[nodiscard]] inline bool blocks_share_rows(const Profile& profile, std::int64_t vectors) {
  return profile.acc_rows != 0 &&
         (blocks_held(profile, vectors) - 1) * block_rows(profile, vectors) < profile.cols - 1;
}

[[nodiscard]] inline std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace mxcheck::mxu
