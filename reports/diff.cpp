// Cases are paired by id, checks by name and mode, tensors by name.
#include "reports/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sim/base/check.h"
#include "sim/base/text.h"

namespace mxcheck::reports {
namespace {

// A case whose time is told: it changed by a factor of 1.5 and by 5 ms at least.
constexpr double kToldFactor = 1.5;
constexpr double kToldMilliseconds = 5;
constexpr std::size_t kToldCases = 10;

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

// The k-th case of an id is paired with the k-th of the other report.
using Key = std::pair<std::string, int>;
std::map<Key, const CaseResult*> by_id(const RunResult& run, std::vector<Key>* order) {
  std::map<Key, const CaseResult*> out;
  std::map<std::string, int> seen;
  for (const CaseResult& c : run.cases) {
    const Key key{c.id, seen[c.id]++};
    out.emplace(key, &c);
    if (order != nullptr) order->push_back(key);
  }
  return out;
}

std::string label(const CheckResult& check) {
  return check.mode.empty() ? check.check : check.check + " " + check.mode;
}

template <typename T>
const T* find_named(const std::vector<T>& list, const std::string& name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const T& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

class CaseDiff {
 public:
  CaseDiff(const CaseResult& a, const CaseResult& b, std::vector<Difference>& out)
      : a_(a), b_(b), out_(out) {}

  void run() {
    verdict_of_case();
    changed(Change::kBits, "", "digest of the case", a_.digest, b_.digest);
    changed(Change::kBits, "", "digest of the golden", a_.golden_digest, b_.golden_digest);
    for (const CheckResult& check : a_.checks) {
      if (const CheckResult* other = counterpart(check, b_)) {
        compare(check, *other);
      } else {
        add(Change::kChecks, label(check), "check", name(check.status), "");
      }
    }
    for (const CheckResult& check : b_.checks) {
      if (counterpart(check, a_) == nullptr) {
        add(Change::kChecks, label(check), "check", "", name(check.status));
      }
    }
    quantizations();
  }

 private:
  static const CheckResult* counterpart(const CheckResult& check, const CaseResult& c) {
    const auto found = std::find_if(c.checks.begin(), c.checks.end(), [&](const CheckResult& o) {
      return o.check == check.check && o.mode == check.mode;
    });
    return found == c.checks.end() ? nullptr : &*found;
  }

  void add(Change change, const std::string& subject, const std::string& what, std::string a,
           std::string b, bool regression = false) {
    out_.push_back({change, a_.id, subject, what, std::move(a), std::move(b), regression});
  }
  void changed(Change change, const std::string& subject, const std::string& what,
               const std::string& a, const std::string& b) {
    if (a != b) add(change, subject, what, a, b);
  }

  void verdict_of_case() {
    if (a_.status == b_.status) return;
    const bool passed = verdict(a_.status) == Verdict::kPassed;
    add(Change::kVerdict, "", "status", name(a_.status), name(b_.status),
        passed && verdict(b_.status) != Verdict::kPassed);
  }

  // The same question in both runs? Else a tensor cannot have become different.
  [[nodiscard]] bool same_question() const { return a_.digest == b_.digest; }

  void compare(const CheckResult& a, const CheckResult& b) {
    const std::string check = label(a);
    std::int64_t named = 0;  // tensors said by name to be equal no more
    std::set<std::string> names;
    for (const Finding& f : a.findings) names.insert(f.name);
    for (const Finding& f : b.findings) names.insert(f.name);
    for (const std::string& tensor : names) {
      named += finding(check + " " + tensor, find_named(a.findings, tensor),
                       find_named(b.findings, tensor));
    }
    const bool ran = a.status != Status::kSkip && b.status != Status::kSkip;
    const std::int64_t more = (b.tensors - b.equal) - (a.tensors - a.equal);
    if (a.equal != b.equal || a.tensors != b.tensors) {
      add(Change::kBits, check, "tensors equal in bits", fmt::format("{}/{}", a.equal, a.tensors),
          fmt::format("{}/{}", b.equal, b.tensors),
          ran && same_question() && more > 0 && named == 0);
    }
    if (a.status != b.status) {
      changed(Change::kChecks, check, "status", name(a.status), name(b.status));
    }
    changed(Change::kBound, check, "worst bound fraction", number_text(a.worst_fraction),
            number_text(b.worst_fraction));
    changed(Change::kCounts, check, "codes moved", std::to_string(a.codes_moved),
            std::to_string(b.codes_moved));
    figures(check, a, b);
  }

  // 1 if the tensor was equal in bits and is no more.
  std::int64_t finding(const std::string& subject, const Finding* a, const Finding* b) {
    const auto text = [](const Finding* f) {
      if (f == nullptr) return std::string();
      if (!f->problem.empty()) return f->problem;
      return fmt::format("{} of {}", f->differ, f->total);
    };
    const bool fresh = a == nullptr && same_question();
    if (text(a) != text(b)) {
      add(Change::kBits, subject, "differ", a == nullptr ? "0" : text(a),
          b == nullptr ? "0" : text(b), fresh);
    }
    if (a != nullptr && b != nullptr) {
      changed(Change::kBound, subject, "worst bound fraction", number_text(a->worst_fraction),
              number_text(b->worst_fraction));
      changed(Change::kBits, subject, "worst ulp", std::to_string(a->worst_ulp),
              std::to_string(b->worst_ulp));
    }
    return fresh ? 1 : 0;
  }

  void figures(const std::string& check, const CheckResult& a, const CheckResult& b) {
    for (const TensorFigure& f : a.figures) {
      const TensorFigure* other = find_named(b.figures, f.name);
      if (other == nullptr) continue;
      changed(Change::kBound, check + " " + f.name, "worst bound fraction",
              number_text(f.worst_fraction), number_text(other->worst_fraction));
    }
  }

  void quantizations() {
    for (const QuantizationCounts& q : a_.quantizations) {
      const QuantizationCounts* other = find_named(b_.quantizations, q.name);
      if (other == nullptr) {
        add(Change::kCounts, q.name, "quantization", fmt::format("{} codes", q.total), "");
        continue;
      }
      const auto count = [&](const char* what, std::optional<std::int64_t> a,
                             std::optional<std::int64_t> b) {
        const auto text = [](const std::optional<std::int64_t>& n) {
          return n ? std::to_string(*n) : std::string("unknown");
        };
        changed(Change::kCounts, q.name, what, text(a), text(b));
      };
      count("total", q.total, other->total);
      count("saturated", q.saturated, other->saturated);
      count("zero", q.zero, other->zero);
      count("ties", q.ties, other->ties);
      count("sensitive", q.sensitive, other->sensitive);
      count("reciprocal", q.reciprocal, other->reciprocal);
    }
    for (const QuantizationCounts& q : b_.quantizations) {
      if (find_named(a_.quantizations, q.name) == nullptr) {
        add(Change::kCounts, q.name, "quantization", "", fmt::format("{} codes", q.total));
      }
    }
  }

  const CaseResult& a_;
  const CaseResult& b_;
  std::vector<Difference>& out_;
};

void compare_contexts(const RunResult& a, const RunResult& b, std::vector<Difference>& out) {
  const auto field = [&](const char* what, const std::string& x, const std::string& y) {
    if (x != y) out.push_back({Change::kChecks, "", "", what, x, y, false});
  };
  const RunContext &x = a.context, &y = b.context;
  field("version", x.version, y.version);
  field("commit", x.commit, y.commit);
  field("paths", base::join(x.paths, " "), base::join(y.paths, " "));
  field("selection", x.selection, y.selection);
  field("policy", x.policy, y.policy);
  field("hardware", x.hardware, y.hardware);
  field("faults", base::join(x.faults, " "), base::join(y.faults, " "));
  field("level", x.level, y.level);
  field("isa", x.isa, y.isa);
  field("shard", x.shard, y.shard);
  field("expectations", x.expectations, y.expectations);
  field("device", x.device, y.device);
  field("incomplete", a.incomplete ? "true" : "false", b.incomplete ? "true" : "false");
}

bool is_told(const Speed& s) {
  const double low = std::min(s.a, s.b), high = std::max(s.a, s.b);
  return high - low >= kToldMilliseconds && high >= kToldFactor * low;
}

}  // namespace

const char* name(Change change) {
  switch (change) {
    case Change::kVerdict:
      return "verdict";
    case Change::kBits:
      return "bits";
    case Change::kBound:
      return "bound";
    case Change::kCounts:
      return "counts";
    case Change::kChecks:
      return "checks";
  }
  MXCHECK_CHECK(false, "a change without a name");
}

std::int64_t ReportDiff::regressions() const {
  return static_cast<std::int64_t>(only_a.size()) +
         std::count_if(differences.begin(), differences.end(),
                       [](const Difference& d) { return d.regression; });
}

ReportDiff diff(const RunResult& a, const RunResult& b) {
  ReportDiff out;
  compare_contexts(a, b, out.context);
  std::vector<Key> order_a, order_b;
  const auto of_a = by_id(a, &order_a);
  const auto of_b = by_id(b, &order_b);
  out.cases_a = static_cast<std::int64_t>(a.cases.size());
  out.cases_b = static_cast<std::int64_t>(b.cases.size());
  out.total = {"", a.milliseconds, b.milliseconds};
  for (const Key& key : order_a) {
    const auto other = of_b.find(key);
    if (other == of_b.end()) {
      out.only_a.push_back(key.first);
      continue;
    }
    const CaseResult& x = *of_a.at(key);
    const CaseResult& y = *other->second;
    const std::size_t before = out.differences.size();
    CaseDiff(x, y, out.differences).run();
    out.same += out.differences.size() == before ? 1 : 0;
    const Speed speed{key.first, x.milliseconds, y.milliseconds};
    if (is_told(speed)) out.speed.push_back(speed);
  }
  for (const Key& key : order_b) {
    if (of_a.find(key) == of_a.end()) out.only_b.push_back(key.first);
  }
  std::stable_sort(out.speed.begin(), out.speed.end(), [](const Speed& x, const Speed& y) {
    return std::fabs(x.b - x.a) > std::fabs(y.b - y.a);
  });
  if (out.speed.size() > kToldCases) out.speed.resize(kToldCases);
  return out;
}

}  // namespace mxcheck::reports
