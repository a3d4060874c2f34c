// Dimensions: which of them belong together is found by trying, then indices are left out.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "sim/suite/minimize_edit.h"
#include "sim/suite/minimize_search.h"

namespace mxcheck::suite {
namespace {

using casefile::Draft;
using casefile::TensorSource;
using Indices = std::vector<std::int64_t>;

Indices first(std::int64_t count, std::int64_t from = 0) {
  Indices out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), from);
  return out;
}

class Dims {
 public:
  explicit Dims(Search& search) : search_(search) {}

  void run() {
    std::set<std::int64_t, std::greater<>> sizes;
    for (const DimSlot& slot : dim_slots(search_.best)) sizes.insert(dim_at(search_.best, slot));
    for (const std::int64_t size : sizes) {
      if (size <= 1) continue;
      std::vector<DimSlot> open;
      for (const DimSlot& slot : dim_slots(search_.best)) {
        if (dim_at(search_.best, slot) == size) open.push_back(slot);
      }
      while (!open.empty() && !search_.is_late()) {
        const DimSlot one = open.front();
        const std::vector<DimSlot> tied = tied_to(one, open, size);
        shrink(tied, size);
        std::erase_if(open, [&](const DimSlot& slot) {
          return slot == one || std::find(tied.begin(), tied.end(), slot) != tied.end();
        });
      }
    }
  }

 private:
  // Slots that are resized together with `slot`, found by trying: one is added at a time, whichever
  // lets the shapes fit further through the graph. Empty if there are none.
  [[nodiscard]] std::vector<DimSlot> tied_to(const DimSlot slot, const std::vector<DimSlot>& slots,
                                             std::int64_t size) const {
    for (const std::int64_t target : {size / 2, size - 1, std::int64_t{1}}) {
      if (target < 1 || target >= size) continue;
      const auto fit = [&](const std::vector<DimSlot>& some) {
        return search_.oracle.fit(with_dims(search_.best, some, first(target)));
      };
      std::vector<DimSlot> tied{slot};
      Oracle::Fit reached = fit(tied);
      while (reached.problems > 0) {
        std::optional<DimSlot> next;
        for (const DimSlot& one : slots) {
          if (std::find(tied.begin(), tied.end(), one) != tied.end()) continue;
          tied.push_back(one);
          const Oracle::Fit with = fit(tied);
          tied.pop_back();
          if (!with.better_than(reached)) continue;
          reached = with;
          next = one;
        }
        if (!next) break;
        tied.push_back(*next);
      }
      if (reached.problems == 0) return tied;
      if (fit(slots).problems == 0) return slots;
    }
    return {};
  }

  void shrink(const std::vector<DimSlot>& slots, std::int64_t size) {
    if (slots.empty()) return;
    const auto keep = [&](const Indices& kept, std::int64_t from) {
      Draft candidate = with_dims(search_.best, slots, kept);
      if (!cut_expected(candidate, from, kept)) return false;
      return search_.attempt(std::move(candidate),
                             fmt::format("dimension {} -> {}", from, kept.size()));
    };
    constexpr std::int64_t kSingles = 64;
    for (std::int64_t i = 0; i < std::min(size, kSingles); ++i) {
      if (keep({i}, size)) return;
    }
    // Chunks are left out, half of the dimension first, single indices last.
    for (std::int64_t chunk = (size + 1) / 2; chunk >= 1; chunk /= 2) {
      for (std::int64_t at = 0; at < size && size > 1;) {
        Indices kept = first(std::min(at, size));
        const Indices rest = first(std::max<std::int64_t>(0, size - at - chunk), at + chunk);
        kept.insert(kept.end(), rest.begin(), rest.end());
        const bool cut = !kept.empty() && keep(kept, size);
        if (cut) size = static_cast<std::int64_t>(kept.size());
        if (!cut) at += chunk;
      }
    }
  }

  // Recorded values lose the same indices; false if they cannot follow.
  [[nodiscard]] bool cut_expected(Draft& candidate, std::int64_t size, const Indices& kept) const {
    if (search_.oracle.truth() != Truth::kRecorded) return true;
    const graph::Values after = search_.shapes_of(candidate);
    for (auto entry = candidate.expect.values.begin(); entry != candidate.expect.values.end();) {
      const auto found = after.find(entry->first);
      if (found != after.end() && cut_to(entry->second, found->second.shape(), size, kept)) {
        ++entry;
      } else if (entry->first == search_.oracle.reason().finding) {
        return false;
      } else {
        entry = candidate.expect.values.erase(entry);
      }
    }
    return true;
  }

  static bool cut_to(TensorSource& source, const tensor::Shape& shape, std::int64_t size,
                     const Indices& kept) {
    Draft one;
    one.inputs.emplace_back("", source);
    if (source.type.shape.size() != shape.size()) return false;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const std::int64_t before = source.type.shape[axis];
      if (before == shape[axis]) continue;
      if (before != size || shape[axis] != static_cast<std::int64_t>(kept.size())) return false;
      one = with_dims(one, {{DimSlot::Where::kInput, 0, axis}}, kept);
    }
    source = one.inputs.front().second;
    return true;
  }

  Search& search_;
};

}  // namespace

void shrink_dims(Search& search) { Dims(search).run(); }

}  // namespace mxcheck::suite
