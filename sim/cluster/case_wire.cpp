// The report's own writer and reader carry the result, so that no field can be forgotten here.
#include "sim/cluster/case_wire.h"

#include "reports/json.h"
#include "reports/read.h"
#include "sim/cluster/frames.h"
#include "sim/suite/compare.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::cluster {
namespace {

void add_diagnostic(std::string& to, const base::Diagnostic& d) {
  add_frame(to, std::to_string(static_cast<int>(d.severity)));
  add_frame(to, d.file);
  add_frame(to, std::to_string(d.line));
  add_frame(to, std::to_string(d.column));
  for (const std::string* text : {&d.pointer, &d.label, &d.fact, &d.expectation, &d.hint}) {
    add_frame(to, *text);
  }
}

// Pieces one after the other; good() as long as all were there.
class Pieces {
 public:
  explicit Pieces(const std::string& bytes) : bytes_(bytes) {}
  std::string next() {
    std::optional<std::string> piece = take_frame(bytes_, offset_);
    good_ = good_ && piece.has_value();
    return std::move(piece).value_or("");
  }
  std::int64_t number() {
    const std::string text = next();
    std::int64_t value = 0;
    for (const char c : text) {
      good_ = good_ && c >= '0' && c <= '9' && text.size() < 10;
      if (good_) value = value * 10 + (c - '0');
    }
    return value;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && offset_ == bytes_.size(); }

 private:
  const std::string& bytes_;
  std::size_t offset_ = 0;
  bool good_ = true;
};

base::Diagnostic take_diagnostic(Pieces& pieces) {
  base::Diagnostic d;
  d.severity = static_cast<base::Severity>(pieces.number() % 3);
  d.file = pieces.next();
  d.line = static_cast<int>(pieces.number());
  d.column = static_cast<int>(pieces.number());
  for (std::string* text : {&d.pointer, &d.label, &d.fact, &d.expectation, &d.hint}) {
    *text = pieces.next();
  }
  return d;
}

}  // namespace

std::string to_bytes(suite::CaseRun run) {
  std::string out;
  reports::RunResult report;
  report.cases.push_back(std::move(run.result));
  add_frame(out, reports::to_json(report));
  add_frame(out, std::to_string(run.refusal.size()));
  for (const base::Diagnostic& d : run.refusal) add_diagnostic(out, d);
  tensor::SafetensorsFile values;
  for (auto& [name, value] : run.dump) values.tensors.emplace(name, suite::as_stored(value));
  add_frame(out, values.tensors.empty() ? "" : tensor::serialize_safetensors(values));
  return out;
}

std::optional<suite::CaseRun> from_bytes(const std::string& bytes) {
  Pieces pieces(bytes);
  base::Diagnostics ignored;
  std::optional<reports::RunResult> report =
      reports::parse_report(pieces.next(), "a result", ignored);
  if (!report || report->cases.size() != 1) return std::nullopt;
  suite::CaseRun run;
  run.result = std::move(report->cases.front());
  const std::int64_t refusals = pieces.number();
  for (std::int64_t i = 0; i < refusals && pieces.good(); ++i) {
    run.refusal.push_back(take_diagnostic(pieces));
  }
  const std::string dump = pieces.next();
  if (!pieces.at_end()) return std::nullopt;
  if (dump.empty()) return run;
  base::Result<tensor::SafetensorsFile> values = tensor::parse_safetensors(dump);
  if (!values) return std::nullopt;
  run.dump = std::move(values).value().tensors;
  return run;
}

}  // namespace mxcheck::cluster
