// Reading refuses whatever cannot be meant; applying asks every entry in file order.
#include "sim/suite/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "sim/base/file.h"
#include "sim/base/json_reader.h"
#include "sim/base/text.h"
#include "sim/kernels/isa.h"
#include "sim/mxu/profile.h"
#include "sim/numerics/policy.h"
#include "sim/suite/glob.h"

namespace mxcheck::suite {
namespace {

using base::JsonKind;
using base::JsonReader;
using base::JsonValue;
using reports::CaseResult;
using reports::CheckResult;
using reports::Status;

constexpr base::JsonLimits kLimits{std::size_t{4} << 20, 200'000, 8};
constexpr std::size_t kMostEntries = 10'000;
constexpr std::size_t kMostText = 512;  // bytes of an id, a pattern, a condition
constexpr std::size_t kMostReason = 4096;
constexpr std::size_t kMostStars = 16;

const std::vector<std::pair<const char*, Status>>& statuses() {
  static const std::vector<std::pair<const char*, Status>> table{
      {"FAIL", Status::kFail},          {"VACUOUS", Status::kVacuous},
      {"SKIP", Status::kSkip},          {"UNDEFINED", Status::kUndefined},
      {"DUT_ERROR", Status::kDutError}, {"SUITE_ERROR", Status::kSuiteError}};
  return table;
}

const std::vector<std::string>& check_names() {
  static const std::vector<std::string> names{"golden", "fast", "cycle",       "fake_quant",
                                              "ste",    "srq",  "metamorphic", "device"};
  return names;
}

// "xla_cpu,tie=away" as a report prints it; nullopt if there is no such policy.
std::optional<std::string> canonical_policy(const std::string& text) {
  std::optional<numerics::Policy> policy;
  for (std::string part : base::split(text, ',')) {
    part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
    if (!policy) {
      policy = numerics::policy_from_name(part);
      if (!policy) return std::nullopt;
      continue;
    }
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos ||
        !numerics::set_knob(*policy, part.substr(0, equals), part.substr(equals + 1))) {
      return std::nullopt;
    }
  }
  return policy ? std::optional(numerics::describe(*policy)) : std::nullopt;
}

// "gemmini_16,rows=32" as a report prints it; nullopt if there is no such preset.
std::optional<std::string> canonical_hardware(const std::string& text) {
  std::vector<std::string> parts = base::split(text, ',');
  for (std::string& part : parts) part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
  if (!mxu::preset(parts.front())) return std::nullopt;
  return base::join(parts, ", ");
}

class EntryReader {
 public:
  explicit EntryReader(JsonReader& reader) : reader_(reader) {}

  std::optional<ExpectationEntry> read(const JsonValue& value) {
    entry_ = {};
    const std::size_t before = reader_.error_count();
    if (!reader_.check_object(
            value,
            {"id", "glob", "status", "check", "policy", "hardware", "isa", "strict", "reason"},
            "an entry")) {
      return std::nullopt;
    }
    entry_.pointer = value.pointer();
    value.document().locate(value.node().place, entry_.line, entry_.column);
    read_name(value);
    read_status(value);
    read_conditions(value);
    if (const auto strict = value.find("strict")) {
      entry_.strict = reader_.boolean(*strict).value_or(true);
    }
    read_reason(value);
    if (reader_.error_count() == before) check_twin(value);
    return reader_.error_count() == before ? std::optional(entry_) : std::nullopt;
  }

 private:
  std::optional<std::string> short_text(const JsonValue& value) {
    const auto text = reader_.string(value);
    if (!text) return std::nullopt;
    if (!text->empty() && text->size() <= kMostText) return text;
    reader_.refuse_value(value, fmt::format("{} bytes", text->size()),
                         fmt::format("1 to {} bytes", kMostText));
    return std::nullopt;
  }

  void read_name(const JsonValue& value) {
    const auto id = value.find("id");
    const auto glob = value.find("glob");
    if (id.has_value() == glob.has_value()) {
      reader_.error(value, "XFAIL-KEY", id ? "both \"id\" and \"glob\"" : "no \"id\"",
                    "\"id\", the id of one case, or \"glob\", a pattern of ids");
      return;
    }
    const JsonValue name = id ? *id : *glob;
    entry_.glob = glob.has_value();
    const auto text = short_text(name);
    if (!text) return;
    entry_.name = *text;
    const bool stars = text->find_first_of("*?") != std::string::npos;
    if (id && stars) {
      reader_.refuse_value(name, fmt::format("\"{}\" as the id of a case", base::shortened(*text)),
                           "an exact id", "write \"glob\" for a pattern");
    }
    if (std::count(text->begin(), text->end(), '*') > static_cast<std::ptrdiff_t>(kMostStars)) {
      reader_.refuse_value(name, "too many stars", fmt::format("at most {}", kMostStars));
    }
  }

  void read_status(const JsonValue& value) {
    const auto status = reader_.require(value, "status", "the entry");
    if (!status) return;
    std::vector<std::string> words;
    for (const auto& [word, unused] : statuses()) words.emplace_back(word);
    if (const auto index = reader_.choice(*status, words)) {
      entry_.status = statuses()[*index].second;
    }
  }

