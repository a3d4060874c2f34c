// The page "what this does not prove": what is true of every bundle, and what of this one.
#include <fmt/format.h>

#include <set>

#include "sim/base/text.h"
#include "sim/suite/bundle.h"

namespace mxcheck::suite {
namespace {

using reports::CaseResult;

constexpr const char* kAlways = R"(# What this does not prove

- It compares answers, not designs. A device may give these answers for other reasons than its data sheet says,
  and other answers for other operands.
- It was asked for what it claims and the cases contain, nothing else: no float arithmetic, no collective, no
  memory, no order of events, no speed.
- The device was asked one case after another on one machine. Concurrency, heat, voltage, ageing and other
  samples of it are not looked at.
- The model stands for the profiles named here. What a profile itself does not know is listed below; there,
  agreement is with the profile and not with any other device.
- The digests show that these files belong together and have not changed since they were written. They do not
  say who wrote them: compare the digest that `mxcheck conform` printed, or sign SHA256SUMS.
)";

std::string line(const std::string& text) { return "- " + base::printable(text) + "\n"; }

void add_profiles(const Bundle& bundle, std::string& out) {
  out += "\n## Profiles and what they leave open\n\n";
  base::Diagnostics ignored;
  const auto profiles = claimed_profiles(bundle.device, ignored);
  if (!profiles) return;
  for (const mxu::Profile& profile : *profiles) {
    const std::vector<std::string> unknown = mxu::unknown_keys(profile);
    out += line(mxu::describe(profile) + ": " +
                (unknown.empty() ? "every key has a source"
                                 : "no public source for " + base::join(unknown, ", ")));
  }
}

void add_widths(const Bundle& bundle, std::string& out) {
  std::map<std::string, std::pair<int, int>> widest;
  for (const CaseResult& c : bundle.report.cases) {
    if (bundle.digests.count(c.id) == 0) continue;
    auto& [partial, acc] = widest[c.hardware];
    for (const reports::ProductWidths& p : c.products) {
      partial = std::max(partial, p.partial_bits);
      acc = std::max(acc, p.acc_bits);
    }
  }
  out += "\n## Widths that no operand reached\n\n";
  for (const auto& [hardware, bits] : widest) {
    out +=
        line(fmt::format("{}: no sum needed more than {} bits in the array and {} in the "
                         "accumulators; wider registers, and what happens beyond them, cannot "
                         "be told apart",
                         hardware, bits.first, bits.second));
  }
}

void add_left_out(const Bundle& bundle, std::string& out) {
  std::map<std::string, std::int64_t> reasons;
  std::int64_t skipped = 0, waived = 0;
  for (const CaseResult& c : bundle.report.cases) {
    if (c.expectation) {
      ++waived;
    } else if (reports::verdict(c.status) == reports::Verdict::kSkipped) {
      ++skipped;
      ++reasons[c.reason];
    }
  }
  out += "\n## Not asked\n\n";
  out += line(fmt::format("{} cases skipped, {} waived (exceptions.json says why, one by one)",
                          skipped, waived));
  for (const auto& [reason, times] : reasons)
    out += line(fmt::format("{} times: {}", times, reason));
  std::map<std::string, std::int64_t> partly;
  for (const CaseResult& c : bundle.report.cases) {
    for (const reports::CheckResult& check : c.checks) {
      if (!check.reason.empty()) ++partly[check.reason];
    }
  }
  for (const auto& [reason, times] : partly) {
    out += line(fmt::format("{} cases: {}", times, reason));
  }
}

void add_bounds(const Bundle& bundle, std::string& out) {
  const device::Capabilities& claims = bundle.device.capabilities;
  for (const device::Op op :
       {device::Op::kProduct, device::Op::kQuantize, device::Op::kQuantizedDot}) {
    const device::Tolerance t = claims.tolerance(op);
    if (!claims.has(op)) {
      out += line(fmt::format("{} is not claimed", device::name(op)));
    } else if (!t.bits()) {
      out += line(fmt::format("{} was held to the device's own bound, {} + {} |sim|, not to bits",
                              device::name(op), t.absolute, t.relative));
    }
  }
}

}  // namespace

namespace internal {

std::string does_not_prove(const Bundle& bundle) {
  std::string out = kAlways;
  add_profiles(bundle, out);
  add_widths(bundle, out);
  add_left_out(bundle, out);
  add_bounds(bundle, out);
  return out;
}

}  // namespace internal

}  // namespace mxcheck::suite
