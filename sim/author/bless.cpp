// The case runs without its golden: once through the checks, once for values and their classes.
#include "sim/author/bless.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/console.h"
#include "sim/author/format_case.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/text.h"
#include "sim/casefile/source.h"
#include "sim/exec/executor.h"
#include "sim/suite/compare.h"
#include "sim/suite/run_case.h"
#include "sim/suite/vacuous.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::author {
namespace {

namespace fs = std::filesystem;
using casefile::Case;
using Metadata = std::map<std::string, std::string>;

struct Recorded {
  graph::Values values;
  Metadata metadata;
};

class Planner {
 public:
  Planner(const Case& c, const BlessOptions& options) : case_(c), options_(options), bare_(c) {
    bare_.expect.golden.clear();
    plan_.id = c.id;
    plan_.case_file = c.file;
    plan_.root = c.root;
  }

  BlessPlan plan() {
    if (!case_.expect.error.empty()) {
      refuse("the case must be refused [" + case_.expect.error + "]; it has no values");
    } else if (place() && read_old() && check() && execute()) {
      compare();
      judge();
    }
    return std::move(plan_);
  }

 private:
  void refuse(const std::string& why) { plan_.refusals.push_back(why); }

  // Where the golden lies, and the case text that names it.
  bool place() {
    std::string golden = case_.expect.golden;
    const fs::path folder = case_.file.has_parent_path() ? case_.file.parent_path() : ".";
    if (golden.empty()) {
      const std::string stem = golden_of_new();
      golden = stem + case_.matrix + ".safetensors";
      const base::Result<std::string> text = base::read_file(case_.file, base::JsonLimits{}.bytes);
      const auto named = text ? with_golden(text.value(), stem + ".safetensors") : std::nullopt;
      if (!named) {
        refuse("the case file cannot be read again");
        return false;
      }
      plan_.case_text = *named;
    }
    const auto problem = casefile::check_path(case_.file, case_.root, golden);
    std::error_code error;
    plan_.golden = folder / golden;
    const bool occupied = fs::exists(plan_.golden, error) && !fs::is_regular_file(plan_.golden);
    if (problem || occupied || plan_.golden.extension() != ".safetensors") {
      refuse(problem ? problem->fact
                     : fmt::format("{} cannot hold expected values", plan_.golden.string()));
      return false;
    }
    return true;
  }

  // Beside the case; in a suite that has golden/data, under its topic there. Without extension.
  [[nodiscard]] std::string golden_of_new() const {
    const std::string stem = case_.file.stem().string();
    std::error_code error;
    const fs::path file = fs::weakly_canonical(case_.file, error);
    const fs::path root = fs::weakly_canonical(case_.root, error);
    const fs::path below = file.lexically_relative(root / "cases");
    const bool topic = fs::is_directory(root / "golden" / "data", error) && !below.empty() &&
                       *below.begin() != ".." && *below.begin() != ".";
    if (!topic) return stem;
    fs::path data = root / "golden" / "data" / below;
    return data.replace_extension().lexically_relative(file.parent_path()).generic_string();
  }

  bool read_old() {
    base::Result<GoldenStore> store = GoldenStore::of(plan_.golden, case_.root);
    if (!store) {
      refuse(store.error());
      return false;
    }
    std::error_code error;
    if (!fs::exists(plan_.golden, error)) {
      entry_ = store.value().provenance("");
      return true;
    }
    plan_.had_golden = true;
    const base::Result<std::string> bytes =
        base::read_file(plan_.golden, tensor::kMaxSafetensorsBytes);
    auto parsed = bytes ? tensor::parse_safetensors(bytes.value())
                        : base::Result<tensor::SafetensorsFile>(base::Error{bytes.error()});
    if (!parsed) {
      plan_.doubts.push_back("the golden that is there cannot be read: " + parsed.error());
      return true;
    }
    tensor::SafetensorsFile file = std::move(parsed).value();
    old_ = {std::move(file.tensors), std::move(file.metadata)};
    const std::string digest = base::sha256_hex(bytes.value());
    entry_ = store.value().provenance(digest);
    is_recorded_ = entry_ && entry_->count("sha256") != 0 && entry_->at("sha256") == digest;
    is_listed_ = store.value().lists(digest);
    is_settled_ = store.value().settled();
    // POL-5: a golden states how long contractions were cut on the host that recorded it.
    const auto block = old_.metadata.find("dot_block");
    if (block != old_.metadata.end() && bare_.policy.dot_block == 0) {
      static_cast<void>(numerics::set_knob(bare_.policy, "dot_block", block->second));
    }
    return true;
  }

