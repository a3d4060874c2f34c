// The parts of a SARIF log this program fills: one run, its rules, its results with places, logical
// places and fingerprints that survive moved lines.
#include "reports/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/digest.h"
#include "sim/base/labels.h"

namespace mxcheck::reports {
namespace {

using Json = nlohmann::ordered_json;

const char* name(SarifLevel level) {
  switch (level) {
    case SarifLevel::kError:
      return "error";
    case SarifLevel::kWarning:
      return "warning";
    case SarifLevel::kNote:
      return "note";
  }
  return "error";
}

// Results must name a rule; a finding without one gets this word.
std::string rule_of(const SarifFinding& finding) {
  return finding.rule.empty() ? "UNLABELLED" : finding.rule;
}

std::string percent_encoded(const std::string& path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Json rule_json(const std::string& id) {
  const base::Label* label = base::find_label(id);
  const std::string text = label != nullptr ? label->meaning : id;
  Json rule{
      {"id", id}, {"shortDescription", {{"text", text}}}, {"fullDescription", {{"text", text}}}};
  if (label != nullptr) {
    rule["help"] = {{"text", fmt::format("{} See `mxcheck explain {}`.", text, id)}};
    rule["properties"] = {{"tags", {base::name(label->kind)}}, {"implemented", label->file}};
  }
  return rule;
}

Json physical(const SarifFinding& finding, const std::filesystem::path& folder) {
  const std::string uri = sarif_uri(finding.file, folder);
  Json artifact{{"uri", uri}};
  if (uri.rfind("file:", 0) != 0) artifact["uriBaseId"] = "%SRCROOT%";
  Json out{{"artifactLocation", artifact}};
  if (finding.line <= 0) return out;
  Json region{{"startLine", finding.line}};
  if (finding.column > 0) region["startColumn"] = finding.column;
  out["region"] = region;
  return out;
}

Json location(const SarifFinding& finding, const std::filesystem::path& folder) {
  Json out = Json::object();
  if (!finding.file.empty()) out["physicalLocation"] = physical(finding, folder);
  Json logical = Json::array();
  if (!finding.case_id.empty()) {
    logical.push_back({{"fullyQualifiedName", finding.case_id}, {"kind", "module"}});
  }
  if (!finding.pointer.empty()) {
    logical.push_back({{"fullyQualifiedName", finding.pointer}, {"kind", "value"}});
  }
  if (!logical.empty()) out["logicalLocations"] = logical;
  return out;
}

// What makes a finding the same one after lines have moved: rule, file, place inside it, text.
std::string fingerprint(const SarifFinding& finding, const std::filesystem::path& folder,
                        std::map<std::string, int>& seen) {
  std::string text;
  const std::string uri = finding.file.empty() ? "" : sarif_uri(finding.file, folder);
  for (const std::string& part :
       {finding.rule, uri, finding.case_id, finding.pointer, finding.message}) {
    text += fmt::format("{}:{};", part.size(), part);
  }
  const int times = ++seen[text];
  return fmt::format("{}:{}", base::sha256_hex(text).substr(0, 32), times);
}

class Writer {
 public:
  explicit Writer(const SarifRun& run) : run_(run) {
    std::set<std::string> ids;
    for (const SarifFinding& finding : run.findings) ids.insert(rule_of(finding));
    rules_.assign(ids.begin(), ids.end());
  }

  Json log() {
    Json rules = Json::array();
    for (const std::string& id : rules_) rules.push_back(rule_json(id));
    Json results = Json::array();
    for (const SarifFinding& finding : run_.findings) results.push_back(result(finding));
    const Json driver{{"name", "mxcheck"}, {"version", run_.version}, {"rules", rules}};
    Json run{{"tool", {{"driver", driver}}},
             {"columnKind", "unicodeCodePoints"},
             {"invocations", Json::array({{{"executionSuccessful", run_.complete}}})},
             {"results", results}};
    return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
            {"version", "2.1.0"},
            {"runs", Json::array({run})}};
  }

 private:
  Json result(const SarifFinding& finding) {
    const std::string id = rule_of(finding);
    const auto at = std::lower_bound(rules_.begin(), rules_.end(), id);
    Json out{{"ruleId", id},
             {"ruleIndex", at - rules_.begin()},
             {"level", name(finding.level)},
             {"message", {{"text", finding.message.empty() ? id : finding.message}}}};
    const Json place = location(finding, run_.folder);
    if (!place.empty()) out["locations"] = Json::array({place});
    out["partialFingerprints"] = {{"finding/v1", fingerprint(finding, run_.folder, seen_)}};
    if (!finding.suppression.empty()) {
      const Json why{{"kind", "external"}, {"justification", finding.suppression}};
      out["suppressions"] = Json::array({why});
    }
    return out;
  }

  const SarifRun& run_;
  std::vector<std::string> rules_;  // sorted
  std::map<std::string, int> seen_;
};

// The column in characters of a column in bytes.
int in_characters(std::string_view text, int line, int column) {
  std::size_t begin = 0;
  for (int at = 1; at < line; ++at) {
    begin = text.find('\n', begin);
    if (begin == std::string_view::npos) return column;
    ++begin;
  }
  const std::string_view before = text.substr(begin, static_cast<std::size_t>(column - 1));
  const auto starts = std::count_if(before.begin(), before.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  return static_cast<int>(starts) + 1;
}

}  // namespace

std::string sarif_uri(const std::filesystem::path& file, const std::filesystem::path& folder) {
  if (folder.empty() && file.is_relative()) return percent_encoded(file.generic_string());
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(file, error).lexically_normal();
  const std::filesystem::path top = std::filesystem::absolute(folder, error).lexically_normal();
  const std::filesystem::path relative = whole.lexically_relative(top);
  const bool below = !folder.empty() && !relative.empty() && *relative.begin() != "..";
  return below ? percent_encoded(relative.generic_string())
               : "file://" + percent_encoded(whole.generic_string());
}

SarifFinding sarif_finding(const base::Diagnostic& d, std::string_view text) {
  SarifFinding out;
  out.rule = d.label;
  out.level = d.severity == base::Severity::kError     ? SarifLevel::kError
              : d.severity == base::Severity::kWarning ? SarifLevel::kWarning
                                                       : SarifLevel::kNote;
  out.message = d.fact;
  if (!d.expectation.empty()) out.message += "\nexpected: " + d.expectation;
  if (!d.hint.empty()) out.message += "\nhint: " + d.hint;
  out.file = d.file;
  out.line = d.line;
  const bool counted = !text.empty() && d.line > 0 && d.column > 0;
  out.column = counted ? in_characters(text, d.line, d.column) : d.column;
  out.pointer = d.pointer;
  return out;
}

std::string to_sarif(const SarifRun& run) {
  return Writer(run).log().dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mxcheck::reports
