// The bundle of a conformance run: what is handed over, in files that anybody can check with
// sha256sum and that this program derives again from one another.
//
//   report.json        the run, without durations
//   device.json        the capability file, as it was
//   must_pass.json     the list of the suite's version, where there is one
//   waivers.json       the waivers file, where there is one
//   results.json       per case: digests of the case, of what was asked, expected, answered; status
//   exceptions.json    every skip and every waiver with its reason
//   bundle.json        suite, device, counts, verdict
//   does_not_prove.md  what this does not prove
//   host.json          machine and durations: the one file in which two runs differ
//   SHA256SUMS         of every other file but host.json, which closes itself
//
// Labels: BNDL-FILE, BNDL-SUM, BNDL-DERIVED.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "reports/model.h"
#include "sim/base/diagnostic.h"
#include "sim/base/result.h"
#include "sim/device/device_file.h"
#include "sim/suite/must_pass.h"

namespace mxcheck::suite {

// What the other files are derived from.
struct Bundle {
  reports::RunResult report;  // durations do not matter
  device::DeviceFile device;
  std::optional<MustPass> must_pass;
  std::string waivers;                           // text of the file, "" for none
  std::map<std::string, DeviceDigests> digests;  // of the cases a device was asked
  std::string host;                              // members of host.json: lines of `"key": value,`
};

struct BundleVerdict {
  // conforms: every case of the list that the device claims passed, and none is absent, different
  // or waived; partial: nothing failed, but not all of the list was run; fails: the rest.
  enum class Kind : std::uint8_t { kConforms, kPartial, kFails };
  Kind kind = Kind::kFails;
  reports::Totals totals;
  MustPassCount must_pass;
};
[[nodiscard]] const char* name(BundleVerdict::Kind kind);
[[nodiscard]] BundleVerdict verdict_of(const Bundle& bundle);

// Writes the folder under a temporary name and renames it; `dir` must not exist, or be empty.
[[nodiscard]] base::Status write_bundle(const Bundle& bundle, const std::filesystem::path& dir);
// SHA-256 of the bundle's SHA256SUMS.
[[nodiscard]] std::string bundle_digest(const Bundle& bundle);

struct ReadBundle {
  Bundle bundle;
  std::string digest;  // of SHA256SUMS
};
// Reads and checks everything: digests, files missing or added, every file that can be derived
// again. nullopt after a report of all that is wrong.
[[nodiscard]] std::optional<ReadBundle> read_bundle(const std::filesystem::path& dir,
                                                    base::Diagnostics& diagnostics);

namespace internal {
// name -> text of every file but SHA256SUMS and host.json.
[[nodiscard]] std::map<std::string, std::string> bundle_files(const Bundle& bundle);
[[nodiscard]] std::string sums_text(const std::map<std::string, std::string>& files);
[[nodiscard]] std::string host_text(const std::string& members, const std::string& sums);
// The page does_not_prove.md.
[[nodiscard]] std::string does_not_prove(const Bundle& bundle);
[[nodiscard]] std::map<std::string, DeviceDigests> parse_results(const std::string& text,
                                                                 base::Diagnostics& diagnostics);
}  // namespace internal

}  // namespace mxcheck::suite