  // The checks that need no golden, and the values the case states itself.
  bool check() {
    suite::CaseOptions how;
    suite::CaseRun run = suite::run_case(bare_, how);
    plan_.result = std::move(run.result);
    using reports::Status;
    const Status status = plan_.result.status;
    if (!run.refusal.empty() || status == Status::kSuiteError) {
      plan_.diagnostics = std::move(run.refusal);
      refuse(plan_.result.reason);
    } else if (status == Status::kFail) {
      refuse("a check that needs no golden fails");
    } else if (status == Status::kUndefined ||
               (status == Status::kSkip && !plan_.result.reason.empty() &&
                plan_.result.notes.empty())) {
      refuse(fmt::format("{}: {}", reports::name(status), plan_.result.reason));
    }
    return plan_.refusals.empty();
  }

  bool execute() {
    base::Diagnostics problems;
    const auto profile = suite::profile_of(bare_, problems);
    const auto data = casefile::load_data(bare_, problems);
    if (!profile || !data) return false;  // told by the checks
    base::Result<exec::Outcome> outcome =
        exec::run({bare_.graph, bare_.rules, bare_.plan, bare_.run, *data, bare_.policy, *profile,
                   exec::Level::kFunctional});
    if (!outcome) {
      refuse(outcome.error());
      return false;
    }
    outcome_ = std::move(outcome).value();
    for (auto& [name, value] : outcome_.values) {
      value = suite::as_stored(value);
      plan_.elements += value.size();
    }
    plan_.tensors = static_cast<std::int64_t>(outcome_.values.size());
    return true;
  }

  void compare() {
    using Kind = BlessDifference::Kind;
    for (const auto& [name, value] : outcome_.values) {
      const std::string type = numerics::name(value.dtype()) + tensor::to_string(value.shape());
      const auto was = old_.values.find(name);
      if (was == old_.values.end()) {
        plan_.differences.push_back({Kind::kNew, name, type, {}});
        continue;
      }
      suite::Comparison c = suite::compare(name, value, was->second, {});
      if (c.comparable && c.equal) {
        ++plan_.same;
      } else {
        plan_.differences.push_back({Kind::kChanged, name, type, std::move(c.finding)});
      }
    }
    for (const auto& [name, value] : old_.values) {
      if (!outcome_.values.contains(name)) {
        plan_.differences.push_back({Kind::kGone, name, "", {}});
      }
    }
  }

  void judge() {
    const bool same = plan_.had_golden && plan_.differences.empty();
    const bool fits = is_listed_ && is_recorded_;
    // Without lists nothing is promised; a golden that stands alone is taken into them.
    plan_.mends = same && !(fits && is_settled_);
    if (!plan_.changes()) return;
    const bool from_qwix = entry_ && entry_->count("qwix") != 0;
    if (from_qwix && (!same || !fits)) {
      plan_.doubts.push_back(
          fmt::format("the golden was recorded from Qwix {}; what it did is not for this program "
                      "to change",
                      entry_->at("qwix")));
    }
    std::vector<std::string> inexact;
    for (const auto& [name, cls] : outcome_.classes) {
      if (cls.exact && !cls.upstream_inexact) continue;
      if (!outcome_.values.contains(name)) continue;
      inexact.push_back(cls.exact
                            ? name + ": depends on a value that is not EXACT"
                            : fmt::format("{}: BOUND({}), {}", name, cls.formula, cls.reason));
    }
    if (!inexact.empty()) {
      plan_.doubts.push_back(fmt::format("{} of {} tensors are not EXACT, such as {}",
                                         inexact.size(), plan_.tensors, inexact.front()));
    }
    const std::string vacuous = suite::vacuous_reason(outcome_.values);
    if (!vacuous.empty()) plan_.doubts.push_back("VACUOUS: " + vacuous);
    record();
  }

