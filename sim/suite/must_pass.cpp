// One line a case, so that two lists can be compared by eye.
#include "sim/suite/must_pass.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/file.h"
#include "sim/base/json_reader.h"

namespace mxcheck::suite {
namespace {

using base::JsonReader;
using base::JsonValue;
using reports::Status;

constexpr base::JsonLimits kLimits{std::size_t{16} << 20, 1'000'000, 6};
constexpr int kVersion = 1;
constexpr std::int64_t kMost = std::int64_t{1} << 40;

class Reader {
 public:
  Reader(const std::string& file, base::Diagnostics& diagnostics)
      : reader_(file, {"MUST-KEY", "MUST-VALUE"}, diagnostics) {}

  std::optional<MustPass> read(const JsonValue& root) {
    if (!reader_.check_object(root, {"mxcheck_must_pass", "suite", "cases"}, "a must-pass list")) {
      return std::nullopt;
    }
    MustPass out;
    if (const auto version = reader_.require(root, "mxcheck_must_pass", "the list")) {
      static_cast<void>(reader_.integer(*version, kVersion, kVersion));
    }
    out.suite = text(root, "suite");
    const auto cases = reader_.require(root, "cases", "the list");
    if (cases && reader_.expect_kind(*cases, base::JsonKind::kArray)) {
      for (const JsonValue& item : cases->items()) {
        if (reader_.full()) break;
        out.cases.push_back(entry(item));
      }
    }
    return reader_.has_errors() ? std::nullopt : std::optional(std::move(out));
  }

 private:
  std::string text(const JsonValue& object, const char* key) {
    const auto value = reader_.require(object, key, "the list");
    return value ? reader_.string(*value).value_or("") : "";
  }
  std::int64_t count(const JsonValue& object, const char* key) {
    const auto value = reader_.require(object, key, "a case");
    return value ? reader_.integer(*value, 0, kMost).value_or(0) : 0;
  }
  MustPassEntry entry(const JsonValue& item) {
    MustPassEntry out;
    if (!reader_.check_object(
            item, {"id", "case", "expected", "product", "quantize", "quantized_dot"}, "a case")) {
      return out;
    }
    out.id = text(item, "id");
    out.case_digest = text(item, "case");
    out.expected_digest = text(item, "expected");
    out.products = count(item, "product");
    out.quantizes = count(item, "quantize");
    out.quantized_dots = count(item, "quantized_dot");
    return out;
  }

  JsonReader reader_;
};

}  // namespace

std::optional<MustPass> parse_must_pass(const std::string& text, const std::string& file,
                                        base::Diagnostics& diagnostics) {
  base::Diagnostics parsing;
  const std::optional<base::JsonDocument> document = base::parse_json(text, parsing, kLimits);
  for (base::Diagnostic& d : parsing) d.file = file;
  diagnostics.insert(diagnostics.end(), parsing.begin(), parsing.end());
  if (!document || !parsing.empty()) return std::nullopt;
  std::optional<MustPass> out = Reader(file, diagnostics).read(document->root());
  if (out) out->text = text;
  return out;
}

std::optional<MustPass> read_must_pass(const std::filesystem::path& file,
                                       base::Diagnostics& diagnostics) {
  base::Result<std::string> text = base::read_file(file, kLimits.bytes);
  if (text) return parse_must_pass(text.value(), file.string(), diagnostics);
  base::Diagnostic d;
  d.file = file.string();
  d.label = "MUST-FILE";
  d.fact = text.error();
  d.expectation = "a must-pass list of the suite";
  diagnostics.push_back(d);
  return std::nullopt;
}

std::string must_pass_text(const std::string& suite, const reports::RunResult& run,
                           const std::map<std::string, DeviceDigests>& digests) {
  std::string out =
      fmt::format("{{\n  \"mxcheck_must_pass\": {},\n  \"suite\": {},\n  \"cases\": [", kVersion,
                  base::quote_json(suite));
  const char* separator = "\n";
  for (const reports::CaseResult& c : run.cases) {
    const auto found = digests.find(c.id);
    if (found == digests.end() || c.status != Status::kPass) continue;
    const DeviceDigests& d = found->second;
    out += fmt::format(
        "{}    {{\"id\": {}, \"case\": \"{}\", \"expected\": \"{}\", \"product\": {}, "
        "\"quantize\": {}, \"quantized_dot\": {}}}",
        separator, base::quote_json(c.id), c.digest, d.expected, d.products, d.quantizes,
        d.quantized_dots);
    separator = ",\n";
  }
  return out + "\n  ]\n}\n";
}

MustPassCount count_must_pass(const MustPass& list, const reports::RunResult& run) {
  std::map<std::string, const reports::CaseResult*> by_id;
  for (const reports::CaseResult& c : run.cases) by_id.emplace(c.id, &c);
  MustPassCount out;
  for (const MustPassEntry& entry : list.cases) {
    ++out.listed;
    const auto found = by_id.find(entry.id);
    if (found == by_id.end()) {
      ++out.absent;
    } else if (found->second->digest != entry.case_digest) {
      ++out.different;
    } else if (found->second->expectation) {
      ++out.waived;
    } else if (found->second->status == Status::kPass) {
      ++out.passed;
    } else if (found->second->status == Status::kSkip) {
      ++out.skipped;
    } else {
      ++out.failed;
    }
  }
  return out;
}

}  // namespace mxcheck::suite
