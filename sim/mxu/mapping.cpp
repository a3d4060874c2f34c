// The folds of a product in array order.
#include "sim/mxu/mapping.h"

namespace mxcheck::mxu {
namespace {

std::vector<Extent> cut(std::int64_t size, std::int64_t length) {
  std::vector<Extent> result;
  for (std::int64_t begin = 0; begin < size; begin += length) {
    result.push_back({begin, std::min(begin + length, size)});
  }
  return result;
}

// The folds along K of one block of outputs.
std::vector<Fold> k_folds(const Profile& profile, std::int64_t k) {
  const std::int64_t capacity = profile.rows * profile.macs_per_pe;
  std::vector<Fold> result;
  for (const Extent& chunk : chunk_list(profile, k)) {
    for (std::int64_t begin = chunk.begin; begin < chunk.end; begin += capacity) {
      Fold fold;
      fold.chunk = chunk;
      fold.k = {begin, std::min(begin + capacity, chunk.end)};
      fold.chunk_begin = begin == chunk.begin;
      fold.chunk_end = fold.k.end == chunk.end;
      result.push_back(fold);
    }
  }
  if (!result.empty()) {
    result.front().block_begin = true;
    result.back().block_end = true;
  }
  return result;
}

}  // namespace

Extents computed_extents(const Profile& profile, std::int64_t m, std::int64_t n, std::int64_t k) {
  if (profile.tail != Tail::kDrop) return {m, n, k};
  const auto whole = [](std::int64_t size, std::int64_t unit) { return size / unit * unit; };
  const std::int64_t rows_of_k = profile.rows * profile.macs_per_pe;
  switch (profile.dataflow) {
    case Dataflow::kWeightStationary:
      return {m, whole(n, profile.cols), whole(k, rows_of_k)};
    case Dataflow::kOutputStationary:
      return {whole(m, profile.rows), whole(n, profile.cols), k};
    case Dataflow::kInputStationary:
      return {whole(m, profile.cols), n, whole(k, rows_of_k)};
  }
  return {m, n, k};
}

std::vector<Extent> chunk_list(const Profile& profile, std::int64_t k) {
  std::vector<Extent> result = cut(k, chunk_length(profile, k));
  if (profile.chunk_order == ChunkOrder::kDescending) std::reverse(result.begin(), result.end());
  return result;
}

std::vector<Fold> folds_of(const Profile& profile, const Extents& extents) {
  std::vector<Fold> result;
  if (extents.m == 0 || extents.n == 0 || extents.k == 0) return result;
  if (profile.dataflow == Dataflow::kOutputStationary) {
    const Extent all{0, extents.k};
    for (const Extent& across : cut(extents.n, profile.cols)) {
      for (const Extent& along : cut(extents.m, profile.rows)) {
        result.push_back({all, along, across, all, true, true, true, true});
      }
    }
    return result;
  }
  const bool input = profile.dataflow == Dataflow::kInputStationary;
  const std::int64_t vectors = input ? extents.n : extents.m;
  const std::vector<Fold> pattern = k_folds(profile, extents.k);
  for (const Extent& across : cut(input ? extents.m : extents.n, profile.cols)) {
    for (const Extent& along : cut(vectors, block_rows(profile, vectors))) {
      for (Fold fold : pattern) {
        fold.along = along;
        fold.across = across;
        result.push_back(fold);
      }
    }
  }
  return result;
}

}  // namespace mxcheck::mxu
