// Windows at every edge of a tensor, and bins that hold what their names say.
#include "sim/suite/mismatch_picture.h"

#include <catch2/catch.hpp>
#include <limits>

#include "sim/suite/compare.h"

namespace mxcheck::suite {
namespace {

using numerics::DType;

Tensor iota(DType dtype, const tensor::Shape& shape) {
  Tensor out(dtype, shape);
  for (std::int64_t i = 0; i < out.size(); ++i) out.store_int(i, i);
  return out;
}

std::vector<std::pair<std::string, std::int64_t>> counts(const std::vector<reports::Bin>& bins) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (const reports::Bin& bin : bins) out.emplace_back(bin.label, bin.count);
  return out;
}

}  // namespace

TEST_CASE("a window lies inside the tensor and holds its center", "[suite]") {
  const std::vector<tensor::Shape> shapes{{}, {1}, {3}, {40}, {2, 3}, {9, 20}, {2, 3, 9, 20}};
  for (const tensor::Shape& shape : shapes) {
    const Tensor ours = iota(DType::kS32, shape);
    for (std::int64_t center = 0; center < ours.size(); ++center) {
      Tensor theirs = ours;
      theirs.store_int(center, -1);
      const reports::Window w = window_around(ours, theirs, center);
      REQUIRE(static_cast<std::int64_t>(w.cells.size()) == w.rows * w.columns);
      CHECK(w.rows <= 5);
      CHECK(w.columns <= 8);
      int differing = 0;
      for (std::int64_t r = 0; r < w.rows; ++r) {
        for (std::int64_t c = 0; c < w.columns; ++c) {
          std::vector<std::int64_t> index = w.origin;
          if (!index.empty()) index.back() += c;
          if (index.size() > 1) index[index.size() - 2] += r;
          std::int64_t at = 0;
          for (std::size_t axis = 0; axis < index.size(); ++axis) {
            REQUIRE(index[axis] < shape[axis]);
            at = at * shape[axis] + index[axis];
          }
          const reports::WindowCell& cell = w.cells[static_cast<std::size_t>(r * w.columns + c)];
          CHECK(cell.ours == std::to_string(at));
          CHECK(cell.differs == (at == center));
          differing += cell.differs ? 1 : 0;
        }
      }
      CHECK(differing == 1);
    }
  }
}

TEST_CASE("integers are counted by powers of two, no bin between two left out", "[suite]") {
  const std::vector<std::int64_t> deltas{-300, -1, 1, 1, 2, 3, 4, 5, 8, 9};
  Tensor ours(DType::kS32, {static_cast<std::int64_t>(deltas.size())});
  Tensor theirs = ours;
  DifferenceCounter counter;
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    ours.store_int(at, deltas[i]);
    counter.add(ours, theirs, at);
  }
  const auto bins = counts(counter.deltas());
  std::int64_t all = 0;
  for (const auto& [label, count] : bins) all += count;
  CHECK(all == 10);
  CHECK(bins.front() == std::pair<std::string, std::int64_t>{"-2^8..2^12", 1});
  CHECK(bins[9] == std::pair<std::string, std::int64_t>{"-1", 1});
  CHECK(bins[10] == std::pair<std::string, std::int64_t>{"+1", 2});
  CHECK(bins[11] == std::pair<std::string, std::int64_t>{"+2", 1});
  CHECK(bins[12] == std::pair<std::string, std::int64_t>{"+3..4", 2});
  CHECK(bins[13] == std::pair<std::string, std::int64_t>{"+5..8", 2});
  CHECK(bins[14] == std::pair<std::string, std::int64_t>{"+9..16", 1});
  CHECK(counter.ulps().empty());
}

TEST_CASE("the ends of int32 are one difference", "[suite]") {
  Tensor a(DType::kS32, {1}), b(DType::kS32, {1});
  a.store_int(0, std::numeric_limits<std::int32_t>::max());
  b.store_int(0, std::numeric_limits<std::int32_t>::min());
  DifferenceCounter counter;
  counter.add(a, b, 0);
  CHECK(counts(counter.deltas()).back() == std::pair<std::string, std::int64_t>{"+2^28..2^32", 1});
}

TEST_CASE("floats are counted by decades, the smallest and the undefined apart", "[suite]") {
  const std::vector<double> values{0.5, -0.25, 3e-20, 2e-5,
                                   std::numeric_limits<double>::infinity()};
  Tensor ours(DType::kF32, {5}), theirs(DType::kF32, {5});
  DifferenceCounter counter;
  for (std::int64_t i = 0; i < 5; ++i) {
    ours.store(i, values[static_cast<std::size_t>(i)]);
    counter.add(ours, theirs, i);
  }
  const auto bins = counts(counter.deltas());
  CHECK(bins.front() == std::pair<std::string, std::int64_t>{"-1e-1", 1});
  CHECK(bins.back() == std::pair<std::string, std::int64_t>{"inf, nan", 1});
  bool smallest = false;
  for (const auto& bin : bins) {
    smallest = smallest || bin == std::pair<std::string, std::int64_t>{"+<1e-12", 1};
  }
  CHECK(smallest);
}

TEST_CASE("distances in ulp start at the first that occurs", "[suite]") {
  Tensor ours(DType::kF32, {2}), theirs(DType::kF32, {2});
  DifferenceCounter counter;
  for (std::int64_t i = 0; i < 2; ++i) {
    theirs.store(i, 1.0);
    ours.set_bits(i, theirs.bits(i) + (i == 0 ? 2 : 7));
    counter.add(ours, theirs, i);
  }
  CHECK(counts(counter.ulps()) ==
        std::vector<std::pair<std::string, std::int64_t>>{{"2", 1}, {"3..4", 0}, {"5..8", 1}});
}

}  // namespace mxcheck::suite
