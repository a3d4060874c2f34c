// Select, ask, put the answers where the run has its values, compare, explain.
#include "sim/suite/device_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/digest.h"
#include "sim/device/protocol.h"
#include "sim/suite/compare.h"
#include "sim/suite/device_locate.h"
#include "sim/suite/device_requests.h"
#include "sim/suite/product_notes.h"
#include "sim/suite/root_cause.h"
#include "sim/suite/vacuous.h"
#include "sim/suite/values.h"

namespace mxcheck::suite {
namespace {

using device::Op;
using reports::CheckResult;
using reports::Status;
using tensor::Tensor;

constexpr Op kOps[] = {Op::kProduct, Op::kQuantize, Op::kQuantizedDot};

std::string reasons_text(Op op, const std::map<std::string, std::int64_t>& reasons) {
  std::string out;
  for (const auto& [reason, times] : reasons) {
    out += fmt::format("{}{} {} not asked: {}", out.empty() ? "" : "; ", times, device::name(op),
                       reason);
  }
  return out;
}

class Check {
 public:
  Check(const exec::Request& request, const exec::Outcome& whole, const DeviceUnderTest& dut,
        double explain_milliseconds)
      : request_(request),
        whole_(whole),
        dut_(dut),
        claims_(dut.file == nullptr ? device::Capabilities{} : dut.file->capabilities),
        explain_milliseconds_(explain_milliseconds) {}

  DeviceCheck run() {
    select(device_questions(request_, whole_));
    if (!out_.skip.empty()) return std::move(out_);
    digest_questions();
    if (dut_.device == nullptr) return std::move(out_);
    std::vector<device::Request> requests;
    for (const DeviceQuestion& q : questions_) requests.push_back(q.request);
    device::Answers answers = dut_.device->ask(requests);
    out_.failure = std::move(answers.failure);
    out_.log = std::move(answers.log);
    if (!out_.failure.empty()) return std::move(out_);
    answers_ = std::move(answers.results);
    digest_answers();
    for (const Op op : kOps) {
      if (claims(op)) judge(op);
    }
    return std::move(out_);
  }

 private:
  // --- selection ---------------------------------------------------------------------------------

  // Keeps what the device claims. A product it does not claim makes the whole case one it does not
  // support; other operations are left out one by one.
  void select(DeviceQuestions all) {
    left_out_ = std::move(all.left_out);
    for (DeviceQuestion& q : all.asked) {
      if (!claims(q.request.op)) {
        unclaimed_ = true;
        continue;
      }
      const std::string reason = unsupported(q.request);
      if (reason.empty()) {
        questions_.push_back(std::move(q));
      } else if (q.request.op == Op::kProduct) {
        out_.skip = fmt::format("not claimed: {}", reason);
        return;
      } else {
        ++left_out_[q.request.op][reason];
      }
    }
    if (questions_.empty()) return say_why_nothing();
    for (const DeviceQuestion& q : questions_) out_.compared.emplace(q.request.name, q.expected);
    const std::string vacuous = vacuous_reason(out_.compared);
    if (!vacuous.empty()) out_.skip = "nothing to learn about a device: " + vacuous;
  }

  void say_why_nothing() {
    std::string reasons;
    for (const auto& [op, counts] : left_out_) {
      if (claims(op)) reasons += (reasons.empty() ? "" : "; ") + reasons_text(op, counts);
    }
    out_.skip = !reasons.empty() ? reasons
                : unclaimed_     ? "not claimed: the operations of this case"
                                 : "the case asks nothing of a matrix unit";
  }

  [[nodiscard]] bool claims(Op op) const { return dut_.file == nullptr || claims_.has(op); }

  [[nodiscard]] std::string unsupported(const device::Request& r) const {
    if (dut_.file == nullptr) return "";
    if (!r.profile.empty() && !claims_profile()) {
      return fmt::format("hardware {}", r.profile);
    }
    if (!r.policy.empty() && std::find(claims_.policies.begin(), claims_.policies.end(),
                                       r.policy) == claims_.policies.end()) {
      return fmt::format("policy {}", r.policy);
    }
    return device::outside(claims_, r);
  }

