// Where a product went wrong: the first wrong chunk, k step, tile and PE, and a map of the array
// with the wrong PEs marked.
//
// Three kinds of evidence, from weak to strong: the results alone (tile and column, or PE for
// output-stationary arrays); a device that can be asked again (prefixes of K localise the step
// without any access to its inside); its partial sums.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/mxu/product.h"

namespace mxcheck::mxu {

struct WrongOutput {
  std::int64_t m = 0, n = 0;
  std::int64_t expected = 0, observed = 0;
  // Known if >= 0.
  std::int64_t chunk = -1;   // number of the pass, in processing order
  std::int64_t k = -1;       // first k after which the sum differs
  std::int64_t tile_k = -1;  // fold along K, in processing order
  std::int64_t tile_m = 0, tile_n = 0;
  std::int64_t row = -1, col = -1;  // PE
};

struct Localisation {
  std::int64_t compared = 0;
  std::vector<WrongOutput> wrong;  // in (m, n) order
  // Of the wrong outputs the one whose k comes first in processing order.
  [[nodiscard]] const WrongOutput* first() const;
};

// Results only.
[[nodiscard]] Localisation locate(const Profile& profile, const Product& product,
                                  std::span<const std::int64_t> observed);
// With the device's running sums: observed_sums[(m * n_extent + n) * k + i] is the running sum of
// its chunk after product i in ascending k (after the group that contains i is complete).
[[nodiscard]] Localisation locate_by_sums(const Profile& profile, const Product& product,
                                          std::span<const std::int64_t> observed,
                                          std::span<const std::int64_t> observed_sums);
// With a device that multiplies whatever it is given: lhs is cut to prefixes of the processing
// order by zeroing; the shortest prefix whose result differs names the k step.
using AskDevice = std::function<std::vector<std::int64_t>(const Product&)>;
[[nodiscard]] Localisation locate_by_prefixes(const Profile& profile, const Product& product,
                                              const AskDevice& device);

// "first wrong: ..." lines and the PE map.
[[nodiscard]] std::string localisation_text(const Profile& profile, const Localisation& where);
// The array, '.' good, '#' wrong, '?' some PE of this column; large arrays in cells of several PEs.
[[nodiscard]] std::string pe_map(const Profile& profile, const Localisation& where);

// --- what vectors can tell ----------------------------------------------------------------------

struct Discrimination {
  bool told_apart = false;
  std::int64_t differing = 0;  // outputs
  std::optional<std::int64_t> first_m, first_n;
  WidthsNeeded widths;  // of profile a's sums
  std::string text;
};
// Could these vectors have told profile a from profile b? If not, the text says which widths the
// sums would have had to reach.
[[nodiscard]] Discrimination discriminate(const Profile& a, const Profile& b,
                                          const Product& product);

}  // namespace mxcheck::mxu