  void read_conditions(const JsonValue& value) {
    if (const auto check = value.find("check")) {
      if (const auto index = reader_.choice(*check, check_names())) {
        entry_.check = check_names()[*index];
      }
      if (entry_.status != Status::kFail) {
        reader_.refuse_value(*check, fmt::format("a check with the status {}", name(entry_.status)),
                             "\"check\" with \"FAIL\" only");
      }
    }
    const auto condition = [&](const char* key, std::string& to, auto canonical,
                               const std::vector<std::string>& known) {
      const auto text = value.find(key);
      const auto given = text ? short_text(*text) : std::nullopt;
      if (!given) return;
      const std::optional<std::string> meant = canonical(*given);
      if (meant) {
        to = *meant;
        return;
      }
      const std::string near = base::nearest(given->substr(0, given->find(',')), known);
      reader_.refuse_value(*text, fmt::format("the {} \"{}\"", key, base::shortened(*given)),
                           "one of " + base::join(known, ", ") + ", as a report prints it",
                           near.empty() ? "" : fmt::format("did you mean \"{}\"?", near));
    };
    std::vector<std::string> isas;
    for (const kernels::IsaInfo& isa : kernels::isas()) isas.emplace_back(isa.name);
    condition("policy", entry_.policy, canonical_policy, numerics::policy_names());
    condition("hardware", entry_.hardware, canonical_hardware, mxu::preset_names());
    condition(
        "isa", entry_.isa,
        [&](const std::string& text) {
          const bool known = std::find(isas.begin(), isas.end(), text) != isas.end();
          return known ? std::optional(text) : std::nullopt;
        },
        isas);
  }

  void read_reason(const JsonValue& value) {
    const auto reason = reader_.require(value, "reason", "the entry");
    const auto text = reason ? reader_.string(*reason) : std::nullopt;
    if (!text) return;
    const bool blank = text->find_first_not_of(" \t\r\n") == std::string::npos;
    if (blank || text->size() > kMostReason) {
      reader_.error(*reason, "XFAIL-REASON",
                    blank ? "an empty reason" : fmt::format("a reason of {} bytes", text->size()),
                    fmt::format("why this is expected, in at most {} bytes", kMostReason),
                    "name the issue that will remove the entry");
    }
    entry_.reason = *text;
  }

  void check_twin(const JsonValue& value) {
    const auto key = std::tie(entry_.name, entry_.glob, entry_.check, entry_.policy,
                              entry_.hardware, entry_.isa);
    if (seen_.insert(key).second) return;
    reader_.error(value, "XFAIL-DUPLICATE",
                  fmt::format("\"{}\" is expected twice under the same conditions",
                              base::shortened(entry_.name)),
                  "one entry for each case, check and condition");
  }

