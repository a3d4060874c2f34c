// Bins are named by what they hold: "+5..8", "-1e-3".
#include "sim/suite/mismatch_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/suite/compare.h"

namespace mxcheck::suite {
namespace {

constexpr std::int64_t kRows = 5, kColumns = 8;
constexpr int kDecades = 12;

// The part of an axis that is shown: `most` elements with `at` in the middle where there is room.
struct Span {
  std::int64_t first, count;
};
Span span_around(std::int64_t at, std::int64_t extent, std::int64_t most) {
  const std::int64_t count = std::min(extent, most);
  const std::int64_t first = std::clamp(at - (count - 1) / 2, std::int64_t{0}, extent - count);
  return {first, count};
}

reports::WindowCell cell_of(const Tensor& ours, const Tensor& theirs, std::int64_t i) {
  reports::WindowCell cell{value_text(ours, i), bits_text(ours, i), false, "", ""};
  if (tensor::same_element(ours, theirs, i)) return cell;
  cell.differs = true;
  cell.theirs = value_text(theirs, i);
  cell.theirs_bits = bits_text(theirs, i);
  return cell;
}

// Bin e holds 2^(e-1)+1 .. 2^e, bin 0 holds 1; from kFine on a bin holds kCoarse powers.
constexpr int kFine = 8, kCoarse = 4;
int power_bin(std::uint64_t distance) {
  const int bin = static_cast<int>(std::bit_width(distance - 1));
  return bin <= kFine ? bin : kFine + (bin - kFine + kCoarse - 1) / kCoarse;
}
std::string power_text(int bin) {
  if (bin <= 0) return "1";
  if (bin == 1) return "2";
  if (bin > kFine) {
    const int last = kFine + (bin - kFine) * kCoarse;
    return fmt::format("2^{}..2^{}", last - kCoarse, last);
  }
  return fmt::format("{}..{}", (1 << (bin - 1)) + 1, 1 << bin);
}

}  // namespace

reports::Window window_around(const Tensor& ours, const Tensor& theirs, std::int64_t center) {
  const tensor::Shape& shape = ours.shape();
  const std::size_t rank = shape.size();
  reports::Window out;
  out.origin = tensor::unravel(center, shape);
  const Span columns =
      rank > 0 ? span_around(out.origin[rank - 1], shape[rank - 1], kColumns) : Span{0, 1};
  const Span rows =
      rank > 1 ? span_around(out.origin[rank - 2], shape[rank - 2], kRows) : Span{0, 1};
  std::int64_t start = center;
  const std::int64_t row_length = rank > 0 ? shape[rank - 1] : 1;
  if (rank > 0) start -= out.origin[rank - 1] - columns.first;
  if (rank > 1) start -= (out.origin[rank - 2] - rows.first) * row_length;
  if (rank > 0) out.origin[rank - 1] = columns.first;
  if (rank > 1) out.origin[rank - 2] = rows.first;
  out.rows = rows.count;
  out.columns = columns.count;
  for (std::int64_t r = 0; r < rows.count; ++r) {
    for (std::int64_t c = 0; c < columns.count; ++c) {
      out.cells.push_back(cell_of(ours, theirs, start + r * row_length + c));
    }
  }
  return out;
}

void DifferenceCounter::add(const Tensor& ours, const Tensor& theirs, std::int64_t i) {
  floats_ = numerics::is_float(ours.dtype());
  if (!floats_) {
    const std::int64_t a = ours.load_int(i), b = theirs.load_int(i);
    const std::uint64_t distance =
        a > b ? static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b)
              : static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a);
    if (distance > 0) ++(a < b ? below_ : above_)[power_bin(distance)];
    return;
  }
  const double delta = ours.load(i) - theirs.load(i);
  if (!std::isfinite(delta)) {
    ++not_finite_;
  } else if (delta != 0) {  // 0: only the sign of a zero differs
    ++(delta < 0 ? below_ : above_)[static_cast<int>(std::floor(std::log10(std::abs(delta))))];
  }
  const std::optional<std::uint64_t> ulp = ulp_distance(ours, theirs, i);
  if (ulp && *ulp > 0) ++ulps_[power_bin(*ulp)];
}

namespace {

// The counts from `low` to `high`; what lies lower joins the lowest bin.
std::vector<std::int64_t> filled(const std::map<int, std::int64_t>& counts, int low, int high) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(high - low + 1), 0);
  for (const auto& [exponent, count] : counts) {
    out[static_cast<std::size_t>(std::max(exponent, low) - low)] += count;
  }
  return out;
}

}  // namespace

std::vector<reports::Bin> DifferenceCounter::deltas() const {
  std::vector<reports::Bin> out;
  if (!below_.empty() || !above_.empty()) {
    int low = std::numeric_limits<int>::max(), high = std::numeric_limits<int>::min();
    for (const auto* side : {&below_, &above_}) {
      if (side->empty()) continue;
      low = std::min(low, side->begin()->first);
      high = std::max(high, side->rbegin()->first);
    }
    const bool more = floats_ && low < high - kDecades;
    if (more) low = high - kDecades;
    const auto text = [&](const char* sign, int exponent) {
      if (!floats_) return sign + power_text(exponent);
      const bool rest = more && exponent == low;
      return fmt::format("{}{}1e{}", sign, rest ? "<" : "", exponent + (rest ? 1 : 0));
    };
    const std::vector<std::int64_t> below = filled(below_, low, high);
    const std::vector<std::int64_t> above = filled(above_, low, high);
    for (int e = high; e >= low && !below_.empty(); --e) {
      out.push_back({text("-", e), below[static_cast<std::size_t>(e - low)]});
    }
    for (int e = low; e <= high && !above_.empty(); ++e) {
      out.push_back({text("+", e), above[static_cast<std::size_t>(e - low)]});
    }
  }
  if (not_finite_ > 0) out.push_back({"inf, nan", not_finite_});
  return out;
}

std::vector<reports::Bin> DifferenceCounter::ulps() const {
  std::vector<reports::Bin> out;
  if (ulps_.empty()) return out;
  const int low = ulps_.begin()->first, high = ulps_.rbegin()->first;
  const std::vector<std::int64_t> counts = filled(ulps_, low, high);
  for (int e = low; e <= high; ++e) {
    out.push_back({power_text(e), counts[static_cast<std::size_t>(e - low)]});
  }
  return out;
}

}  // namespace mxcheck::suite