  [[nodiscard]] bool claims_profile() const {
    return std::any_of(dut_.profiles.begin(), dut_.profiles.end(), [&](const mxu::Profile& p) {
      mxu::Profile same_values = p;
      same_values.base = request_.profile.base;  // two names of one unit
      return same_values == request_.profile;
    });
  }

  // --- digests
  // -------------------------------------------------------------------------------------

  static void add_bytes(std::string& text, const Tensor& value) {
    text +=
        base::sha256_hex({reinterpret_cast<const char*>(value.bytes().data()), value.byte_size()}) +
        "\n";
  }

  void digest_questions() {
    std::string requests, expected;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const DeviceQuestion& q = questions_[i];
      requests +=
          base::sha256_hex(device::request_line(static_cast<std::int64_t>(i), q.request)) + "\n";
      add_bytes(expected, q.expected);
      DeviceDigests& d = out_.digests;
      ++(q.request.op == Op::kProduct    ? d.products
         : q.request.op == Op::kQuantize ? d.quantizes
                                         : d.quantized_dots);
    }
    out_.digests.requests = base::sha256_hex(requests);
    out_.digests.expected = base::sha256_hex(expected);
  }

  void digest_answers() {
    std::string results;
    for (const Tensor& answer : answers_) add_bytes(results, answer);
    out_.digests.results = base::sha256_hex(results);
  }

  // --- judgement
  // -----------------------------------------------------------------------------------

  void judge(Op op) {
    CheckResult check;
    check.check = "device";
    check.mode = device::name(op);
    const graph::Values observed = observed_values(op);
    for (const auto& [name, value] : observed) compare_one(op, name, value, check);
    const auto left = left_out_.find(op);
    if (left != left_out_.end()) check.reason = reasons_text(op, left->second);
    if (check.tensors == 0) {
      if (check.reason.empty()) return;
      check.status = Status::kSkip;
    } else if (!check.findings.empty()) {
      check.status = Status::kFail;
      if (op == Op::kProduct) localise_findings(request_, observed, check);
      explain_findings(request_, observed, {explain_milliseconds_}, check);
      if (op == Op::kProduct) ask_again(check);
    }
    out_.results.push_back(std::move(check));
  }

  // Of the first wrong product: the PE. Packs and simulators are not asked K times more.
  void ask_again(CheckResult& check) {
    if (dut_.file == nullptr || dut_.file->tier == device::Tier::kFiles ||
        dut_.file->tier == device::Tier::kVerilog) {
      return;
    }
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const DeviceQuestion& q = questions_[i];
      if (q.request.op != Op::kProduct || tensor::identical(q.expected, answers_[i])) continue;
      const auto finding = std::find_if(check.findings.begin(), check.findings.end(),
                                        [&](const auto& f) { return f.name == q.value; });
      if (finding == check.findings.end()) continue;
      const std::string found = locate_by_asking(request_.profile, q, answers_[i], *dut_.device);
      if (!found.empty()) finding->explanation += "; " + found;
      return;
    }
  }

