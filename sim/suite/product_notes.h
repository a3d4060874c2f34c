// What the matrix unit's products of a run can tell: the register widths their sums needed, and,
// for an accumulator that differs, the place in the array where it went wrong.
#pragma once

#include <vector>

#include "reports/model.h"
#include "sim/exec/executor.h"

namespace mxcheck::suite {

// Collects the widths of every product of a run: pass observer() in the request. Products of more
// than kMaxWidthMacs multiplications are left out.
inline constexpr std::int64_t kMaxWidthMacs = std::int64_t{1} << 22;

class WidthCollector {
 public:
  explicit WidthCollector(const mxu::Profile& profile);
  [[nodiscard]] const exec::ProductObserver* observer() const { return &observer_; }
  // One entry a product name, batches joined.
  [[nodiscard]] std::vector<reports::ProductWidths> take() { return std::move(products_); }

 private:
  const mxu::Profile& profile_;
  exec::ProductObserver observer_;
  std::vector<reports::ProductWidths> products_;
};

// What the widths say of a profile narrower than plain 32-bit wrap: that no sum came near its
// edges, or "" where some did (then the vectors can tell it from a wider one).
[[nodiscard]] std::string width_note(const mxu::Profile& profile,
                                     const std::vector<reports::ProductWidths>& products);

// For every finding of an accumulator (".../acc") in `check`: runs the request once more, watches
// that product, and adds chunk, k step, tile and PE of the first wrong sum to the explanation.
// `expected` holds the values the findings were judged by. Convolutions in layouts other than
// channels-last are left alone: their accumulators lie in another order than the product's.
void localise_findings(const exec::Request& request, const graph::Values& expected,
                       reports::CheckResult& check);

}  // namespace mxcheck::suite