  using Key = std::tuple<std::string, bool, std::string, std::string, std::string, std::string>;
  JsonReader& reader_;
  ExpectationEntry entry_;
  std::set<Key> seen_;
};

bool holds(const ExpectationEntry& entry, const std::string& isa, const CaseResult& result) {
  return (entry.policy.empty() || entry.policy == result.policy) &&
         (entry.hardware.empty() || entry.hardware == result.hardware) &&
         (entry.isa.empty() || entry.isa == isa);
}

// Did the check run, and did it fail?
std::pair<bool, bool> outcome_of(const std::string& check, const CaseResult& result) {
  bool ran = false, failed = false;
  for (const CheckResult& one : result.checks) {
    if (one.check != check || one.status == Status::kSkip) continue;
    ran = true;
    failed = failed || one.status == Status::kFail;
  }
  return {ran, failed};
}

// The failing checks of a case; "" for a failure that no check made.
std::set<std::string> failing_checks(const CaseResult& result) {
  std::set<std::string> out;
  if (result.status != Status::kFail) return out;
  for (const CheckResult& check : result.checks) {
    if (check.status == Status::kFail) out.insert(check.check);
  }
  if (out.empty()) out.insert("");
  return out;
}

}  // namespace

bool ExpectationEntry::matches(const std::string& id) const {
  return glob ? glob_matches(name, id) : name == id;
}

std::optional<Expectations> Expectations::read(const std::filesystem::path& file,
                                               base::Diagnostics& diagnostics) {
  base::Result<std::string> text = base::read_file(file, kLimits.bytes);
  if (text) return parse(text.value(), file, diagnostics);
  base::Diagnostic d;
  d.file = file.string();
  d.label = "XFAIL-FILE";
  d.fact = text.error();
  d.expectation = fmt::format("a readable file of at most {} bytes", kLimits.bytes);
  diagnostics.push_back(d);
  return std::nullopt;
}

std::optional<Expectations> Expectations::parse(const std::string& text,
                                                const std::filesystem::path& file,
                                                base::Diagnostics& diagnostics) {
  base::Diagnostics parsing;
  const std::optional<base::JsonDocument> document = base::parse_json(text, parsing, kLimits);
  for (base::Diagnostic& d : parsing) d.file = file.string();
  diagnostics.insert(diagnostics.end(), parsing.begin(), parsing.end());
  if (!document) return std::nullopt;
  JsonReader reader(file.string(), {"XFAIL-KEY", "XFAIL-VALUE"}, diagnostics);
  const JsonValue root = document->root();
  if (!reader.check_object(root, {"mxcheck_expectations", "description", "entries"},
                           "an expectations file")) {
    return std::nullopt;
  }
  if (const auto version = reader.require(root, "mxcheck_expectations", "the file")) {
    const auto number = reader.integer(*version, 0, std::int64_t{1} << 31);
    if (number && *number != kExpectationsVersion) {
      reader.error(
          *version, "XFAIL-VERSION", fmt::format("format version {}", *number),
          fmt::format("version {}, the only one this program reads", kExpectationsVersion));
      return std::nullopt;
    }
  }
  if (const auto note = root.find("description")) static_cast<void>(reader.string(*note));
  Expectations out;
  out.file_ = file;
  const auto entries = reader.require(root, "entries", "the file");
  if (entries && reader.expect_kind(*entries, JsonKind::kArray)) {
    if (entries->size() > kMostEntries) {
      reader.refuse_value(*entries, fmt::format("{} entries", entries->size()),
                          fmt::format("at most {}", kMostEntries));
      return std::nullopt;
    }
    EntryReader one(reader);
    for (const JsonValue& value : entries->items()) {
      if (reader.full()) break;
      if (auto entry = one.read(value)) out.entries_.push_back(std::move(*entry));
    }
  }
  if (reader.has_errors() || !parsing.empty()) return std::nullopt;
  return out;
}

std::vector<reports::ExpectationUse> Expectations::no_uses() const {
  std::vector<reports::ExpectationUse> out;
  for (const ExpectationEntry& e : entries_) {
    out.push_back({e.name, e.glob, e.status, e.check, e.reason, 0, 0});
  }
  return out;
}

void Expectations::apply(const std::string& isa, CaseResult& result,
                         std::vector<reports::ExpectationUse>& uses) const {
  const Status actual = result.status;
  std::set<std::string> open = failing_checks(result);
  const ExpectationEntry *came = nullptr, *missed = nullptr;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const ExpectationEntry& e = entries_[i];
    if (!e.matches(result.id)) continue;
    ++uses[i].matched;
    if (!holds(e, isa, result)) continue;
    const auto [ran, failed] = outcome_of(e.check, result);
    const bool passed = actual == Status::kPass || actual == Status::kFail;
    bool decides = true;
    if (e.check.empty() ? actual == e.status : actual == Status::kFail && failed) {
      if (came == nullptr) came = &e;
      if (e.check.empty()) open.clear();
      open.erase(e.check);
    } else if (e.check.empty() ? actual == Status::kPass : passed && ran && !failed) {
      if (e.strict && missed == nullptr) missed = &e;
      if (!e.strict) {
        result.notes.push_back(
            fmt::format("{} is expected and did not come: {}", name(e.status), e.reason));
      }
    } else {
      decides = false;
    }
    uses[i].decided += decides ? 1 : 0;
  }
  if (!open.empty()) return;  // something fails that nobody expects
  const ExpectationEntry* entry = missed != nullptr ? missed : came;
  if (entry == nullptr) return;
  result.expectation =
      reports::Expectation{entry->name, entry->status, actual, entry->check, entry->reason};
  const std::string what = entry->check.empty()
                               ? name(entry->status)
                               : fmt::format("{} of {}", name(entry->status), entry->check);
  if (missed != nullptr) {
    result.status = Status::kXpass;
    result.reason = fmt::format("passed, but {} is expected: {}", what, entry->reason);
    return;
  }
  if (reports::verdict(actual) == reports::Verdict::kFailed) result.status = Status::kXfail;
  const std::string before = result.reason.empty() ? "" : fmt::format(" ({})", result.reason);
  result.reason = fmt::format("{} as expected: {}{}", what, entry->reason, before);
}

base::Diagnostics Expectations::unused(const std::vector<std::string>& ids) const {
  base::Diagnostics out;
  for (const ExpectationEntry& e : entries_) {
    if (std::any_of(ids.begin(), ids.end(), [&](const std::string& id) { return e.matches(id); })) {
      continue;
    }
    base::Diagnostic d;
    d.file = file_.string();
    d.line = e.line;
    d.column = e.column;
    d.pointer = e.pointer;
    d.label = "XFAIL-UNUSED";
    d.fact = fmt::format("\"{}\" matches none of the {} cases of the run", base::shortened(e.name),
                         ids.size());
    d.expectation = e.glob ? "a pattern that matches a case" : "the id of a case";
    d.hint = [&] {
      const std::string near = e.glob || ids.size() > 1000 ? "" : base::nearest(e.name, ids);
      return near.empty() ? "remove the entry if its case is gone"
                          : fmt::format("did you mean \"{}\"?", near);
    }();
    out.push_back(std::move(d));
  }
  return out;
}

}  // namespace mxcheck::suite
