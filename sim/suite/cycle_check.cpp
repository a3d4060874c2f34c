// Re-execution at the cycle level; the cost is known beforehand from the closed-form schedule.
#include "sim/suite/cycle_check.h"

#include <fmt/format.h>

#include "sim/mxu/schedule.h"
#include "sim/suite/level_compare.h"

namespace mxcheck::suite {
namespace {

using reports::CheckResult;
using reports::Status;

std::int64_t pe_updates(const mxu::Profile& profile, const exec::Outcome& outcome) {
  std::int64_t sum = 0;
  for (const exec::ProductShape& shape : outcome.products) {
    if (std::max({shape.m, shape.n, shape.k}) > mxu::kMaxExtent) return INT64_MAX;
    mxu::ProductShape one;
    one.m = shape.m, one.n = shape.n, one.k = shape.k;
    const std::int64_t cycles = mxu::schedule(profile, one).total();
    std::int64_t updates = 0;
    if (__builtin_mul_overflow(cycles, profile.rows * profile.cols, &updates) ||
        __builtin_mul_overflow(updates, shape.batch, &updates) ||
        __builtin_add_overflow(sum, updates, &sum)) {
      return INT64_MAX;
    }
  }
  return sum;
}

}  // namespace

std::optional<CheckResult> check_cycle(const exec::Request& request,
                                       const exec::Outcome& functional, bool smoke) {
  if (functional.products.empty()) return std::nullopt;
  CheckResult out;
  out.check = "cycle";
  const std::int64_t updates = pe_updates(request.profile, functional);
  if (updates > kCyclePeLimit && !smoke) {
    out.status = Status::kSkip;
    out.reason =
        fmt::format("the products would step {} PEs, the limit is {}", updates, kCyclePeLimit);
    return out;
  }
  exec::Request stepped = request;
  stepped.level = exec::Level::kCycle;
  base::Result<exec::Outcome> outcome = exec::run(stepped);
  if (!outcome) {
    out.status = Status::kSkip;
    out.reason = outcome.error();
    return out;
  }
  compare_levels(functional.values, outcome.value().values,
                 "sim: cycle level, golden: functional level", out);
  out.status = out.findings.empty() ? Status::kPass : Status::kFail;
  return out;
}

}  // namespace mxcheck::suite
