// Names of statuses and classes, and what a status counts as in the last line.
#include "reports/model.h"

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <set>
#include <tuple>

#include "sim/base/check.h"

namespace mxcheck::reports {

const char* name(Status status) {
  switch (status) {
    case Status::kPass:
      return "PASS";
    case Status::kFail:
      return "FAIL";
    case Status::kXfail:
      return "XFAIL";
    case Status::kXpass:
      return "XPASS";
    case Status::kSkip:
      return "SKIP";
    case Status::kUndefined:
      return "UNDEFINED";
    case Status::kVacuous:
      return "VACUOUS";
    case Status::kDutError:
      return "DUT_ERROR";
    case Status::kSuiteError:
      return "SUITE_ERROR";
  }
  MXCHECK_CHECK(false, "a status without a name");
}

Verdict verdict(Status status) {
  switch (status) {
    case Status::kPass:
    case Status::kXfail:
      return Verdict::kPassed;
    case Status::kSkip:
    case Status::kUndefined:
      return Verdict::kSkipped;
    default:
      return Verdict::kFailed;
  }
}

const char* name(Class cls) { return cls == Class::kExact ? "EXACT" : "BOUND"; }

const char* name(TensorVerdict verdict) {
  switch (verdict) {
    case TensorVerdict::kEqual:
      return "equal";
    case TensorVerdict::kWithin:
      return "within";
    case TensorVerdict::kOpen:
      return "open";
    case TensorVerdict::kFail:
      return "fail";
    case TensorVerdict::kNone:
      return "none";
  }
  MXCHECK_CHECK(false, "a verdict without a name");
}

const char* name(GraphRole role) {
  switch (role) {
    case GraphRole::kInput:
      return "input";
    case GraphRole::kParam:
      return "param";
    case GraphRole::kQuantized:
      return "quantized";
    case GraphRole::kFloat:
      return "float";
    case GraphRole::kLayout:
      return "layout";
  }
  MXCHECK_CHECK(false, "a role without a name");
}

TensorVerdict verdict(const GraphNode& node) {
  constexpr std::array kWorstFirst{TensorVerdict::kFail, TensorVerdict::kOpen,
                                   TensorVerdict::kWithin, TensorVerdict::kEqual};
  for (const TensorVerdict worst : kWorstFirst) {
    if (std::any_of(node.tensors.begin(), node.tensors.end(),
                    [&](const TensorState& t) { return t.verdict == worst; })) {
      return worst;
    }
  }
  return TensorVerdict::kNone;
}

Totals totals(const RunResult& run) {
  Totals sum;
  for (const CaseResult& c : run.cases) {
    switch (verdict(c.status)) {
      case Verdict::kPassed:
        ++sum.passed;
        break;
      case Verdict::kFailed:
        ++sum.failed;
        break;
      case Verdict::kSkipped:
        ++sum.skipped;
        break;
    }
  }
  return sum;
}

KernelUse::KernelUse(std::string name, std::string family, std::string isa, std::int64_t count)
    : uses(count), names_(shared({std::move(name), std::move(family), std::move(isa)})) {}

const KernelUse::Names* KernelUse::shared(Names names) {
  struct Less {
    bool operator()(const Names& a, const Names& b) const {
      return std::tie(a.name, a.family, a.isa) < std::tie(b.name, b.family, b.isa);
    }
  };
  static std::mutex mutex;
  static std::set<Names, Less> known;
  const std::lock_guard lock(mutex);
  return &*known.insert(std::move(names)).first;
}

std::vector<KernelUse> kernel_totals(const RunResult& run) {
  std::vector<KernelUse> out;
  for (const CaseResult& c : run.cases) {
    for (const KernelUse& use : c.kernels) {
      const auto same = std::find_if(out.begin(), out.end(),
                                     [&](const KernelUse& k) { return k.name() == use.name(); });
      if (same == out.end()) {
        out.push_back(use);
      } else {
        // Counts of a report that was read may be anything.
        constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
        same->uses = use.uses > kMost - same->uses ? kMost : same->uses + use.uses;
      }
    }
  }
  return out;
}

}  // namespace mxcheck::reports