  // The answers of one operation under the names of the run's values.
  graph::Values observed_values(Op op) {
    if (op == Op::kProduct) return accumulators();
    graph::Values out;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      const DeviceQuestion& q = questions_[i];
      if (q.request.op != op) continue;
      const auto sim = whole_.values.find(q.value);
      if (sim == whole_.values.end()) continue;
      out.emplace(q.value, answers_[i].reshaped(sim->second.shape()));
    }
    return out;
  }

  // Only a run knows how products lie in an accumulator (batches, tiles, groups): it is repeated
  // with the device's answers in the place of the unit's.
  graph::Values accumulators() {
    std::size_t next = 0;
    const exec::ProductSource source = [&](const std::string&, const mxu::Product& product,
                                           std::int32_t* acc) {
      if (next >= answers_.size() || questions_[next].request.op != Op::kProduct) return false;
      const Tensor& answer = answers_[next++];
      if (answer.size() != product.m * product.n) return false;
      const auto values = answer.data<std::int32_t>();
      std::copy(values.begin(), values.end(), acc);
      return true;
    };
    exec::Request repeated = request_;
    repeated.level = exec::Level::kAuto;
    repeated.source = &source;
    const base::Result<exec::Outcome> outcome = exec::run(repeated);
    graph::Values out;
    if (!outcome) return out;
    for (const DeviceQuestion& q : questions_) {
      const auto value = outcome.value().values.find(q.value);
      if (q.request.op == Op::kProduct && value != outcome.value().values.end()) {
        out.insert(*value);
      }
    }
    return out;
  }

  void compare_one(Op op, const std::string& name, const Tensor& answer, CheckResult& check) {
    const auto sim = whole_.values.find(name);
    if (sim == whole_.values.end()) return;
    const device::Tolerance tolerance = claims_.tolerance(op);
    BoundOf bound;
    if (!tolerance.bits()) {
      bound = [&, tolerance](std::int64_t i) {
        const Tensor& x = sim->second;
        const double value =
            numerics::is_integer(x.dtype()) ? static_cast<double>(x.load_int(i)) : x.load(i);
        return tolerance.absolute + tolerance.relative * std::abs(value);
      };
    }
    Comparison comparison = compare(name, sim->second, answer, bound);
    ++check.tensors;
    check.elements += answer.size();
    check.exact += tolerance.bits() ? 1 : 0;
    check.bound += tolerance.bits() ? 0 : 1;
    check.equal += comparison.equal ? 1 : 0;
    if (comparison.worst_fraction > check.worst_fraction) {
      check.worst_fraction = comparison.worst_fraction;
      check.worst_name = name;
    }
    const bool good = tolerance.bits() ? comparison.equal : comparison.within;
    if (good && comparison.comparable) return;
    comparison.finding.rule =
        rule_label(request_.graph, request_.plan, parse_value_name(request_.graph, name));
    if (!tolerance.bits()) comparison.finding.formula = "stated";
    check.findings.push_back(std::move(comparison.finding));
  }

  const exec::Request& request_;
  const exec::Outcome& whole_;
  const DeviceUnderTest& dut_;
  const device::Capabilities claims_;
  double explain_milliseconds_;
  std::vector<DeviceQuestion> questions_;
  std::vector<Tensor> answers_;
  std::map<Op, std::map<std::string, std::int64_t>> left_out_;
  bool unclaimed_ = false;
  DeviceCheck out_;
};

}  // namespace

std::optional<std::vector<mxu::Profile>> claimed_profiles(const device::DeviceFile& file,
                                                          base::Diagnostics& diagnostics) {
  std::vector<mxu::Profile> out;
  bool good = true;
  for (const device::ProfileClaim& claim : file.capabilities.profiles) {
    std::vector<mxu::Setting> settings;
    for (const device::ProfileSetting& s : claim.settings) {
      settings.push_back({s.key, s.json, s.pointer, s.line, s.column});
    }
    const mxu::Source source{file.file.string(), claim.pointer, claim.line, claim.column};
    mxu::ParsedProfile parsed = mxu::make_profile(claim.base, settings, source);
    diagnostics.insert(diagnostics.end(), parsed.diagnostics.begin(), parsed.diagnostics.end());
    good = good && parsed.profile.has_value();
    if (parsed.profile) out.push_back(*parsed.profile);
  }
  return good ? std::optional(std::move(out)) : std::nullopt;
}

DeviceCheck check_device(const exec::Request& request, const exec::Outcome& whole,
                         const DeviceUnderTest& dut, double explain_milliseconds) {
  return Check(request, whole, dut, explain_milliseconds).run();
}

}  // namespace mxcheck::suite