  // Bytes and provenance. A golden whose values stay keeps its bytes, and what is known of them.
  void record() {
    tensor::SafetensorsFile file;
    file.tensors = outcome_.values;
    file.metadata = {{"generator", "mxcheck"}, {"policy", numerics::describe(case_.policy)}};
    const auto block = old_.metadata.find("dot_block");
    if (block != old_.metadata.end()) file.metadata.insert(*block);
    plan_.bytes = tensor::serialize_safetensors(file);
    if (plan_.had_golden && plan_.differences.empty()) {
      const auto bytes = base::read_file(plan_.golden, tensor::kMaxSafetensorsBytes);
      if (bytes) plan_.bytes = bytes.value();
      if (is_recorded_) {
        plan_.provenance = *entry_;
        return;
      }
    }
    std::string text = plan_.case_text;
    if (text.empty()) {
      const auto now = base::read_file(case_.file, base::JsonLimits{}.bytes);
      if (now) text = now.value();
    }
    plan_.provenance = {{"case", case_.id},
                        {"case_sha256", base::sha256_hex(text)},
                        {"generator", "mxcheck"},
                        {"source", "mxcheck sim"},
                        {"version", options_.version},
                        {"policy", numerics::describe(case_.policy)},
                        {"hardware", case_.hardware.base},
                        {"date", options_.date}};
    if (!options_.reason.empty()) plan_.provenance["reason"] = options_.reason;
  }

  const Case& case_;
  const BlessOptions& options_;
  Case bare_;  // without its golden
  BlessPlan plan_;
  Recorded old_;
  std::optional<ProvenanceEntry> entry_;  // of the golden that is there
  // The lists know the golden that is there, and nothing else of it.
  bool is_listed_ = false, is_recorded_ = false, is_settled_ = true;
  exec::Outcome outcome_;
};

std::string difference_text(const BlessDifference& d) {
  using Kind = BlessDifference::Kind;
  const std::string name = base::printable(d.name);
  if (d.kind == Kind::kNew) return fmt::format("  new      {}  {}\n", name, d.type);
  if (d.kind == Kind::kGone) return fmt::format("  gone     {}\n", name);
  const reports::Finding& f = d.finding;
  if (!f.problem.empty())
    return fmt::format("  changed  {}  {}\n", name, base::printable(f.problem));
  std::string out = fmt::format("  changed  {}  {} of {} differ", name, f.differ, f.total);
  if (f.mismatches.empty()) return out + "\n";
  const reports::Mismatch& first = f.mismatches.front();
  return out + fmt::format(", first {}\n           new {} ({})  old {} ({})\n",
                           tensor::to_string(first.index), first.ours, first.ours_bits,
                           first.theirs, first.theirs_bits);
}

}  // namespace

BlessPlan plan_bless(const Case& c, const BlessOptions& options) {
  return Planner(c, options).plan();
}

std::string bless_text(const BlessPlan& plan, bool all) {
  constexpr std::size_t kShown = 10;
  std::string out =
      fmt::format("{} -> {}\n", base::printable(plan.id), base::printable(plan.golden.string()));
  for (std::size_t i = 0; i < plan.differences.size(); ++i) {
    if (!all && i == kShown) {
      out += fmt::format("  ... {} more, -v shows them\n", plan.differences.size() - kShown);
      break;
    }
    out += difference_text(plan.differences[i]);
  }
  using reports::Status;
  if (plan.result.status == Status::kFail) out += reports::failure_text(plan.result, {});
  if (plan.tensors > 0) {
    const auto count = [&](BlessDifference::Kind kind) {
      return std::count_if(plan.differences.begin(), plan.differences.end(),
                           [&](const BlessDifference& d) { return d.kind == kind; });
    };
    using Kind = BlessDifference::Kind;
    out += fmt::format("  {} tensors, {} elements: {} new, {} changed, {} gone, {} same\n",
                       plan.tensors, plan.elements, count(Kind::kNew), count(Kind::kChanged),
                       count(Kind::kGone), plan.same);
  }
  if (plan.mends) out += "  checksum or provenance do not fit the golden\n";
  for (const std::string& why : plan.refusals) out += "  refused: " + base::printable(why) + "\n";
  for (const std::string& why : plan.doubts) {
    out += "  needs --reason: " + base::printable(why) + "\n";
  }
  return out;
}

base::Status write_blessed(const std::vector<BlessPlan>& plans) {
  std::vector<GoldenChange> changes;
  for (const BlessPlan& plan : plans) {
    if (plan.changes()) changes.push_back({plan.golden, plan.root, plan.bytes, plan.provenance});
  }
  const base::Status replaced = replace_goldens(changes);
  if (!replaced) return replaced;
  for (const BlessPlan& plan : plans) {
    if (plan.case_text.empty()) continue;
    const base::Status written = base::write_file_atomically(plan.case_file, plan.case_text);
    if (!written) return written;
  }
  return base::Unit{};
}

}  // namespace mxcheck::author
