// Every file is a function of the bundle; writing adds nothing to that.
#include "sim/suite/bundle.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/json.h"
#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/base/new_folder.h"
#include "sim/base/text.h"

namespace mxcheck::suite {
namespace {

namespace fs = std::filesystem;
using base::quote_json;
using reports::CaseResult;

reports::RunResult without_durations(reports::RunResult run) {
  run.milliseconds = 0;
  for (CaseResult& c : run.cases) {
    c.milliseconds = 0;
    for (reports::CheckResult& check : c.checks) {
      if (check.root_cause) check.root_cause->milliseconds = 0;
    }
  }
  return run;
}

std::string joined(const std::vector<std::string>& lines) {
  return lines.empty() ? "[]" : "[\n    " + base::join(lines, ",\n    ") + "\n  ]";
}

std::string results_text(const Bundle& bundle) {
  std::vector<std::string> lines;
  for (const CaseResult& c : bundle.report.cases) {
    const auto found = bundle.digests.find(c.id);
    if (found == bundle.digests.end()) continue;
    const DeviceDigests& d = found->second;
    lines.push_back(fmt::format(
        R"({{"id": {}, "case": "{}", "status": "{}", "requests": "{}", "expected": "{}", )"
        R"("results": "{}", "product": {}, "quantize": {}, "quantized_dot": {}}})",
        quote_json(c.id), c.digest, reports::name(c.status), d.requests, d.expected, d.results,
        d.products, d.quantizes, d.quantized_dots));
  }
  return fmt::format("{{\n  \"cases\": {}\n}}\n", joined(lines));
}

std::string exceptions_text(const Bundle& bundle) {
  std::vector<std::string> skips, waivers, unused;
  for (const CaseResult& c : bundle.report.cases) {
    if (c.expectation) {
      const reports::Expectation& e = *c.expectation;
      waivers.push_back(fmt::format(
          R"({{"id": {}, "entry": {}, "expected": "{}", "actual": "{}", "reason": {}}})",
          quote_json(c.id), quote_json(e.entry), reports::name(e.expected), reports::name(e.actual),
          quote_json(e.reason)));
    } else if (reports::verdict(c.status) == reports::Verdict::kSkipped) {
      skips.push_back(fmt::format(R"({{"id": {}, "status": "{}", "reason": {}}})", quote_json(c.id),
                                  reports::name(c.status), quote_json(c.reason)));
    }
  }
  for (const reports::ExpectationUse& use : bundle.report.expectations) {
    if (use.decided == 0) {
      unused.push_back(fmt::format(R"({{"entry": {}, "reason": {}}})", quote_json(use.entry),
                                   quote_json(use.reason)));
    }
  }
  return fmt::format(
      "{{\n  \"skips\": {},\n  \"waivers\": {},\n  \"waivers_without_effect\": {}\n}}\n",
      joined(skips), joined(waivers), joined(unused));
}

std::string summary_text(const Bundle& bundle) {
  const BundleVerdict v = verdict_of(bundle);
  const reports::RunContext& context = bundle.report.context;
  std::string list = "null";
  if (bundle.must_pass) {
    const MustPassCount& m = v.must_pass;
    list = fmt::format(
        R"({{"suite": {}, "listed": {}, "passed": {}, "failed": {}, "not_claimed": {}, )"
        R"("waived": {}, "different": {}, "absent": {}}})",
        quote_json(bundle.must_pass->suite), m.listed, m.passed, m.failed, m.skipped, m.waived,
        m.different, m.absent);
  }
  return fmt::format(
      "{{\n  \"mxcheck_bundle\": 1,\n  \"suite\": {{\"version\": {}, \"commit\": {}, \"digest\": "
      "\"{}\"}},\n  \"device\": {{\"name\": {}, \"version\": {}, \"tier\": \"{}\"}},\n"
      "  \"incomplete\": {},\n  \"passed\": {},\n  \"failed\": {},\n  \"skipped\": {},\n"
      "  \"must_pass\": {},\n  \"verdict\": \"{}\"\n}}\n",
      quote_json(context.version), quote_json(context.commit), bundle.report.suite_digest,
      quote_json(bundle.device.name), quote_json(bundle.device.version),
      device::name(bundle.device.tier), bundle.report.incomplete, v.totals.passed, v.totals.failed,
      v.totals.skipped, list, name(v.kind));
}

}  // namespace

const char* name(BundleVerdict::Kind kind) {
  switch (kind) {
    case BundleVerdict::Kind::kConforms:
      return "conforms";
    case BundleVerdict::Kind::kPartial:
      return "partial";
    case BundleVerdict::Kind::kFails:
      return "fails";
  }
  return "?";
}

BundleVerdict verdict_of(const Bundle& bundle) {
  BundleVerdict out;
  out.totals = reports::totals(bundle.report);
  if (bundle.must_pass) out.must_pass = count_must_pass(*bundle.must_pass, bundle.report);
  const MustPassCount& m = out.must_pass;
  const bool whole = bundle.must_pass && !bundle.report.incomplete &&
                     bundle.report.context.hardware.empty() && m.different == 0 && m.absent == 0 &&
                     m.waived == 0;
  if (out.totals.failed > 0 || out.totals.passed == 0) {
    out.kind = BundleVerdict::Kind::kFails;
  } else {
    out.kind = whole ? BundleVerdict::Kind::kConforms : BundleVerdict::Kind::kPartial;
  }
  return out;
}

namespace internal {

std::map<std::string, std::string> bundle_files(const Bundle& bundle) {
  std::map<std::string, std::string> out;
  out["report.json"] = reports::to_json(without_durations(bundle.report));
  out["device.json"] = bundle.device.text;
  if (bundle.must_pass) out["must_pass.json"] = bundle.must_pass->text;
  if (!bundle.waivers.empty()) out["waivers.json"] = bundle.waivers;
  out["results.json"] = results_text(bundle);
  out["exceptions.json"] = exceptions_text(bundle);
  out["bundle.json"] = summary_text(bundle);
  out["does_not_prove.md"] = does_not_prove(bundle);
  return out;
}

std::string sums_text(const std::map<std::string, std::string>& files) {
  std::string out;
  for (const auto& [name, text] : files) out += base::sha256_hex(text) + "  " + name + "\n";
  return out;
}

std::string host_text(const std::string& members, const std::string& sums) {
  const std::string body =
      fmt::format("{{\n{}  \"bundle\": \"{}\",\n  \"sha256\": \"", members, base::sha256_hex(sums));
  return body + base::sha256_hex(body) + "\"\n}\n";
}

}  // namespace internal

std::string bundle_digest(const Bundle& bundle) {
  return base::sha256_hex(internal::sums_text(internal::bundle_files(bundle)));
}

base::Status write_bundle(const Bundle& bundle, const fs::path& dir) {
  const std::map<std::string, std::string> files = internal::bundle_files(bundle);
  const std::string sums = internal::sums_text(files);
  base::NewFolder folder(dir);
  if (!folder.made()) return folder.made();
  std::map<std::string, std::string> all = files;
  all["SHA256SUMS"] = sums;
  all["host.json"] = internal::host_text(bundle.host, sums);
  for (const auto& [name, text] : all) {
    const base::Status written = base::write_file_atomically(folder.path() / name, text);
    if (!written) return written;
  }
  return folder.place();
}

}  // namespace mxcheck::suite
